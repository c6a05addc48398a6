"""What the AWS adapters share: how patient a client is, and how a refusal is told."""

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

AwsFault = (ClientError, BotoCoreError)
"""All that boto3 raises for a request: an answer that is an error, and no answer."""


def client_config(read_timeout: float = 60) -> Config:
    """How every AWS client of ours behaves: it gives up on silence, and backs off when throttled.

    `adaptive` retries slow the whole client down while a service throttles it. `read_timeout` is in seconds
    and counts silence, not a whole transfer.
    """
    return Config(
        connect_timeout=5,
        read_timeout=read_timeout,
        retries={"mode": "adaptive", "total_max_attempts": 6},
        max_pool_connections=10,
        tcp_keepalive=True,
    )


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
    reason = str(error) if isinstance(error, BotoCoreError) else _message(error)
    return f"{action}: {code}: {reason.rstrip('.')}. {advice.get(code, otherwise)}"


def _message(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Message") or f"HTTP {http_status(error)}")
    return str(error)
