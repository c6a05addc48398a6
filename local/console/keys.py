"""API keys of the laptop Console: who may do what, and who sees what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Role = Literal["admin", "analyst", "read-only"]


@dataclass(frozen=True)
class Key:
    """What an API key stands for; never the key itself, so that it can be printed.

    `name` appears as the `user` of what the key does. `flock` limits what the key sees, and purges, to the
    entries with that `flock_id`.
    """

    name: str
    role: Role = "read-only"
    flock: str | None = None

    @property
    def may_purge(self) -> bool:
        """Only an admin may delete."""
        return self.role == "admin"


class Keyring:
    """Key values and what they stand for. Its repr shows no value."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys = {value: key for value, key in keys.items() if value}

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, value: str) -> Key | None:
        """The key with this value."""
        return self._keys.get(value)

    def set(self, value: str, key: Key) -> None:
        """Adds a key, or gives it another role."""
        self._keys[value] = key

    def revoke(self, value: str) -> None:
        """The key is no longer accepted."""
        self._keys.pop(value, None)
