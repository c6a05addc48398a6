"""The ledger in memory."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from threading import Lock

import orjson

from audit_archive.errors import IntegrityError
from audit_archive.finding import Finding
from audit_archive.fleet_ports import Failure, Label, LastRuns
from audit_archive.format.codec import from_json, to_json
from audit_archive.format.facts import ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.index import Indexed, indexed
from audit_archive.format.layout import statement_key
from audit_archive.format.statement import Statement
from audit_archive.ports import NO_VERSION, AuditNotes, Lack, Look
from audit_archive.restraint import Restraint, RestraintOf, Restraints


@dataclass(frozen=True)
class _Recorded:
    """A head as it is kept."""

    seq: int
    sha256: str
    body: bytes
    note: bytes

    @property
    def is_readable(self) -> bool:
        return self.body != b"?"

    def remnant(self, console: str) -> Head:
        """What it says beside its body."""
        ref = ObjectRef(statement_key(console, self.seq), NO_VERSION, self.sha256)
        return Head(console, seq=self.seq, statement=ref)

    @property
    def head(self) -> Head:
        return from_json(Head, orjson.loads(self.body))


def _set_for(of: RestraintOf, console: str) -> tuple[RestraintOf, str]:
    return of, "" if of == RestraintOf.STACK else console


class FakeLedger:
    """A Ledger. Heads are kept as JSON, so that a head that does not survive writing is found out.

    `calls` counts them by name; `index` holds the recorded statements by Console and number. `lies` are items
    that somebody wrote over those of the index. What others may do to a table: `forget`, `overwrite`,
    `damage`.
    `audits`: the notes of the audits, which lie in the same table.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.index: dict[tuple[str, int], tuple[Statement, ObjectRef]] = {}
        self.lies: dict[tuple[str, int], Indexed] = {}
        self._heads: dict[str, _Recorded] = {}
        self._disowned: dict[str, _Recorded] = {}
        self._leases: dict[str, tuple[str, int]] = {}
        self._findings: dict[tuple[str, str], tuple[int | None, Finding]] = {}
        self._runs: dict[str, LastRuns] = {}
        self._lacks: dict[str, Lack] = {}
        self._lock_cursors: dict[str, str] = {}
        self._restraints: dict[tuple[RestraintOf, str], Restraint] = {}
        self.audits: AuditNotes | None = None
        self._lock = Lock()

    def look(self, console: str) -> Look | None:
        with self._lock:
            self.calls["look"] += 1
            claims = {at[0] for at, (until, _) in self._findings.items() if until is not None}
            if console in self._leases or console in claims:
                return None
            try:
                head = self._head(console)
                audited = self.audits.last(console) if self.audits is not None else None
            except IntegrityError:
                return None
            return Look(head, self._restraints_of(console), audited) if head is not None else None

    def acquire(self, console: str, owner: str, now: int, expires_at: int) -> bool:
        with self._lock:
            self.calls["acquire"] += 1
            holder, until = self._leases.get(console, (owner, 0))
            if holder != owner and until > now:
                return False
            self._leases[console] = (owner, expires_at)
            return True

    def release(self, console: str, owner: str) -> None:
        with self._lock:
            self.calls["release"] += 1
            if console in self._leases and self._leases[console][0] == owner:
                del self._leases[console]

    def claim(self, finding: Finding, now: int, expires_at: int) -> bool:
        with self._lock:
            self.calls["claim"] += 1
            known = (finding.console, finding.digest)
            until, _ = self._findings.get(known, (0, finding))
            if until is None or until > now:
                return False
            self._findings[known] = (expires_at, finding)
            return True

    def announced(self, finding: Finding) -> None:
        with self._lock:
            self.calls["announced"] += 1
            self._findings[finding.console, finding.digest] = (None, finding)

    def pending(self, console: str, now: int) -> list[Finding]:
        with self._lock:
            self.calls["pending"] += 1
            claims = [claim for at, claim in self._findings.items() if at[0] == console]
            return [finding for until, finding in claims if until is not None and until <= now]

    def complete(self, console: str, at: int, seq: int, held_by: str | None = None) -> None:
        with self._lock:
            self.calls["complete"] += 1
            self._runs[console] = replace(self._last(console), completed_at=at, seq=seq, held_by=held_by)

    def fail(self, console: str, failure: Failure) -> None:
        with self._lock:
            self.calls["fail"] += 1
            kept = from_json(Failure, orjson.loads(orjson.dumps(to_json(failure))))
            self._runs[console] = replace(self._last(console), failure=kept)

    def retire(self, console: str, at: int) -> None:
        with self._lock:
            self.calls["retire"] += 1
            self._runs[console] = replace(self._last(console), removed_at=at)

    def name(self, console: str, label: Label) -> None:
        with self._lock:
            self.calls["name"] += 1
            self._runs[console] = replace(self._last(console), label=label)

    def last_runs(self, console: str) -> LastRuns:
        with self._lock:
            return self._last(console)

    def fleet(self) -> Iterator[LastRuns]:
        with self._lock:
            self.calls["fleet"] += 1
            found = [self._runs[console] for console in sorted(self._runs)]
        yield from found

    def lack(self, console: str) -> Lack | None:
        with self._lock:
            return self._lacks.get(console)

    def note_lack(self, console: str, lack: Lack | None) -> None:
        with self._lock:
            self._lacks.pop(console, None)
            if lack is not None:
                self._lacks[console] = lack

    def lock_cursor(self, console: str) -> str | None:
        with self._lock:
            return self._lock_cursors.get(console)

    def note_lock_cursor(self, console: str, key: str | None) -> None:
        with self._lock:
            self.calls["note_lock_cursor"] += 1
            self._lock_cursors.pop(console, None)
            if key is not None:
                self._lock_cursors[console] = key

    def restraints(self, console: str) -> Restraints:
        with self._lock:
            self.calls["restraints"] += 1
            return self._restraints_of(console)

    def _restraints_of(self, console: str) -> Restraints:
        return Restraints(**{of: self._restraints.get(_set_for(of, console)) for of in RestraintOf})

    def restrain(self, of: RestraintOf, console: str, restraint: Restraint | None) -> None:
        with self._lock:
            self.calls["restrain"] += 1
            self._restraints.pop(_set_for(of, console), None)
            if restraint is not None:
                kept = from_json(Restraint, orjson.loads(orjson.dumps(to_json(restraint))))
                self._restraints[_set_for(of, console)] = kept

    def head(self, console: str) -> Head | None:
        with self._lock:
            self.calls["head"] += 1
            return self._head(console)

    def remnant(self, console: str) -> Head:
        with self._lock:
            self.calls["remnant"] += 1
            known = self._heads.get(console)
            return known.remnant(console) if known is not None else Head(console)

    def note(self, console: str) -> bytes:
        with self._lock:
            self.calls["note"] += 1
            return self._heads[console].note if console in self._heads else b""

    def disown(self, console: str) -> None:
        with self._lock:
            self.calls["disown"] += 1
            if console in self._heads:
                self._disowned[console] = self._heads.pop(console)

    def disowned(self, console: str) -> Head | None:
        with self._lock:
            self.calls["disowned"] += 1
            known = self._disowned.get(console)
            if known is None:
                return None
            return known.head if known.is_readable else known.remnant(console)

    def forget_disowned(self, console: str) -> None:
        with self._lock:
            self.calls["forget_disowned"] += 1
            self._disowned.pop(console, None)

    def record(self, head: Head, statement: Statement, note: bytes = b"") -> None:
        with self._lock:
            self.calls["record"] += 1
            ref = head.statement
            if ref is None or (head.console, head.seq) != (statement.console, statement.seq):
                raise IntegrityError(f"the head does not belong to statement {statement.seq}")
            self.index[head.console, head.seq] = (statement, ref)
            known = self._heads.get(head.console)
            if known is None or known.seq < head.seq or known.sha256 == ref.sha256:
                self._heads[head.console] = _Recorded(head.seq, ref.sha256, orjson.dumps(to_json(head)), note)
            elif known.seq == head.seq:
                raise IntegrityError(f"the ledger knows another statement {head.seq} of {head.console}")

    def statements(self, console: str) -> Iterator[Indexed]:
        with self._lock:
            self.calls["statements"] += 1
            known = [(at, self.index[at]) for at in sorted(self.index) if at[0] == console]
        yield from (self.lies.get(at) or indexed(statement, ref) for at, (statement, ref) in known)

    def recent_statements(self, console: str, most: int) -> list[Indexed]:
        self.calls["recent_statements"] += 1
        self.calls["statements"] -= 1
        return [*self.statements(console)][::-1][:most]

    def holder(self, console: str) -> str | None:
        """Who holds the lease, expired or not."""
        return self._leases.get(console, (None, 0))[0]

    def forget(self, console: str) -> None:
        """The table was lost: nothing is recorded of this Console."""
        self._heads.pop(console, None)
        self._disowned.pop(console, None)
        self._leases.pop(console, None)
        self._runs.pop(console, None)
        self._lacks.pop(console, None)
        self._lock_cursors.pop(console, None)
        self.index = {at: known for at, known in self.index.items() if at[0] != console}

    def overwrite(self, console: str, head: Head, note: bytes | None = None) -> None:
        """Somebody puts another head over the recorded one, as an item that can be read."""
        kept = self._heads[console].note if note is None else note
        digest = head.statement.sha256 if head.statement is not None else ""
        self._heads[console] = _Recorded(head.seq, digest, orjson.dumps(to_json(head)), kept)

    def damage(self, console: str) -> None:
        """Somebody makes the recorded head unreadable."""
        self._heads[console] = replace(self._heads[console], body=b"?")

    def _last(self, console: str) -> LastRuns:
        return self._runs.get(console, LastRuns(console))

    def _head(self, console: str) -> Head | None:
        known = self._heads.get(console)
        if known is None:
            return None
        if not known.is_readable:
            raise IntegrityError(f"the head of {console} in the ledger can't be read")
        return known.head
