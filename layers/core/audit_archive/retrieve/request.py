"""Questions to the archive, read from events: the fields of each kind, what they accept, what they mean.

A new kind of question is a class here with its fields, and a module beside this one that answers it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from audit_archive.answer_ports import FindZone
from audit_archive.errors import RequestError
from audit_archive.events import Fields, checked, console_id, one_of, printable, whole
from audit_archive.format.ids import MAX_ID, IdRange
from audit_archive.format.times import OffsetAt
from audit_archive.retrieve.dates import Moment
from audit_archive.retrieve.fields import (
    cursor,
    day,
    flag,
    form,
    moment,
    network,
    one_or_more,
    positive,
    span_of_ids,
    text,
)
from audit_archive.retrieve.formats import NDJSON, Form
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.relative import Relative
from audit_archive.retrieve.rows import utc


@dataclass(frozen=True)
class Asking:
    """What a question is read with: the time zones, and the time of asking (epoch seconds)."""

    find_zone: FindZone
    now: int


UTC = "UTC"
MOST_SAMPLED = 10_000
"""Entries of a sample at most."""

MAX_SEED = 10**15 - 1
"""The highest seed. A spreadsheet keeps 15 digits of a number, and a browser keeps it exactly."""

MAX_LIMIT = 10_000_000

QUERY_FIELDS: Fields = {
    "console": console_id,
    "from": moment("from"),
    "to": moment("to"),
    "since": moment("since"),
    "during": moment("during"),
    "zone": text("zone"),
    "user": one_or_more("user", text("user")),
    "action_type": one_or_more("action_type", text("action_type")),
    "address": one_or_more("address", network),
    "text": text("text"),
    "first_id": positive("first_id"),
    "last_id": positive("last_id"),
    "ids": span_of_ids,
    "flock": one_or_more("flock", text("flock")),
    "epoch": positive("epoch"),
}


def query_of(values: Mapping[str, Any], asking: Asking) -> Query:
    """The query from values that QUERY_FIELDS checked.

    Raises RequestError where they contradict each other.
    """
    zone = zone_of(values, asking.find_zone)
    start, end = _time_of(values, zone, asking.now)
    ids = _ids_of(values)
    return Query(
        console=values["console"],
        start=start,
        end=end,
        users=values.get("user", ()),
        action_types=values.get("action_type", ()),
        networks=values.get("address", ()),
        text=values.get("text"),
        ids=ids,
        flocks=values.get("flock", ()),
        epoch=values.get("epoch"),
    )


def _time_of(values: Mapping[str, Any], zone: OffsetAt, now: int) -> tuple[int | None, int | None]:
    """The first instant asked for, and the first after all of them; None: no limit."""
    named = [name for name in ("during", "since", "from") if name in values]
    named += ["to"] if "to" in values and "during" in values else []
    if len(named) > 1:
        raise RequestError(named[0], f"{named[0]} and {named[1]} don't go together: give one of them")
    begin, until = values.get(named[0]) if named else None, values.get("during", values.get("to"))
    start = _asked_at(begin, now).begin(zone) if begin is not None else None
    end = _asked_at(until, now).end(zone) if until is not None else None
    if start is not None and start == end and "during" in values:
        raise RequestError("during", "it names a moment, which is over: give `since` for all from then on")
    if start is not None and end is not None and start >= end:
        raise RequestError("to", f"must not be before `{named[0]}`")
    return start, end


def _asked_at(said: Moment | Relative, now: int) -> Moment | Relative:
    return replace(said, now=now) if isinstance(said, Relative) else said


def _ids_of(values: Mapping[str, Any]) -> IdRange:
    if "ids" in values:
        if {"first_id", "last_id"} & values.keys():
            raise RequestError("ids", "give a range, or first_id and last_id, not both")
        found: IdRange = values["ids"]
        return found
    ids = IdRange(values.get("first_id", 1), values.get("last_id", MAX_ID))
    if ids.first > ids.last:
        raise RequestError("last_id", f"must not be lower than first_id, which is {ids.first}")
    return ids


def zone_of(values: Mapping[str, Any], find_zone: FindZone) -> OffsetAt:
    """The time zone that is named, or UTC."""
    name = values.get("zone", UTC)
    zone = find_zone(name)
    if zone is None:
        raise RequestError(
            "zone", f"{name!r:.80} is not a time zone: give a name such as Europe/London or UTC"
        )
    return zone


QuestionEvent: TypeAlias = Mapping[str, Any]
"""The event as it came: every answer repeats it."""


@dataclass(frozen=True)
class EntriesRequest:
    """Every entry that a query asks for, in some form.

    `with_forms`: show also what the Console showed later in place of an archived entry. `offset_at`: the time
    zone of the question.
    """

    query: Query
    form: Form
    question: QuestionEvent
    with_forms: bool = False
    offset_at: OffsetAt = field(default=utc, compare=False)


@dataclass(frozen=True)
class EveryConsoleRequest:
    """The entries of every Console that a query asks for; the query itself names no Console."""

    query: Query
    form: Form
    question: QuestionEvent
    offset_at: OffsetAt = field(default=utc, compare=False)


@dataclass(frozen=True)
class ExportRequest:
    """The original exports that hold one entry, or the entries of one date."""

    query: Query
    question: QuestionEvent


@dataclass(frozen=True)
class ProofRequest:
    """The proof of one entry; one proof for each epoch, if several have an entry with that id."""

    query: Query
    question: QuestionEvent


@dataclass(frozen=True)
class EvidenceRequest:
    """The bundle of evidence for a query; `zone` and `offset_at` are the time zone of the question.

    `sample`: how many entries to draw from those that match; `seed`: what draws them, None: draw one.
    """

    query: Query
    zone: str
    offset_at: OffsetAt
    question: QuestionEvent
    sample: int | None = None
    seed: int | None = None


@dataclass(frozen=True)
class StatusRequest:
    """Where the archive of one Console stands; None: the archive of every Console."""

    console: str | None
    question: QuestionEvent


RetrieveRequest: TypeAlias = (
    EntriesRequest | EveryConsoleRequest | ExportRequest | ProofRequest | EvidenceRequest | StatusRequest
)

_ASKER: Fields = {"request": text("request"), "who": printable("who"), "reason": printable("reason")}
_EVIDENCE: Fields = {
    **_ASKER,
    **QUERY_FIELDS,
    "organisation": printable("organisation"),
    "sample": whole("sample", 1, MOST_SAMPLED),
    "seed": whole("seed", 0, MAX_SEED),
}
_ENTRIES: Fields = {
    **_ASKER,
    **QUERY_FIELDS,
    "format": form,
    "forms": flag("forms"),
    "all_consoles": flag("all_consoles"),
    "limit": whole("limit", 1, MAX_LIMIT),
    "cursor": cursor,
}
_PROOF: Fields = {**_ASKER, "console": console_id, "id": positive("id"), "epoch": positive("epoch")}
_EXPORT: Fields = {
    **_ASKER,
    "console": console_id,
    "id": positive("id"),
    "date": day("date"),
    "zone": text("zone"),
    "epoch": positive("epoch"),
}
_STATUS: Fields = {**_ASKER, "console": console_id}


def parse_request(event: object, find_zone: FindZone, now: int) -> RetrieveRequest:
    """The question in an event. Raises RequestError naming the field and what it accepts.

    `now`: the time of asking, epoch seconds.
    """
    kind = event.get("request") if isinstance(event, Mapping) else None
    return _KINDS[one_of("request", tuple(_KINDS))(kind)](event, Asking(find_zone, now))


def _entries(event: Any, asking: Asking) -> EntriesRequest | EveryConsoleRequest:
    is_fleet = event.get("all_consoles") is True
    values = checked(event, _ENTRIES, required=() if is_fleet else ("console",))
    together = {"console", "forms", "cursor"} & values.keys() if is_fleet else None
    if together:
        raise RequestError("all_consoles", f"does not go together with {min(together)}")
    query = query_of({"console": "", **values}, asking)
    query = replace(query, limit=values.get("limit"), after=values.get("cursor"))
    form, question = values.get("format", NDJSON), dict(event)
    zone = zone_of(values, asking.find_zone)
    if is_fleet:
        return EveryConsoleRequest(query, form, question, zone)
    return EntriesRequest(query, form, question, values.get("forms", False), zone)


def _export(event: Any, asking: Asking) -> ExportRequest:
    values = checked(event, _EXPORT, required=("console",))
    if ("id" in values) == ("date" in values):
        raise RequestError("id", "ask for an export by `id` or by `date`, one of the two")
    console, epoch = values["console"], values.get("epoch")
    if "id" in values:
        if "zone" in values:
            raise RequestError("zone", "give it with `date` only")
        query = Query(console, ids=IdRange(values["id"], values["id"]), epoch=epoch)
        return ExportRequest(query, dict(event))
    zone, date = zone_of(values, asking.find_zone), values["date"]
    query = Query(console, start=date.begin(zone), end=date.end(zone), epoch=epoch)
    return ExportRequest(query, dict(event))


def _proof(event: Any, asking: Asking) -> ProofRequest:
    del asking
    values = checked(event, _PROOF, required=("console", "id"))
    ids = IdRange(values["id"], values["id"])
    return ProofRequest(Query(values["console"], ids=ids, epoch=values.get("epoch")), dict(event))


def _evidence(event: Any, asking: Asking) -> EvidenceRequest:
    values = checked(event, _EVIDENCE, required=("console",))
    zone = values.get("zone", UTC)
    offset_at, sample, seed = zone_of(values, asking.find_zone), values.get("sample"), values.get("seed")
    if seed is not None and sample is None:
        raise RequestError("seed", "it draws a sample: give `sample` too, how many entries")
    return EvidenceRequest(query_of(values, asking), zone, offset_at, dict(event), sample, seed)


def _status(event: Any, asking: Asking) -> StatusRequest:
    del asking
    values = checked(event, _STATUS, required=())
    return StatusRequest(values.get("console"), dict(event))


_KINDS: Mapping[str, Callable[[Any, Asking], RetrieveRequest]] = {
    "entries": _entries,
    "export": _export,
    "proof": _proof,
    "evidence": _evidence,
    "status": _status,
}
