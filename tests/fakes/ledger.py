"""The ledger in memory."""

from collections import Counter
from collections.abc import Iterator
from threading import Lock

import orjson

from audit_archive.domain.catalogue import Indexed, indexed
from audit_archive.domain.facts import ObjectRef
from audit_archive.domain.finding import Finding
from audit_archive.domain.head import Head
from audit_archive.domain.records import from_json, to_json
from audit_archive.domain.statement import Statement
from audit_archive.errors import IntegrityError


class FakeLedger:
    """A Ledger. Heads are kept as JSON, so that a head that does not survive writing is found out.

    `calls` counts them by name; `index` holds the recorded statements by Console and number. `lies` are items
    that somebody wrote over those of the index.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.index: dict[tuple[str, int], tuple[Statement, ObjectRef]] = {}
        self.lies: dict[tuple[str, int], Indexed] = {}
        self._heads: dict[str, tuple[int, bytes]] = {}
        self._leases: dict[str, tuple[str, int]] = {}
        self._findings: dict[tuple[str, str], tuple[int | None, Finding]] = {}
        self._completed: dict[str, int] = {}
        self._lock = Lock()

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

    def complete(self, console: str, at: int) -> None:
        with self._lock:
            self.calls["complete"] += 1
            self._completed[console] = at

    def last_completed(self, console: str) -> int | None:
        with self._lock:
            return self._completed.get(console)

    def head(self, console: str) -> Head | None:
        with self._lock:
            self.calls["head"] += 1
            return self._head(console)

    def record(self, head: Head, statement: Statement) -> None:
        with self._lock:
            self.calls["record"] += 1
            ref = head.statement
            if ref is None or (head.console, head.seq) != (statement.console, statement.seq):
                raise IntegrityError(f"the head does not belong to statement {statement.seq}")
            self._check_number(head.console, head.seq, ref)
            self.index[head.console, head.seq] = (statement, ref)
            if self._heads.get(head.console, (0, b""))[0] <= head.seq:
                self._heads[head.console] = (head.seq, orjson.dumps(to_json(head)))

    def statements(self, console: str) -> Iterator[Indexed]:
        with self._lock:
            self.calls["statements"] += 1
            known = [(at, self.index[at]) for at in sorted(self.index) if at[0] == console]
        yield from (self.lies.get(at) or indexed(statement, ref) for at, (statement, ref) in known)

    def holder(self, console: str) -> str | None:
        """Who holds the lease, expired or not."""
        return self._leases.get(console, (None, 0))[0]

    def forget(self, console: str) -> None:
        """The table was lost: nothing is recorded of this Console."""
        self._heads.pop(console, None)
        self._leases.pop(console, None)
        self._completed.pop(console, None)
        self.index = {at: known for at, known in self.index.items() if at[0] != console}

    def forge_head(self, head: Head) -> None:
        """Somebody wrote another head over the recorded one."""
        self._heads[head.console] = (head.seq, orjson.dumps(to_json(head)))

    def _head(self, console: str) -> Head | None:
        known = self._heads.get(console)
        return None if known is None else from_json(Head, orjson.loads(known[1]))

    def _check_number(self, console: str, seq: int, ref: ObjectRef) -> None:
        known = self.index.get((console, seq))
        if known is not None and known[1].sha256 != ref.sha256:
            raise IntegrityError(f"the ledger knows another statement {seq} of {console}")
