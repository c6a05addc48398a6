"""What is known of a Console's statements without reading them: enough to know which a question needs."""

from collections.abc import Iterable
from dataclasses import dataclass

from audit_archive.domain.facts import ObjectRef
from audit_archive.domain.query import ALL_DATES, Dates
from audit_archive.domain.ranges import IdRange
from audit_archive.domain.statement import ArchiveStatement, Statement


@dataclass(frozen=True)
class Indexed:
    """One statement as the ledger's index has it; of one that archives entries, which ids and dates.

    `first_id` to `last_id` is its slice. With late ids in it, it overlaps slices before it.
    """

    seq: int
    kind: str
    statement: ObjectRef
    count: int = 0
    first_id: int | None = None
    last_id: int | None = None
    first_date: str | None = None
    last_date: str | None = None


def indexed(said: Statement, ref: ObjectRef) -> Indexed:
    """What the index has of a statement, stored as `ref`."""
    if not isinstance(said, ArchiveStatement):
        return Indexed(said.seq, said.kind, ref)
    part, dates = said.slice, [file.date for file in said.entries]
    first, last = min(dates, default=None), max(dates, default=None)
    return Indexed(said.seq, said.kind, ref, part.count, part.first_id, part.last_id, first, last)


@dataclass(frozen=True)
class Row:
    """A statement that archives entries. `above`: the highest id archived before it, in its epoch; 0: none.

    Its ids up to `above` are late ones, which fill holes that an earlier statement listed.
    """

    seq: int
    epoch: int
    statement: ObjectRef
    count: int
    ids: IdRange
    dates: Dates
    above: int

    @property
    def goes_on(self) -> bool:
        """Whether it archives an id above all before it."""
        return self.ids.last > self.above

    @property
    def span(self) -> IdRange:
        """The ids that it speaks of: those that it archives, and those that it may list as missing."""
        return IdRange(min(self.ids.first, self.above + 1), self.ids.last)


def rows_of(epochs: Iterable[tuple[int, Indexed]]) -> tuple[Row, ...]:
    """The rows among some statements in order of number, each given with its epoch."""
    found: list[Row] = []
    highest: dict[int, int] = {}
    for epoch, entry in epochs:
        if entry.first_id is None or entry.last_id is None:
            continue
        above = highest.get(epoch, 0)
        ids = IdRange(entry.first_id, entry.last_id)
        dates = Dates(entry.first_date or ALL_DATES.first, entry.last_date or ALL_DATES.last)
        found.append(Row(entry.seq, epoch, entry.statement, entry.count, ids, dates, above))
        highest[epoch] = max(above, entry.last_id)
    return tuple(found)
