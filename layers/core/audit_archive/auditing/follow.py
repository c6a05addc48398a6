"""One step along a chain: whether a statement follows the one before it, and the state after it."""

from dataclasses import dataclass, replace

from audit_archive.auditing.load import Copy, Row
from audit_archive.auditing.locks import Promise, check_lock, of_a_statement, promise_of
from audit_archive.auditing.references import References
from audit_archive.auditing.signatures import Signatures
from audit_archive.auditing.tally import Tally
from audit_archive.domain.continuity import misfits
from audit_archive.domain.facts import Action, ObjectRef
from audit_archive.domain.head import Head
from audit_archive.domain.head_digest import HEAD_FORMAT, head_sha256
from audit_archive.domain.statement import ArchiveStatement, OperatorStatement, Statement
from audit_archive.domain.tree import TreeBuilder
from audit_archive.domain.verdicts import Fault, Verdict


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

    def __init__(self, tally: Tally, references: References, signatures: Signatures) -> None:
        self._tally = tally
        self._references = references
        self._signatures = signatures

    def follow(
        self, point: Point, row: Row, copy: Copy, said: Statement, *, is_confirmed: bool
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
                check_lock(self._tally, stored.facts, promise, row.number)
        is_signing = point.is_signing or head.public_key is not None
        is_recorded = self._references.is_recorded(said)
        self._signatures.judge(row, said, copy.sha256, is_due=is_signing, is_recorded=is_recorded)
        self._references.saw(said, copy.sha256)
        self._tally.checked["statements"] += 1
        knows_holes = _is_epoch(said) or (before.knows_holes and before.head is not None)
        after = Point(row.number, head, knows_holes, knows_all, is_signing=is_signing, lock=lock)
        return Step(said, ref, before, after)

    def _is_link_whole(self, point: Point, row: Row, copy: Copy, said: Statement) -> bool:
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
        self, before: Point, row: Row, copy: Copy, said: Statement, ref: ObjectRef
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

    def _fault(self, row: Row, copy: Copy, verdict: str, clause: str) -> None:
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
