"""Signed checkpoints: each beside its statement, over that very one, and good under a key that counts."""

from array import array
from collections import deque
from dataclasses import dataclass

from audit_archive.auditing.keys import Keys, UnknownKeyError
from audit_archive.auditing.load import Row, Stored
from audit_archive.auditing.tally import Tally
from audit_archive.domain.checkpoint import Checkpoint
from audit_archive.domain.layout import checkpoint_key
from audit_archive.domain.public_keys import PublicKey
from audit_archive.domain.statement import Statement
from audit_archive.domain.verdicts import Fault, Note, Verdict, Why

MAX_PENDING = 1000
"""Checkpoints by an unknown key that wait for a statement that names it: what a run left unsigned that died
is signed by the next, which may have a new key and state it only then."""


@dataclass(frozen=True)
class Judged:
    """A statement whose checkpoint is looked at, its hash, and whether signing had begun with it."""

    said: Statement
    sha256: str
    note: Stored
    is_due: bool


class Signatures:
    """Judges the checkpoints of one chain, in order of their statements. Memory: 8 bytes a statement."""

    def __init__(self, keys: Keys, tally: Tally) -> None:
        self._keys = keys
        self._seen = array("Q")
        self._peeked: dict[int, Checkpoint | None] = {}
        self._tally = tally
        self._pending: deque[Judged] = deque()
        self._unsigned: list[int] = []
        self._newest_good: tuple[int, str, frozenset[PublicKey]] = (0, "", frozenset())

    def has_seen(self, sha256: str) -> bool:
        """Whether a statement of this hash came before."""
        return _prefix(sha256) in self._seen

    def peek(self, row: Row, console: str) -> Checkpoint | None:
        """The checkpoint beside a statement, if it is good under a key that counts so far."""
        if row.checkpoint is None or row.checkpoint.verdict is not None:
            return None
        if row.number not in self._peeked:
            try:
                self._peeked[row.number] = self._keys.open(row.checkpoint.data, console)[0]
            except (ValueError, UnknownKeyError):
                self._peeked[row.number] = None
        return self._peeked[row.number]

    def judge(self, row: Row, said: Statement, sha256: str, *, is_due: bool, is_recorded: bool) -> None:
        """Judge the checkpoint of a statement of the chain. `is_due`: signing has begun."""
        self._peeked.pop(row.number, None)
        self._seen.append(_prefix(sha256))
        if self._keys.learn(said):
            waiting, self._pending = self._pending, deque()
            for each in waiting:
                self._open(each)
        note = row.checkpoint
        if note is not None and note.verdict is None:
            self._open(Judged(said, sha256, note, is_due))
        elif note is not None and note.verdict != Verdict.MISSING:
            self._false(note, said, "reads back damaged")
        elif not is_due:
            self._unsigned = [*self._unsigned[:1], said.seq]
        elif not is_recorded:
            self._tally.skip("checkpoints", Why.UNRECORDED)
        else:
            self._absent(said)

    def finish(self, newest_key: str, newest_seq: int) -> None:
        """Judge what could not be judged before the whole chain was read."""
        for each in self._pending:
            self._unknown(each)
        if self._unsigned:
            first, last = self._unsigned[0], self._unsigned[-1]
            sentence = f"The statements from {first} to {last} are not signed: signing had not begun"
            self._tally.note(Note(Verdict.UNSIGNED, newest_key, last, sentence))
        if not self._keys.trusted:
            return
        seq, key, signers = self._newest_good
        if not seq:
            sentence = (
                f"{newest_key} and the statements before it bear no good signature by a key that you trust"
            )
            self._tally.fault(Fault(Verdict.UNSIGNED, newest_key, None, newest_seq, sentence))
        elif not signers & self._keys.trusted:
            sentence = f"{key}, the newest good checkpoint, is not signed by a key that you trust"
            self._tally.fault(Fault(Verdict.UNSIGNED, key, None, seq, sentence))

    def _open(self, it: Judged) -> None:
        try:
            found, signers = self._keys.open(it.note.data, it.said.console)
        except UnknownKeyError:
            self._pending.append(it)
            if len(self._pending) > MAX_PENDING:
                self._unknown(self._pending.popleft())
            return
        except ValueError as error:
            self._false(it.note, it.said, f"is no signed checkpoint: {error}")
            return
        if found.statement_sha256 != it.sha256:
            if self.has_seen(found.statement_sha256):
                self._fault(
                    Verdict.MISDESCRIBED, it.note, it.said, f"{it.note.key} is of an earlier statement"
                )
            return  # else it is told already: it is a word against the statement
        if (found.size, found.root) != (it.said.tree.size, it.said.tree.root):
            sentence = f"{it.note.key} is over another tree than statement {it.said.seq} has"
            self._fault(Verdict.MISDESCRIBED, it.note, it.said, sentence)
            return
        self._keys.count(signers)
        self._tally.checked["checkpoints"] += 1
        if it.said.seq > self._newest_good[0]:
            self._newest_good = (it.said.seq, it.note.key, signers)

    def _absent(self, said: Statement) -> None:
        key = checkpoint_key(said.console, said.seq)
        sentence = f"{key} is missing: signing had begun before, and statement {said.seq} is not signed"
        self._tally.fault_in_a_row(Fault(Verdict.UNSIGNED, key, None, said.seq, sentence))

    def _unknown(self, it: Judged) -> None:
        key, seq = it.note.key, it.said.seq
        if it.is_due:
            sentence = f"{key} is signed by no key that you trust or the archive names"
            self._tally.fault_in_a_row(Fault(Verdict.UNSIGNED, key, it.note.version_id, seq, sentence))
        else:
            sentence = f"{key} is a checkpoint by an unknown key, of an archive that had not begun to sign"
            self._tally.note(Note(Verdict.ORPHANED, key, seq, sentence))

    def _false(self, note: Stored, said: Statement, why: str) -> None:
        self._fault(Verdict.ALTERED, note, said, f"{note.key} {why}")

    def _fault(self, verdict: str, note: Stored, said: Statement, sentence: str) -> None:
        self._tally.fault(Fault(verdict, note.key, note.version_id, said.seq, sentence))


def _prefix(sha256: str) -> int:
    return int(sha256[:16], 16)
