"""One HTTP request to the Console: the key put in its place, faults told without the key.

Nothing here repeats a request or judges an answer.
"""

import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, BinaryIO, Protocol
from urllib.parse import SplitResult, urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from audit_archive import __version__
from audit_archive.adapters.console.words import Scrubber
from audit_archive.errors import SettingsError
from audit_archive.format.facts import AuthStyle
from audit_archive.format.hashing import Hasher
from audit_archive.ports import Clock

# Where a Console may live: https anywhere, plain http on this machine only. The key travels there.


def checked_base_url(url: str) -> str:
    """The Console's base URL as `scheme://host[:port]`.

    Raises SettingsError if it has more than that (an API key in it would end up in logs; the text is not
    repeated for that reason), or is plain http to anywhere but a loopback address.
    """
    parts = _split(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise SettingsError("The Console's URL must look like https://<console>.canary.tools.")
    if "@" in parts.netloc or parts.query or parts.fragment or parts.path not in {"", "/"}:
        raise SettingsError(
            f"The Console's URL must end after the host {parts.hostname}: no user, path, query or fragment."
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise SettingsError(
            f"The Console {parts.hostname} must be reached by https: over plain http anybody on the way "
            "could read the API key."
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _split(url: str) -> SplitResult:
    if not url.isascii() or not url.isprintable() or set(url) & set(" \\"):
        raise SettingsError("The Console's URL has characters that no URL of a host has.")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError if it is no number from 0 to 65535
    except ValueError as error:
        raise SettingsError(f"The Console's URL is malformed: {error}.") from error
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


# What goes wrong on the way to a Console and back. These never leave the adapter: they become our errors.

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


# Receiving an answer's body: as it comes, as long as announced, no longer than allowed, within the time.

_CHUNK = 256 * 1024
_HEAD_BYTES = 64 * 1024
"""Bytes of a body that are kept at hand for judging it."""

_MAX_DIGITS = 18
SUCCESSES = range(200, 300)


@dataclass(frozen=True)
class Answer:
    """A completely received answer; `head` is the beginning of its body."""

    status: int
    headers: Mapping[str, str]
    head: bytes
    size: int
    sha256: str


def receive(
    response: requests.Response, sink: BinaryIO, limit: int, check_time: Callable[[int], None]
) -> Answer:
    """Write the body into `sink`. `check_time` is told the bytes received after every piece, and may raise.

    Raises BodyTooLongError beyond `limit` bytes, NetworkError if the body does not come to its end.
    """
    expected = _length(response.headers)
    if expected is not None and expected > limit:
        raise BodyTooLongError(limit)
    head, hashed = b"", Hasher()
    for chunk in hashed.passing(_chunks(response, expected)):
        if hashed.size > limit:
            raise BodyTooLongError(limit)
        head += chunk[: _HEAD_BYTES - len(head)]
        _write(sink, chunk)
        check_time(hashed.size)
    if not hashed.size and _is_head_cut_off(response):
        raise CutOffError(0, None)
    return Answer(response.status_code, response.headers, head, hashed.size, hashed.sha256)


def _chunks(response: requests.Response, expected: int | None) -> Iterator[bytes]:
    """The body as it comes, which must be as long as announced.

    `read1` returns what is there; other reads wait for a full chunk, for hours if bytes only trickle in.
    """
    size, fault = 0, None
    try:
        while chunk := response.raw.read1(_CHUNK, decode_content=False):
            size += len(chunk)
            yield chunk
    except ReadTimeoutError:
        fault = NetworkError(f"after {size} bytes it was silent for too long")
    except HTTPError:
        fault = CutOffError(size, expected)
    # Raised out here and not `from` the library's exception, which may quote what came, and so a key.
    if fault is None and expected is not None and size != expected:
        fault = CutOffError(size, expected)
    if fault is not None:
        raise fault


def _is_head_cut_off(response: requests.Response) -> bool:
    """Whether an empty success may be one whose head was cut off.

    To `http.client` a connection that ends within the head is the head's end, and without a length the
    connection's end is the body's (RFC 9112, 6.3). No success of this API is empty.
    """
    is_framed = _length(response.headers) is not None or "Transfer-Encoding" in response.headers
    return response.status_code in SUCCESSES and not is_framed


def _length(headers: Mapping[str, str]) -> int | None:
    """How many bytes the answer announces, if it does."""
    text = headers.get("Content-Length", "")
    is_announced = text.isdecimal() and "Transfer-Encoding" not in headers
    return int(text) if is_announced and len(text) <= _MAX_DIGITS else None


def _write(sink: BinaryIO, chunk: bytes) -> None:
    try:
        sink.write(chunk)
    except OSError as error:
        raise SettingsError(
            f"The export can't be spooled ({error.strerror}): give the function more ephemeral storage."
        ) from error


# urllib3 quotes the whole URL, with a key that travels in it, where it warns of headers that it can't parse.
logging.getLogger("urllib3").setLevel(logging.ERROR)

CONNECT_TIMEOUT = 10.0
"""Seconds."""


class ApiKey(Protocol):
    """An API key that can be read again when the Console refuses it: it may have been rotated."""

    def value(self) -> str:
        """The key as known."""
        ...

    def refresh(self) -> str:
        """The key, read anew."""
        ...


class _OwnKey(AuthBase):
    """Puts the key into the header. That `requests` has an auth object keeps it from looking into .netrc."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key is not None:
            request.headers["X-Canary-Auth-Token"] = self._key
        return request


class _Session(requests.Session):
    """A session to which no answer is a redirect: the key would travel there.

    Without following it, requests would still read its whole body, and fail on an address that is malformed.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - named by requests
        return None


class Transport:
    """Sends requests to one Console with one key. Every request has a connection of its own: no cookies."""

    def __init__(
        self, base_url: str, key: ApiKey, auth_style: AuthStyle, clock: Clock, reserve: float
    ) -> None:
        """`reserve` is in seconds: so much of the clock's remaining time is never used for waiting.

        Raises SettingsError for a base URL that can't be.
        """
        self._base_url = checked_base_url(base_url)
        self._key = key
        self.auth_style = auth_style
        self._clock = clock
        self._reserve = reserve
        self.scrub = Scrubber()

    def refresh_key(self) -> bool:
        """Read the key again; whether it is another now."""
        old = self._key.value()
        return self._key.refresh() != old

    def send(
        self, method: str, path: str, fields: Mapping[str, Any], sink: BinaryIO, *, limit: int, timeout: float
    ) -> Answer:
        """Send one request and write the answer's body into `sink`, whatever its status.

        `timeout` is seconds of silence. Raises a NetworkError if no complete answer came,
        BodyTooLongError if it has more than `limit` bytes.
        """
        request = self._request(method, path, fields)
        patience = (min(CONNECT_TIMEOUT, self._time_left()), min(timeout, self._time_left()))
        try:
            with (
                _Session() as session,
                session.request(**request, timeout=patience, stream=True) as response,
            ):
                return receive(response, sink, limit, self._check_time)
        except (requests.RequestException, HTTPError) as error:
            fault = fault_of(error, self.scrub)
        # Raised out here and not `from` the library's exception, because that one holds the URL with the key.
        raise fault

    def _request(self, method: str, path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        key = self._key.value()
        self.scrub.learn(key)
        in_header = self.auth_style == AuthStyle.HEADER
        return {
            "method": method,
            "url": self._base_url + path,
            "params" if method == "GET" else "data": {**fields, **({} if in_header else {"auth_token": key})},
            "auth": _OwnKey(key if in_header else None),
            "headers": {
                "Accept-Encoding": "identity",  # a download's bytes are evidence: exactly as served
                "Cache-Control": "no-cache",
                "Pragma": "no-cache",  # for a cache that speaks HTTP/1.0
                "User-Agent": f"canary-audit-archive/{__version__}",
            },
        }

    def _time_left(self) -> float:
        left = self._clock.remaining() - self._reserve
        if left <= 0:
            raise OutOfTimeError("nothing was sent", was_sent=False)
        return left

    def _check_time(self, received: int) -> None:
        if self._clock.remaining() <= self._reserve:
            raise OutOfTimeError(f"{received} bytes had come", was_sent=True)
