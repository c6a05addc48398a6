"""What a statement's hash can be held against: the next one, the ledger, signatures, what others keep."""

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

# What others say of a statement's hash, and what follows if they contradict it. Pure.


@dataclass(frozen=True)
class Word:
    """Somebody's word on a statement: its SHA-256 (hex), its version id if they know it, and who says so."""

    by: str
    sha256: str
    version_id: str | None = None


def judge(sha256: str, version_id: str | None, words: Sequence[Word]) -> tuple[Verdict, str] | None:
    """The verdict on a statement of this hash and version, and a clause that gives the reason; None: good.

    Other bytes in the same version, or in a copy: altered. Another version in its place, or one that some
    confirm and others contradict: forked, for then there are two statements of one number.
    """
    against = [word for word in words if word.sha256 != sha256]
    if not against:
        moved = next((w for w in words if not _is_same(version_id, w.version_id)), None)
        return (Verdict.FORKED, f"is another version than {moved.by} names") if moved else None
    word = against[0]
    clause = f"has the SHA-256 {sha256}, but {word.by} names {word.sha256}"
    agreeing = [w.by for w in words if w.sha256 == sha256]
    if agreeing:
        return Verdict.FORKED, f"{clause} (while {agreeing[0]} agrees with it)"
    is_forked = not _is_same(version_id, word.version_id)
    return (Verdict.FORKED if is_forked else Verdict.ALTERED), clause


def _is_same(found: str | None, named: str | None) -> bool:
    """Whether two version ids may be one's; one that nobody knows may be any."""
    return not found or not named or found == named


LEDGER = "the ledger"


class References:
    """Everybody's word on the statements of one chain."""

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

    def choose(self, row: StatementSlot, after: StatementSlot | None) -> Copy | None:
        """The version of a statement that others name; if nobody names any, the oldest."""
        if len(row.copies) < 2:  # noqa: PLR2004 - there is no choice
            return _oldest(row)
        oldest = row.copies[0]
        words = self._named_by(after, row, oldest) + self._outside(row, oldest)
        named = {word.sha256 for word in words}
        return next((copy for copy in row.copies if copy.sha256 in named), oldest)

    def words(
        self,
        row: StatementSlot,
        copy: Copy,
        after: StatementSlot | None,
        last: StatementSlot | None,
        is_odd: Callable[[], bool],
    ) -> list[Word]:
        """Every word on a statement. `is_odd`: whether it does not fit what is before it.

        That of the next one counts if it agrees, if somebody confirms the next one itself and nobody
        contradicts it, or if this one is odd: else it may as well be the next one that is altered.
        """
        words, following = self._outside(row, copy), self._named_by(after, row, copy)
        is_agreed = any(word.sha256 == copy.sha256 for word in following)
        if following and (is_agreed or self._is_confirmed(after, last) or is_odd()):
            return following + words
        return words

    def saw(self, said: Statement, sha256: str) -> None:
        """Note that a statement is in the chain."""
        self._found |= {point: said.tree for point in self._points if point.sha256 == sha256}

    def finish(self, tally: AuditTally, newest: Head, number: int) -> None:
        """Note what is known from elsewhere, and was not found in the chain, which ends at a number."""
        first = number + 1
        key = statement_key(self._console, first)
        beyond = max(self._points, key=lambda point: point.seq or 0, default=None)
        if beyond is not None and (beyond.seq or 0) >= first:
            more = f", and so are those after it up to {beyond.seq}" if beyond.seq != first else ""
            sentence = f"{key} is missing{more}: {beyond.by} knows statement {beyond.seq}"
            tally.fault(Fault(Verdict.MISSING, key, None, first, sentence))
        for point in self._points:
            if point not in self._found and point.seq is None:
                tally.fault(_not_found(point, newest, key))
            elif point.checkpoint is not None and _tree(point.checkpoint) != _tree(self._found[point]):
                tally.fault(_other_history(point.by, point.checkpoint, newest))

    def _is_confirmed(self, row: StatementSlot | None, after: StatementSlot | None) -> bool:
        copy = _oldest(row)
        if row is None or copy is None:
            return False
        words = self._outside(row, copy) + self._named_by(after, row, copy)
        return bool(words) and all(word.sha256 == copy.sha256 for word in words)

    def _named_by(self, after: StatementSlot | None, row: StatementSlot, copy: Copy) -> list[Word]:
        """What the next statement says of the one before it.

        One that was moved here from elsewhere speaks of another, unless this one was moved with it.
        """
        following = _oldest(after)
        if after is None or after.number != row.number + 1 or following is None:
            return []
        next_said, said = following.statement, copy.statement
        before = {row.number, said.seq} if said is not None else {row.number}
        if next_said is None or next_said.previous is None or next_said.seq - 1 not in before:
            return []
        previous = next_said.previous
        return [Word(f"statement {after.number}", previous.sha256, previous.version_id)]

    def _outside(self, row: StatementSlot, copy: Copy) -> list[Word]:
        """What everybody else says of it."""
        here = [point for point in self._points if point.seq == row.number]
        words = [Word(point.by, point.sha256, point.version_id) for point in here]
        checkpoint = self._signatures.peek(row, copy)
        signed = checkpoint.statement_sha256 if checkpoint is not None else copy.sha256
        if checkpoint is not None and (signed == copy.sha256 or not self._signatures.has_seen(signed)):
            words.append(Word("its signed checkpoint", signed))
        checksum = copy.stored.facts.sha256 if copy.stored.facts is not None else None
        if checksum is not None and checksum != copy.sha256:
            words.append(Word("the bucket's own checksum", checksum))
        return words


def _oldest(row: StatementSlot | None) -> Copy | None:
    return row.copies[0] if row is not None and row.copies else None


def _tree(of: Checkpoint | Tree) -> tuple[int, str]:
    return of.size, of.root


def _not_found(point: KnownPoint, newest: Head, key: str) -> Fault:
    """A statement that somebody keeps the hash of, and that is not there: cut off, or replaced."""
    known = point.checkpoint
    if known is not None and known.size <= newest.tree.size:
        return _other_history(point.by, known, newest)
    more = (
        f" over {known.size} entries, and the chain ends at {newest.tree.size}" if known is not None else ""
    )
    sentence = f"{key} is missing, or one before it was replaced: {point.by} knows {point.sha256}{more}"
    return Fault(Verdict.MISSING, key, None, newest.seq + 1, sentence)


def _other_history(by: str, known: Checkpoint, newest: Head) -> Fault:
    key = statement_key(newest.console, newest.seq)
    sentence = f"{key} ends another history than the one that {by} is over, of {known.size} entries"
    return Fault(Verdict.FORKED, key, None, newest.seq, sentence)
