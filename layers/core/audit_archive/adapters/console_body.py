"""Receiving an answer's body: as it comes, as long as announced, no longer than allowed, within the time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from audit_archive.adapters.console_faults import BodyTooLongError, CutOffError, NetworkError
from audit_archive.errors import SettingsError

CHUNK = 256 * 1024
HEAD = 64 * 1024
"""Bytes of a body that are kept at hand for judging it."""

MAX_DIGITS = 18
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
    head, size, digest = b"", 0, sha256()
    for chunk in _chunks(response, expected):
        size += len(chunk)
        if size > limit:
            raise BodyTooLongError(limit)
        head += chunk[: HEAD - len(head)]
        digest.update(chunk)
        _write(sink, chunk)
        check_time(size)
    if not size and _is_head_cut_off(response):
        raise CutOffError(0, None)
    return Answer(response.status_code, response.headers, head, size, digest.hexdigest())


def _chunks(response: requests.Response, expected: int | None) -> Iterator[bytes]:
    """The body as it comes, which must be as long as announced.

    `read1` returns what is there; other reads wait for a full chunk, for hours if bytes only trickle in.
    """
    size, fault = 0, None
    try:
        while chunk := response.raw.read1(CHUNK, decode_content=False):
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
    return int(text) if is_announced and len(text) <= MAX_DIGITS else None


def _write(sink: BinaryIO, chunk: bytes) -> None:
    try:
        sink.write(chunk)
    except OSError as error:
        raise SettingsError(
            f"The export can't be spooled ({error.strerror}): give the function more ephemeral storage."
        ) from error
