"""boto3 clients that answer from a script, and clients of a scripted server."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.stub import ANY, Stubber

IMPATIENT = Config(
    connect_timeout=1,
    read_timeout=0.3,
    retries={"total_max_attempts": 1},
    s3={"addressing_style": "path"},
)


def client(service: str, endpoint: str = "http://127.0.0.1:9", config: Config = IMPATIENT) -> Any:
    """A client without any AWS behind it (nobody listens on port 9)."""
    return boto3.client(  # type: ignore[call-overload]  # the service's name is a variable here
        service,
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=config,
    )


@contextmanager
def failing(
    service: str, operation: str, code: str, status: int = 400, message: str = "Why"
) -> Iterator[Any]:
    """A client whose next call fails as the service would say it."""
    subject = client(service)
    with Stubber(subject) as stubber:
        stubber.add_client_error(operation, code, message, status)
        yield subject


@contextmanager
def answering(service: str, *answers: tuple[str, Mapping[str, Any]]) -> Iterator[Any]:
    """A client that gives these answers (operation, answer), in this order and no others."""
    subject = client(service)
    with Stubber(subject) as stubber:
        for operation, answer in answers:
            stubber.add_response(operation, dict(answer))
        yield subject
        stubber.assert_no_pending_responses()


__all__ = ["ANY", "answering", "client", "failing"]
