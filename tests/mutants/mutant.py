"""A mutant: the product with one safety rule taken out."""

import ast
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = Path("layers/core/audit_archive")


class ListError(Exception):
    """The list is wrong about a mutant: whatever became of it would prove nothing."""


@dataclass(frozen=True)
class Mutant:
    """One safety rule, and how to take it out of the code.

    `rule`: what holds as long as the rule is there. `file`: a module or a script of the product, which holds
    `text` exactly once; `replacement` stands in its place. `suspect`: the test that should notice, or the
    file of tests where there are only fast ones.
    """

    name: str
    rule: str
    file: str
    text: str
    replacement: str
    suspect: str

    @property
    def path(self) -> Path:
        """The module, from the repository's root."""
        return PRODUCT / self.file

    def of(self, source: str) -> str:
        """The module's source without the rule. Raises ListError if that is not what comes out."""
        times = source.count(self.text)
        if times != 1:
            raise ListError(f"{self.name}: {self.path} holds its text {times} times, not once: {self.text!r}")
        mutated = source.replace(self.text, self.replacement)
        try:
            if self.path.suffix == ".py":
                ast.parse(mutated)
        except SyntaxError as error:
            raise ListError(f"{self.name}: what it leaves of {self.path} is no Python: {error}") from error
        return mutated
