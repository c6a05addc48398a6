"""The whole chain, walked once: what it covers and names, and where the asked-for part of it begins."""

from collections import Counter
from collections.abc import Iterator

from audit_archive.auditing.covered import Covered
from audit_archive.auditing.deadline import Deadline
from audit_archive.auditing.follow import Point, Step
from audit_archive.auditing.index import IndexCheck
from audit_archive.auditing.names import Names
from audit_archive.auditing.question import Audit, Done, Question
from audit_archive.auditing.tally import Tally
from audit_archive.auditing.walk import Walk
from audit_archive.domain.facts import Cause, ExportFacts
from audit_archive.domain.foreign import foreign_purges_of
from audit_archive.domain.head import Head
from audit_archive.domain.layout import statement_key
from audit_archive.domain.ranges import IdSet, IdSetBuilder
from audit_archive.domain.statement import ArchiveStatement
from audit_archive.domain.verdicts import Depth, Note, Verdict, Why
from audit_archive.ports import NO_VERSION

EXPORTS, FILES, BYTES = "exports", "entry files", "bytes"


class Chain:
    """What a walk over a chain has found out.

    `start`: the point before the first statement of the asked-for part; `wanted`: how many statements,
    exports, entry files and bytes that part has. `is_whole`: whether the walk came to the end.
    """

    def __init__(self, question: Question) -> None:
        self.covered = Covered()
        self.names = Names()
        self.start = self.end = Point(0, Head(question.console))
        self.newest = Head(question.console)
        self.newest_sha256: str | None = None
        self.wanted: Counter[str] = Counter()
        self.is_whole = False
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

    def add(self, step: Step, tally: Tally) -> None:
        """Take the next step of the walk."""
        number = step.after.number
        is_wanted = self._question.from_seq <= number <= (self._question.to_seq or number)
        self.end = step.after
        if number < self._question.from_seq:
            self.start = step.after
        if step.said is None or step.ref is None:
            return
        self.newest, self.newest_sha256 = step.after.head or self.newest, step.ref.sha256
        self._trusted.add(number)
        self.covered.add(step.said)
        if isinstance(step.said, ArchiveStatement):
            self.names.add(step.said)
            for note in _notes(step.said):
                tally.note(note)
            self._count(step.said, tally, is_wanted=is_wanted)
        self.wanted["statements"] += is_wanted

    def _count(self, said: ArchiveStatement, tally: Tally, *, is_wanted: bool) -> None:
        is_new = said.export != self._export or said.seq == self._question.from_seq
        self._export = said.export
        if self._question.depth == Depth.CHAIN or not is_wanted:
            why = Why.DEPTH if self._question.depth == Depth.CHAIN else Why.RANGE
            tally.skip(EXPORTS, why, int(is_new))
            tally.skip(FILES, why, len(said.entries))
            return
        self.wanted[EXPORTS] += is_new
        self.wanted[FILES] += len(said.entries)
        self.wanted[BYTES] += said.export.size * is_new + sum(file.size for file in said.entries)


def walk_chain(walk: Walk, audit: Audit, question: Question, tally: Tally, deadline: Deadline) -> Chain:
    """Walk the whole chain, as far as time allows, and hold the ledger's index to it."""
    chain, index = Chain(question), IndexCheck(audit, question.console, tally)
    for count, step in enumerate(walk.steps(chain.start), 1):
        chain.add(step, tally)
        index.see(step)
        audit.progress(Done(count, None, 0, None))
        if deadline.is_over:
            return chain
    walk.finish(chain.newest, chain.end.number)
    chain.is_whole = True
    return chain


def _notes(said: ArchiveStatement) -> Iterator[Note]:
    """What a statement says that somebody may want to know."""
    key = statement_key(said.console, said.seq)
    for hole in said.missing:
        if hole.cause == Cause.UNEXPLAINED:
            sentence = f"The ids {hole.first} to {hole.last} are missing, and nobody knows why"
            yield Note(Verdict.HOLE, key, said.seq, sentence)
    for purge in foreign_purges_of(said):
        yield Note(Verdict.FOREIGN_PURGE, key, said.seq, purge.sentence(said.console))
