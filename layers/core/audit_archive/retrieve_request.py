"""What a question to the archive may ask for. A new kind is a class here, and a module in `reading`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from audit_archive.domain.forms import NDJSON, Form
from audit_archive.domain.local_time import OffsetAt
from audit_archive.domain.query import Query
from audit_archive.domain.ranges import IdRange
from audit_archive.errors import RequestError
from audit_archive.event_fields import Fields, checked, console_id, printable
from audit_archive.ports import FindZone
from audit_archive.retrieve_fields import (
    QUERY_FIELDS,
    UTC,
    flag,
    form,
    moment,
    query_of,
    text,
    whole,
    zone_of,
)

Question: TypeAlias = Mapping[str, Any]
"""The event as it was written: every answer repeats it."""


@dataclass(frozen=True)
class EntriesRequest:
    """Every entry that a query asks for, in some form.

    `with_forms`: tell also what the Console showed in place of an archived entry later.
    """

    query: Query
    form: Form
    question: Question
    with_forms: bool = False


@dataclass(frozen=True)
class ExportRequest:
    """The original exports that hold one entry, or the entries of one date."""

    query: Query
    question: Question


@dataclass(frozen=True)
class ProofRequest:
    """The proof of one entry; of each epoch's, if several have one of that id."""

    query: Query
    question: Question


@dataclass(frozen=True)
class EvidenceRequest:
    """The bundle of evidence for a query; `zone` and `offset_at` are the time zone of the question."""

    query: Query
    zone: str
    offset_at: OffsetAt
    question: Question


@dataclass(frozen=True)
class StatusRequest:
    """Where the archive of one Console stands; None: of every one."""

    console: str | None
    question: Question


RetrieveRequest: TypeAlias = EntriesRequest | ExportRequest | ProofRequest | EvidenceRequest | StatusRequest

_ASKER: Fields = {"request": text("request"), "who": printable("who"), "reason": printable("reason")}
_EVIDENCE: Fields = {**_ASKER, **QUERY_FIELDS}
_ENTRIES: Fields = {**_EVIDENCE, "format": form, "forms": flag("forms")}
_PROOF: Fields = {**_ASKER, "console": console_id, "id": whole("id"), "epoch": whole("epoch")}
_EXPORT: Fields = {
    **_ASKER,
    "console": console_id,
    "id": whole("id"),
    "date": moment("date", days_only=True),
    "zone": text("zone"),
    "epoch": whole("epoch"),
}
_STATUS: Fields = {**_ASKER, "console": console_id}


def parse_request(event: object, find_zone: FindZone) -> RetrieveRequest:
    """The question in an event. Raises RequestError naming the field and what it accepts."""
    kind = event.get("request") if isinstance(event, Mapping) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise RequestError("request", f"{kind!r:.80} is none of {', '.join(_KINDS)}")
    return _KINDS[kind](event, find_zone)


def _entries(event: Any, find_zone: FindZone) -> EntriesRequest:
    values = checked(event, _ENTRIES, required=("console",))
    query, with_forms = query_of(values, find_zone), values.get("forms", False)
    return EntriesRequest(query, values.get("format", NDJSON), dict(event), with_forms)


def _export(event: Any, find_zone: FindZone) -> ExportRequest:
    values = checked(event, _EXPORT, required=("console",))
    if ("id" in values) == ("date" in values):
        raise RequestError("id", "an export is asked for by `id` or by `date`, one of the two")
    console, epoch = values["console"], values.get("epoch")
    if "id" in values:
        if "zone" in values:
            raise RequestError("zone", "goes with `date` only")
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
