"""Runs the auditor's copy in this process, as an auditor would call it."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from audit_archive.adapters.folder_source import FolderSource
from audit_archive.audit.question import KnownPoint
from audit_archive.evidence.handout import verify
from audit_archive.format.keys import PublicKey
from audit_archive.format.verdicts import Depth, Verification
from tests.support import folders
from tests.support.attacker import Victim, blamed
from tests.support.fakes import FakeSigner, FakeStore
from tests.support.world import CONSOLE, World

PROGRAM = Path(verify.__file__)


@dataclass(frozen=True)
class Answer:
    """What the program printed as JSON, and its exit status."""

    status: int
    said: dict[str, Any]

    @property
    def blamed(self) -> set[tuple[str, str]]:
        """Which objects are at fault, and of what."""
        return {(fault["verdict"], fault["key"]) for check in self._checks for fault in check["faults"]}

    @property
    def failed(self) -> set[int]:
        """The numbers of the checks that failed."""
        return {check["number"] for check in self._checks if check["result"] == "FAILED"}

    @property
    def checked(self) -> dict[int, dict[str, int]]:
        """By check, what it looked at in all Consoles, and how many."""
        return self._counts("checked")

    @property
    def not_checked(self) -> dict[int, dict[str, int]]:
        """By check, what it could not look at and why, and how many."""
        return self._counts("not_checked")

    @property
    def _checks(self) -> list[dict[str, Any]]:
        return [check for one in self.said["consoles"] for check in one["checks"]]

    def _counts(self, kind: str) -> dict[int, dict[str, int]]:
        counts = defaultdict[int, Counter[str]](Counter)
        for check in self._checks:
            counts[check["number"]].update(check[kind])
        return {number: dict(found) for number, found in counts.items()}


def ask(place: Path, *arguments: object) -> Answer:
    """Run it, and read the JSON that it prints."""
    out = StringIO()
    with redirect_stdout(out):
        status = verify.main([str(place), "--json", *map(str, arguments)])
    return Answer(status, json.loads(out.getvalue()))


def entries_of(export: bytes) -> list[verify.Entry]:
    """The entries that it finds in an export."""
    return [*verify.Export(BytesIO(export), "2026-11-20", BytesIO(), BytesIO()).entries()]


def written(folder: Path, keys: tuple[PublicKey, ...]) -> list[str]:
    """The options that name some keys, written to files."""
    options = []
    for at, key in enumerate(keys):
        path = folder / f"key-{at}.pem"
        path.write_text(key.pem())
        options += ["--key", str(path)]
    return options


def copied(store: FakeStore, folder: Path) -> Path:
    """A bucket as `aws s3 sync` copies it."""
    return folders.put(store.files(), folder)


def first_of_each_row(faults: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Faults as the use case tells them: of those that go on from statement to statement only the first."""
    return {(verdict, key) for verdict, key in faults if (verdict, _before(verdict, key)) not in faults}


def _before(verdict: str, key: str) -> str:
    """The key one number lower, if such faults are told once for a row; else none."""
    if verdict not in {"forked", "unsigned"}:
        return ""
    return re.sub(r"(?<=/)[0-9]{10}(?=[.])", lambda found: f"{int(found[0]) - 1:010}", key)


def answered(
    place: Path, aside: Path, console: str, trusted: tuple[PublicKey, ...], known: tuple[KnownPoint, ...]
) -> Answer:
    """What it says of a copy, given the keys and the checkpoints of which the auditor knows (in `aside`)."""
    options = written(aside, trusted)
    for at, point in enumerate(known):
        assert point.checkpoint is not None
        path, signer = aside / f"kept-{at}.txt", FakeSigner()
        signature = signer.sign(point.checkpoint.text())
        path.write_bytes(point.checkpoint.signed(signer.public_key(), signature))
        options += ["--checkpoint", str(path)]
    return ask(place, "--console", console, *options)


class Both(Victim):
    """A victim whose copies are judged by the use case and by the auditor's copy."""

    def __init__(self, aside: Path, world: World | None = None) -> None:
        super().__init__(world)
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
            how |= {"trusted": trusted, "known": known, "console": console}
            deep = found if depth == Depth.CONTENT else super().audit(Depth.CONTENT, **how)
            self._compare(deep, tuple(trusted), known, console)
        return found

    def _compare(
        self, found: Verification, trusted: tuple[PublicKey, ...], known: tuple[Any, ...], console: str
    ) -> None:
        assert self.folder is not None
        answer = answered(self.folder, self.aside, console, trusted, known)
        self.asked += 1
        assert first_of_each_row(answer.blamed) == blamed(found)
        assert answer.status == (0 if found.is_valid else 1)
