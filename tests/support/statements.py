"""Statements and heads for the tests of ledgers."""

from hashlib import sha256
from typing import Any

from audit_archive.format.facts import (
    Action,
    Anchor,
    Cause,
    EntryFile,
    ExportFacts,
    LockMode,
    Mode,
    ObjectRef,
    PlanFacts,
    PopulationFacts,
    RunFacts,
    SliceFacts,
)
from audit_archive.format.head import Head, OpenHole
from audit_archive.format.layout import statement_key
from audit_archive.format.merkle import EMPTY_TREE
from audit_archive.format.statement import ArchiveStatement, OperatorStatement, Statement, statement_bytes

RUN = RunFacts("run-1", "0.1.0", "2026-11-23T06:10:00Z", "tests", None)
DIGEST = sha256(b"").hexdigest()


def operator_after(head: Head, action: str, run: RunFacts = RUN, **fields: Any) -> OperatorStatement:
    """What an operator states next; of the archive nothing changes but what the fields say."""
    stated: dict[str, Any] = {
        "console": head.console,
        "epoch": head.epoch,
        "seq": head.seq + 1,
        "previous": head.statement,
        "run": run,
        "tree": head.tree,
        "highest_archived_id": head.highest_archived_id,
        "highest_purged_id": head.highest_purged_id,
        "action": action,
        "who": "somebody",
        "reason": "looked",
        "public_key": None,
    }
    return OperatorStatement(**stated | fields)


def operator_statement(console: str, seq: int, reason: str = "because") -> OperatorStatement:
    """A statement with little in it."""
    return operator_after(Head(console, seq=seq - 1), Action.RESUME, reason=reason)


def archive_statement(console: str, seq: int, dates: int = 400) -> ArchiveStatement:
    """A statement with as many entry files as one may have."""
    return ArchiveStatement(
        console=console,
        epoch=1,
        seq=seq,
        previous=None,
        run=RUN,
        tree=EMPTY_TREE,
        highest_archived_id=dates,
        highest_purged_id=0,
        export=ExportFacts(
            "e", "v", DIGEST, 1, LockMode.GOVERNANCE, "later", "2026-11-23T06:00:00Z", 1, 1, 1, 1, DIGEST
        ),
        slice=SliceFacts(1, dates, dates),
        entries=tuple(_file(console, seq, n) for n in range(dates)),
        missing=(),
        filled=(),
        receipts_seen=(),
        drift={},
        plan=PlanFacts(Mode.OFF, 3600, None, 0, None, None),
        anchor=Anchor(dates, None, None),
        covered_until="2026-11-23T06:00:00Z",
        population=PopulationFacts(1, 1, 0, ()),
    )


def head_at(statement: Statement, holes: int = 0) -> Head:
    """The head that this statement leads to, with so many open holes."""
    ref = ref_of(statement)
    found = tuple(
        OpenHole(n * 7 + 1, n * 7 + n % 5 + 1, Cause.UNEXPLAINED, 1_795_413_600 + n) for n in range(holes)
    )
    return Head(console=statement.console, seq=statement.seq, statement=ref, holes=found)


def ref_of(statement: Statement) -> ObjectRef:
    """Where a statement would be stored."""
    digest = sha256(statement_bytes(statement)).hexdigest()
    return ObjectRef(statement_key(statement.console, statement.seq), f"v{statement.seq}", digest)


def _file(console: str, seq: int, number: int) -> EntryFile:
    digest = sha256(b"%d" % number).hexdigest()
    date = f"20{number // 336 + 20:02d}-{number // 28 % 12 + 1:02d}-{number % 28 + 1:02d}"
    key = f"entries/console={console}/dt={date}/{seq:010d}.ndjson.gz"
    return EntryFile(key, digest, 100, digest, date, number + 1, number + 1, 1)
