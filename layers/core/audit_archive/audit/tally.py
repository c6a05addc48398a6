"""What an audit has found so far: each fault once, notes and counts."""

from collections import Counter
from dataclasses import dataclass, replace

from audit_archive.format.verdicts import AuditNote, Checked, Fault, Unchecked, Verdict, Why

MAX_NOTES = 100
"""Notes that a report lists; it counts them all."""


@dataclass
class _Run:
    """The same fault on one statement after another, told once."""

    fault: Fault
    last_seq: int

    def told(self) -> Fault:
        first = self.fault.seq or 0
        if self.last_seq == first:
            return self.fault
        more = f" So it is with every statement from {first} to {self.last_seq}."
        return replace(self.fault, sentence=self.fault.sentence + more)


class AuditTally:
    """Collects what is found, in any order; what it gives is in the order of statements and keys."""

    def __init__(self) -> None:
        self.checked: Counter[Checked] = Counter()
        self._faults: dict[tuple[Verdict, str, str | None], Fault] = {}
        self._runs: list[_Run] = []
        self._newest_run: dict[Verdict, _Run] = {}
        self._notes: list[AuditNote] = []
        self._note_counts: Counter[Verdict] = Counter()
        self._unchecked: Counter[tuple[Checked, Why]] = Counter()

    def fault(self, fault: Fault) -> None:
        """Note a fault; the same verdict on the same version of an object only once."""
        self._faults.setdefault((fault.verdict, fault.key, fault.version_id), fault)

    def fault_in_a_row(self, fault: Fault) -> None:
        """Note a fault of a statement; those of one verdict on statements in a row are told as one."""
        seq = fault.seq or 0
        run = self._newest_run.get(fault.verdict)
        if run is not None and seq == run.last_seq + 1:
            run.last_seq = seq
            return
        self._newest_run[fault.verdict] = _Run(fault, seq)
        self._runs.append(self._newest_run[fault.verdict])

    def note(self, note: AuditNote) -> None:
        """Note something that is no fault."""
        self._note_counts[note.verdict] += 1
        if len(self._notes) < MAX_NOTES:
            self._notes.append(note)

    def skip(self, what: Checked, why: Why, count: int = 1) -> None:
        """Count what was not checked."""
        if count > 0:
            self._unchecked[what, why] += count

    def accounted(self, what: Checked) -> int:
        """How many of a kind were checked, or are known not to be."""
        return self.checked[what] + sum(n for (of, _), n in self._unchecked.items() if of == what)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every fault."""
        found = [*self._faults.values(), *(run.told() for run in self._runs)]
        return tuple(sorted(found, key=lambda f: (f.seq is None, f.seq or 0, f.key, f.verdict, f.sentence)))

    @property
    def notes(self) -> tuple[AuditNote, ...]:
        """The first notes."""
        return tuple(self._notes)

    @property
    def note_counts(self) -> dict[Verdict, int]:
        """How many notes there are of each kind."""
        return dict(sorted(self._note_counts.items()))

    @property
    def unchecked(self) -> tuple[Unchecked, ...]:
        """What was not checked, and why."""
        return tuple(Unchecked(what, why, n) for (what, why), n in sorted(self._unchecked.items()))
