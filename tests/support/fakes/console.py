"""A Console in memory, as one key sees it."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from io import BytesIO
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

from audit_archive.errors import ConsoleAuthError
from audit_archive.ports import ConsoleEntry, Download, Peek, PurgeAnswer
from tests.support.fakes.trail import Entry, FakeTrail

OURS = "archiver"
"""The user in whose name our key purges."""


def zip_of(entries: list[Entry]) -> bytes:
    """The export: one zipped JSON file, an array of the entries as they are given. It is packed in haste."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("canary_audit_trail.json", json.dumps(entries))
    return file.getvalue()


class FakeConsole:
    """A PurgingConsole over a FakeTrail. Several may share one trail, each with a key of its own.

    What it can be told to do wrong: `sees` (a key of one Flock), `can_purge` (a Read-Only key), `export`
    (any bytes in place of the zip), `export_limit` (a capped export), `tells_population`, `tells_time`,
    `answers` (the purge happens, no answer comes), `carries_out` (no answer comes, nothing happens),
    `writes_receipt`, `deletes` (False: answer and receipt come, the entries stay for now), `report` (the
    count it tells, given the true one), `answer` (the count in the answer, given that), `miscounts` (by how
    many its population is wrong), `purge_limit` (it deletes so many at most). `hooks` are called first, by
    method name: what somebody else does just then. `calls` counts calls, `purges` holds the boundaries of
    purges sent.
    """

    def __init__(self, trail: FakeTrail) -> None:
        self.trail = trail
        self.calls: Counter[str] = Counter()
        self.purges: list[int] = []
        self.hooks: dict[str, Callable[[], object]] = {}
        self.sees: Callable[[Entry], bool] = lambda entry: True
        self.can_purge = True
        self.export: Callable[[list[Entry]], bytes] = zip_of
        self.export_limit: int | None = None
        self.tells_population = True
        self.tells_time = True
        self.answers = True
        self.carries_out = True
        self.writes_receipt = True
        self.deletes = True
        self.report: Callable[[int], int] = lambda count: count
        self.answer: Callable[[int], int] = lambda count: count
        self.miscounts = 0
        self.purge_limit: int | None = None

    def peek(self) -> Peek:
        self._called("peek")
        entries = self._visible()
        population = max(0, len(entries) + self.miscounts) if self.tells_population else None
        return Peek(_copy(entries[0]) if entries else None, population)

    def entries_above(self, entry_id: int) -> Iterator[ConsoleEntry]:
        self._called("entries_above")
        for entry in self._visible():
            if entry["id"] <= entry_id:
                return
            yield _copy(entry)

    def download(self, spool: BinaryIO) -> Download:
        self._called("download")
        data = self.export(self._visible()[: self.export_limit])
        spool.seek(0)
        spool.truncate()
        spool.write(data)
        spool.seek(0)
        served_at = self.trail.clock.now() if self.tells_time else None
        return Download(len(data), sha256(data).hexdigest(), served_at)

    def purge(self, boundary: int) -> PurgeAnswer:
        assert type(boundary) is int, f"{boundary!r} is no id"
        assert 0 < boundary < 2**63, f"{boundary} is no id"
        self.purges.append(boundary)
        self._called("purge")
        if not self.can_purge:
            raise ConsoleAuthError("Unauthorized")
        if not self.carries_out:
            return PurgeAnswer(None, None)
        count = self.report(self._carry_out(boundary))
        if not self.answers:
            return PurgeAnswer(None, None)
        answered = self.answer(count)
        return PurgeAnswer(f"{answered} logs purged successfully", answered)

    def _carry_out(self, boundary: int) -> int:
        with self.trail.lock:
            if self.deletes:
                count = self.trail.purge(boundary, OURS, receipt=False, most=self.purge_limit)
            else:
                count = sum(entry_id <= boundary for entry_id in self.trail.ids)
            if self.writes_receipt:
                self.trail.write_receipt(boundary, self.report(count), OURS)
            return count

    def _called(self, name: str) -> None:
        self.calls[name] += 1
        if name in self.hooks:
            self.hooks[name]()

    def _visible(self) -> list[Entry]:
        return [entry for entry in self.trail.entries if self.sees(entry)]


def _copy(entry: Entry) -> ConsoleEntry:
    """As JSON would carry it: nobody changes the trail through what he was given."""
    copied: ConsoleEntry = json.loads(json.dumps(entry))
    return copied
