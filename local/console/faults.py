"""Faults that can be switched on: each is one named way in which a Console, or a proxy before it, fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from local.console.answer import Answer, Endpoint, error_answer
from local.console.snapshot import Snapshot
from local.console.trail import PurgeTerms

ALL: frozenset[Endpoint] = frozenset({"fetch", "purge", "export"})

HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>"


class Fault:
    """The hooks a fault may use; each default changes nothing. `endpoints` is where it makes sense."""

    endpoints: ClassVar[frozenset[Endpoint]] = ALL

    def instead(self) -> Answer | None:
        """An answer given instead of carrying out the request."""
        return None

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        """How a purge turns out."""
        return terms

    def exported(self, snapshot: Snapshot) -> Snapshot:
        """What an export holds."""
        return snapshot

    def page(self, page: dict[str, object]) -> dict[str, object]:
        """A fetch page without its entries; setting `audit_trail` replaces them."""
        return page

    def answer(self, answer: Answer) -> Answer:
        """The answer to a request that was carried out, or refused."""
        return answer


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
class CappedExport(Fault):
    """The export shows only the `newest` entries of the trail, and says nothing about it."""

    newest: int = 1000
    endpoints: ClassVar[frozenset[Endpoint]] = frozenset({"export"})

    def exported(self, snapshot: Snapshot) -> Snapshot:
        return snapshot.newest(self.newest)


@dataclass(frozen=True)
class StaleExport(Fault):
    """The export shows an earlier state, as from a cache: take `trail.snapshot()` at that time."""

    as_of: Snapshot
    endpoints: ClassVar[frozenset[Endpoint]] = frozenset({"export"})

    def exported(self, snapshot: Snapshot) -> Snapshot:  # noqa: ARG002 - that it ignores the present is the fault
        return self.as_of


@dataclass(frozen=True)
class NoReceipt(Fault):
    """The purge deletes, but writes no `audit_trail_purge` entry."""

    endpoints: ClassVar[frozenset[Endpoint]] = frozenset({"purge"})

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        return replace(terms, receipt=False)


@dataclass(frozen=True)
class LateReceipt(Fault):
    """The receipt is written `seconds` (by the Console's clock) after the purge."""

    seconds: float = 60.0
    endpoints: ClassVar[frozenset[Endpoint]] = frozenset({"purge"})

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        return replace(terms, receipt_after=timedelta(seconds=self.seconds))


@dataclass(frozen=True)
class SlowDeletion(Fault):
    """Answer and receipt come at once, but the entries stay visible for `seconds` by the Console's clock."""

    seconds: float = 60.0
    endpoints: ClassVar[frozenset[Endpoint]] = frozenset({"purge"})

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        return replace(terms, deletion_after=timedelta(seconds=self.seconds))


@dataclass(frozen=True)
class Miscounted(Fault):
    """The purge reports, and writes into its receipt, `delta` entries more (or fewer) than it deleted."""

    delta: int = 1
    endpoints: ClassVar[frozenset[Endpoint]] = frozenset({"purge"})

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        return replace(terms, miscount=self.delta)


@dataclass(frozen=True)
class NoPageCount(Fault):
    """The page carries no `page_count`."""

    endpoints: ClassVar[frozenset[Endpoint]] = frozenset({"fetch"})

    def page(self, page: dict[str, object]) -> dict[str, object]:
        return {name: value for name, value in page.items() if name != "page_count"}


@dataclass(frozen=True)
class NullList(Fault):
    """An empty list of entries comes as null. Pages with entries are as always."""

    endpoints: ClassVar[frozenset[Endpoint]] = frozenset({"fetch"})

    def page(self, page: dict[str, object]) -> dict[str, object]:
        return page if page.get("audit_trail") else {**page, "audit_trail": None}


NAMED: Mapping[str, type[Fault]] = {
    "html_page": HtmlPage,
    "json_error": JsonError,
    "status": Status,
    "redirect": Redirect,
    "reset_before": ResetBefore,
    "reset_after": ResetAfter,
    "hang": Hang,
    "trickle": Trickle,
    "truncated": Truncated,
    "wrong_length": WrongLength,
    "replaced_body": ReplacedBody,
    "capped_export": CappedExport,
    "stale_export": StaleExport,
    "no_receipt": NoReceipt,
    "late_receipt": LateReceipt,
    "slow_deletion": SlowDeletion,
    "miscounted": Miscounted,
    "no_page_count": NoPageCount,
    "null_list": NullList,
}
"""The names by which the control endpoint and the documents call them."""


def _delivered(answer: Answer, **changes: float) -> Answer:
    return replace(answer, delivery=replace(answer.delivery, **changes))  # type: ignore[arg-type]  # names vary
