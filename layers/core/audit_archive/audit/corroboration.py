"""References to a statement: its SHA-256, as the next statement, the ledger or a checkpoint names it.

An attacker who replaces a statement must also replace every reference to it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audit_archive.audit.question import Audit, AuditQuestion, KnownPoint
from audit_archive.audit.rows import Copy, StatementSlot
from audit_archive.audit.signatures import Signatures
from audit_archive.audit.tally import AuditTally
from audit_archive.format.checkpoint import Checkpoint
from audit_archive.format.head import Head
from audit_archive.format.layout import statement_key
from audit_archive.format.merkle import Tree
from audit_archive.format.statement import Statement
from audit_archive.format.verdicts import Fault, Verdict

LEDGER = "the ledger"


@dataclass(frozen=True)
class Reference:
    """One reference to a statement: its SHA-256 (hex), its version id if known, and who names it (`by`)."""

    by: str
    sha256: str
    version_id: str | None = None


def judge_references(
    sha256: str, version_id: str | None, references: Sequence[Reference]
) -> tuple[Verdict, str] | None:
    """The verdict on a statement of this hash and version id, and the reason in a clause; None: no fault.

    Altered: the named version, or the file of a copy, has other bytes. Forked: there are two statements of
    one number, since a reference names another version, or two references contradict each other.
    """
    against = [reference for reference in references if reference.sha256 != sha256]
    if not against:
        other = next((each for each in references if not _is_same(version_id, each.version_id)), None)
        if other is None:
            return None
        return Verdict.FORKED, f"is version {version_id}, but {other.by} names version {other.version_id}"
    reference = against[0]
    contradiction = f"but {reference.by} names {reference.sha256}"
    agreeing = [each.by for each in references if each.sha256 == sha256]
    if agreeing:
        return Verdict.FORKED, f"has the SHA-256 {sha256} that {agreeing[0]} names, {contradiction}"
    is_forked = not _is_same(version_id, reference.version_id)
    verdict = Verdict.FORKED if is_forked else Verdict.ALTERED
    return verdict, f"has the SHA-256 {sha256}, {contradiction}"


def _is_same(found: str | None, named: str | None) -> bool:
    """Whether two version ids may be of one version. An unknown one may be of any."""
    return not found or not named or found == named


class References:
    """All references to the statements of one chain."""

    def __init__(self, audit: Audit, question: AuditQuestion, signatures: Signatures) -> None:
        self._console = question.console
        self._signatures = signatures
        self._points = question.known + ((question.since.point,) if question.since is not None else ())
        self.is_recorded = audit.is_recorded
        recorded = audit.recorded
        if recorded is not None and recorded.statement is not None:
            ref = recorded.statement
            self._points += (KnownPoint(LEDGER, ref.sha256, recorded.seq, ref.version_id),)
        self._found: dict[KnownPoint, Tree] = {}

    def choose(self, slot: StatementSlot, after: StatementSlot | None) -> Copy | None:
        """The version of a statement that a reference names; without a reference, the oldest."""
        if len(slot.copies) < 2:  # noqa: PLR2004 - nothing to choose from
            return _oldest(slot)
        oldest = slot.copies[0]
        references = self._named_by(after, slot, oldest) + self._outside(slot, oldest)
        named = {reference.sha256 for reference in references}
        return next((copy for copy in slot.copies if copy.sha256 in named), oldest)

    def find(
        self,
        slot: StatementSlot,
        copy: Copy,
        after: StatementSlot | None,
        last: StatementSlot | None,
        contradicts_state: Callable[[], bool],
    ) -> list[Reference]:
        """Every reference to a statement. `contradicts_state`: whether it does not fit the state before it.

        The reference in the next statement counts if it agrees. If it does not agree, either statement may
        be the altered one: then it counts only if other references confirm the next statement and none
        contradicts it, or if this statement contradicts the state before it.
        """
        references, following = self._outside(slot, copy), self._named_by(after, slot, copy)
        is_agreed = any(reference.sha256 == copy.sha256 for reference in following)
        if following and (is_agreed or self._is_confirmed(after, last) or contradicts_state()):
            return following + references
        return references

    def mark_found(self, statement: Statement, sha256: str) -> None:
        """Note that the chain contains a statement."""
        self._found |= {point: statement.tree for point in self._points if point.sha256 == sha256}

    def finish(self, tally: AuditTally, newest: Head, number: int) -> None:
        """Add a fault for each reference whose statement is not in the chain, which ends at `number`."""
        first = number + 1
        key = statement_key(self._console, first)
        beyond = max(self._points, key=lambda point: point.seq or 0, default=None)
        if beyond is not None and (beyond.seq or 0) >= first:
            more = f", and so is every statement up to {beyond.seq}" if beyond.seq != first else ""
            sentence = f"{key} is missing{more}: {beyond.by} names statement {beyond.seq}"
            tally.fault(Fault(Verdict.MISSING, key, None, first, sentence))
        for point in self._points:
            if point not in self._found and point.seq is None:
                tally.fault(_not_found(point, newest, key))
            elif point.checkpoint is not None and _tree(point.checkpoint) != _tree(self._found[point]):
                tally.fault(_two_histories(point.by, point.checkpoint, newest))

    def _is_confirmed(self, slot: StatementSlot | None, after: StatementSlot | None) -> bool:
        copy = _oldest(slot)
        if slot is None or copy is None:
            return False
        references = self._outside(slot, copy) + self._named_by(after, slot, copy)
        return bool(references) and all(reference.sha256 == copy.sha256 for reference in references)

    def _named_by(self, after: StatementSlot | None, slot: StatementSlot, copy: Copy) -> list[Reference]:
        """The reference in the next statement.

        If that one was moved here from elsewhere, it names a statement of its old place: it does not count,
        unless both were moved together.
        """
        following = _oldest(after)
        if after is None or after.number != slot.number + 1 or following is None:
            return []
        next_statement, statement = following.statement, copy.statement
        before = {slot.number, statement.seq} if statement is not None else {slot.number}
        if next_statement is None or next_statement.previous is None or next_statement.seq - 1 not in before:
            return []
        previous = next_statement.previous
        return [Reference(f"statement {after.number}", previous.sha256, previous.version_id)]

    def _outside(self, slot: StatementSlot, copy: Copy) -> list[Reference]:
        """The references from outside: what is kept elsewhere, the checkpoint, the bucket's checksum."""
        here = [point for point in self._points if point.seq == slot.number]
        references = [Reference(point.by, point.sha256, point.version_id) for point in here]
        checkpoint = self._signatures.peek(slot, copy)
        signed = checkpoint.statement_sha256 if checkpoint is not None else copy.sha256
        if checkpoint is not None and (signed == copy.sha256 or not self._signatures.has_seen(signed)):
            references.append(Reference("its signed checkpoint", signed))
        checksum = copy.stored.facts.sha256 if copy.stored.facts is not None else None
        if checksum is not None and checksum != copy.sha256:
            references.append(Reference("the bucket's own checksum", checksum))
        return references


def _oldest(slot: StatementSlot | None) -> Copy | None:
    return slot.copies[0] if slot is not None and slot.copies else None


def _tree(of: Checkpoint | Tree) -> tuple[int, str]:
    return of.size, of.root


def _not_found(point: KnownPoint, newest: Head, key: str) -> Fault:
    """The fault for a statement that is not in the chain: it was cut off, or replaced."""
    known = point.checkpoint
    if known is not None and known.size <= newest.tree.size:
        return _two_histories(point.by, known, newest)
    sentence = f"{key} is missing, or a statement before it was replaced: {point.by} names {point.sha256}"
    if known is not None:
        sentence += f", a statement over {known.size} entries, but the chain ends at {newest.tree.size}"
    return Fault(Verdict.MISSING, key, None, newest.seq + 1, sentence)


def _two_histories(by: str, known: Checkpoint, newest: Head) -> Fault:
    key = statement_key(newest.console, newest.seq)
    sentence = (
        f"the chain that ends with {key} does not lead through {by}, which is over {known.size} entries"
    )
    return Fault(Verdict.FORKED, key, None, newest.seq, sentence)
