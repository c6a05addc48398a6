"""A mutant: the product with one safety rule taken out."""

import ast
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
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
        if self.path.suffix == ".py" and not self._leaves_its_statements_whole(source):
            try:
                ast.parse(mutated)
            except SyntaxError as error:
                why = f"what it leaves of {self.path} is no Python: {error}"
                raise ListError(f"{self.name}: {why}") from error
        return mutated

    def _leaves_its_statements_whole(self, source: str) -> bool:
        """Whether the statements of the module that it touches are still some. All the others are, so the
        module need not be parsed: there are hundreds of mutants, and most modules are long.
        """
        start = source.index(self.text)
        end = start + len(self.text)
        cuts = _statements(source)
        after = bisect_right(cuts, end)
        first, last = cuts[bisect_right(cuts, start) - 1], cuts[after] if after < len(cuts) else len(source)
        try:
            ast.parse(source[first:start] + self.replacement + source[end:last])
        except SyntaxError:
            return False
        return True


@cache
def _statements(source: str) -> list[int]:
    """Where the statements of a module begin; the first one at 0, with what comes before it."""
    lines = [0, *accumulate(len(line) + 1 for line in source.split("\n"))]
    firsts = (
        min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
        for node in ast.parse(source).body
    )
    return sorted({0, *(lines[first - 1] for first in firsts)})
