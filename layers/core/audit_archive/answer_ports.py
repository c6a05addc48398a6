"""What answers and bundles of evidence need of the outside, each with its contract. Kept as `ports` is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol, TypeAlias

from audit_archive.format.times import OffsetAt

FindZone: TypeAlias = Callable[[str], OffsetAt | None]
"""Finds the time zone with a name; None if the name is unknown."""

LinkExport: TypeAlias = Callable[[str, str, int], str | None]
"""Makes a link to one version of an archived object, from key, version id and seconds.

Anyone with the link can use it for that time. None if the source is a copy: it has no links.
"""

LinksLast: TypeAlias = Callable[[int], int]
"""For how many of so many seconds a link that is signed now surely works: a link ends with its credentials.

Raises ArchiveStoreError if the credentials have ended.
"""


@dataclass(frozen=True)
class Handouts:
    """The fixed files of every bundle of evidence: the verifier, and the style and script of the report."""

    verifier: bytes
    style: str
    script: str


@dataclass(frozen=True)
class FleetLooks:
    """The texts of the style and the script of the page of the fleet."""

    style: str
    script: str


Cell: TypeAlias = str | int | datetime


class Workbook(Protocol):
    """A workbook, written row by row. Its texts stay texts. Raises OSError if the disk is full."""

    def add(self, cells: Sequence[Cell]) -> int | None:
        """Add a row. Returns how many of its texts were cut to fit; None if the sheet is full."""

    def save(self, file: BinaryIO, notes: Sequence[str]) -> None:
        """Write it into a file, with notes on a second sheet. The same rows give the same bytes."""

    def close(self) -> None:
        """Remove its temporary files."""


OpenWorkbook: TypeAlias = Callable[[Sequence[str]], Workbook]
"""Begins a workbook with the names of its columns."""


@dataclass(frozen=True)
class Caller:
    """Whose credentials the program acts with, as AWS STS told it.

    `at`: when STS answered, by its own clock (RFC 3339); `ahead`: by how many seconds this machine's clock
    was ahead of that. `request_id`: by it CloudTrail knows the question to STS. `unknown_because`: why
    nothing is known; None if it is.
    """

    arn: str | None = None
    account: str | None = None
    request_id: str | None = None
    at: str | None = None
    ahead: int | None = None
    unknown_because: str | None = None


AskCaller: TypeAlias = Callable[[], Caller]
"""Asks STS whose credentials the program acts with. If STS does not answer, the answer says so."""

DrawSeed: TypeAlias = Callable[[], int]
"""Draws a seed that a person could not foresee, from 0 to 999,999,999,999,999."""


class ReportStore(Protocol):
    """A bucket for answers, which expire there. Raises ArchiveStoreError when it fails or refuses."""

    def put(self, key: str, body: BinaryIO, sha256: str, content_type: str) -> None:
        """Put one object, `body` from its start, with its SHA-256 (hex): damaged bytes are refused."""

    def link(self, key: str, seconds: int) -> str:
        """A link to download the object as a file. Anyone with the link can use it for so many seconds."""
