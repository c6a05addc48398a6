"""The audit's notes in memory."""

from dataclasses import replace
from typing import Any

import orjson

from audit_archive.bookmark import AuditResult, Bookmark, BookmarkKind, Rotation
from audit_archive.errors import IntegrityError
from audit_archive.finding import Finding
from audit_archive.fleet_ports import Told
from audit_archive.format.codec import UnknownMember, from_json, to_json
from tests.support.fakes.ledger import FakeLedger


def audited(
    at: int, result: AuditResult | UnknownMember = AuditResult.VALID, faults: int = 0, **more: Any
) -> Rotation:
    """The note of an audit that ended at a moment, and had time for all."""
    whole = Rotation(1, at, at, result, faults, 0, None, walked_at=at, unread_since=at, content_days=90)
    return replace(whole, **more)


class FakeVerifications:
    """AuditorNotes. A rotation is kept as JSON, so that one that does not survive writing is found out."""

    def __init__(self) -> None:
        self._findings = FakeLedger()
        self._rotations: dict[str, bytes] = {}
        self.bookmarks: dict[tuple[str, BookmarkKind], Bookmark] = {}
        self._told: Told | None = None

    def claim(self, finding: Finding, now: int, expires_at: int) -> bool:
        return self._findings.claim(finding, now, expires_at)

    def announced(self, finding: Finding) -> None:
        self._findings.announced(finding)

    def pending(self, console: str, now: int) -> list[Finding]:
        return [replace(finding) for finding in self._findings.pending(console, now)]

    def last(self, console: str) -> Rotation | None:
        known = self._rotations.get(console)
        try:
            return None if known is None else from_json(Rotation, orjson.loads(known))
        except ValueError as error:
            raise IntegrityError(f"the notes on {console} can't be read: {error}") from error

    def save(self, console: str, rotation: Rotation) -> None:
        self._rotations[console] = orjson.dumps(to_json(rotation))

    def bookmark(self, console: str, kind: BookmarkKind) -> Bookmark | None:
        return self.bookmarks.get((console, kind))

    def save_bookmark(self, console: str, kind: BookmarkKind, bookmark: Bookmark) -> None:
        self.bookmarks[console, kind] = bookmark

    def forget(self, console: str) -> None:
        """The rotation is lost."""
        del self._rotations[console]

    def damage(self, console: str) -> None:
        """Somebody makes a note unreadable."""
        self._rotations[console] = b"{}"

    def rotations(self) -> dict[str, Rotation | None]:
        return {console: self._readable(console) for console in sorted(self._rotations)}

    def told(self) -> Told | None:
        return self._told

    def tell(self, told: Told) -> None:
        self._told = told

    def _readable(self, console: str) -> Rotation | None:
        try:
            return self.last(console)
        except IntegrityError:
            return None
