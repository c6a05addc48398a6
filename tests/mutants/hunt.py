"""The hunt: each mutant in a tree of its own, where its suspect, and if need be every test, looks for it."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TypeVar

from tests.mutants.mutant import ROOT, ListError, Mutant
from tests.mutants.suite import EVERYTHING, first_failure

T = TypeVar("T")
R = TypeVar("R")

SUSPECT_SECONDS, EVERYTHING_SECONDS = 600.0, 3600.0

_NOT_COPIED = shutil.ignore_patterns(".*")


@dataclass(frozen=True)
class Ending:
    """What became of a mutant: the test that killed it (None: it survived), or why nobody can tell."""

    mutant: Mutant
    killer: str | None
    problem: str | None = None

    @property
    def survived(self) -> bool:
        """Whether no test noticed."""
        return self.killer is None and self.problem is None


class Hunt:
    """A copy of the working tree, `pristine`, that mutants are made from."""

    def __init__(self, pristine: Path, everything: Sequence[str] = EVERYTHING) -> None:
        self.pristine = pristine
        self._everything = everything
        self._lock = Lock()

    def check_suspects(self, mutants: Sequence[Mutant], jobs: int) -> None:
        """Raise ListError unless every suspect passes where nothing was taken out."""
        suspects = dict.fromkeys(mutant.suspect for mutant in mutants)
        for failing in _each(self._failure_of, suspects, jobs):
            if failing is not None:
                raise ListError(f"{failing} fails though nothing was taken out")

    def endings(self, mutants: Sequence[Mutant], jobs: int) -> Iterator[Ending]:
        """What became of each, in order, as soon as it is known."""
        yield from _each(self.ending, mutants, jobs)

    def ending(self, mutant: Mutant) -> Ending:
        """What becomes of one."""
        with TemporaryDirectory(prefix="mutant-") as folder:
            tree = Path(folder) / "tree"
            shutil.copytree(self.pristine, tree)
            try:
                module = tree / mutant.path
                module.write_text(mutant.of(module.read_text()))
                killer = first_failure(tree, [mutant.suspect], SUSPECT_SECONDS)
                return Ending(mutant, killer or self._last_resort(tree))
            except ListError as error:
                return Ending(mutant, None, str(error))

    def _last_resort(self, tree: Path) -> str | None:
        with self._lock:
            failing = self._failing_anyhow
        if failing is not None:
            raise ListError(f"{failing} fails though nothing was taken out")
        return first_failure(tree, self._everything, EVERYTHING_SECONDS)

    @cached_property
    def _failing_anyhow(self) -> str | None:
        return first_failure(self.pristine, self._everything, EVERYTHING_SECONDS)

    def _failure_of(self, test: str) -> str | None:
        return first_failure(self.pristine, [test], SUSPECT_SECONDS)


def _each(function: Callable[[T], R], items: Iterable[T], jobs: int) -> Iterator[R]:
    """The results in order, so many at a time; those that nobody waits for any more are not begun."""
    with ThreadPoolExecutor(jobs) as pool:
        try:
            yield from pool.map(function, items)
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def hunt(tell: Callable[[str], None] = lambda _: None, root: Path = ROOT) -> Iterator[Hunt]:
    """A hunt over the tree as it is now; whoever edits it meanwhile disturbs nobody."""
    with TemporaryDirectory(prefix="mutants-") as folder:
        pristine = Path(folder) / "tree"
        tell(f"copying {root.name} to {pristine}")
        shutil.copytree(root, pristine, ignore=_NOT_COPIED)
        yield Hunt(pristine)
