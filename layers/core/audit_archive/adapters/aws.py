"""What the AWS adapters share: timeouts and retries, answers that came only in part, and errors in words."""

import json
from bisect import bisect_left
from typing import Any, TypeVar

from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from audit_archive.errors import ArchiveStoreError

AwsFault = (ClientError, BotoCoreError, ResponseParserError, ValueError, KeyError)
"""All that a request raises: an error answer, no answer, or an answer that can't be read. boto3 raises
ResponseParserError for some of the last, and ValueError or KeyError for a bad number, date, text or field."""

CONNECTIONS = 10
"""Requests that a client can make at once."""

OK, _SERVER_FAULT = 200, 500
Client = TypeVar("Client", bound=BaseClient)


def client_config(read_timeout: float = 60) -> Config:
    """The configuration of every AWS client of ours: it gives up on silence, and backs off when throttled.

    `read_timeout` is seconds of silence, not of a whole transfer. `adaptive` retries slow the whole client
    down while a service throttles it.
    """
    # While a body is sent, urllib3 counts silence by the connect timeout. S3 may pause in the middle of
    # gigabytes, so it must be more than a few seconds.
    return Config(
        connect_timeout=20,
        read_timeout=read_timeout,
        retries={"mode": "adaptive", "total_max_attempts": 6},
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
    )


def hurried_config() -> Config:
    """The configuration of a client whose answer is worth some seconds, and no more."""
    hurry = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
    return client_config().merge(hurry)


def link_config() -> Config:
    """The configuration of a client that signs links: to the bucket's own host in its region.

    By default botocore signs for `<bucket>.s3.amazonaws.com`. That host does not lead to regions that were
    opened since 2019, and redirects requests for a new bucket of others: the signature does not hold there.
    """
    hosts: Any = {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
    return client_config().merge(Config(signature_version="s3v4", s3=hosts))


def seconds_left(credentials: Credentials | None, wanted: int, sure: float) -> int:
    """For how many of `wanted` seconds what is signed with the credentials now is surely valid.

    `sure`: how long temporary credentials last that do not say it, as Lambda's. Lambda documents no lifetime
    of them but runs an invocation to its end, so for that long they are valid. Raises ArchiveStoreError if
    they are about to end, or can't be refreshed.
    """
    if credentials is None:
        return wanted
    try:
        token = credentials.get_frozen_credentials().token  # refreshes what is about to end
    except AwsFault as error:
        raise ArchiveStoreError(
            f"No link can be signed: {error}. Log in again, or try again later."
        ) from error
    left = wanted
    if isinstance(credentials, RefreshableCredentials):
        # There is no public way to read when they end, but one to ask whether they end within some seconds.
        left = bisect_left(range(1, wanted + 1), True, key=credentials.refresh_needed)
    elif token:
        left = min(wanted, int(sure))
    if left < 1:
        raise ArchiveStoreError("The credentials end now, and a link would end with them. Ask again.")
    return left


def reject_partial_answers(client: Client) -> Client:
    """The same client. From now on it repeats a request whose answer came only in part.

    If a connection ends within the head of an answer, `http.client` takes that for the end of the head. The
    SDK takes unreadable JSON for an empty answer. Either would be a success in which something is absent: an
    object without a lock, a listing without rows, a secret without text. So such an answer is turned into a
    server fault, which the SDK repeats.
    """
    # First, since the SDK's own handler of this event decides whether to repeat.
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register_first(f"needs-retry.{service}", _refuse_part)
    return client


def _refuse_part(response: tuple[Any, dict[str, Any]] | None, operation: Any, **_: object) -> None:
    """A handler of botocore's event `needs-retry`, which it sends for every answer before it decides."""
    if response is None:
        return
    http, parsed = response
    if http.status_code == OK and not _is_whole(http, has_stream=operation.has_streaming_output):
        http.status_code = parsed["ResponseMetadata"]["HTTPStatusCode"] = _SERVER_FAULT
        parsed["Error"] = {"Code": "CutOff", "Message": "the answer came only in part"}


def _is_whole(http: Any, *, has_stream: bool) -> bool:
    """Whether an answer announces its length (RFC 9112, 6.3; AWS always does), and is JSON if it says so."""
    headers = http.headers
    if not headers.get("Content-Length") and headers.get("Transfer-Encoding") != "chunked":
        return False
    if has_stream or "json" not in headers.get("Content-Type", ""):
        return True
    try:
        json.loads(http.content)
    except ValueError:
        return False
    return True


def error_code(error: Exception) -> str:
    """The service's name for a refusal (`AccessDenied`, `404`); without an answer, the exception's name."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def http_status(error: Exception) -> int:
    """The HTTP status of a refusal; 0 if there was no answer."""
    if isinstance(error, ClientError):
        return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return 0


def failure_sentence(action: str, error: Exception, advice: dict[str, str], otherwise: str) -> str:
    """A sentence on what failed and why, and one on what to do: `advice` by error code, or `otherwise`."""
    code = error_code(error)
    reason = _message(error)
    return f"{action}: {code}: {reason.rstrip('.')}. {advice.get(code, otherwise)}"


def _message(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Message") or f"HTTP {http_status(error)}")
    return str(error)
