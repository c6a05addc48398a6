"""What a chain covers: entries and missing ids by epoch, and the dates of the events."""

from collections import Counter
from dataclasses import dataclass, field

from audit_archive.domain.statement import ArchiveStatement, Statement
from audit_archive.domain.verdicts import Coverage, EpochCoverage


@dataclass
class _Epoch:
    statements: int = 0
    archived: int = 0
    filled: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    highest_archived_id: int = 0
    highest_purged_id: int = 0


class Covered:
    """Adds up what statements say."""

    def __init__(self) -> None:
        self._epochs: dict[int, _Epoch] = {}
        self._dates: tuple[str, str] | None = None

    def add(self, said: Statement) -> None:
        """Take the next statement."""
        epoch = self._epochs.setdefault(said.epoch, _Epoch())
        epoch.statements += 1
        epoch.highest_archived_id = said.highest_archived_id
        epoch.highest_purged_id = said.highest_purged_id
        if not isinstance(said, ArchiveStatement):
            return
        epoch.archived += said.slice.count
        epoch.filled += len(said.filled)
        for hole in said.missing:
            epoch.missing[hole.cause] += hole.last - hole.first + 1
        for file in said.entries:
            first, last = self._dates or (file.date, file.date)
            self._dates = min(first, file.date), max(last, file.date)

    def coverage(self) -> Coverage:
        """What all of them cover."""
        epochs = tuple(
            EpochCoverage(
                epoch=number,
                statements=epoch.statements,
                archived=epoch.archived,
                filled=epoch.filled,
                missing=dict(sorted(epoch.missing.items())),
                highest_archived_id=epoch.highest_archived_id,
                highest_purged_id=epoch.highest_purged_id,
            )
            for number, epoch in sorted(self._epochs.items())
        )
        first, last = self._dates or (None, None)
        return Coverage(epochs, first, last)
