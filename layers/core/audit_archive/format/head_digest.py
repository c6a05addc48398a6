"""The digest of a head. Each statement has one, so one read checks the ledger's head against the chain.

`HEAD_FORMAT` stands for the list of fields: a head that gains a field gets another format.
"""

from hashlib import sha256
from operator import is_
from typing import Any, NamedTuple

from audit_archive.format.canonical import canonical_bytes
from audit_archive.format.codec import to_json
from audit_archive.format.head import Head, OpenHole

HEAD_FORMAT = "4"
HEAD_FIELDS = (
    "console",
    "epoch",
    "seq",
    "tree",
    "highest_archived_id",
    "highest_purged_id",
    "anchor",
    "late_ids",
    "intents",
    "receipts",
    "is_latched",
    "next_due_at",
    "first_live_id",
    "window",
    "public_key",
    "live_count",
    "count_offset",
    "surveyed_at",
    "history_up_to",
    "hold",
    "vanished",
    "respelled",
    "export",
    "acceptances",
    "pause",
    "decided_at",
    "legal_holds",
)
"""All fields but two: the holes, which are hashed apart, and the reference to the statement itself."""


def head_sha256(head: Head) -> str:
    """SHA-256 (hex) over the canonical JSON of the head's fields and a summary of its holes.

    Raises TypeError for a head that canonical JSON can't carry.
    """
    stated: dict[str, Any] = {name: to_json(getattr(head, name)) for name in HEAD_FIELDS}
    found = _digested(head.holes)
    summary = {"ranges": len(head.holes), "ids": found.ids, "sha256": found.digest.hexdigest()}
    return sha256(canonical_bytes(stated | {"holes": summary})).hexdigest()


def holes_sha256(holes: tuple[OpenHole, ...]) -> str:
    """SHA-256 (hex) over the holes, one line each: first, last, cause, moment, 1 if accepted, otherwise 0."""
    return str(_digested(holes).digest.hexdigest())


def differing_fields(one: Head, other: Head) -> tuple[str, ...]:
    """The fields in which two heads differ."""
    return tuple(
        name for name in (*HEAD_FIELDS, "holes", "statement") if getattr(one, name) != getattr(other, name)
    )


class _Digested(NamedTuple):
    """Holes, the hash over them, and the number of their ids."""

    holes: tuple[OpenHole, ...]
    digest: Any
    ids: int


_newest = [_Digested((), sha256(), 0)]


def _digested(holes: tuple[OpenHole, ...]) -> _Digested:
    """The hash over holes. If they begin with those that were hashed last, only the rest is read.

    Without that, a walk along a chain would hash hundreds of thousands of holes for each statement.
    """
    known = _newest[0]
    if len(known.holes) > len(holes) or not all(map(is_, known.holes, holes)):
        known = _Digested((), sha256(), 0)
    digest, ids = known.digest.copy(), known.ids
    for hole in holes[len(known.holes) :]:
        line = f"{hole.first} {hole.last} {hole.cause} {hole.served_at} {hole.is_accepted:d}\n"
        digest.update(line.encode())
        ids += hole.last - hole.first + 1
    _newest[0] = _Digested(holes, digest, ids)
    return _newest[0]
