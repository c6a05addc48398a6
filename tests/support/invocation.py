"""What Lambda gives a function: its context, and the environment of the session."""

import os
import time
from uuid import uuid4


class Context:
    """Lambda's context object; its time runs out for real."""

    function_name = "archive"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:archive"

    def __init__(self, seconds: float) -> None:
        self.aws_request_id = str(uuid4())
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._end - time.monotonic()) * 1000))


class Hurried(Context):
    """A context whose time is over after so many looks at it."""

    def __init__(self, looks: int) -> None:
        super().__init__(900.0)
        self._left = looks

    def get_remaining_time_in_millis(self) -> int:
        self._left -= 1
        return 900_000 if self._left >= 0 else 0


def environment_for(endpoint: str) -> dict[str, str]:
    """What must be set before the function's module is loaded, and stays for the whole session."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "POWERTOOLS_SERVICE_NAME": "archive",
        "POWERTOOLS_METRICS_NAMESPACE": "CanaryAuditArchive",
    }
