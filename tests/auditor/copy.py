"""Runs the auditor's copy in this process, as an auditor would call it."""

import json
import re
from collections import Counter, defaultdict
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from audit_archive.evidence.handout import verify
from audit_archive.format.keys import PublicKey
from tests.fakes import FakeStore

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
    for key in store.keys(""):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(store.data(key))
    return folder


def first_of_each_row(faults: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Faults as the use case tells them: of those that go on from statement to statement only the first."""
    return {(verdict, key) for verdict, key in faults if (verdict, _before(verdict, key)) not in faults}


def _before(verdict: str, key: str) -> str:
    """The key one number lower, if such faults are told once for a row; else none."""
    if verdict not in {"forked", "unsigned"}:
        return ""
    return re.sub(r"(?<=/)[0-9]{10}(?=[.])", lambda found: f"{int(found[0]) - 1:010}", key)
