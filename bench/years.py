"""An archive of three years in a folder, as `aws s3 sync` copies one: a signed statement and a file each day.

It is written, not run, so that it can have ten million entries; exports it has none.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from audit_archive.format.canonical import canonical_bytes
from audit_archive.format.checkpoint import Checkpoint
from audit_archive.format.facts import (
    Action,
    EntryFile,
    ExportFacts,
    HeldBackBy,
    LockMode,
    Mode,
    ObjectRef,
    PlanFacts,
    PopulationFacts,
    RunFacts,
    SliceFacts,
)
from audit_archive.format.keys import PublicKey, to_base64
from audit_archive.format.layout import checkpoint_key, entries_key, export_key, statement_key
from audit_archive.format.merkle import EMPTY_TREE, TreeBuilder
from audit_archive.format.statement import ArchiveStatement, OperatorStatement, Statement, statement_bytes
from audit_archive.format.times import rfc3339

CONSOLE = "1234abcd"
FIRST = datetime(2023, 1, 1, tzinfo=UTC)
DAYS = 1095
RETAIN_UNTIL = "2040-01-01T00:00:00Z"
USERS = [f"person{number}@example.com" for number in range(40)]
ACTIONS = ["user_login", "device_push_settings", "incident_acknowledge", "flock_move", "user_logout"]


def write(folder: str, entries: int) -> int:
    """Write one; returns how many entries it has."""
    Years(Path(folder), entries).write()
    return entries


class Years:
    """Writes it, day by day."""

    def __init__(self, folder: Path, entries: int) -> None:
        self._folder = folder
        self._entries = entries
        self._key = ec.generate_private_key(ec.SECP256R1())
        spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._public = PublicKey(spki)
        self._previous: ObjectRef | None = None
        self._seq = 0
        self._last = 0

    def write(self) -> None:
        """Write all of it."""
        builder = TreeBuilder(EMPTY_TREE)
        self._state(
            OperatorStatement(
                **self._common(FIRST, builder),
                action=Action.KEY, who="bench", reason="bench", public_key=to_base64(self._public.spki),
            )
        )  # fmt: skip
        for day in range(DAYS):
            last = self._entries * (day + 1) // DAYS
            if last > self._last:
                self._archive(FIRST + timedelta(days=day), builder, last)

    def _archive(self, day: datetime, builder: TreeBuilder, last: int) -> None:
        first, self._last = self._last + 1, last
        lines = list(self._lines(day, first, last))
        builder.extend(lines)
        file = self._file(day, lines, first, last)
        served = int((day + timedelta(days=1)).timestamp())
        digest = sha256(file.content_sha256.encode()).hexdigest()  # of an export that is nowhere
        export = ExportFacts(
            export_key(CONSOLE, served, first, last, digest), "v", digest, 1, LockMode.GOVERNANCE,
            RETAIN_UNTIL, rfc3339(served), first, last, len(lines), len(lines), file.content_sha256,
        )  # fmt: skip
        self._state(
            ArchiveStatement(
                **self._common(day + timedelta(days=1), builder),
                export=export,
                slice=SliceFacts(first, last, len(lines)),
                entries=(file,),
                missing=(), filled=(), receipts_seen=(), drift={},
                plan=PlanFacts(Mode.OFF, 3600, None, 0, HeldBackBy.PURGE_MODE, None),
                anchor=None,
                covered_until=export.served_at,
                population=PopulationFacts(None, len(lines), 0, ()),
            )
        )  # fmt: skip

    def _lines(self, day: datetime, first: int, last: int) -> Iterator[bytes]:
        step = 86_399 / max(1, last - first)
        for number, entry_id in enumerate(range(first, last + 1)):
            at = day + timedelta(seconds=int(number * step))
            user = USERS[entry_id * 7919 % len(USERS)]
            yield canonical_bytes(
                {
                    "action_type": ACTIONS[entry_id * 31 % len(ACTIONS)],
                    "additional_information": None,
                    "flock_id": "flock:default",
                    "flock_name": "Default Flock",
                    "id": entry_id,
                    "message": f"{user} did something for the {entry_id}th time",
                    "timestamp": f"{at:%Y-%m-%d %H:%M:%S} UTC+0000",
                    "user": user,
                    "user_browser_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
                    "user_ip": f"192.0.2.{entry_id % 250}",
                }
            )

    def _file(self, day: datetime, lines: list[bytes], first: int, last: int) -> EntryFile:
        content = b"".join(line + b"\n" for line in lines)
        packed, date = gzip.compress(content, 6, mtime=0), f"{day:%Y-%m-%d}"
        key = entries_key(CONSOLE, date, self._seq + 1)
        self._put(key, packed)
        digests = sha256(packed).hexdigest(), sha256(content).hexdigest()
        return EntryFile(key, digests[0], len(packed), digests[1], date, first, last, len(lines))

    def _common(self, day: datetime, builder: TreeBuilder) -> dict[str, Any]:
        moment = rfc3339(int(day.timestamp()))
        return {
            "console": CONSOLE, "epoch": 1, "seq": self._seq + 1, "previous": self._previous,
            "run": RunFacts("bench", "bench", moment, "bench", None), "tree": builder.tree(),
            "highest_archived_id": self._last, "highest_purged_id": 0,
        }  # fmt: skip

    def _state(self, statement: Statement) -> None:
        self._seq, data = statement.seq, statement_bytes(statement)
        digest = sha256(data).hexdigest()
        self._previous = ObjectRef(statement_key(CONSOLE, statement.seq), "v", digest)
        self._put(self._previous.key, data)
        point = Checkpoint(CONSOLE, statement.tree.size, statement.tree.root, digest)
        signature = self._key.sign(point.text(), ec.ECDSA(SHA256()))
        self._put(checkpoint_key(CONSOLE, statement.seq), point.signed(self._public, signature))

    def _put(self, key: str, data: bytes) -> None:
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
