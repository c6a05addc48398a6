"""The whole chain, walked once: what it covers and names, and where the asked-for part of it begins."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from audit_archive.audit.pace import Deadline
from audit_archive.audit.question import Audit, AuditQuestion, Done
from audit_archive.audit.tally import AuditTally
from audit_archive.audit.walk import Point, Step, Walk
from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import Cause, ExportFacts
from audit_archive.format.head import Head
from audit_archive.format.ids import IdSet, IdSetBuilder
from audit_archive.format.index import Indexed, indexed
from audit_archive.format.layout import statement_key
from audit_archive.format.purges import foreign_purges_of
from audit_archive.format.statement import ArchiveStatement, Statement
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

# What a chain covers: entries and missing ids by epoch, and the dates of the events.


@dataclass
class _Epoch:
    statements: int = 0
    archived: int = 0
    filled: int = 0
    missing: Counter[Cause | UnknownMember] = field(default_factory=Counter)
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

    def coverage(self) -> AuditedCoverage:
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
        return AuditedCoverage(epochs, first, last)


# Which objects the statements of a chain name.


class Names:
    """Remembers names by their hash: eight bytes each, so that a long chain's fit into memory."""

    def __init__(self) -> None:
        self._hashes = array("q")
        self._is_sorted = True

    def add(self, said: ArchiveStatement) -> None:
        """Note the export of a statement, by key and by version, and its entry files."""
        export = said.export
        for name in ((export.key,), (export.key, export.version_id), *((f.key,) for f in said.entries)):
            self._hashes.append(hash(name))
        self._is_sorted = False

    def has(self, key: str, version_id: str | None = None) -> bool:
        """Whether a statement names the key, or this version of it."""
        if not self._is_sorted:
            self._hashes, self._is_sorted = array("q", sorted(self._hashes)), True
        name = hash((key,) if version_id is None else (key, version_id))
        at = bisect_left(self._hashes, name)
        return at < len(self._hashes) and self._hashes[at] == name


# The ledger's index, held to the statements that it describes.

INDEX = "the ledger's index"
_WAY_OUT = (
    "recreate the ledger from the bucket, by an event like events/rebuild.json for the archive function"
)


class IndexCheck:
    """Holds each item of an index to its statement; what a run may be about to record is not looked at."""

    def __init__(self, audit: Audit, console: str, tally: AuditTally) -> None:
        self._console = console
        self._tally = tally
        recorded = audit.recorded.seq if audit.recorded is not None else 0
        self._numbers = range(1, recorded + 1) if audit.index is not None else range(0)
        self._items: dict[int, Indexed] = {item.seq: item for item in audit.index or ()}

    def see(self, step: Step) -> None:
        """The next statement. One that can't be trusted is not compared."""
        number = step.after.number
        if number not in self._numbers:
            return
        item = self._items.get(number)
        if item is None:
            self._fault(Verdict.MISSING, number, "does not have it")
        elif step.said is not None and step.ref is not None and indexed(step.said, step.ref) != item:
            self._fault(Verdict.MISDESCRIBED, number, "says something else of it than it says itself")

    def _fault(self, verdict: Verdict, number: int, clause: str) -> None:
        key = statement_key(self._console, number)
        sentence = f"{INDEX} {clause}: {key}. Find out who wrote it, and {_WAY_OUT}."
        self._tally.fault_in_a_row(Fault(verdict, f"{INDEX} of {key}", None, number, sentence))


class WalkedChain:
    """What a walk over a chain has found out.

    `since`: the point after the statement from which it must have grown, if one was asked for and found.
    `start`: the point before the first statement of the asked-for part; `wanted`: how many statements,
    exports, entry files and bytes that part has. `is_whole`: whether the walk came to the end; `is_unbroken`:
    whether every statement that it came to goes on from the one before, and nothing contradicts its hash.
    """

    def __init__(self, question: AuditQuestion) -> None:
        self.covered = Covered()
        self.names = Names()
        self.start = self.end = Point(0, Head(question.console))
        self.newest = Head(question.console)
        self.newest_sha256: str | None = None
        self.since: Point | None = None
        self.wanted: Counter[Checked] = Counter()
        self.is_whole = False
        self.is_unbroken = True
        self._question = question
        self._export: ExportFacts | None = None
        self._trusted = IdSetBuilder()

    @property
    def is_copy(self) -> bool:
        """Whether the archive is a copy: it has latest versions only."""
        newest = self.newest.statement
        return newest is not None and newest.version_id == NO_VERSION

    @property
    def trusted(self) -> IdSet:
        """The numbers of the statements that can be trusted."""
        return self._trusted.build()

    def add(self, step: Step, tally: AuditTally) -> None:
        """Take the next step of the walk."""
        number = step.after.number
        is_wanted = self._question.from_seq <= number <= (self._question.to_seq or number)
        self.end = step.after
        is_linked = step.before.head is not None and step.after.is_linked
        self.is_unbroken = self.is_unbroken and step.said is not None and is_linked
        if number < self._question.from_seq:
            self.start = step.after
        if step.said is None or step.ref is None:
            return
        self.newest, self.newest_sha256 = step.after.head or self.newest, step.ref.sha256
        self._trusted.add(number)
        since = self._question.since
        if since is not None and step.ref.sha256 == since.checkpoint.statement_sha256:
            self.since = step.after
        self.covered.add(step.said)
        if isinstance(step.said, ArchiveStatement):
            self.names.add(step.said)
            for note in _notes(step.said):
                tally.note(note)
            self._count(step.said, tally, is_wanted=is_wanted)
        self.wanted[Checked.STATEMENTS] += is_wanted

    def _count(self, said: ArchiveStatement, tally: AuditTally, *, is_wanted: bool) -> None:
        is_new = said.export != self._export or said.seq == self._question.from_seq
        self._export = said.export
        if self._question.depth == Depth.CHAIN or not is_wanted:
            why = Why.DEPTH if self._question.depth == Depth.CHAIN else Why.RANGE
            tally.skip(Checked.EXPORTS, why, int(is_new))
            tally.skip(Checked.FILES, why, len(said.entries))
            return
        self.wanted[Checked.EXPORTS] += is_new
        self.wanted[Checked.FILES] += len(said.entries)
        self.wanted[Checked.BYTES] += said.export.size * is_new + sum(file.size for file in said.entries)


def walk_chain(
    walk: Walk, audit: Audit, question: AuditQuestion, tally: AuditTally, deadline: Deadline
) -> WalkedChain:
    """Walk the whole chain, as far as time allows, and hold the ledger's index to it."""
    chain, index = WalkedChain(question), IndexCheck(audit, question.console, tally)
    for count, step in enumerate(walk.steps(chain.start), 1):
        chain.add(step, tally)
        index.see(step)
        audit.progress(Done(count, None, 0, None))
        if deadline.is_over:
            return chain
    walk.finish(chain.newest, chain.end.number)
    chain.is_whole = True
    return chain


def _notes(said: ArchiveStatement) -> Iterator[AuditNote]:
    """What a statement says that somebody may want to know."""
    key = statement_key(said.console, said.seq)
    for hole in said.missing:
        if hole.cause == Cause.UNEXPLAINED:
            sentence = f"The ids {hole.first} to {hole.last} are missing, and nobody knows why"
            yield AuditNote(Verdict.HOLE, key, said.seq, sentence)
    for purge in foreign_purges_of(said):
        yield AuditNote(Verdict.FOREIGN_PURGE, key, said.seq, purge.sentence(said.console))
