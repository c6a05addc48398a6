"""Where answers go, and what else retrieval needs of the outside."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TypeAlias

from audit_archive.domain.local_time import OffsetAt

FindZone: TypeAlias = Callable[[str], OffsetAt | None]
"""The time zone of a name; None if there is none."""

LinkExport: TypeAlias = Callable[[str, str, int], str | None]
"""A link to one version of an archived object (key, version id), for so many seconds and for whoever has it.

None if there can be none: what is read is a copy.
"""


@dataclass(frozen=True)
class Handouts:
    """What every bundle of evidence carries: the verifier, and the style and the script of its report."""

    verifier: bytes
    style: str
    script: str


class ReportStore(Protocol):
    """A bucket for answers, which vanish after a while. Raises ArchiveStoreError when it fails or refuses."""

    def put(self, key: str, body: BinaryIO, sha256: str, content_type: str) -> None:
        """Put one object, `body` from its start, with its SHA-256 (hex): damaged bytes are refused."""

    def link(self, key: str, seconds: int) -> str:
        """A link by which whoever has it can download the object for so many seconds, as a file."""
