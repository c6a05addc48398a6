"""The digest of a head, which each statement states: so the ledger's head is held to the chain by one read.

The list of fields is frozen by `HEAD_FORMAT`: a head that gains a field gets another format.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from audit_archive.domain.canonical import canonical_bytes
from audit_archive.domain.head import Head, Hole
from audit_archive.domain.records import to_json

HEAD_FORMAT = "1"
FIELDS = (
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
)
"""All but the holes, which are hashed on their own, and the reference to the statement with the digest."""


def head_sha256(head: Head) -> str:
    """SHA-256 (hex) over the canonical JSON of the head's fields and of a summary of its holes."""
    stated: dict[str, Any] = {name: to_json(getattr(head, name)) for name in FIELDS}
    return sha256(canonical_bytes(stated | {"holes": _summary(head.holes)})).hexdigest()


def holes_sha256(holes: Iterable[Hole]) -> str:
    """SHA-256 (hex) over the holes, a line each: first, last, cause, moment, 1 if accepted or else 0."""
    digest = sha256()
    for hole in holes:
        line = f"{hole.first} {hole.last} {hole.cause} {hole.served_at} {hole.is_accepted:d}\n"
        digest.update(line.encode())
    return digest.hexdigest()


def _summary(holes: tuple[Hole, ...]) -> dict[str, Any]:
    ids = sum(hole.last - hole.first + 1 for hole in holes)
    return {"ranges": len(holes), "ids": ids, "sha256": holes_sha256(holes)}
