"""Signed checkpoints: each beside its statement, over that very one, and good under the key that counts."""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from audit_archive.audit.rows import Copy, StatementSlot
from audit_archive.audit.tally import AuditTally
from audit_archive.format.checkpoint import Checkpoint, open_checkpoint, parse_note
from audit_archive.format.keys import PublicKey, SignatureCheck
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.statement import Statement, key_named_by
from audit_archive.format.verdicts import AuditNote, Checked, Fault, KeyUse, Verdict, Why
from audit_archive.storage.chain import LoadedObject

# Which keys count: those that the chain names, each from there on, and those that the caller trusts.
#
# A checkpoint covers the whole chain before it. So where the newest good one is by a key that the caller
# trusts, every key that the chain names is vouched for; where it is not, that is a fault. Without any key of
# the caller's the archive's own word is all there is, and the report says so.


class Keys:
    """The keys that count at one statement after another, and how many checkpoints were good under each."""

    def __init__(self, trusted: Iterable[PublicKey], is_signed: SignatureCheck) -> None:
        self.trusted = frozenset(trusted)
        self.is_signed = is_signed
        self._named: PublicKey | None = None
        self._good: Counter[PublicKey] = Counter(dict.fromkeys(self.trusted, 0))

    @property
    def known(self) -> tuple[PublicKey, ...]:
        """All keys known by now: those that the caller trusts, and those that the chain has named."""
        return tuple(self._good)

    def copy(self) -> "Keys":
        """All keys known by now, as trusted ones, and their uses not counted."""
        return Keys(self._good, self.is_signed)

    def learn(self, said: Statement) -> bool:
        """Take note of the key that a statement of the chain names; whether it names another than before."""
        key = key_named_by(said)
        if key is None or key == self._named:
            return False
        self._named = key
        self._good.setdefault(key, 0)
        return True

    def counting(self, said: Statement) -> tuple[PublicKey, ...]:
        """The keys of which one must have signed a statement's checkpoint.

        The one that it names, or that the chain named last; where nobody knows which that is, those that the
        caller trusts.
        """
        named = key_named_by(said) or self._named
        return (named,) if named is not None else tuple(self.trusted)

    def count(self, key: PublicKey) -> None:
        """Note that a checkpoint is good under a key."""
        self._good[key] += 1

    @property
    def uses(self) -> tuple[KeyUse, ...]:
        """Every key that counts somewhere, and its use."""
        by_id = sorted(self._good, key=lambda key: key.key_id)
        return tuple(KeyUse(key.key_id.hex(), self._good[key]) for key in by_id)


@dataclass(frozen=True)
class Opened:
    """What a note is under the keys that count: a checkpoint by one of them, or the reason why not.

    `verdict`: None if it is one.
    """

    keys: tuple[PublicKey, ...]
    checkpoint: Checkpoint | None = None
    signer: PublicKey | None = None
    verdict: Verdict | None = None
    why: str = ""


class Signatures:
    """Judges the checkpoints of one chain, in order of their statements. Memory: 8 bytes a statement."""

    def __init__(self, console: str, keys: Keys, tally: AuditTally) -> None:
        self._console = console
        self._keys = keys
        self._tally = tally
        self._seen = array("Q")
        self._opened: dict[int, Opened] = {}
        self._unsigned: tuple[int, int] | None = None
        self._absent: list[int] = []
        self._newest: tuple[str, PublicKey] | None = None

    def has_seen(self, sha256: str) -> bool:
        """Whether a statement of this hash came before."""
        return _prefix(sha256) in self._seen

    def peek(self, row: StatementSlot, copy: Copy) -> Checkpoint | None:
        """The checkpoint beside a statement, if it is good under the key that counts there."""
        if row.checkpoint is None or row.checkpoint.verdict is not None or copy.statement is None:
            return None
        return self._open(row.number, row.checkpoint, copy.statement).checkpoint

    def judge(
        self, row: StatementSlot, said: Statement, sha256: str, *, is_due: bool, is_recorded: bool
    ) -> None:
        """Judge the checkpoint of a statement of the chain. `is_due`: signing has begun."""
        self._seen.append(_prefix(sha256))
        note = row.checkpoint
        opened = self._open(row.number, note, said) if note is not None and note.verdict is None else None
        if self._keys.learn(said):
            self._excuse()
        if note is not None and opened is not None:
            self._blame()
            self._judge(row.number, said, sha256, note, opened, is_due=is_due)
        elif note is not None and note.verdict != Verdict.MISSING:
            self._fault(Verdict.ALTERED, note, row.number, "reads back damaged")
        elif not is_due:
            self._unsigned = (self._unsigned[0] if self._unsigned else row.number, row.number)
        elif not is_recorded:
            self._tally.skip(Checked.CHECKPOINTS, Why.UNRECORDED)
        else:
            self._absent.append(row.number)
        self._opened.pop(row.number, None)

    def finish(self, newest: int) -> None:
        """Judge what could not be judged before the whole chain was read, which ends at a number."""
        self._blame()
        if self._unsigned is not None:
            first, last = self._unsigned
            self._note(last, f"Statements {first} to {last} are not signed: signing had not begun")
        if not self._keys.trusted:
            return
        key, signer = self._newest or (statement_key(self._console, newest), None)
        if signer not in self._keys.trusted:
            sentence = f"{key}: the newest good checkpoint is not by a key that you trust, or there is none"
            self._tally.fault(Fault(Verdict.UNSIGNED, key, None, newest, sentence))

    def _open(self, number: int, note: LoadedObject, said: Statement) -> Opened:
        keys = self._keys.counting(said)
        known = self._opened.get(number)
        if known is None or known.keys != keys:
            known = self._opened[number] = self._opened_by(keys, note, said)
        return known

    def _opened_by(self, keys: tuple[PublicKey, ...], note: LoadedObject, said: Statement) -> Opened:
        try:
            ids = {signature.key_id for signature in parse_note(note.data).signatures}
            signer = next((key for key in keys if key.key_id in ids), None)
            if signer is None:
                why = "is not signed by the key that counts here"
                return Opened(keys, verdict=Verdict.UNSIGNED, why=why)
            checkpoint = open_checkpoint(note.data, said.console, [signer], self._keys.is_signed)
        except ValueError as error:
            return Opened(keys, verdict=Verdict.ALTERED, why=f"is no signed checkpoint: {error}")
        return Opened(keys, checkpoint, signer)

    def _judge(
        self, number: int, said: Statement, sha256: str, note: LoadedObject, opened: Opened, *, is_due: bool
    ) -> None:
        found = opened.checkpoint
        if found is None or opened.signer is None:
            if opened.verdict == Verdict.UNSIGNED and not is_due:
                sentence = f"{note.key} is by an unknown key, of an archive that had not begun to sign"
                self._tally.note(AuditNote(Verdict.ORPHANED, note.key, number, sentence))
            elif opened.verdict == Verdict.UNSIGNED:
                told = Fault(Verdict.UNSIGNED, note.key, None, number, f"{note.key} {opened.why}")
                self._tally.fault_in_a_row(told)
            else:
                self._fault(Verdict.ALTERED, note, number, opened.why)
        elif found.statement_sha256 != sha256:
            # One of a statement not seen so far speaks against this statement, and was told as such.
            if self.has_seen(found.statement_sha256):
                self._fault(Verdict.MISDESCRIBED, note, number, "is over an earlier statement")
        elif (found.size, found.root) != (said.tree.size, said.tree.root):
            self._fault(Verdict.MISDESCRIBED, note, number, "is over another tree than is stated")
        else:
            self._keys.count(opened.signer)
            self._tally.checked[Checked.CHECKPOINTS] += 1
            self._newest = note.key, opened.signer

    def _excuse(self) -> None:
        """A new key is named: what a dead run left unsigned before, nobody could sign with the old one."""
        if self._absent:
            first, last = self._absent[0], self._absent[-1]
            self._note(last, f"Statements {first} to {last} are not signed: the key was replaced after them")
            self._absent.clear()

    def _blame(self) -> None:
        for number in self._absent:
            key = checkpoint_key(self._console, number)
            sentence = f"{key} is missing: signing had begun before statement {number}"
            self._tally.fault_in_a_row(Fault(Verdict.UNSIGNED, key, None, number, sentence))
        self._absent.clear()

    def _note(self, number: int, sentence: str) -> None:
        self._tally.note(AuditNote(Verdict.UNSIGNED, statement_key(self._console, number), number, sentence))

    def _fault(self, verdict: Verdict, note: LoadedObject, number: int, clause: str) -> None:
        self._tally.fault(Fault(verdict, note.key, note.version_id, number, f"{note.key} {clause}"))


def _prefix(sha256: str) -> int:
    return int(sha256[:16], 16)
