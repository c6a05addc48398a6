"""What the AWS adapters share: how patient a client is, what it believes, and how a refusal is told."""

import json
from typing import Any, TypeVar

from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

AwsFault = (ClientError, BotoCoreError, ResponseParserError, ValueError, KeyError)
"""All that a request raises: an answer that is an error, no answer, and one that can't be read (by a class of
boto3's own, or by whichever a number, a date, a text or a missing field of it made)."""

OK, _SERVER_FAULT = 200, 500
Client = TypeVar("Client", bound=BaseClient)


def client_config(read_timeout: float = 60) -> Config:
    """How every AWS client of ours behaves: it gives up on silence, and backs off when throttled.

    `adaptive` retries slow the whole client down while a service throttles it. `read_timeout` is in seconds
    and counts silence, not a whole transfer. While a body is sent it is the time to connect that counts
    silence (urllib3 knows no other), so that is no few seconds: S3 may pause in the middle of gigabytes.
    """
    return Config(
        connect_timeout=20,
        read_timeout=read_timeout,
        retries={"mode": "adaptive", "total_max_attempts": 6},
        max_pool_connections=10,
        tcp_keepalive=True,
    )


def wary(client: Client) -> Client:
    """The same client, which from now on takes an answer that came only in part for none.

    To `http.client` a connection that ends within an answer's head is the end of the head, and to the SDK
    JSON that can't be read is an empty answer. Either way success would be told, and what is absent taken for
    fact: an object without a lock, a listing without rows, a secret without text. The SDK is told of a server
    fault instead, and repeats the request.
    """
    # Where the SDK's own judge of repeats is registered, or that would come first.
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register_first(f"needs-retry.{service}", _refuse_part)
    return client


def _refuse_part(response: tuple[Any, dict[str, Any]] | None, operation: Any, **_: object) -> None:
    """A handler of botocore's event `needs-retry`, which comes for every answer, before it is judged."""
    if response is None:
        return
    http, parsed = response
    if http.status_code == OK and not _is_whole(http, has_stream=operation.has_streaming_output):
        http.status_code = parsed["ResponseMetadata"]["HTTPStatusCode"] = _SERVER_FAULT
        parsed["Error"] = {"Code": "CutOff", "Message": "the answer came only in part"}


def _is_whole(http: Any, *, has_stream: bool) -> bool:
    """Whether an answer says how long it is (RFC 9112, 6.3: all of AWS's do), and is JSON if it says so."""
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
    """The service's own name for a refusal (`AccessDenied`, `404`), or the exception's when none came."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def http_status(error: Exception) -> int:
    """The HTTP status of a refusal; 0 if there was no answer."""
    if isinstance(error, ClientError):
        return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return 0


def told(action: str, error: Exception, advice: dict[str, str], otherwise: str) -> str:
    """One sentence on what failed and why, and one on what to do: `advice` by error code, or `otherwise`."""
    code = error_code(error)
    reason = _message(error)
    return f"{action}: {code}: {reason.rstrip('.')}. {advice.get(code, otherwise)}"


def _message(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Message") or f"HTTP {http_status(error)}")
    return str(error)
