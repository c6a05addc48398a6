"""The walk along a chain: every statement in order, judged by what others say of it and by what is before it.

A fault does not stop it. After one it goes on from what the chain itself says, so that one fault is one
verdict; what rests on a statement that can't be trusted is not checked, and counted as such.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from audit_archive.audit.corroboration import References, Word, judge
from audit_archive.audit.locks import Promise, judge_lock, of_a_statement, promise_of
from audit_archive.audit.pace import read_ahead
from audit_archive.audit.question import Audit, AuditQuestion
from audit_archive.audit.rows import Copy, StatementSlot, load_row
from audit_archive.audit.signatures import Signatures
from audit_archive.audit.tally import AuditTally
from audit_archive.format.continuity import misfits
from audit_archive.format.facts import Action, ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.head_digest import HEAD_FORMAT, head_sha256
from audit_archive.format.layout import statement_key
from audit_archive.format.merkle import TreeBuilder
from audit_archive.format.statement import ArchiveStatement, OperatorStatement, Statement
from audit_archive.format.verdicts import Checked, Fault, Verdict, Why
from audit_archive.storage.chain import has_checkpoints, statements_from

# One step along a chain: whether a statement follows the one before it, and the state after it.


@dataclass(frozen=True)
class Point:
    """Where a walk stands: after statement `number` (as its key has it).

    `head`: the state there, None if a fault hides it; `knows_holes`: whether it has every open hole of the
    epoch; `knows_all`: whether nothing from the first statement on is hidden or wrong, so that each digest of
    a head can be judged. `is_linked`: whether the next statement must name `head.statement` as the one
    before. `lock`: the run that archived last, and the lock that it stated.
    """

    number: int
    head: Head | None
    knows_holes: bool = True
    knows_all: bool = True
    is_linked: bool = True
    is_signing: bool = False
    lock: tuple[str, Promise] | None = None

    def lost(self, number: int) -> "Point":
        """A point at which nobody knows the state."""
        return replace(self, number=number, head=None, knows_holes=False, knows_all=False)

    def unlinked(self) -> "Point":
        """The same point, where the next statement names another hash for good reason."""
        return replace(self, is_linked=False, knows_all=False)


@dataclass(frozen=True)
class Step:
    """One statement, and where the walk stands before and after it.

    If it can't be trusted, `said` and `ref` are None.
    """

    said: Statement | None
    ref: ObjectRef | None
    before: Point
    after: Point


class Follower:
    """Judges statements by the state before them."""

    def __init__(self, tally: AuditTally, references: References, signatures: Signatures) -> None:
        self._tally = tally
        self._references = references
        self._signatures = signatures

    def follow(
        self, point: Point, row: StatementSlot, copy: Copy, said: Statement, *, is_confirmed: bool
    ) -> Step | None:
        """The step over a statement; before it is the point as far as the statement goes on from it.

        None if it makes no sense, or if neither number nor link is that of this place and nobody confirms it.
        `said` must be the statement of `copy`, its bytes those that were chained.
        """
        is_whole = self._is_link_whole(point, row, copy, said)
        if not (is_whole or is_confirmed or point.head is None or said.seq == row.number):
            return None
        before = point if is_whole else point.lost(point.number)
        try:
            ref = ObjectRef(row.key, copy.stored.version_id or "", copy.sha256)
            TreeBuilder(said.tree)  # if a frontier is no hashes, nothing can go on from it
            head, knows_all = self._fold(before, row, copy, said, ref)
            promise = of_a_statement(said, point.lock)
            lock = (said.run.id, promise_of(said)) if isinstance(said, ArchiveStatement) else point.lock
        except (ValueError, KeyError, TypeError) as error:
            self._fault(row, copy, Verdict.MISDESCRIBED, f"makes no sense: {error}")
            return None
        for stored in (copy.stored, row.checkpoint):
            if stored is not None and stored.facts is not None:
                judge_lock(self._tally, stored.facts, promise, row.number)
        is_signing = point.is_signing or head.public_key is not None
        is_recorded = self._references.is_recorded(said)
        self._signatures.judge(row, said, copy.sha256, is_due=is_signing, is_recorded=is_recorded)
        self._references.saw(said, copy.sha256)
        self._tally.checked[Checked.STATEMENTS] += 1
        knows_holes = _is_epoch(said) or (before.knows_holes and before.head is not None)
        after = Point(row.number, head, knows_holes, knows_all, is_signing=is_signing, lock=lock)
        return Step(said, ref, before, after)

    def _is_link_whole(self, point: Point, row: StatementSlot, copy: Copy, said: Statement) -> bool:
        """Whether the state before a statement is the one that it goes on from."""
        if point.head is None or not point.is_linked:
            return point.head is not None
        link, named = point.head.statement, said.previous
        if (named.sha256 if named else None) == (link.sha256 if link else None):
            return True
        what, true = named.sha256 if named else "nothing", link.sha256 if link else "nothing"
        self._fault(row, copy, Verdict.BROKEN, f"names {what} as the statement before it, which is {true}")
        return False

    def _fold(
        self, before: Point, row: StatementSlot, copy: Copy, said: Statement, ref: ObjectRef
    ) -> tuple[Head, bool]:
        """The state after a statement, every misfit noted, and whether all of it is known and right.

        Raises ValueError, KeyError or TypeError.
        """
        is_fit = before.knows_all
        if before.head is not None:
            for verdict, clause in misfits(before.head, said, knows_holes=before.knows_holes):
                is_fit = False
                self._fault(row, copy, verdict, clause)
        elif said.seq != row.number:
            self._fault(row, copy, Verdict.BROKEN, f"has the number {said.seq}, not {row.number}")
        start = before.head if before.head is not None else Head(said.console)
        head = start.after(said, ref)
        if is_fit and said.head_format == HEAD_FORMAT and said.head_sha256 != head_sha256(head):
            is_fit = False
            self._fault(
                row, copy, Verdict.MISDESCRIBED, "states the digest of a head that it does not lead to"
            )
        return head, is_fit

    def _fault(self, row: StatementSlot, copy: Copy, verdict: Verdict, clause: str) -> None:
        sentence = f"{row.key} {clause}"
        self._tally.fault(Fault(verdict, row.key, copy.stored.version_id, row.number, sentence))


def is_odd(point: Point, said: Statement | None) -> bool:
    """Whether something that was read as a statement does not go on from a point."""
    if said is None or point.head is None:
        return said is None
    try:
        return any(misfits(point.head, said, knows_holes=point.knows_holes))
    except ValueError:
        return True


def _is_epoch(said: Statement) -> bool:
    return isinstance(said, OperatorStatement) and said.action == Action.EPOCH


class Walk:
    """A chain, judged statement by statement; what is found goes into the tally."""

    def __init__(
        self,
        audit: Audit,
        question: AuditQuestion,
        tally: AuditTally,
        signatures: Signatures,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._audit = audit
        self._console = question.console
        self._tally = tally
        self._signatures = signatures
        self._references = References(audit, question, signatures)
        self._follower = Follower(tally, self._references, signatures)
        self._pool = pool

    def steps(self, point: Point) -> Iterator[Step]:
        """Every statement after a point."""
        source, console = self._audit.source, self._console
        load = partial(load_row, source, console, is_signed=has_checkpoints(source, console))
        rows = read_ahead(self._pool, load, statements_from(source, console, point.number + 1))
        for row, after, last in _with_next_two(rows):
            if row.number > point.number + 1:
                self._skipped(point.number + 1, row.number - point.number - 1)
                point = point.lost(row.number - 1)
            step = self._step(point, row, after, last)
            yield step
            point = step.after

    def finish(self, newest: Head, number: int) -> None:
        """Judge what can only be judged once every statement was seen, up to a number."""
        self._references.finish(self._tally, newest, number)
        if number:
            self._signatures.finish(number)

    def _skipped(self, first: int, count: int) -> None:
        """Numbers between two statements at which there is none."""
        key = statement_key(self._console, first)
        more = f", and so are the {count - 1} after it" if count > 1 else ""
        self._tally.fault(Fault(Verdict.MISSING, key, None, first, f"{key} is missing{more}"))
        self._tally.skip(Checked.STATEMENTS, Why.FAULT, count)

    def _step(
        self, point: Point, row: StatementSlot, after: StatementSlot | None, last: StatementSlot | None
    ) -> Step:
        copy = self._references.choose(row, after)
        self._check_versions(row, copy)
        if copy is not None:
            self._audit.witness(copy, row.checkpoint)
        if copy is not None and copy.stored.verdict is not None:
            self._fault(row, copy, copy.stored.verdict, "can't be read back as it was put")
        elif copy is not None:
            words = self._references.words(row, copy, after, last, lambda: is_odd(point, copy.statement))
            is_confirmed = any(word.sha256 == copy.sha256 for word in words)
            is_agreed = self._judge(row, copy, words, is_confirmed=is_confirmed)
            said = copy.statement if is_agreed or is_confirmed else None
            step = self._follower.follow(point, row, copy, said, is_confirmed=is_confirmed) if said else None
            if step is not None:
                return step if is_agreed else replace(step, after=step.after.unlinked())
        self._tally.skip(Checked.STATEMENTS, Why.FAULT)
        return Step(None, None, point, point.lost(row.number))

    def _judge(self, row: StatementSlot, copy: Copy, words: list[Word], *, is_confirmed: bool) -> bool:
        """Whether everybody agrees on a statement's bytes; a fault is noted if not, or if it is none."""
        found = judge(copy.sha256, copy.stored.version_id, words)
        if found is not None:
            told = Fault(found[0], row.key, copy.stored.version_id, row.number, f"{row.key} {found[1]}")
            (self._tally.fault_in_a_row if is_confirmed else self._tally.fault)(told)
        elif copy.statement is None:
            verdict = Verdict.MISDESCRIBED if is_confirmed else Verdict.ALTERED
            self._fault(row, copy, verdict, "is no statement of this format")
        return found is None

    def _check_versions(self, row: StatementSlot, copy: Copy | None) -> None:
        """A statement has one version for ever, and nothing over it."""
        if copy is None:
            sentence = f"{row.key} is missing: only a delete marker is there"
            self._tally.fault(Fault(Verdict.MISSING, row.key, None, row.number, sentence))
            return
        others = [version for version in row.versions if version.version_id != copy.stored.version_id]
        if others:
            kinds = {version.is_delete_marker for version in others}
            what = "a delete marker" if kinds == {True} else f"{len(others)} more versions"
            sentence = f"{row.key} has {what} beside the version that the chain goes on from"
            self._tally.fault(Fault(Verdict.FORKED, row.key, others[-1].version_id, row.number, sentence))

    def _fault(self, row: StatementSlot, copy: Copy, verdict: Verdict, clause: str) -> None:
        self._tally.fault(Fault(verdict, row.key, copy.stored.version_id, row.number, f"{row.key} {clause}"))


def _with_next_two(
    rows: Iterable[StatementSlot],
) -> Iterator[tuple[StatementSlot, StatementSlot | None, StatementSlot | None]]:
    """Every row with the two after it, as far as there are any."""
    window: deque[StatementSlot] = deque()
    for row in rows:
        window.append(row)
        if len(window) == 3:  # noqa: PLR2004 - itself and two
            yield window[0], window[1], window[2]
            window.popleft()
    while window:
        row = window.popleft()
        yield row, window[0] if window else None, window[1] if len(window) > 1 else None
