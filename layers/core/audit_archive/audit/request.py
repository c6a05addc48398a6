"""What an event may ask of the verify function: a Console's daily audit, one by hand, or the fleet check."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from audit_archive.audit.question import GIVEN, AuditQuestion, KnownPoint, Since
from audit_archive.config import MAX_PERIOD_HOURS
from audit_archive.errors import RequestError
from audit_archive.events import Fields, checked, console_id, one_of, printable, shown, whole
from audit_archive.format.checkpoint import parse_checkpoint, parse_note
from audit_archive.format.keys import PublicKey
from audit_archive.format.layout import MAX_SEQ
from audit_archive.format.verdicts import Depth

MOST_PARTS = 12
"""Invocations that one daily audit is split over. Lambda stops a function that invokes itself after 16."""

BY_HAND = ("depth", "from_seq", "to_seq", "known_checkpoint", "since")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class DailyRequest:
    """The daily audit of one Console. `period_hours`: how often it is archived; None: as the stack says.

    `part`: which invocation of the audit this is. The function itself asks for the second and later ones.
    """

    console: str
    period_hours: int | None = None
    trusted_keys: tuple[PublicKey, ...] = ()
    part: int = 1


@dataclass(frozen=True)
class FleetRequest:
    """The fleet check, over all Consoles."""


VerifyRequest: TypeAlias = DailyRequest | AuditQuestion | FleetRequest


def parse_verify_request(event: object) -> VerifyRequest:
    """The request in an event: with `fleet` the fleet check, with a `depth` an audit by hand.

    Raises RequestError, which names the field and says what it accepts.
    """
    if isinstance(event, Mapping):
        if event.get("fleet") is not None:
            checked(event, _OF_FLEET, required=("fleet",))
            return FleetRequest()
        event = {name: value for name, value in event.items() if name != "fleet"}
    given = checked(event, _FIELDS, required=("console",))
    given.pop("reason", None)
    if not any(name in given for name in BY_HAND):
        return DailyRequest(**given)
    if "depth" not in given:
        raise RequestError("depth", f"missing: give the depth of the audit by hand: {', '.join(Depth)}")
    if "period_hours" in given:
        raise RequestError("period_hours", "is for the daily audit only: leave it out, or leave out depth")
    if "part" in given:
        raise RequestError("part", "is for the daily audit only: leave it out, or leave out depth")
    if given.get("to_seq", MAX_SEQ) < given.get("from_seq", 1):
        raise RequestError("to_seq", f"must not be below from_seq, {given['from_seq']}")
    known = given.pop("known_checkpoint", None)
    if known is not None and known.checkpoint is not None and known.checkpoint.console != given["console"]:
        raise RequestError(
            "known_checkpoint", f"is of Console {known.checkpoint.console}, not of {given['console']}"
        )
    since = given.get("since")
    if since is not None and since.checkpoint.console != given["console"]:
        raise RequestError("since", f"is of Console {since.checkpoint.console}, not of {given['console']}")
    return AuditQuestion(**given, known=(known,) if known is not None else ())


def _known(value: object) -> KnownPoint:
    """A checkpoint that somebody kept, or the SHA-256 of a statement: either names one statement."""
    if isinstance(value, str) and _SHA256.fullmatch(value):
        return KnownPoint(GIVEN, value)
    try:
        checkpoint = parse_checkpoint(parse_note(value.encode()).text) if isinstance(value, str) else None
    except ValueError as error:
        raise RequestError(
            "known_checkpoint", f"must be the text of a checkpoint, or a statement's SHA-256: {error}"
        ) from error
    if checkpoint is None:
        raise RequestError("known_checkpoint", "must be the text of a checkpoint, or a statement's SHA-256")
    return KnownPoint(GIVEN, checkpoint.statement_sha256, checkpoint=checkpoint)


def _since(value: object) -> Since:
    """A signed checkpoint that somebody kept. A hash is not enough: it names no tree."""
    if not isinstance(value, str):
        raise RequestError("since", "must be the text of a signed checkpoint")
    if "\r\n" in value:
        raise RequestError(
            "since", "has CR LF line ends: give the checkpoint with the bytes that were signed"
        )
    try:
        note = value.encode()
        return Since(note, parse_checkpoint(parse_note(note).text))
    except ValueError as error:
        raise RequestError("since", f"is not the text of a signed checkpoint: {error}") from error


def _keys(value: object) -> tuple[PublicKey, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
        raise RequestError("trusted_keys", "must be a list of public keys, each the text of a PEM file")
    try:
        return tuple(PublicKey.from_pem(each) for each in value)
    except ValueError as error:
        raise RequestError("trusted_keys", f"must be P-256 public keys in PEM: {error}") from error


def _true(value: object) -> bool:
    if value is not True:
        raise RequestError("fleet", f"{shown(value)} is not true: leave it out to audit one Console")
    return value


_OF_FLEET: Fields = {"fleet": _true, "reason": printable("reason")}

_FIELDS: Fields = {
    "console": console_id,
    "depth": one_of("depth", tuple(Depth)),
    "from_seq": whole("from_seq", 1, MAX_SEQ),
    "to_seq": whole("to_seq", 1, MAX_SEQ),
    "known_checkpoint": _known,
    "since": _since,
    "trusted_keys": _keys,
    "period_hours": whole("period_hours", 1, MAX_PERIOD_HOURS),
    "part": whole("part", 1, MOST_PARTS),
    "reason": printable("reason"),
}
