"""Every attack on a copy once more: the auditor's copy and the use case blame the same objects for the same.

The attacks are those of `tests/attacks`, with a victim that asks both.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audit_archive.adapters.folder_source import FolderSource
from audit_archive.format.keys import PublicKey
from audit_archive.format.verdicts import Depth, Verification
from tests.attacks import test_attacks
from tests.attacks.victim import Victim, blamed, twin_world
from tests.auditor.copy import ask, first_of_each_row, written
from tests.fakes import FakeSigner
from tests.unit.run.world import CONSOLE

# Every attack is a test here as well, on the victims below.
globals().update({name: it for name, it in vars(test_attacks).items() if name.startswith("test_")})


class Both(Victim):
    """A victim whose copies are judged by the use case and by the auditor's copy."""

    def __init__(self, aside: Path, *, is_signed: bool = True) -> None:
        super().__init__(twin_world(is_signed=is_signed))
        self.aside = aside
        self.folder: Path | None = None
        self.asked = 0

    def copied(self, folder: Path) -> FolderSource:
        self.folder = folder
        return super().copied(folder)

    def audit(
        self,
        depth: str = Depth.CONTENT,
        *,
        trusted: Iterable[PublicKey] = (),
        known: tuple[Any, ...] = (),
        console: str = CONSOLE,
        **how: Any,
    ) -> Verification:
        found = super().audit(depth, trusted=trusted, known=known, console=console, **how)
        if self.folder is not None and all(point.checkpoint is not None for point in known):
            deep = super().audit(Depth.CONTENT, trusted=trusted, known=known, console=console, **how)
            self._compare(deep, tuple(trusted), known, console)
        return found

    def _compare(
        self, found: Verification, trusted: tuple[PublicKey, ...], known: tuple[Any, ...], console: str
    ) -> None:
        assert self.folder is not None
        options = written(self.aside, trusted)
        for at, point in enumerate(known):
            path, signer = self.aside / f"kept-{at}.txt", FakeSigner()
            signature = signer.sign(point.checkpoint.text())
            path.write_bytes(point.checkpoint.signed(signer.public_key(), signature))
            options += ["--checkpoint", str(path)]
        self.asked += 1
        answer = ask(self.folder, "--console", console, *options)
        assert first_of_each_row(answer.blamed) == blamed(found)
        assert answer.status == (0 if found.is_valid else 1)


@pytest.fixture
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    both = Both(tmp_path_factory.mktemp("aside"))
    yield both
    assert both.asked


@pytest.fixture
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    both = Both(tmp_path_factory.mktemp("aside"), is_signed=False)
    yield both
    assert both.asked
