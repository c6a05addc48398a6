"""What an audit has found so far: faults, each once; notes; counts of what was checked and what was not."""

from collections import Counter
from dataclasses import dataclass, replace

from audit_archive.format.verdicts import AuditNote, Checked, Fault, Unchecked, Verdict, Why

MAX_NOTES = 100
"""Notes that a report lists; it counts them all."""


@dataclass
class _Run:
    """The same fault on consecutive statements, which the report lists as one fault."""

    fault: Fault
    last_seq: int

    def fault_of_all(self) -> Fault:
        first = self.fault.seq or 0
        if self.last_seq == first:
            return self.fault
        sentence = self.fault.sentence.rstrip(".")
        more = f"The same is true of every statement from {first} to {self.last_seq}."
        return replace(self.fault, sentence=f"{sentence}. {more}")


class AuditTally:
    """Collects what an audit finds, in any order. Faults come out in the order of statements and keys."""

    def __init__(self) -> None:
        self.checked: Counter[Checked] = Counter()
        self._faults: dict[tuple[Verdict, str, str | None], Fault] = {}
        self._runs: list[_Run] = []
        self._newest_run: dict[Verdict, _Run] = {}
        self._notes: list[AuditNote] = []
        self._note_counts: Counter[Verdict] = Counter()
        self._unchecked: Counter[tuple[Checked, Why]] = Counter()

    def fault(self, fault: Fault) -> None:
        """Add a fault. The same verdict on the same version of an object is kept once."""
        self._faults.setdefault((fault.verdict, fault.key, fault.version_id), fault)

    def is_blamed(self, key: str, version_id: str | None) -> bool:
        """Whether a version of an object has a fault already."""
        return any((of, version) == (key, version_id) for _, of, version in self._faults)

    def consecutive_fault(self, fault: Fault) -> None:
        """Add a fault of a statement. Faults of one verdict on consecutive statements are listed as one."""
        seq = fault.seq or 0
        run = self._newest_run.get(fault.verdict)
        if run is not None and seq == run.last_seq + 1:
            run.last_seq = seq
            return
        self._newest_run[fault.verdict] = _Run(fault, seq)
        self._runs.append(self._newest_run[fault.verdict])

    def note(self, note: AuditNote) -> None:
        """Add a note: something that is not a fault."""
        self._note_counts[note.verdict] += 1
        if len(self._notes) < MAX_NOTES:
            self._notes.append(note)

    def skip(self, what: Checked, why: Why, count: int = 1) -> None:
        """Count what was not checked. A count of 0 or less changes nothing."""
        if count > 0:
            self._unchecked[what, why] += count

    def add(self, other: "AuditTally") -> None:
        """Add all that another tally has, which nothing is added to any more."""
        self.checked += other.checked
        for fault in other._faults.values():
            self.fault(fault)
        self._runs += other._runs
        self._notes += other._notes[: MAX_NOTES - len(self._notes)]
        self._note_counts += other._note_counts
        self._unchecked += other._unchecked

    def accounted(self, what: Checked) -> int:
        """How many of a kind were checked, or counted as not checked."""
        return self.checked[what] + sum(n for (of, _), n in self._unchecked.items() if of == what)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every fault, those of no known statement last."""
        found = [*self._faults.values(), *(run.fault_of_all() for run in self._runs)]
        return tuple(sorted(found, key=lambda f: (f.seq is None, f.seq or 0, f.key, f.verdict, f.sentence)))

    @property
    def notes(self) -> tuple[AuditNote, ...]:
        """The first MAX_NOTES notes."""
        return tuple(self._notes)

    @property
    def note_counts(self) -> dict[Verdict, int]:
        """How many notes there are of each kind."""
        return dict(sorted(self._note_counts.items()))

    @property
    def unchecked(self) -> tuple[Unchecked, ...]:
        """What was not checked, by kind and reason."""
        return tuple(Unchecked(what, why, n) for (what, why), n in sorted(self._unchecked.items()))
