"""Questions to the archive, read from events: the fields of each kind, what they accept, what they mean.

A new kind of question is a class here with its fields, and a module beside this one that answers it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, TypeAlias

from audit_archive.errors import RequestError
from audit_archive.events import MAX_EVENT_TEXT, Fields, checked, console_id, one_of, printable, whole
from audit_archive.format.entry import MAX_ID
from audit_archive.format.ids import IdRange
from audit_archive.format.times import DAY, OffsetAt
from audit_archive.ports import FindZone
from audit_archive.retrieve.dates import MOMENT_FORMS, Moment, read_moment
from audit_archive.retrieve.formats import FORMATS, NDJSON, Form
from audit_archive.retrieve.query import Network, Query
from audit_archive.retrieve.reading import as_read

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
        raise RequestError(name, f"{value!r:.80} is not a text of 1 to {MAX_EVENT_TEXT} characters")

    return check


def flag(name: str) -> Callable[[object], bool]:
    """A check for true or false."""

    def check(value: object) -> bool:
        if not isinstance(value, bool):
            raise RequestError(name, f"{value!r:.80} is not true or false")
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


def moment(name: str, *, days_only: bool = False) -> Callable[[object], Moment]:
    """A check for a date or a time."""

    def check(value: object) -> Moment:
        found = read_moment(value) if isinstance(value, str) else None
        if found is None or (days_only and found.length != DAY):
            raise RequestError(
                name, f"{value!r:.80} is not {'a date such as 2026-03-01' if days_only else MOMENT_FORMS}"
            )
        return found

    return check


def network(value: object) -> Network:
    """An address or a block of addresses (CIDR). A block of IPv4-mapped addresses becomes the IPv4 block."""
    example = "an address or a block, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32"
    if not isinstance(value, str) or len(value) > MAX_ADDRESS:
        raise RequestError("address", f"{value!r:.80} is not {example}")
    try:
        block = ip_network(value)
    except ValueError as error:
        raise RequestError("address", f"{error}. Give {example}") from error
    mapped = getattr(block.network_address, "ipv4_mapped", None)
    return ip_network((mapped, block.prefixlen - 96)) if mapped and block.prefixlen >= 96 else block  # noqa: PLR2004 - RFC 4291, section 2.5.5.2


def form(value: object) -> Form:
    """The form of the entries in an answer."""
    return FORMATS[one_of("format", tuple(FORMATS))(value)]


QUERY_FIELDS: Fields = {
    "console": console_id,
    "from": moment("from"),
    "to": moment("to"),
    "zone": text("zone"),
    "user": one_or_more("user", text("user")),
    "action_type": one_or_more("action_type", text("action_type")),
    "address": one_or_more("address", network),
    "text": text("text"),
    "first_id": positive("first_id"),
    "last_id": positive("last_id"),
    "flock": one_or_more("flock", text("flock")),
    "epoch": positive("epoch"),
}


def query_of(values: Mapping[str, Any], find_zone: FindZone) -> Query:
    """The query from values that QUERY_FIELDS checked.

    Raises RequestError where they contradict each other.
    """
    zone = zone_of(values, find_zone)
    start = values["from"].begin(zone) if "from" in values else None
    end = values["to"].end(zone) if "to" in values else None
    if start is not None and end is not None and start >= end:
        raise RequestError("to", "must not be before `from`")
    ids = IdRange(values.get("first_id", 1), values.get("last_id", MAX_ID))
    if ids.first > ids.last:
        raise RequestError("last_id", f"must not be lower than first_id, which is {ids.first}")
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

    `with_forms`: show also what the Console showed later in place of an archived entry.
    """

    query: Query
    form: Form
    question: QuestionEvent
    with_forms: bool = False


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


RetrieveRequest: TypeAlias = EntriesRequest | ExportRequest | ProofRequest | EvidenceRequest | StatusRequest

_ASKER: Fields = {"request": text("request"), "who": printable("who"), "reason": printable("reason")}
_EVIDENCE: Fields = {**_ASKER, **QUERY_FIELDS}
_ENTRIES: Fields = {**_EVIDENCE, "format": form, "forms": flag("forms")}
_PROOF: Fields = {**_ASKER, "console": console_id, "id": positive("id"), "epoch": positive("epoch")}
_EXPORT: Fields = {
    **_ASKER,
    "console": console_id,
    "id": positive("id"),
    "date": moment("date", days_only=True),
    "zone": text("zone"),
    "epoch": positive("epoch"),
}
_STATUS: Fields = {**_ASKER, "console": console_id}


def parse_request(event: object, find_zone: FindZone) -> RetrieveRequest:
    """The question in an event. Raises RequestError naming the field and what it accepts."""
    kind = event.get("request") if isinstance(event, Mapping) else None
    return _KINDS[one_of("request", tuple(_KINDS))(kind)](event, find_zone)


def _entries(event: Any, find_zone: FindZone) -> EntriesRequest:
    values = checked(event, _ENTRIES, required=("console",))
    query, with_forms = query_of(values, find_zone), values.get("forms", False)
    return EntriesRequest(query, values.get("format", NDJSON), dict(event), with_forms)


def _export(event: Any, find_zone: FindZone) -> ExportRequest:
    values = checked(event, _EXPORT, required=("console",))
    if ("id" in values) == ("date" in values):
        raise RequestError("id", "ask for an export by `id` or by `date`, one of the two")
    console, epoch = values["console"], values.get("epoch")
    if "id" in values:
        if "zone" in values:
            raise RequestError("zone", "give it with `date` only")
        query = Query(console, ids=IdRange(values["id"], values["id"]), epoch=epoch)
        return ExportRequest(query, dict(event))
    zone, day = zone_of(values, find_zone), values["date"]
    query = Query(console, start=day.begin(zone), end=day.end(zone), epoch=epoch)
    return ExportRequest(query, dict(event))


def _proof(event: Any, find_zone: FindZone) -> ProofRequest:
    del find_zone
    values = checked(event, _PROOF, required=("console", "id"))
    ids = IdRange(values["id"], values["id"])
    return ProofRequest(Query(values["console"], ids=ids, epoch=values.get("epoch")), dict(event))


def _evidence(event: Any, find_zone: FindZone) -> EvidenceRequest:
    values = checked(event, _EVIDENCE, required=("console",))
    zone = values.get("zone", UTC)
    return EvidenceRequest(query_of(values, find_zone), zone, zone_of(values, find_zone), dict(event))


def _status(event: Any, find_zone: FindZone) -> StatusRequest:
    del find_zone
    values = checked(event, _STATUS, required=())
    return StatusRequest(values.get("console"), dict(event))


_KINDS: Mapping[str, Callable[[Any, FindZone], RetrieveRequest]] = {
    "entries": _entries,
    "export": _export,
    "proof": _proof,
    "evidence": _evidence,
    "status": _status,
}
