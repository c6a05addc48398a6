"""One HTTP request to the Console. It carries the API key; no error that comes of it does.

This module does not repeat a request, and does not interpret an answer.
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

# Where urllib3 warns of headers that it can't parse, it logs the whole URL, which may contain the key.
logging.getLogger("urllib3").setLevel(logging.ERROR)

_NEVER_SENT = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)
"""Faults before a request is sent: there is no connection, or its certificate is not valid."""

_CHUNK = 256 * 1024

_HEAD_BYTES = 64 * 1024
"""Bytes at the beginning of a body that are kept in memory, to interpret it."""

_MAX_DIGITS = 18

SUCCESSES = range(200, 300)

CONNECT_TIMEOUT = 10.0
"""Seconds."""


def checked_base_url(url: str) -> str:
    """The Console's base URL as `scheme://host[:port]`.

    Raises SettingsError if it has more parts than that, or is plain http to an address that is not a loopback
    address. The error does not repeat the URL, since an API key in it would then be in logs.
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
        raise SettingsError("The Console's URL has characters that a host's URL can't have.")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError unless it is a number from 0 to 65535
    except ValueError as error:
        raise SettingsError(f"The Console's URL is malformed: {error}.") from error
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class NetworkError(Exception):
    """No complete answer came. Never leaves the adapter: it becomes one of `audit_archive.errors`.

    `was_sent` is False only if the request was certainly not sent.
    """

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
    """A cache between us and the Console gave an old answer."""

    def __init__(self, sign: str) -> None:
        super().__init__(
            f"a cache between us and the Console gave an old answer ({sign}). "
            "Let it pass /api/v1/audit_trail/ through"
        )


class BodyTooLongError(Exception):
    """The answer has more bytes than the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


def fault_of(error: Exception, scrub: Callable[[str], str]) -> NetworkError:
    """The fault behind an exception of requests or urllib3. The exception itself is not kept."""
    chain = list(_chain(error))
    if any(isinstance(each, ReadTimeoutError) for each in chain):
        return NetworkError("it was silent for too long")
    was_sent = not any(isinstance(each, _NEVER_SENT) for each in chain)
    # The innermost exception is the system's own (`Connection refused`), which does not contain the URL.
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


@dataclass(frozen=True)
class Answer:
    """A completely received answer. `head`: the beginning of its body; `size` in bytes, `sha256` in hex."""

    status: int
    headers: Mapping[str, str]
    head: bytes
    size: int
    sha256: str


def receive(
    response: requests.Response, sink: BinaryIO, limit: int, check_time: Callable[[int], None]
) -> Answer:
    """Write the body into `sink`. After every piece `check_time` gets the bytes so far, and may raise.

    Raises BodyTooLongError beyond `limit` bytes, and NetworkError if the body does not end as announced.
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
    """The body, piece by piece. Raises CutOffError if it is not as long as announced."""
    # `read1` returns what has arrived. Other reads wait for a full chunk, for hours if bytes come one by one.
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
    """Whether the head of an empty success may have been cut off. No success of this API is empty.

    If a connection ends within the head, `http.client` takes that for the end of the head. Without a length,
    the end of the connection is the end of the body (RFC 9112, 6.3).
    """
    is_framed = _length(response.headers) is not None or "Transfer-Encoding" in response.headers
    return response.status_code in SUCCESSES and not is_framed


def _length(headers: Mapping[str, str]) -> int | None:
    """The number of bytes that an answer announces; None if it announces none."""
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


class ApiKey(Protocol):
    """An API key that can be read again when the Console refuses it: it may have been rotated."""

    @property
    def what(self) -> str:
        """What holds it, at the begin of a sentence: `The secret canary-audit/1234abcd/read`."""
        ...

    def value(self) -> str:
        """The key as it was read last."""
        ...

    def refresh(self) -> str:
        """The key, read again."""
        ...


class _OwnKey(AuthBase):
    """Puts the key into the header. Since there is an auth object, `requests` does not read .netrc."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key is not None:
            request.headers["X-Canary-Auth-Token"] = self._key
        return request


class _Session(requests.Session):
    """A session that treats a redirect as any other answer, because the key would travel to its target.

    If it only did not follow redirects, `requests` would still read the whole body, and would fail on a
    malformed address.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - named by requests
        return None


class Transport:
    """Sends requests to one Console with one key. Each request has its own session, so no cookie is kept."""

    def __init__(
        self, base_url: str, key: ApiKey, auth_style: AuthStyle, clock: Clock, reserve: float
    ) -> None:
        """`reserve`: seconds of the clock's remaining time that are never used for waiting.

        Raises SettingsError for a malformed or forbidden base URL.
        """
        self._base_url = checked_base_url(base_url)
        self._key = key
        self._auth_style = auth_style
        self._clock = clock
        self._reserve = reserve
        self.scrub = Scrubber()

    def refresh_key(self) -> bool:
        """Read the key again. Returns whether it has changed."""
        old = self._key.value()
        return self._key.refresh() != old

    def send(
        self, method: str, path: str, fields: Mapping[str, Any], sink: BinaryIO, *, limit: int, timeout: float
    ) -> Answer:
        """Send one request, and write the body of the answer into `sink`, whatever its status.

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
        in_header = self._auth_style == AuthStyle.HEADER
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
