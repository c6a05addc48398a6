"""A finding: something that a person must look at now."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any


@dataclass(frozen=True)
class Finding:
    """Something that a person must look at now: its kind, in one sentence, and the facts."""

    kind: str
    console: str
    sentence: str
    facts: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """By what a finding is known again: the same thing said in the same words."""
        return sha256(f"{self.kind}\n{self.sentence}".encode()).hexdigest()
