"""A bucket for answers in memory."""

from dataclasses import dataclass
from hashlib import sha256 as hash_of
from typing import BinaryIO

from audit_archive.errors import ArchiveStoreError


@dataclass(frozen=True)
class Report:
    """An answer that was put."""

    data: bytes
    content_type: str


class FakeReports:
    """A ReportStore. A link of it is good for `fetch` only."""

    def __init__(self) -> None:
        self.reports: dict[str, Report] = {}
        self._links: dict[str, str] = {}

    def put(self, key: str, body: BinaryIO, sha256: str, content_type: str) -> None:
        body.seek(0)
        data = body.read()
        if hash_of(data).hexdigest() != sha256:
            raise ArchiveStoreError(f"BadDigest: the bytes of {key} do not have the checksum {sha256}")
        self.reports[key] = Report(data, content_type)

    def link(self, key: str, seconds: int) -> str:
        assert seconds > 0
        link = f"fake://reports/{key}?seconds={seconds}"
        self._links[link] = key
        return link

    def fetch(self, link: str) -> bytes:
        """What whoever has a link is given."""
        return self.reports[self._links[link]].data
