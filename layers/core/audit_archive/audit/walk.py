"""The walk along a chain: each statement is compared with references to it, and with the state before it.

A fault does not stop the walk. It goes on from what the chain itself states, so that one fault gives one
verdict. What depends on a statement that can't be trusted is not checked, and is counted as not checked.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from audit_archive.audit.corroboration import Reference, References, judge_references
from audit_archive.audit.locks import EndingLocks, RequiredLock, judge_lock, lock_of_statement, stated_lock
from audit_archive.audit.pace import read_ahead
from audit_archive.audit.question import Audit, AuditQuestion
from audit_archive.audit.rows import Copy, StatementSlot, load_slot
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
from audit_archive.storage.chain import Listed, has_checkpoints, statements_from


@dataclass(frozen=True)
class Point:
    """A place in a chain: after the statement `number` (as its key has it), and the state there.

    `head`: the state; None if a fault hides it. `knows_holes`: whether it has every open hole of the epoch.
    `knows_all`: whether every statement up to here is known and right, so that digests of heads can be
    compared. `is_linked`: whether the next statement must name `head.statement` as the one before it.
    `is_signing`: whether signing has begun. `lock`: the run that archived last, and the lock that it stated.
    """

    number: int
    head: Head | None
    knows_holes: bool = True
    knows_all: bool = True
    is_linked: bool = True
    is_signing: bool = False
    lock: tuple[str, RequiredLock] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the state is known in full, and every statement up to here was found right."""
        return self.head is not None and self.knows_holes and self.knows_all and self.is_linked

    def unknown_at(self, number: int) -> "Point":
        """A point whose state is not known."""
        return replace(self, number=number, head=None, knows_holes=False, knows_all=False)

    def unlinked(self) -> "Point":
        """The same point, after a contradicted statement: the next one may name another hash."""
        return replace(self, is_linked=False, knows_all=False)


@dataclass(frozen=True)
class Step:
    """One statement, and the points before and after it.

    If the statement can't be trusted, it has no `statement` and no `ref`.
    """

    statement: Statement | None
    ref: ObjectRef | None
    before: Point
    after: Point


class StepJudge:
    """Compares statements with the state before them."""

    def __init__(
        self, tally: AuditTally, references: References, signatures: Signatures, ending: EndingLocks
    ) -> None:
        self._tally = tally
        self._ending = ending
        self._references = references
        self._signatures = signatures

    def follow(
        self, point: Point, slot: StatementSlot, copy: Copy, statement: Statement, *, is_confirmed: bool
    ) -> Step | None:
        """The step over `statement`, which is that of `copy`. Its `before` has a state only if the link fits.

        None if the statement can't be interpreted. None as well if neither its number nor its link fits here
        and no reference confirms it: it was moved here from elsewhere.
        """
        is_whole = self._is_link_whole(point, slot, copy, statement)
        if not (is_whole or is_confirmed or point.head is None or statement.seq == slot.number):
            return None
        before = point if is_whole else point.unknown_at(point.number)
        try:
            ref = ObjectRef(slot.key, copy.stored.version_id or "", copy.sha256)
            TreeBuilder(statement.tree)  # raises ValueError for a frontier on which no tree can be built
            head, knows_all = self._fold(before, slot, copy, statement, ref)
            required = lock_of_statement(statement, point.lock)
            lock = (
                (statement.run.id, stated_lock(statement))
                if isinstance(statement, ArchiveStatement)
                else point.lock
            )
        except (ValueError, KeyError, TypeError) as error:
            self._fault(slot, copy, Verdict.MISDESCRIBED, f"can't be interpreted: {error!r}")
            return None
        for stored in (copy.stored, slot.checkpoint):
            facts = stored.facts if stored is not None else None
            if facts is not None and judge_lock(self._tally, facts, required, slot.number):
                self._ending.judge(facts, slot.number)
        is_signing = point.is_signing or head.public_key is not None
        is_recorded = self._references.is_recorded(statement)
        self._signatures.judge(slot, statement, copy.sha256, is_due=is_signing, is_recorded=is_recorded)
        self._references.mark_found(statement, copy.sha256)
        self._tally.checked[Checked.STATEMENTS] += 1
        knows_holes = _is_epoch(statement) or (before.knows_holes and before.head is not None)
        after = Point(slot.number, head, knows_holes, knows_all, is_signing=is_signing, lock=lock)
        return Step(statement, ref, before, after)

    def _is_link_whole(self, point: Point, slot: StatementSlot, copy: Copy, statement: Statement) -> bool:
        """Whether a statement names the statement before it. Adds a fault if it does not."""
        if point.head is None or not point.is_linked:
            return point.head is not None
        link, named = point.head.statement, statement.previous
        if (named.sha256 if named else None) == (link.sha256 if link else None):
            return True
        stated = f"the statement before it as {named.sha256}" if named else "no statement before it"
        found = f"that is {link.sha256}" if link else "it is the first statement"
        self._fault(slot, copy, Verdict.BROKEN, f"names {stated}, but {found}")
        return False

    def _fold(
        self, before: Point, slot: StatementSlot, copy: Copy, statement: Statement, ref: ObjectRef
    ) -> tuple[Head, bool]:
        """The state after a statement, and whether everything up to it is known and right.

        Adds a fault for each misfit. Raises ValueError, KeyError or TypeError if there is no state after it.
        """
        is_fit = before.knows_all
        if before.head is not None:
            for verdict, clause in misfits(before.head, statement, knows_holes=before.knows_holes):
                is_fit = False
                self._fault(slot, copy, verdict, clause)
        elif statement.seq != slot.number:
            self._fault(slot, copy, Verdict.BROKEN, f"has the number {statement.seq}, not {slot.number}")
        start = before.head if before.head is not None else Head(statement.console)
        head = start.after(statement, ref)
        if is_fit and statement.head_format == HEAD_FORMAT and statement.head_sha256 != head_sha256(head):
            is_fit = False
            self._fault(
                slot, copy, Verdict.MISDESCRIBED, "states a head_sha256 that does not match the head after it"
            )
        return head, is_fit

    def _fault(self, slot: StatementSlot, copy: Copy, verdict: Verdict, clause: str) -> None:
        sentence = f"{slot.key} {clause}"
        self._tally.fault(Fault(verdict, slot.key, copy.stored.version_id, slot.number, sentence))


def contradicts(point: Point, statement: Statement | None) -> bool:
    """Whether a statement does not fit the state at a point, or what was read is not a statement."""
    if statement is None or point.head is None:
        return statement is None
    try:
        return any(misfits(point.head, statement, knows_holes=point.knows_holes))
    except ValueError:
        return True


def _is_epoch(statement: Statement) -> bool:
    return isinstance(statement, OperatorStatement) and statement.action == Action.EPOCH


class Walk:
    """A walk along the chain of one Console. What it finds goes into the tally."""

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
        ending = EndingLocks(tally, audit.clock.now() + question.ending)
        self._step_judge = StepJudge(tally, self._references, signatures, ending)
        self._pool = pool

    def steps(self, point: Point, up_to: int | None = None) -> Iterator[Step]:
        """The step over each listed statement after a point, in order, up to a number (None: the newest)."""
        source, console = self._audit.source, self._console
        load = partial(load_slot, source, console, is_signed=has_checkpoints(source, console))
        rows = _with_three_beyond(statements_from(source, console, point.number + 1), up_to)
        for slot, after, last in _with_next_two(read_ahead(self._pool, load, rows)):
            if slot.number > point.number + 1:
                self._skipped(point.number + 1, slot.number - point.number - 1)
                point = point.unknown_at(slot.number - 1)
            if up_to is not None and slot.number > up_to:
                return
            step = self._step(point, slot, after, last)
            yield step
            point = step.after

    @property
    def unsettled(self) -> int | None:
        """The lowest statement on which the steps so far allow no verdict; None without one."""
        return self._signatures.unsettled

    def finish(self, newest: Head, number: int) -> None:
        """Add what is known only after the last step. `number`: the last one that has a statement."""
        self._references.finish(self._tally, newest, number)
        if number:
            self._signatures.finish(number)

    def _skipped(self, first: int, count: int) -> None:
        """Add a fault for numbers without a statement between two that have one."""
        key = statement_key(self._console, first)
        more = f", and so is every statement up to {first + count - 1}" if count > 1 else ""
        self._tally.fault(Fault(Verdict.MISSING, key, None, first, f"{key} is missing{more}"))
        self._tally.skip(Checked.STATEMENTS, Why.FAULT, count)

    def _step(
        self, point: Point, slot: StatementSlot, after: StatementSlot | None, last: StatementSlot | None
    ) -> Step:
        copy = self._references.choose(slot, after)
        self._check_versions(slot, copy)
        if copy is not None:
            self._audit.observer(copy, slot.checkpoint)
        if copy is not None and copy.stored.verdict is not None:
            self._fault(slot, copy, copy.stored.verdict, "can't be read back whole")
        elif copy is not None:
            references = self._references.find(
                slot, copy, after, last, lambda: contradicts(point, copy.statement)
            )
            is_confirmed = any(reference.sha256 == copy.sha256 for reference in references)
            is_agreed = self._judge(slot, copy, references, is_confirmed=is_confirmed)
            step = None
            if copy.statement is not None and (is_agreed or is_confirmed):
                step = self._step_judge.follow(point, slot, copy, copy.statement, is_confirmed=is_confirmed)
            if step is not None:
                return step if is_agreed else replace(step, after=step.after.unlinked())
        self._tally.skip(Checked.STATEMENTS, Why.FAULT)
        return Step(None, None, point, point.unknown_at(slot.number))

    def _judge(
        self, slot: StatementSlot, copy: Copy, references: list[Reference], *, is_confirmed: bool
    ) -> bool:
        """Whether all references agree on a statement. Adds a fault if not, or if it can't be parsed."""
        found = judge_references(copy.sha256, copy.stored.version_id, references)
        if found is not None:
            fault = Fault(found[0], slot.key, copy.stored.version_id, slot.number, f"{slot.key} {found[1]}")
            (self._tally.consecutive_fault if is_confirmed else self._tally.fault)(fault)
        elif copy.statement is None:
            verdict = Verdict.MISDESCRIBED if is_confirmed else Verdict.ALTERED
            self._fault(slot, copy, verdict, "is not a statement of this format")
        return found is None

    def _check_versions(self, slot: StatementSlot, copy: Copy | None) -> None:
        """Add a fault unless a statement has exactly one version and no delete marker."""
        if copy is None:
            sentence = f"{slot.key} is missing: there is only a delete marker"
            self._tally.fault(Fault(Verdict.MISSING, slot.key, None, slot.number, sentence))
            return
        others = [version for version in slot.versions if version.version_id != copy.stored.version_id]
        if others:
            kinds = {version.is_delete_marker for version in others}
            more = "another version" if len(others) == 1 else f"{len(others)} more versions"
            what = "a delete marker" if kinds == {True} else more
            sentence = f"{slot.key} has {what} beside the version that is in the chain"
            self._tally.fault(Fault(Verdict.FORKED, slot.key, others[-1].version_id, slot.number, sentence))

    def _fault(self, slot: StatementSlot, copy: Copy, verdict: Verdict, clause: str) -> None:
        self._tally.fault(
            Fault(verdict, slot.key, copy.stored.version_id, slot.number, f"{slot.key} {clause}")
        )


def _with_three_beyond(rows: Iterable[Listed], up_to: int | None) -> Iterator[Listed]:
    """The statements up to a number and three after it: one that shows a gap before it, and its next two."""
    beyond = 0
    for row in rows:
        yield row
        beyond += up_to is not None and row.number > up_to
        if beyond == 3:  # noqa: PLR2004 - itself and two
            return


def _with_next_two(
    slots: Iterable[StatementSlot],
) -> Iterator[tuple[StatementSlot, StatementSlot | None, StatementSlot | None]]:
    """Every slot with the two after it; None where the listing ends."""
    window: deque[StatementSlot] = deque()
    for slot in slots:
        window.append(slot)
        if len(window) == 3:  # noqa: PLR2004 - itself and two
            yield window[0], window[1], window[2]
            window.popleft()
    while window:
        slot = window.popleft()
        yield slot, window[0] if window else None, window[1] if len(window) > 1 else None
