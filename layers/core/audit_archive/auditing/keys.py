"""Which keys count: those that the chain names, each from there on, and those that the caller trusts.

A checkpoint covers the whole chain before it. So where the newest good one is by a key that the caller
trusts, every key that the chain names is vouched for; where it is not, that is a fault. Without any key of
the caller's the archive's own word is all there is, and the report says so.
"""

from collections import Counter
from collections.abc import Iterable

from audit_archive.domain.public_keys import PublicKey, SignatureCheck
from audit_archive.domain.statement import Statement, key_named_by
from audit_archive.domain.verdicts import KeyUse


class Keys:
    """The keys that count at one statement after another, and how many checkpoints were good under each."""

    def __init__(self, trusted: Iterable[PublicKey], is_signed: SignatureCheck) -> None:
        self.trusted = frozenset(trusted)
        self.is_signed = is_signed
        self._named: PublicKey | None = None
        self._good: Counter[PublicKey] = Counter(dict.fromkeys(self.trusted, 0))

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
