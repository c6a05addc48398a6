"""Signed checkpoints: each must match the statement beside it, and be signed by the key in force.

The key in force is the one that the chain named last, up to and including the statement. A checkpoint covers
the whole chain before it. So if the newest valid checkpoint is signed by a key that the caller trusts, every
key that the chain names is vouched for. If it is not, that is a fault. If the caller trusts no key, only the
archive itself vouches for its keys, and the report says so.
"""

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


class Keys:
    """The keys in force at one statement after another, and how many checkpoints are valid under each key."""

    def __init__(self, trusted: Iterable[PublicKey], is_signed: SignatureCheck) -> None:
        self.trusted = frozenset(trusted)
        self.is_signed = is_signed
        self._named: PublicKey | None = None
        self._valid: Counter[PublicKey] = Counter(dict.fromkeys(self.trusted, 0))

    @property
    def known(self) -> tuple[PublicKey, ...]:
        """All keys known by now: those that the caller trusts, and those that the chain has named."""
        return tuple(self._valid)

    def put_in_force(self, key: PublicKey) -> None:
        """Begin where the chain has named a key already."""
        self._named = key
        self._valid.setdefault(key, 0)

    def add(self, other: "Keys") -> None:
        """Add the keys and the counts of another walk."""
        self._valid.update(other._valid)

    def copy(self) -> "Keys":
        """New keys for a second walk: all keys known by now are trusted, and no use is counted yet."""
        return Keys(self._valid, self.is_signed)

    def learn(self, statement: Statement) -> bool:
        """Put the key that a statement names in force. Returns whether that changes the key in force."""
        key = key_named_by(statement)
        if key is None or key == self._named:
            return False
        self._named = key
        self._valid.setdefault(key, 0)
        return True

    def in_force(self, statement: Statement) -> tuple[PublicKey, ...]:
        """The keys of which one must have signed a statement's checkpoint.

        It is the key that the statement names, or that the chain named last. After a fault neither may be
        known: then it is any key that the caller trusts.
        """
        named = key_named_by(statement) or self._named
        return (named,) if named is not None else tuple(self.trusted)

    def count(self, key: PublicKey) -> None:
        """Count a checkpoint that is valid under a key."""
        self._valid[key] += 1

    @property
    def uses(self) -> tuple[KeyUse, ...]:
        """Every known key, and how many checkpoints are valid under it."""
        by_id = sorted(self._valid, key=lambda key: key.key_id)
        return tuple(KeyUse(key.key_id.hex(), self._valid[key]) for key in by_id)


@dataclass(frozen=True)
class OpenedNote:
    """A signed note, checked with the keys in force (`keys`).

    Either `checkpoint` and `signer` are set, or `verdict` and `why`: a clause that follows the note's key.
    """

    keys: tuple[PublicKey, ...]
    checkpoint: Checkpoint | None = None
    signer: PublicKey | None = None
    verdict: Verdict | None = None
    why: str = ""


class Signatures:
    """Checks the checkpoints of one chain, in the order of their statements. Memory: 8 bytes a statement."""

    def __init__(self, console: str, keys: Keys, tally: AuditTally) -> None:
        self._console = console
        self._keys = keys
        self._tally = tally
        self._seen = array("Q")
        self._opened: dict[int, OpenedNote] = {}
        self._unsigned: tuple[int, int] | None = None
        self._absent: list[int] = []
        self._newest: tuple[str, PublicKey] | None = None
        self._trusted_up_to = 0

    def has_seen(self, sha256: str) -> bool:
        """Whether the walk has passed a statement with this SHA-256 (hex)."""
        return _first_64_bits(sha256) in self._seen

    def peek(self, slot: StatementSlot, copy: Copy) -> Checkpoint | None:
        """The checkpoint beside a statement, if its signature is valid by the key in force there."""
        if slot.checkpoint is None or slot.checkpoint.verdict is not None or copy.statement is None:
            return None
        return self._open(slot.number, slot.checkpoint, copy.statement).checkpoint

    def judge(
        self, slot: StatementSlot, statement: Statement, sha256: str, *, is_due: bool, is_recorded: bool
    ) -> None:
        """Check the checkpoint of a statement of the chain. `is_due`: signing has begun."""
        self._seen.append(_first_64_bits(sha256))
        note = slot.checkpoint
        opened = (
            self._open(slot.number, note, statement) if note is not None and note.verdict is None else None
        )
        if self._keys.learn(statement):
            self._add_absent_note()
        if note is not None and opened is not None:
            self._add_absent_faults()
            self._judge(slot.number, statement, sha256, note, opened, is_due=is_due)
        elif note is not None and note.verdict != Verdict.MISSING:
            self._fault(Verdict.ALTERED, note, slot.number, "can't be read back whole")
        elif not is_due:
            self._unsigned = (self._unsigned[0] if self._unsigned else slot.number, slot.number)
        elif not is_recorded:
            self._tally.skip(Checked.CHECKPOINTS, Why.UNRECORDED)
        else:
            self._absent.append(slot.number)
        self._opened.pop(slot.number, None)

    @property
    def unsettled(self) -> int | None:
        """The lowest statement without a checkpoint of which only a later one shows whether that is right."""
        return self._absent[0] if self._absent else None

    def finish(self, newest: int) -> None:
        """Add what is known only at the end of the chain. `newest`: the number of its last statement."""
        self._add_absent_faults()
        if self._unsigned is not None:
            first, last = self._unsigned
            self._note_unsigned(first, last, "signing had not begun")
        if not self._keys.trusted:
            return
        if self._newest is None:
            key = statement_key(self._console, newest)
            sentence = f"{key} is the newest statement, and no checkpoint of the chain is valid"
        else:
            key, signer = self._newest
            if signer in self._keys.trusted:
                return
            sentence = f"{key} is the newest valid checkpoint, and no key that you trust has signed it"
            if end := self._trusted_up_to:
                sentence += (
                    f". The chain is signed by your key up to statement {end}; from {end + 1} on signed by a "
                    f"key that was not given, {signer.key_id.hex()}: give that too, if you trust it"
                )
        self._tally.fault(Fault(Verdict.UNSIGNED, key, None, newest, sentence))

    def _open(self, number: int, note: LoadedObject, statement: Statement) -> OpenedNote:
        keys = self._keys.in_force(statement)
        known = self._opened.get(number)
        if known is None or known.keys != keys:
            known = self._opened[number] = self._opened_by(keys, note, statement)
        return known

    def _opened_by(self, keys: tuple[PublicKey, ...], note: LoadedObject, statement: Statement) -> OpenedNote:
        try:
            ids = {signature.key_id for signature in parse_note(note.data).signatures}
            signer = next((key for key in keys if key.key_id in ids), None)
            if signer is None:
                why = "is not signed by the key in force"
                return OpenedNote(keys, verdict=Verdict.UNSIGNED, why=why)
            checkpoint = open_checkpoint(note.data, statement.console, [signer], self._keys.is_signed)
        except ValueError as error:
            return OpenedNote(keys, verdict=Verdict.ALTERED, why=f"is not a valid signed checkpoint: {error}")
        return OpenedNote(keys, checkpoint, signer)

    def _judge(
        self,
        number: int,
        statement: Statement,
        sha256: str,
        note: LoadedObject,
        opened: OpenedNote,
        *,
        is_due: bool,
    ) -> None:
        found = opened.checkpoint
        if found is None or opened.signer is None:
            if opened.verdict == Verdict.UNSIGNED and not is_due:
                sentence = f"{note.key} is signed by an unknown key, and signing had not begun"
                self._tally.note(AuditNote(Verdict.ORPHANED, note.key, number, sentence))
            elif opened.verdict == Verdict.UNSIGNED:
                fault = Fault(Verdict.UNSIGNED, note.key, None, number, f"{note.key} {opened.why}")
                self._tally.consecutive_fault(fault)
            else:
                self._fault(Verdict.ALTERED, note, number, opened.why)
        elif found.statement_sha256 != sha256:
            # If it names a statement that was not passed yet, it contradicts this one: the walk reports that.
            if self.has_seen(found.statement_sha256):
                self._fault(Verdict.MISDESCRIBED, note, number, "is the checkpoint of an earlier statement")
        elif (found.size, found.root) != (statement.tree.size, statement.tree.root):
            self._fault(Verdict.MISDESCRIBED, note, number, "has a tree that does not match its statement")
        else:
            self._keys.count(opened.signer)
            self._tally.checked[Checked.CHECKPOINTS] += 1
            self._newest = note.key, opened.signer
            if opened.signer in self._keys.trusted:
                self._trusted_up_to = number

    def _add_absent_note(self) -> None:
        """Add a note for absent checkpoints right before a new key.

        A run that died left them out, and the run after it no longer had the old key to sign them.
        """
        if self._absent:
            first, last = self._absent[0], self._absent[-1]
            self._note_unsigned(first, last, "the key was replaced after that")
            self._absent.clear()

    def _add_absent_faults(self) -> None:
        for number in self._absent:
            key = checkpoint_key(self._console, number)
            sentence = f"{key} is missing: signing had begun before statement {number}"
            self._tally.consecutive_fault(Fault(Verdict.UNSIGNED, key, None, number, sentence))
        self._absent.clear()

    def _note_unsigned(self, first: int, last: int, why: str) -> None:
        subject = f"Statement {last} is" if first == last else f"Statements {first} to {last} are"
        key = statement_key(self._console, last)
        self._tally.note(AuditNote(Verdict.UNSIGNED, key, last, f"{subject} not signed: {why}"))

    def _fault(self, verdict: Verdict, note: LoadedObject, number: int, clause: str) -> None:
        self._tally.fault(Fault(verdict, note.key, note.version_id, number, f"{note.key} {clause}"))


def _first_64_bits(sha256: str) -> int:
    return int(sha256[:16], 16)
