"""What goes wrong on the way to a Console and back. These never leave the adapter: they become our errors."""

import ssl
from collections.abc import Callable, Iterator

from urllib3.exceptions import (
    ConnectTimeoutError,
    NewConnectionError,
    ReadTimeoutError,
)

_NEVER_SENT = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)
"""Faults that come before a request can be sent: no connection, or no trust in the other side."""


class NetworkError(Exception):
    """No complete answer came. `was_sent` is False only if the request certainly never left."""

    def __init__(self, reason: str, *, was_sent: bool = True) -> None:
        super().__init__(reason)
        self.was_sent = was_sent


class CutOffError(NetworkError):
    """The body ended early."""

    def __init__(self, received: int, expected: int | None) -> None:
        announced = "" if expected is None else f" of {expected}"
        super().__init__(f"the answer ended early, after {received}{announced} bytes")


class OutOfTimeError(NetworkError):
    """The invocation has no time left to wait."""

    def __init__(self, progress: str, *, was_sent: bool) -> None:
        super().__init__(f"the time that is left is too short: {progress}", was_sent=was_sent)


class CachedError(NetworkError):
    """A cache on the way answered in the Console's place, from what it had kept."""

    def __init__(self, sign: str) -> None:
        super().__init__(
            f"a cache between gave an old answer ({sign}). Let it pass /api/v1/audit_trail/ through"
        )


class BodyTooLongError(Exception):
    """The answer has more bytes than are allowed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


def fault_of(error: Exception, scrub: Callable[[str], str]) -> NetworkError:
    """The fault that an exception of requests or urllib3 tells of; nothing of the exception is kept."""
    chain = list(_chain(error))
    if any(isinstance(each, ReadTimeoutError) for each in chain):
        return NetworkError("it was silent for too long")
    was_sent = not any(isinstance(each, _NEVER_SENT) for each in chain)
    # The innermost exception is the system's own (`Connection refused`): it knows no URL.
    return NetworkError(scrub(f"{type(chain[-1]).__name__}: {chain[-1]}"), was_sent=was_sent)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and those that it wraps, in whichever way: outermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        wrapped = getattr(current, "reason", None)
        if not isinstance(wrapped, BaseException):
            wrapped = next((arg for arg in current.args if isinstance(arg, BaseException)), None)
        current = wrapped or current.__cause__ or current.__context__
