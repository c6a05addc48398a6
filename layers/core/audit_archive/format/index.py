"""What is known of a Console's statements without reading them: enough to know which a question needs."""

from collections.abc import Iterable
from dataclasses import dataclass

from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import IdSpan, ObjectRef
from audit_archive.format.ids import IdRange, span_set
from audit_archive.format.statement import ArchiveStatement, Statement, StatementKind
from audit_archive.format.times import ALL_DATES, Dates


@dataclass(frozen=True)
class Indexed:
    """One statement as the ledger's index has it; of one that archives entries, which ids and dates.

    `first_id` to `last_id` is its slice. With late ids in it, it overlaps slices before it. `amended`: from
    the lowest to the highest id of which it says that the Console shows another form now.
    """

    seq: int
    kind: StatementKind | UnknownMember
    statement: ObjectRef
    count: int = 0
    first_id: int | None = None
    last_id: int | None = None
    first_date: str | None = None
    last_date: str | None = None
    amended: IdSpan | None = None


def indexed(said: Statement, ref: ObjectRef) -> Indexed:
    """What the index has of a statement, stored as `ref`."""
    if not isinstance(said, ArchiveStatement):
        return Indexed(said.seq, said.kind, ref)
    part, dates = said.slice, [file.date for file in said.entries]
    first, last = min(dates, default=None), max(dates, default=None)
    return Indexed(
        said.seq,
        said.kind,
        ref,
        part.count,
        part.first_id,
        part.last_id,
        first,
        last,
        _amended_span(said),
    )


def _amended_span(said: ArchiveStatement) -> IdSpan | None:
    """From the lowest to the highest id of which a statement says that it has another form now."""
    spans = said.amended
    return IdSpan(min(s.first for s in spans), max(s.last for s in spans)) if spans else None


@dataclass(frozen=True)
class ArchivedRow:
    """A statement that archives entries, as `entry` has it.

    `above`: the highest id archived before it, in its epoch; 0: none. Its ids up to there are late ones,
    which fill holes that an earlier statement listed. `size`: how many entries are archived with it.
    """

    epoch: int
    entry: Indexed
    ids: IdRange
    dates: Dates
    above: int
    size: int

    @property
    def seq(self) -> int:
        """The number of the statement."""
        return self.entry.seq

    @property
    def statement(self) -> ObjectRef:
        """Where the statement is."""
        return self.entry.statement

    @property
    def count(self) -> int:
        """How many entries it archives."""
        return self.entry.count

    @property
    def goes_on(self) -> bool:
        """Whether it archives an id above all before it."""
        return self.ids.last > self.above

    @property
    def span(self) -> IdRange:
        """The ids that it speaks of: those that it archives, and those that it may list as missing."""
        return IdRange(min(self.ids.first, self.above + 1), self.ids.last)

    def goes_with(self, said: ArchiveStatement) -> bool:
        """Whether its statement says the same of what was archived before it.

        The ids between the highest archived before and its own are archived or listed as missing in it: else
        a statement between the two is hidden.
        """
        last = max(self.above, self.ids.last)
        missing = span_set(said.missing).within(self.above + 1, last)
        new = said.slice.count - len(said.filled)
        is_whole = last - self.above == new + missing.size
        stated = said.epoch, said.tree.size, said.highest_archived_id
        return is_whole and stated == (self.epoch, self.size, last)


def rows_of(epochs: Iterable[tuple[int, Indexed]]) -> tuple[ArchivedRow, ...]:
    """The rows among some statements in order of number, each given with its epoch."""
    found: list[ArchivedRow] = []
    highest: dict[int, int] = {}
    size = 0
    for epoch, entry in epochs:
        if entry.first_id is None or entry.last_id is None:
            continue
        above, size = highest.get(epoch, 0), size + entry.count
        ids = IdRange(entry.first_id, entry.last_id)
        dates = Dates(entry.first_date or ALL_DATES.first, entry.last_date or ALL_DATES.last)
        found.append(ArchivedRow(epoch, entry, ids, dates, above, size))
        highest[epoch] = max(above, entry.last_id)
    return tuple(found)
