"""What goes over the wire, as plain records: the request as the API sees it, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Literal

import orjson

Endpoint = Literal["fetch", "purge", "export"]
ENDPOINTS: Mapping[str, tuple[Endpoint, str]] = {
    "/api/v1/audit_trail/fetch": ("fetch", "GET"),
    "/api/v1/audit_trail/purge": ("purge", "POST"),
    "/api/v1/audit_trail/download/json": ("export", "GET"),
}
"""Path -> endpoint and the one method it takes."""


@dataclass(frozen=True)
class Request:
    """One request. `parameters` are those of query string and body together, without the key."""

    method: str
    path: str
    parameters: Mapping[str, object]
    header_key: str | None = field(default=None, repr=False)
    parameter_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Seen:
    """What the Console remembers of a request: all but the key's value. `status` None: no answer."""

    method: str
    path: str
    key_in: frozenset[str]
    """Of `header` and `parameter`."""
    parameters: Mapping[str, object]
    status: int | None


@dataclass(frozen=True)
class Delivery:
    """How an answer travels. The defaults are the Console at its best; faults.py changes them."""

    wait_s: float = 0.0
    """Silence before the answer."""
    reset: bool = False
    """No answer: the connection is reset."""
    trickle_bytes: int = 0
    """Send so many bytes, then pause for `pause_s`; 0 sends at full speed."""
    pause_s: float = 0.0
    keep: float = 1.0
    """Share of the body that is sent before the connection is closed; `Content-Length` names the whole."""
    length_delta: int = 0
    """Added to the true `Content-Length`."""
    age_s: int = 0
    """How long ago a cache took the answer: its `Date` is of then."""
    says_age: bool = True
    """Whether a cache that took the answer says so by `Age`."""

    @property
    def needs_length(self) -> bool:
        """Whether the body's length must be known before its first byte is sent."""
        return self.keep < 1.0 or self.length_delta != 0


@dataclass(frozen=True)
class Answer:
    """Either a `body`, or, for what is too big for memory, a `stream` that writes one to a sink."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Callable[[IO[bytes]], None] | None = None
    delivery: Delivery = field(default_factory=Delivery)


class ApiError(Exception):
    """An answer other than success: `{"result": "error", "message": ...}` with an HTTP status."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}

    def as_answer(self, *, as_200: bool = False) -> Answer:
        """With `as_200` the error comes with HTTP 200, as some of the Console's do."""
        return error_answer(200 if as_200 else self.status, self.message, self.headers)


def error_answer(
    status: int, message: str, headers: Mapping[str, str] | None = None, result: str = "error"
) -> Answer:
    """The documented error shape."""
    return json_answer({"result": result, "message": message}, status=status, headers=headers)


def json_answer(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Any JSON body."""
    return Answer(status, orjson.dumps(body), headers=headers or {})
