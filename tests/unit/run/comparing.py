"""Comparing what is live in a world with its archive, and watching which entry files that takes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from audit_archive.errors import ArchiveStoreError
from audit_archive.export import read_export
from audit_archive.format.head import Head
from audit_archive.format.ids import id_set
from audit_archive.format.times import DAY
from audit_archive.ports import Clock
from audit_archive.run.collect import Surveyed, download
from audit_archive.run.compare import COMPARE_RESERVE, Compared, archived_by, compare
from audit_archive.run.comparison import Archiving
from audit_archive.run.context import Run
from audit_archive.run.survey import survey_entries
from tests.support.fakes import CallLog, FakeClock, FakeScratch
from tests.support.fakes.trail import stamp
from tests.support.world import HOUR, World

DOCUMENTED = ["action_type", "message", "user", "user_ip", "flock_id", "additional_information"]
"""What a fake trail's entries have of the members that can be amended, but for the timestamp."""


def off() -> World:
    """Three statements' entries, all live: 1 to 4 of two days, 5 to 7, and 8 to 9."""
    world = World()
    world.mode = "off"
    world.trail.arrive(2)
    world.later(DAY)
    world.aged(2)
    world.run()
    world.aged(3)
    world.run()
    world.aged(2)
    world.run()
    return world


def surveyed_by(run: Run, head: Head) -> Surveyed:
    """The export as it is now, whatever a rollback would say of it."""
    export = download(run)
    entries = read_export(export.file, export.size, run.scratch)
    return Surveyed(
        export, entries, survey_entries(entries.batches(), head, export.served_at, export.served_at)
    )


def look(
    world: World, head: Head | None = None, log: CallLog | None = None, clock: Clock | None = None
) -> Compared:
    """Compare what is live now with the archive; by a clock of its own, if there is one."""
    run, head = world.bound(log), head or world.head
    surveyed = surveyed_by(run, head)
    archivings = archived_by(run, head, surveyed.survey.ids)
    before = scratch_files(run)
    compared = compare(replace(run, clock=clock or run.clock), head, surveyed, archivings)
    assert scratch_files(run) == before
    return compared


def scratch_files(run: Run) -> int:
    """How many temporary files are open."""
    assert isinstance(run.scratch, FakeScratch)
    return len(run.scratch.open_files)


class EntryFiles(CallLog):
    """Notes which entry files are read; may refuse them."""

    def __init__(self, refused: str | None = None) -> None:
        super().__init__()
        self.read: list[str] = []
        self._refused = refused

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if name.startswith("FakeStore.") and args[0].startswith("entries/"):
            if name == f"FakeStore.{self._refused}":
                raise ArchiveStoreError("AccessDenied")
            if name == "FakeStore.read":
                self.read.append(args[0])
        return super().call(name, function, *args, **kwargs)


class Hurried(FakeClock):
    """There is time left for so many looks at the clock."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks

    def remaining(self) -> float:
        self._looks -= 1
        return COMPARE_RESERVE if self._looks >= 0 else COMPARE_RESERVE - 1


def walked(world: World) -> tuple[Archiving, ...]:
    """Which statements archived what is live."""
    return archived_by(world.bound(), world.head, id_set(world.trail.ids))


def respell(world: World, *ids: int) -> None:
    """Some live entries spell their moment in another way."""
    for entry in world.trail.entries:
        if entry["id"] in ids:
            world.trail.replace(entry["id"], timestamp=an_hour_ahead(entry["timestamp"]))


def an_hour_ahead(text: str) -> str:
    """The same moment by a clock an hour ahead."""
    return stamp(int(instant(text) or 0) + HOUR).replace("+0000", "+0100")


def instant(text: object) -> float | None:
    """The moment of a timestamp, by the standard library; None if it can't be read."""
    try:
        return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S UTC%z").timestamp()
    except ValueError:
        return None
