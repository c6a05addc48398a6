"""The archive function against Consoles as they may turn out to be: whatever it purged is in the archive.

What was destroyed is asked of the Console, and what is kept is read from the bucket: neither is the
function's own word.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import pytest

from audit_archive.errors import AuditArchiveError
from local.console import ConsoleServer
from local.console.calendar import read_stamp
from tests.functions.console_worlds import (
    ARRIVALS,
    ENTRIES,
    ODD,
    PURGING,
    RUNS,
    VIEWS,
    WORLDS,
    Row,
    Settled,
)
from tests.functions.kept_in_memory import KeptInMemory
from tests.functions.world import PURGE_KEY, READ_KEY, Kept, World
from tests.support.entries import Json

OURS = "local-admin"
"""Whoever holds the purging key."""


_moment = lru_cache(10_000)(read_stamp)
"""Every entry is looked at after every run, and the same stamps come again."""


def normal(entry: Json) -> str:
    """An entry's text by which its forms compare: an instant is the same in every spelling."""
    moment = _moment(str(entry.get("timestamp")))
    instant = entry.get("timestamp") if moment is None else int(moment.timestamp())
    return json.dumps(entry | {"timestamp": instant}, sort_keys=True)


def exported(world: Kept) -> Iterator[set[str]]:
    """What every export that is kept under a lock holds, as `normal` has it."""
    for key in world.keys("exports/"):
        assert world.lock_of(key)[1] > 1
    yield from map(forms_in, world.versions("exports/"))


@lru_cache(RUNS)  # a version never changes, and each is looked at after every run
def forms_in(export: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(export)) as archive:
        return {normal(entry) for entry in json.loads(archive.read(archive.namelist()[0]))}


def destroyed_by_us(world: Kept) -> Iterator[tuple[int, int, str]]:
    """What purges with our key destroyed: the id up to which we had asked for it, its own, and its form."""
    for purge in world.trail.destroyed:
        if purge.by.user == OURS:
            yield from ((purge.up_to, *form_of(line)) for line in purge.lines())


@lru_cache(10_000)
def form_of(line: bytes) -> tuple[int, str]:
    """The id of an entry, and what `normal` makes of it."""
    entry = json.loads(line)
    return entry["id"], normal(entry)


def check_nothing_was_lost(world: Kept) -> None:
    """What we asked a Console to destroy can be found by its id, and a lock holds it as it last was."""
    archived = world.archived()
    forms = set[str]().union(*exported(world))
    for asked, entry_id, form in destroyed_by_us(world):
        if entry_id <= asked:
            assert entry_id in archived, f"{entry_id} was purged and is not archived"
            assert form in forms, f"{entry_id} was purged in a form that no export holds"


def check_losses_are_told(world: Kept, ends: list[str]) -> None:
    """What a Console destroyed beyond what we had asked for is not passed over in silence."""
    archived = world.archived()
    if any(entry_id not in archived for _, entry_id, _ in destroyed_by_us(world)):
        assert "PurgeMismatchError" in ends, "entries died unarchived, and no run said so"


def run_once(world: Kept, warnings: list[str]) -> str:
    """How a run ends: its outcome, or the class of its error. It posts once at most."""
    before = len(world.posts)
    try:
        result = world.run()
    except AuditArchiveError as error:
        return type(error).__name__
    finally:
        assert len(world.posts) <= before + 1
    warnings += result["warnings"]
    return str(result["outcome"])


def live_through(world: Kept, row: Row) -> tuple[list[str], list[str]]:
    """All that happens in a row's world, looked at after every run: how the runs end, and their warnings."""
    world.set(**row.settings)
    row.begin(world)
    ends: list[str] = []
    warnings: list[str] = []
    for run in range(1, RUNS + 1):
        ends.append(run_once(world, warnings))
        check_nothing_was_lost(world)
        if run < RUNS:
            row.between(world, run)
            if not row.quiet:
                world.trail.arrive(ARRIVALS)
    check_losses_are_told(world, ends)
    return ends, warnings


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Kept]]:
    """Makes a world on fakes over a trail; further arguments are the Console's."""
    made: list[KeptInMemory] = []

    def make(trail: Settled, **options: Any) -> Kept:
        keys = {"read_key": READ_KEY, "admin_key": PURGE_KEY} | options
        made.append(KeptInMemory(ConsoleServer(trail, **keys).start(), monkeypatch))
        made[-1].as_the_template_has_it("archive")
        return made[-1]

    yield make
    for world in made:
        world.console.stop()
        assert world.console.crashes == []


def check(make: Callable[..., Kept], row: Row) -> None:
    """The row's Console is lived through as the row says."""
    keys = {"read_key": None, "keys": row.keys} if row.keys else {}
    world = make(Settled(), **keys)
    ends, warnings = live_through(world, row)
    expected = [set(end.split("|")) for end in row.ends.split()]
    assert all(end in one for end, one in zip(ends, expected, strict=True)), f"{ends}, not {row.ends}"
    assert warnings or not row.warns
    if row.stated is not None:
        assert any(statement.get(row.stated) for statement in world.statements())


WIDE = {
    "an older Console names the key in the message",
    "the reading key sees the last days",
    "502 after each purge",
    "no receipts, and answers without a count",
    "408 with Retry-After to a purge",
    "425 with Retry-After to a purge",
    "403 with Retry-After to fetch",
    "408 with Retry-After to fetch",
    "425 with Retry-After to fetch",
    "403 with Retry-After to a purge",
    "a gzip of fetch that was not asked for",
    "a page of more than 64 MB",
    "a purge destroys everything, and 502",
    "the export is out of a cache, and dated then",
    "an archived entry names somebody else",
    "ISO timestamps",
    "ISO timestamps, kept for a while",
    "fractions of a second from the second run on",
    "another offset from the second run on",
    "page_count is one too low",
    "receipts count in 2,500",
    "answers count in 2,500",
    "the export is being prepared, 202",
    "a firewall's 403 to export",
}
"""What another row does at another endpoint, by another status or in another spelling; and what takes 9 s."""
ROWS = [pytest.param(row, id=row.says, marks=pytest.mark.wide if row.says in WIDE else ()) for row in WORLDS]


def test_every_wide_row_is_one() -> None:
    assert {row.says for row in WORLDS} >= WIDE


@pytest.mark.usefixtures("without_pauses")
@pytest.mark.parametrize("row", ROWS)
def test_whatever_was_purged_is_in_the_archive(memory: Callable[..., Kept], row: Row) -> None:
    check(memory, row)


@pytest.mark.usefixtures("without_pauses")
@pytest.mark.parametrize(
    "row",
    [
        *(ENTRIES[0], PURGING[1]),
        *(pytest.param(row, marks=pytest.mark.wide) for row in (VIEWS[2], ODD[-2])),
    ],
    ids=lambda row: row.says,
)
def test_the_function_does_on_an_emulator_what_its_run_does_on_fakes(
    make_world: Callable[..., World], row: Row
) -> None:
    check(make_world, row)
