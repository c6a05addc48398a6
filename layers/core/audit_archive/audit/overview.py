"""The whole chain, walked once: what it covers, what it names, and where the asked-for part begins."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256

from audit_archive.audit.bookmarks import Begin
from audit_archive.audit.listing import Listing
from audit_archive.audit.pace import Deadline
from audit_archive.audit.question import Audit, AuditQuestion, Done
from audit_archive.audit.tally import AuditTally
from audit_archive.audit.walk import Point, Step, Walk
from audit_archive.bookmark import NOTHING_COVERED, Bookmark
from audit_archive.format.codec import UnknownMember, member_of
from audit_archive.format.facts import Cause, ExportFacts
from audit_archive.format.head import Head
from audit_archive.format.ids import IdSet, IdSetBuilder
from audit_archive.format.index import Indexed, indexed
from audit_archive.format.layout import statement_key
from audit_archive.format.purges import foreign_purges_of
from audit_archive.format.statement import ArchiveStatement, Statement
from audit_archive.format.times import from_rfc3339
from audit_archive.format.verdicts import (
    AuditedCoverage,
    AuditNote,
    Checked,
    Depth,
    EpochCoverage,
    Fault,
    Verdict,
    Why,
)
from audit_archive.ports import NO_VERSION

LEDGER_INDEX = "the ledger's index"

_REBUILD = "Find out who wrote to the table. Then recreate the ledger: `canary-audit ledger rebuild"


@dataclass
class _Epoch:
    statements: int = 0
    archived: int = 0
    filled: int = 0
    missing: Counter[Cause | UnknownMember] = field(default_factory=Counter)
    highest_archived_id: int = 0
    highest_purged_id: int = 0


class CoverageSum:
    """Adds up what statements cover: entries and missing ids by epoch, and the dates of the events."""

    def __init__(self, known: AuditedCoverage = NOTHING_COVERED) -> None:
        """`known`: what the statements before the first one to be added cover."""
        self._epochs = {each.epoch: _epoch(each) for each in known.epochs}
        is_dated = known.first_date is not None and known.last_date is not None
        self._dates = (known.first_date or "", known.last_date or "") if is_dated else None

    def add(self, statement: Statement) -> None:
        """Add the next statement."""
        epoch = self._epochs.setdefault(statement.epoch, _Epoch())
        epoch.statements += 1
        epoch.highest_archived_id = statement.highest_archived_id
        epoch.highest_purged_id = statement.highest_purged_id
        if not isinstance(statement, ArchiveStatement):
            return
        epoch.archived += statement.slice.count
        epoch.filled += len(statement.filled)
        for hole in statement.missing:
            epoch.missing[hole.cause] += hole.last - hole.first + 1
        for file in statement.entries:
            first, last = self._dates or (file.date, file.date)
            self._dates = min(first, file.date), max(last, file.date)

    def coverage(self) -> AuditedCoverage:
        """What all added statements cover."""
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
        return AuditedCoverage(epochs, first, last)


def _epoch(known: EpochCoverage) -> _Epoch:
    return _Epoch(
        known.statements,
        known.archived,
        known.filled,
        Counter({member_of(Cause, cause): count for cause, count in known.missing.items()}),
        known.highest_archived_id,
        known.highest_purged_id,
    )


class NamedObjects:
    """Which objects the statements of a chain name. Memory: 16 bytes a name, as a long chain has many."""

    def __init__(self, known: bytes = b"") -> None:
        """`known`: the names in the statements before the first one to be added, as `up_to` gives them."""
        self._hashes = array("Q", known)
        self._sorted = array("Q")

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, statement: ArchiveStatement) -> None:
        """Add the export of a statement, by key and by version, and its entry files, by key."""
        export = statement.export
        for name in ((export.key,), (export.key, export.version_id), *((f.key,) for f in statement.entries)):
            self._hashes.append(_hash(*name))

    def has(self, key: str, version_id: str | None = None) -> bool:
        """Whether a statement names the key, or this version of it."""
        if len(self._sorted) != len(self._hashes):
            self._sorted = array("Q", sorted(self._hashes))
        name = _hash(key) if version_id is None else _hash(key, version_id)
        at = bisect_left(self._sorted, name)
        return at < len(self._sorted) and self._sorted[at] == name

    def up_to(self, count: int) -> bytes:
        """The first names that were added, 8 bytes each."""
        return self._hashes[:count].tobytes()


def _hash(*parts: str) -> int:
    """The same in every process: names are kept from one audit to the next."""
    return int.from_bytes(sha256("\0".join(parts).encode()).digest()[:8])


class IndexCheck:
    """Compares each item of the ledger's index with its statement.

    Items above the recorded head are left out: a run may be about to record them.
    """

    def __init__(self, audit: Audit, console: str, tally: AuditTally) -> None:
        self._console = console
        self._tally = tally
        recorded = audit.recorded.seq if audit.recorded is not None else 0
        self._numbers = range(1, recorded + 1) if audit.index is not None else range(0)
        self._items: dict[int, Indexed] = {item.seq: item for item in audit.index or ()}

    def compare(self, step: Step) -> None:
        """Compare the item of the next statement. A statement that can't be trusted is not compared."""
        number = step.after.number
        if number not in self._numbers:
            return
        item, statement, ref = self._items.get(number), step.statement, step.ref
        if item is None:
            self._fault(Verdict.MISSING, number, "does not have")
        elif statement is not None and ref is not None and indexed(statement, ref) != item:
            self._fault(Verdict.MISDESCRIBED, number, "does not match")

    def _fault(self, verdict: Verdict, number: int, clause: str) -> None:
        key = statement_key(self._console, number)
        sentence = f"{LEDGER_INDEX} {clause} {key}. {_REBUILD} {self._console}`."
        self._tally.consecutive_fault(Fault(verdict, f"{LEDGER_INDEX} of {key}", None, number, sentence))


class WalkedChain:
    """What a walk over a chain has found so far.

    `end`: the point after the last step. `newest`, `newest_sha256`: the state after the last statement that
    can be trusted, and its hash. `since`: the point after the statement of the kept checkpoint, if the
    question has one and the chain contains it. `start`: the point before the asked-for statements; `wanted`:
    how many statements, exports, entry files and bytes they have. `longest_lock`: the longest lock that an
    archive statement states, in seconds. `is_whole`: whether the walk reached the
    end of the chain. `is_unbroken`: whether each statement so far goes on from the one before, and no
    reference contradicts its hash. `again`: the steps over the statements that are to be looked at again.
    `unsettled`: the lowest statement on which a walk that was cut short allows no verdict.
    """

    def __init__(self, question: AuditQuestion, begin: Begin | None = None) -> None:
        bookmark = begin.bookmark if begin is not None else Bookmark(Head(question.console))
        self.covered = CoverageSum(bookmark.covered)
        self.names = NamedObjects(bookmark.names)
        self.begin = begin.point if begin is not None else Point(0, bookmark.head)
        self.start = self.end = self.begin
        self.newest = bookmark.head
        self.newest_sha256 = bookmark.head.statement.sha256 if bookmark.head.statement is not None else None
        self.again: dict[int, Step] = {}
        self.unsettled: int | None = None
        self.since: Point | None = None
        self.wanted: Counter[Checked] = Counter()
        self.longest_lock = bookmark.longest_lock
        self.is_whole = False
        self.is_unbroken = True
        self._question = question
        self._export: ExportFacts | None = bookmark.head.export
        self._trusted = IdSetBuilder()
        self._trusted.add_range(1, bookmark.head.seq)
        self._kept = bookmark, len(self.names)

    @property
    def is_copy(self) -> bool:
        """Whether the archive is a copy, which has only the latest version of each object."""
        newest = self.newest.statement
        return newest is not None and newest.version_id == NO_VERSION

    @property
    def trusted(self) -> IdSet:
        """The numbers of the statements that can be trusted."""
        return self._trusted.build()

    def kept(self, listing: Listing) -> Bookmark:
        """The last place at which the next audit may begin. `listing`: made before the walk."""
        bookmark, names = self._kept
        return replace(bookmark, names=self.names.up_to(names), listing=listing.up_to(bookmark.head.seq))

    def keep(self, step: Step) -> None:
        """Keep the place before a step, if all up to it was found right. The next audit repeats the step.

        So it has the references to the statement, and its signature.
        """
        head = step.before.head
        if step.before.is_whole and head is not None and step.statement is not None:
            bookmark = Bookmark(head, self.covered.coverage(), longest_lock=self.longest_lock)
            self._kept = bookmark, len(self.names)

    def add(self, step: Step, tally: AuditTally) -> None:
        """Add the next step of the walk."""
        number = step.after.number
        if number in self._question.again:
            self.again[number] = step
        is_wanted = self._question.from_seq <= number <= (self._question.to_seq or number)
        self.end = step.after
        is_linked = step.before.head is not None and step.after.is_linked
        self.is_unbroken = self.is_unbroken and step.statement is not None and is_linked
        if number < self._question.from_seq:
            self.start = step.after
        if step.statement is None or step.ref is None:
            return
        self.newest, self.newest_sha256 = step.after.head or self.newest, step.ref.sha256
        self._trusted.add(number)
        since = self._question.since
        if since is not None and step.ref.sha256 == since.checkpoint.statement_sha256:
            self.since = step.after
        self.covered.add(step.statement)
        if isinstance(step.statement, ArchiveStatement):
            self.names.add(step.statement)
            until = from_rfc3339(step.statement.export.retain_until)
            lock = until - from_rfc3339(step.statement.run.started_at)
            self.longest_lock = max(self.longest_lock, lock)
            for note in _notes(step.statement):
                tally.note(note)
            self.count(step.statement, tally, is_wanted=is_wanted)
        self.wanted[Checked.STATEMENTS] += is_wanted

    def count(self, statement: ArchiveStatement, tally: AuditTally, *, is_wanted: bool) -> None:
        """Count the objects of a statement: those that are to be checked, or those that are not, and why."""
        is_new = statement.export != self._export or statement.seq == self._question.from_seq
        self._export = statement.export
        if self._question.depth == Depth.CHAIN or not is_wanted:
            why = Why.DEPTH if self._question.depth == Depth.CHAIN else Why.RANGE
            tally.skip(Checked.EXPORTS, why, int(is_new))
            tally.skip(Checked.FILES, why, len(statement.entries))
            return
        self.wanted[Checked.EXPORTS] += is_new
        self.wanted[Checked.FILES] += len(statement.entries)
        self.wanted[Checked.BYTES] += statement.export.size * is_new + sum(
            file.size for file in statement.entries
        )


def walk_chain(
    walk: Walk,
    audit: Audit,
    question: AuditQuestion,
    tally: AuditTally,
    begin: Begin | None = None,
) -> WalkedChain:
    """Walk the chain from its first statement, or from `begin`, as far as time allows.

    The ledger's index is compared with each statement.
    """
    chain, index = WalkedChain(question, begin), IndexCheck(audit, question.console, tally)
    deadline = Deadline(audit.clock)
    for count, step in enumerate(walk.steps(chain.begin), 1):
        if question.is_daily and step.statement is not None and audit.is_recorded(step.statement):
            chain.keep(step)
        chain.add(step, tally)
        index.compare(step)
        audit.progress(Done(count, None, 0, None))
        if deadline.is_over:
            chain.unsettled = walk.unsettled
            return chain
    walk.finish(chain.newest, chain.end.number)
    chain.is_whole = True
    return chain


def _notes(statement: ArchiveStatement) -> Iterator[AuditNote]:
    """What a statement states that an auditor should know: ids missing without a cause, foreign purges."""
    key = statement_key(statement.console, statement.seq)
    for hole in statement.missing:
        if hole.cause == Cause.UNEXPLAINED:
            is_one = hole.first == hole.last
            subject = f"Id {hole.first} is" if is_one else f"Ids {hole.first} to {hole.last} are"
            sentence = f"{subject} missing, and no purge explains {'it' if is_one else 'them'}"
            yield AuditNote(Verdict.HOLE, key, statement.seq, sentence)
    for purge in foreign_purges_of(statement):
        yield AuditNote(Verdict.FOREIGN_PURGE, key, statement.seq, purge.sentence(statement.console))
