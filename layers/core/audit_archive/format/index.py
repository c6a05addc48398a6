"""What the ledger knows of a Console's statements: enough to choose those that a question needs."""

from collections.abc import Iterable
from dataclasses import dataclass

from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import IdSpan, ObjectRef
from audit_archive.format.ids import IdRange, span_set
from audit_archive.format.statement import ArchiveStatement, Statement, StatementKind
from audit_archive.format.times import ALL_DATES, Dates


@dataclass(frozen=True)
class Indexed:
    """One statement as the ledger's index has it: if it archives entries, with their ids and dates.

    `first_id` to `last_id` is its slice. With late ids in it, it overlaps slices before it. `amended`: the
    lowest to the highest of the ids that it lists as amended.
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


def indexed(statement: Statement, ref: ObjectRef) -> Indexed:
    """The row of the index for a statement that is stored as `ref`."""
    if not isinstance(statement, ArchiveStatement):
        return Indexed(statement.seq, statement.kind, ref)
    part, dates = statement.slice, [file.date for file in statement.entries]
    first, last = min(dates, default=None), max(dates, default=None)
    return Indexed(
        statement.seq,
        statement.kind,
        ref,
        part.count,
        part.first_id,
        part.last_id,
        first,
        last,
        _amended_span(statement),
    )


def _amended_span(statement: ArchiveStatement) -> IdSpan | None:
    """The lowest to the highest of the ids that a statement lists as amended."""
    spans = statement.amended
    return IdSpan(min(s.first for s in spans), max(s.last for s in spans)) if spans else None


@dataclass(frozen=True)
class ArchivedRow:
    """A statement that archives entries: its row of the index as `entry`, and what came before it.

    `above`: the highest id archived before it in its epoch, or 0. Its ids up to there are late ones, which
    fill holes that an earlier statement listed. `size`: how many entries the archive holds with it.
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
        """The statement as an object."""
        return self.entry.statement

    @property
    def count(self) -> int:
        """How many entries it archives."""
        return self.entry.count

    @property
    def archives_new_ids(self) -> bool:
        """Whether it archives an id above all ids before it."""
        return self.ids.last > self.above

    @property
    def span(self) -> IdRange:
        """The ids that it accounts for: those that it archives, and those that it may list as missing."""
        return IdRange(min(self.ids.first, self.above + 1), self.ids.last)

    def agrees_with(self, statement: ArchiveStatement) -> bool:
        """Whether its statement, once read, agrees with the index on what was archived before it.

        The statement archives or lists as missing each id between the highest one archived before and its own
        highest one. Otherwise the index hides a statement between the two.
        """
        last = max(self.above, self.ids.last)
        missing = span_set(statement.missing).within(self.above + 1, last)
        new = statement.slice.count - len(statement.filled)
        is_whole = last - self.above == new + missing.size
        stated = statement.epoch, statement.tree.size, statement.highest_archived_id
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
