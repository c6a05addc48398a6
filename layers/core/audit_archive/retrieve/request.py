"""Questions to the archive, read from events: the fields of each kind, what they accept, what they mean.

A new kind of question is a class here with its fields, and a module beside this one that answers it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from typing import Any, TypeAlias

from audit_archive.answer_ports import FindZone
from audit_archive.errors import RequestError
from audit_archive.events import MAX_EVENT_TEXT, Fields, checked, console_id, one_of, printable, shown, whole
from audit_archive.format.entry import MAX_ID
from audit_archive.format.ids import IdRange
from audit_archive.format.times import DAY, OffsetAt
from audit_archive.retrieve.dates import MOMENT_FORMS, Moment, read_moment
from audit_archive.retrieve.formats import FORMATS, NDJSON, Form
from audit_archive.retrieve.query import EntryPlace, Network, Query
from audit_archive.retrieve.reading import as_read
from audit_archive.retrieve.relative import RELATIVE_FORMS, Relative, read_relative
from audit_archive.retrieve.rows import utc


@dataclass(frozen=True)
class Asking:
    """What a question is read with: the time zones, and the time of asking (epoch seconds)."""

    find_zone: FindZone
    now: int


MAX_ALTERNATIVES = 100
MAX_ADDRESS = 64
UTC = "UTC"


def positive(name: str) -> Callable[[object], int]:
    """A check for an id, or for the number of an epoch."""
    return whole(name, 1, MAX_ID)


def text(name: str) -> Callable[[object], str]:
    """A check for any text of 1 to MAX_EVENT_TEXT characters: an entry may hold any."""

    def check(value: object) -> str:
        if isinstance(value, str) and 0 < len(value) <= MAX_EVENT_TEXT and not _has_surrogate(value):
            if as_read(value):
                return value
            raise RequestError(name, "this text has nothing but characters that no person sees")
        raise RequestError(name, f"{shown(value)} is not a text of 1 to {MAX_EVENT_TEXT} characters")

    return check


def flag(name: str) -> Callable[[object], bool]:
    """A check for true or false."""

    def check(value: object) -> bool:
        if not isinstance(value, bool):
            raise RequestError(name, f"{shown(value)} is not true or false")
        return value

    return check


def one_or_more(name: str, check: Callable[[object], Any]) -> Callable[[object], tuple[Any, ...]]:
    """A check for one value, or for a list of alternatives."""

    def each(value: object) -> tuple[Any, ...]:
        values = value if isinstance(value, list) else [value]
        if not 1 <= len(values) <= MAX_ALTERNATIVES:
            raise RequestError(name, f"must be one value, or a list of 1 to {MAX_ALTERNATIVES}")
        return tuple(map(check, values))

    return each


def moment(name: str) -> Callable[[object], Moment | Relative]:
    """A check for a date or a time, also by the time of asking, which `query_of` puts in."""

    def check(value: object) -> Moment | Relative:
        text = value if isinstance(value, str) and len(value) <= MAX_EVENT_TEXT else ""
        found = read_moment(text) or read_relative(text)
        if found is None:
            raise RequestError(name, f"{shown(value)} is not {MOMENT_FORMS}; or {RELATIVE_FORMS}")
        return found

    return check


def day(name: str) -> Callable[[object], Moment]:
    """A check for a date."""

    def check(value: object) -> Moment:
        found = read_moment(value) if isinstance(value, str) else None
        if found is None or found.length != DAY:
            raise RequestError(name, f"{shown(value)} is not a date such as 2026-03-01")
        return found

    return check


_SPAN = re.compile(r"([1-9][0-9]{0,18})?-([1-9][0-9]{0,18})?|([1-9][0-9]{0,18})")


def span_of_ids(value: object) -> IdRange:
    """A range of ids, such as `100-200`, `100-` or `-200`; or one id."""
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None or value == "-":
        raise RequestError("ids", f"{shown(value)} is not a range of ids such as 100-200, 100-, -200 or 100")
    first, last = found[1] or found[3] or "1", found[2] or found[3] or str(MAX_ID)
    if not int(first) <= int(last) <= MAX_ID:
        raise RequestError("ids", f"{shown(value)} ends before it begins, or is beyond {MAX_ID}")
    return IdRange(int(first), int(last))


def network(value: object) -> Network:
    """An address or a block of addresses (CIDR). A block of IPv4-mapped addresses becomes the IPv4 block."""
    example = "an address or a block, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32"
    if not isinstance(value, str) or len(value) > MAX_ADDRESS:
        raise RequestError("address", f"{shown(value)} is not {example}")
    try:
        block = ip_network(value)
    except ValueError as error:
        raise RequestError("address", f"{error}. Give {example}") from error
    mapped = getattr(block.network_address, "ipv4_mapped", None)
    return ip_network((mapped, block.prefixlen - 96)) if mapped and block.prefixlen >= 96 else block  # noqa: PLR2004 - RFC 4291, section 2.5.5.2


MAX_LIMIT = 10_000_000
_CURSOR = re.compile(r"([1-9][0-9]{0,9})-([1-9][0-9]{0,18})")


def cursor(value: object) -> EntryPlace:
    """Where an answer with a limit ended: the epoch and the id of its last entry."""
    found = _CURSOR.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[2]) > MAX_ID:
        raise RequestError("cursor", f"{shown(value)} is not the cursor of an answer, such as 1-5000")
    return EntryPlace(int(found[1]), int(found[2]))


def form(value: object) -> Form:
    """The form of the entries in an answer."""
    return FORMATS[one_of("format", tuple(FORMATS))(value)]


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


def _has_surrogate(value: str) -> bool:
    """Whether a text has half of a surrogate pair, which UTF-8 can't encode."""
    return any("\ud800" <= character <= "\udfff" for character in value)


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
    """The bundle of evidence for a query; `zone` and `offset_at` are the time zone of the question."""

    query: Query
    zone: str
    offset_at: OffsetAt
    question: QuestionEvent


@dataclass(frozen=True)
class StatusRequest:
    """Where the archive of one Console stands; None: the archive of every Console."""

    console: str | None
    question: QuestionEvent


RetrieveRequest: TypeAlias = (
    EntriesRequest | EveryConsoleRequest | ExportRequest | ProofRequest | EvidenceRequest | StatusRequest
)

_ASKER: Fields = {"request": text("request"), "who": printable("who"), "reason": printable("reason")}
_EVIDENCE: Fields = {**_ASKER, **QUERY_FIELDS}
_ENTRIES: Fields = {
    **_EVIDENCE,
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
    offset_at = zone_of(values, asking.find_zone)
    return EvidenceRequest(query_of(values, asking), zone, offset_at, dict(event))


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
