"""Answers that fail on the way: by the Console, or by a proxy, a cache or a gateway before it."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from io import BytesIO
from typing import IO, ClassVar, cast

from local.console.answer import Answer, Endpoint, error_answer, json_answer
from local.console.faults.fault import READING, Fault

HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>"


@dataclass(frozen=True)
class HtmlPage(Fault):
    """An HTML page where JSON or a zip is due: a maintenance page, or a proxy's."""

    status: int = 200
    html: bytes = HTML

    def instead(self) -> Answer:
        return Answer(self.status, self.html, "text/html; charset=utf-8")


@dataclass(frozen=True)
class JsonError(Fault):
    """The documented error shape, by default with HTTP 200. `result` may also be `failure`."""

    message: str = "Internal error"
    status: int = 200
    result: str = "error"

    def instead(self) -> Answer:
        return error_answer(self.status, self.message, result=self.result)


@dataclass(frozen=True)
class Status(Fault):
    """Any HTTP status, as a gateway gives it. `retry_after` is sent as it is: seconds or an HTTP date."""

    status: int = 503
    retry_after: str | None = None
    message: str = "Service unavailable"

    def instead(self) -> Answer:
        headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        return error_answer(self.status, self.message, headers)


@dataclass(frozen=True)
class BeingPrepared(Fault):
    """JSON that asks for patience where the zip is due, by default with HTTP 202."""

    status: int = 202
    message: str = "Your export is being prepared"
    endpoints: ClassVar[frozenset[Endpoint]] = frozenset({"export"})

    def instead(self) -> Answer:
        return json_answer({"result": "success", "message": self.message}, status=self.status)


@dataclass(frozen=True)
class Redirect(Fault):
    """A redirect, by default to another host, to which a key must not travel."""

    location: str = "http://elsewhere.invalid/login"
    status: int = 302

    def instead(self) -> Answer:
        return Answer(self.status, b"", "text/html", {"Location": self.location})


@dataclass(frozen=True)
class ResetBefore(Fault):
    """The connection is reset and nothing was done."""

    def instead(self) -> Answer:
        return _delivered(Answer(), reset=True)


@dataclass(frozen=True)
class ResetAfter(Fault):
    """The request is carried out, and then the connection is reset without an answer."""

    def answer(self, answer: Answer) -> Answer:
        return _delivered(answer, reset=True)


@dataclass(frozen=True)
class FailsAfter(Fault):
    """The request is carried out, and then a gateway answers in the Console's place, with its own page."""

    status: int = 502
    html: bytes = HTML

    def answer(self, answer: Answer) -> Answer:
        page = Answer(self.status, self.html, "text/html; charset=utf-8")
        return replace(page, delivery=answer.delivery)


@dataclass(frozen=True)
class Hang(Fault):
    """Silence for `seconds` (at most 60). Then the connection is reset, nothing done; or, with `carried_out`,
    the request is done before the silence and its answer comes after it."""

    seconds: float = 5.0
    carried_out: bool = False

    def instead(self) -> Answer | None:
        return None if self.carried_out else _delivered(Answer(), wait_s=min(self.seconds, 60.0), reset=True)

    def answer(self, answer: Answer) -> Answer:
        return _delivered(answer, wait_s=min(self.seconds, 60.0))


@dataclass(frozen=True)
class Trickle(Fault):
    """The body comes `chunk` bytes at a time, with `pause_s` seconds after each."""

    chunk: int = 64
    pause_s: float = 0.05

    def answer(self, answer: Answer) -> Answer:
        return _delivered(answer, trickle_bytes=max(self.chunk, 1), pause_s=self.pause_s)


@dataclass(frozen=True)
class Truncated(Fault):
    """`Content-Length` is right, but the connection is closed after the share `keep` (0 to 1) of the body."""

    keep: float = 0.5

    def answer(self, answer: Answer) -> Answer:
        return _delivered(answer, keep=self.keep)


@dataclass(frozen=True)
class WrongLength(Fault):
    """The whole body, under a `Content-Length` that is off by `delta` bytes; then the connection ends."""

    delta: int = -1

    def answer(self, answer: Answer) -> Answer:
        return _delivered(answer, length_delta=self.delta)


@dataclass(frozen=True)
class ReplacedBody(Fault):
    """The request is carried out, but this is the body of the answer: a broken or a hostile zip, no JSON."""

    body: bytes = b""
    media_type: str | None = None

    def answer(self, answer: Answer) -> Answer:
        return replace(answer, body=self.body, stream=None, media_type=self.media_type or answer.media_type)


@dataclass(frozen=True)
class Encoded(Fault):
    """The body under a `Content-Encoding`, whatever was asked for: gzip truly, any other by name only."""

    encoding: str = "gzip"

    def answer(self, answer: Answer) -> Answer:
        body = _whole(answer)
        if self.encoding == "gzip":
            body = gzip.compress(body, mtime=0)
        headers = {**answer.headers, "Content-Encoding": self.encoding}
        return replace(answer, body=body, stream=None, headers=headers)


@dataclass(frozen=True)
class Aged(Fault):
    """The answer comes out of an HTTP cache, which took it `seconds` ago: its `Date` is of then, and `Age`
    says so unless `says_age` is false. What it shows is a matter of `stale`."""

    seconds: int = 3600
    says_age: bool = True
    endpoints: ClassVar[frozenset[Endpoint]] = READING

    def answer(self, answer: Answer) -> Answer:
        return _delivered(answer, age_s=self.seconds, says_age=self.says_age)


def _whole(answer: Answer) -> bytes:
    if answer.stream is None:
        return answer.body
    sink = BytesIO()
    answer.stream(cast("IO[bytes]", sink))
    return sink.getvalue()


def _delivered(answer: Answer, **changes: float) -> Answer:
    return replace(answer, delivery=replace(answer.delivery, **changes))  # type: ignore[arg-type]  # names vary
