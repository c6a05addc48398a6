"""One export through the whole archive run, and whether what came of it is one of the two things that may."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, TypeAlias

from audit_archive.errors import AuditArchiveError, InvalidExportError, RollbackError
from audit_archive.run.result import RunOutcome
from tests.support import tally
from tests.support.audit import archived_lines, fold, merkle_root
from tests.support.fakes.console import OURS
from tests.support.world import CONSOLE, World
from tests.torture.exports.oracle import (
    STRICTER,
    Row,
    UnreadableError,
    from_the_directory,
    is_same_from_the_front,
    read_export,
)

Then: TypeAlias = Literal["purged", "served again", "rebuilt", "after others"]
THENS: tuple[Then, ...] = ("purged", "purged", "served again", "rebuilt", "after others")
HIGHEST = 2**62
"""A Console could not number the receipt of a purge beyond the highest id."""


@dataclass(frozen=True)
class Case:
    """An export; whether it is a zip as an honest writer makes it; and what else happens.

    `then`: it is purged; it is served once more; ledger and entry files are lost; or it comes when three
    other entries are archived already.
    """

    export: bytes
    is_honest: bool = False
    then: Then = "purged"


def judge(case: Case, world: World | None = None) -> str:
    """The outcome of the run, or the name of its error. Raises AssertionError for any third thing."""
    tally.add("fuzzed exports")
    try:
        return _judge(case, world or World())
    except BaseException as error:
        error.add_note(f"then {case.then}, {case.is_honest=}: {b64encode(case.export).decode()}")
        raise


def _judge(case: Case, world: World) -> str:
    rows, why = _expected(case.export)
    _prepare(world, case, rows)
    before, known = set(world.store.all_keys()), _by_id(archived_lines(world))
    try:
        outcome = world.run().outcome
    except (InvalidExportError, RollbackError) as error:
        _check_kept(world, case.export, set(world.store.all_keys()) - before, error)
        _check_reason(case, error, why)
        return type(error).__name__
    assert why is None, f"read, though it can't be: {why}"
    assert is_same_from_the_front(case.export, from_the_directory(case.export))
    assert (outcome in {RunOutcome.IDLE, RunOutcome.STALE}) == (not rows)
    last = max(known, default=0)
    _check_archived(world, known | {row.id: row.line for row in rows if row.id > last})
    _go_on(world, case)
    return outcome


def _expected(export: bytes) -> tuple[list[Row], str | None]:
    """The entries that the library reads, or why it can't."""
    try:
        return read_export(export), None
    except UnreadableError as error:
        return [], str(error)


def _prepare(world: World, case: Case, rows: list[Row]) -> None:
    """A trail of just the export's ids, so that only what is in the export can be at fault."""
    is_purged = case.then == "purged" and (not rows or rows[-1].id < HIGHEST)
    world.mode = "on" if is_purged else "off"
    if case.then == "after others":
        world.aged(3)
        world.run()
    newest = world.trail.last_id
    for row in rows:
        if row.id > newest:
            stated = json.loads(row.line)
            world.trail.put(row.id, **{name: stated.get(name) for name in ("timestamp", "action_type")})
    if world.trail.last_id == newest:
        world.trail.arrive()
    world.reader.export = lambda entries: case.export


def _check_kept(world: World, export: bytes, made: set[str], error: AuditArchiveError) -> None:
    """Nothing was committed, nothing purged, and the bytes are kept for a person to look at."""
    assert world.posts == []
    (kept,) = made
    assert kept.startswith(f"rejected/console={CONSOLE}/")
    assert kept.endswith(sha256(export).hexdigest()[:16])
    assert world.store.data(kept) == export
    assert kept in "".join(error.__notes__)


def _check_reason(case: Case, error: AuditArchiveError, why: str | None) -> None:
    """What the library reads is refused only for a listed reason, and an honest zip for none of a zip's."""
    if isinstance(error, RollbackError):
        assert case.then == "after others"
        return
    assert why is not None or _is_listed(str(error), STRICTER), f"refused, though it can be read: {error}"
    assert not case.is_honest or "is not an acceptable zip" not in str(error), f"an honest zip: {error}"


def _is_listed(reason: str, reasons: Mapping[str, str]) -> bool:
    return any(re.search(pattern, reason) for pattern in reasons)


def _check_archived(world: World, expected: Mapping[int, bytes]) -> None:
    """Every entry is in exactly one line, byte for byte as it must be; there is no other line."""
    lines = archived_lines(world)
    found = _by_id(lines)
    assert len(found) == len(lines), "an entry is archived twice"
    assert found == expected
    assert world.head.tree.root == merkle_root(lines)
    assert world.head == fold(world)
    ours = {destroyed.entry["id"] for destroyed in world.trail.destroyed if destroyed.user == OURS}
    assert ours <= found.keys(), "we purged what is not archived"


def _by_id(lines: list[bytes]) -> dict[int, bytes]:
    return {json.loads(line)["id"]: line for line in lines}


def _go_on(world: World, case: Case) -> None:
    """The same export once more adds nothing, and what was lost is made again from it, to the byte."""
    if case.then not in ("served again", "rebuilt"):
        return
    lines = archived_lines(world)
    if case.then == "rebuilt":
        world.ledger.forget(CONSOLE)
        for key in world.store.keys("entries/"):
            world.store.lose(key, world.store.history(key)[-1].version_id)
    world.later()
    assert world.run().new_entries == 0
    assert archived_lines(world) == lines
