"""Which keys count: the caller's, and those that the chain names.

A checkpoint covers the whole chain before it. So where the newest good one is by a key that the caller
trusts, every key that the chain names is vouched for; where it is not, that is a fault. Without any key of
the caller's the archive's own word is all there is, and the report says so.
"""

from collections import Counter
from collections.abc import Iterable

from audit_archive.domain.base64_text import from_base64
from audit_archive.domain.checkpoint import Checkpoint, open_checkpoint
from audit_archive.domain.facts import Action
from audit_archive.domain.notes import parse_note
from audit_archive.domain.public_keys import PublicKey, SignatureCheck
from audit_archive.domain.statement import OperatorStatement, Statement
from audit_archive.domain.verdicts import KeyUse


class UnknownKeyError(Exception):
    """A checkpoint that is signed by no key that counts so far."""


class Keys:
    """The keys that count, and how many checkpoints were found good under each."""

    def __init__(self, trusted: Iterable[PublicKey], is_signed: SignatureCheck) -> None:
        self.trusted = frozenset(trusted)
        self._is_signed = is_signed
        self._by_id = {key.key_id: key for key in self.trusted}
        self._good: Counter[PublicKey] = Counter()

    def copy(self) -> "Keys":
        """The same keys, trusted, and their uses not counted."""
        return Keys(self._by_id.values(), self._is_signed)

    def learn(self, said: Statement) -> bool:
        """Take note of the key that a statement of the chain names; whether it is a new one."""
        key = key_of(said)
        if key is None or key in self._by_id.values():
            return False
        self._by_id.setdefault(key.key_id, key)
        return True

    def open(self, note: bytes, console: str) -> tuple[Checkpoint, frozenset[PublicKey]]:
        """The checkpoint in a note, and whose signatures it bears.

        Raises ValueError if it is false or none, UnknownKeyError if it is signed by no key that counts.
        """
        signers = self._signers(note)
        if not signers:
            raise UnknownKeyError
        return open_checkpoint(note, console, signers, self._is_signed), signers

    def count(self, signers: Iterable[PublicKey]) -> None:
        """Note that a checkpoint of theirs is good."""
        self._good.update(signers)

    @property
    def uses(self) -> tuple[KeyUse, ...]:
        """Every key that counts, and its use."""
        return tuple(KeyUse(key_id.hex(), self._good[key]) for key_id, key in sorted(self._by_id.items()))

    def _signers(self, note: bytes) -> frozenset[PublicKey]:
        ids = {signature.key_id for signature in parse_note(note).signatures}
        return frozenset(self._by_id[key_id] for key_id in ids & self._by_id.keys())


def key_of(said: Statement) -> PublicKey | None:
    """The key that a statement names; None if it names none that can be one."""
    if not isinstance(said, OperatorStatement) or said.action != Action.KEY or said.public_key is None:
        return None
    try:
        return PublicKey(from_base64(said.public_key))
    except ValueError:
        return None
