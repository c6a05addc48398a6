"""AWS clients that talk to one endpoint on this machine, as the emulator's root caller."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

REGION = "us-east-1"
# The emulator's root caller. Not a secret: the emulator listens on loopback and holds made-up data.
ROOT_KEY = "test"
# One attempt: a client that retries would hide what the emulator answered. A run may take its 15 minutes.
# No proxy: the endpoint is on this machine.
CONFIG = Config(
    retries={"total_max_attempts": 1}, read_timeout=960, s3={"addressing_style": "path"}, proxies={}
)


class Clients:
    """Clients for one endpoint, made when first asked for; `close` closes them."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    @cached_property
    def session(self) -> boto3.session.Session:
        """For further clients: they need `endpoint_url=clients.endpoint`."""
        return boto3.session.Session(
            aws_access_key_id=ROOT_KEY, aws_secret_access_key=ROOT_KEY, region_name=REGION
        )

    @cached_property
    def s3(self) -> S3Client:
        """S3."""
        return self.session.client("s3", endpoint_url=self.endpoint, config=CONFIG)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB."""
        return self.session.client("dynamodb", endpoint_url=self.endpoint, config=CONFIG)

    @cached_property
    def lambda_(self) -> LambdaClient:
        """Lambda."""
        return self.session.client("lambda", endpoint_url=self.endpoint, config=CONFIG)

    @cached_property
    def secrets(self) -> SecretsManagerClient:
        """Secrets Manager."""
        return self.session.client("secretsmanager", endpoint_url=self.endpoint, config=CONFIG)

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """CloudFormation."""
        return self.session.client("cloudformation", endpoint_url=self.endpoint, config=CONFIG)

    def close(self) -> None:
        """Close every client that was made."""
        for name in ("s3", "dynamodb", "lambda_", "secrets", "cloudformation"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()
