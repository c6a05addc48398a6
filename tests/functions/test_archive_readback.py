"""An archive read back with `unzip`, `zcat`, `sha256sum` and JSON: nothing of ours is needed for it."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from local.console import Trail
from tests.functions.world import CONSOLE, Aws, worlds
from tests.support import folders
from tests.support.entries import entry, trail_of
from tests.support.merkle import mth

Json = dict[str, Any]


def tool(*command: str) -> bytes:
    """What a command line tool prints."""
    return subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603 - our own commands


def sha256_of(path: Path) -> str:
    return tool("sha256sum", str(path)).split()[0].decode()


class Folder:
    """A copy of a bucket's objects, as `aws s3 sync` makes it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def statements(self) -> Iterator[tuple[Path, Json]]:
        for path in sorted(self.path.glob(f"statements/console={CONSOLE}/*.json")):
            yield path, json.loads(path.read_bytes())

    def archives(self) -> list[Json]:
        return [statement for _, statement in self.statements() if statement["kind"] == "archive"]

    def lines(self, statement: Json) -> list[bytes]:
        """The lines that a statement archived, in archive order: by id, whatever file they are in."""
        found: list[bytes] = []
        for file in statement["entries"]:
            found += tool("zcat", str(self.path / file["key"])).split(b"\n")[:-1]
        return sorted(found, key=lambda line: int(json.loads(line)["id"]))


@pytest.fixture(scope="module")
def served() -> dict[int, Json]:
    """Every entry that the Console ever served, by id."""
    return {}


@pytest.fixture(scope="module")
def folder(
    aws: Aws, archive_app: ModuleType, tmp_path_factory: pytest.TempPathFactory, served: dict[int, Json]
) -> Folder:
    """The archive of three runs over odd entries, a hole, arrivals, a purge's receipt and a late writer."""
    odd = [
        entry(4, user="Zoë 🦜\u2028", hat_size=7),
        entry(5, timestamp="2026-07-13 23:30:00 UTC-0100", message="the next day, in UTC"),
        entry(6, timestamp="?"),
        entry(8, additional_information={"a": [1, 2.5, None]}),
    ]
    trail = trail_of(*(entry(number) for number in (1, 2, 3)), *odd, entry(9, timedelta(minutes=5)))
    tmp_path = tmp_path_factory.mktemp("archive")
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        worlds(aws, archive_app, monkeypatch) as make_world,
    ):
        world = make_world(trail)
        for step in (lambda: None, lambda: trail.arrive(3), lambda: _late_writer(trail)):
            step()
            snapshot = trail.snapshot()
            served |= {number: json.loads(snapshot.line(number)) for number in snapshot.ids}
            world.run()
        folders.put({key: world.get(key) for key in world.keys("")}, tmp_path)
    return Folder(tmp_path)


def _late_writer(trail: Trail) -> None:
    trail.arrive_late(7)
    trail.arrive(2)


def test_every_export_is_as_it_was_served(folder: Folder) -> None:
    archives = folder.archives()
    exports = {statement["export"]["key"] for statement in archives}
    assert len(exports) == 3
    assert {str(path.relative_to(folder.path)) for path in folder.path.glob("exports/**/*.zip")} == exports
    for statement in archives:
        export = statement["export"]
        path = folder.path / export["key"]
        assert sha256_of(path) == export["sha256"]
        assert path.stat().st_size == export["size"]
        assert f"-{export['sha256'][:16]}.json.zip" in path.name
        tool("unzip", "-tqq", str(path))
        rows = json.loads(tool("unzip", "-p", str(path)))
        assert (len(rows), len(rows)) == (export["rows"], export["entry_count"])
        ids = [row["id"] for row in rows]
        assert (min(ids), max(ids)) == (export["first_id"], export["last_id"])


def test_the_chain_holds(folder: Folder) -> None:
    previous: tuple[str, str] | None = None
    for seq, (path, statement) in enumerate(folder.statements(), 1):
        assert (statement["format"], statement["seq"]) == ("canary-audit-archive/1", seq)
        assert path.name == f"{seq:010d}.json"
        named = statement["previous"]
        assert (named and (named["key"], named["sha256"])) == previous
        previous = (str(path.relative_to(folder.path)), sha256_of(path))
        spelled = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert path.read_bytes() == spelled.encode(), "a statement is canonical JSON"
    assert previous is not None


def test_every_entry_that_was_served_is_there_exactly_once(folder: Folder, served: dict[int, Json]) -> None:
    found: dict[int, Json] = {}
    for path in folder.path.glob("entries/**/*.gz"):
        for line in tool("zcat", str(path)).splitlines():
            read = json.loads(line)
            assert read["id"] not in found
            found[read["id"]] = read
            spelled = json.dumps(read, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            assert line == spelled.encode(), "a line is canonical JSON"
    highest = folder.archives()[-1]["highest_archived_id"]
    assert found == {number: row for number, row in served.items() if number <= highest}
    assert {7, highest} <= found.keys()


def test_every_entry_file_is_what_its_statement_says(folder: Folder) -> None:
    named = []
    for statement in folder.archives():
        for file in statement["entries"]:
            path = folder.path / file["key"]
            named.append(path)
            content = tool("zcat", str(path))
            rows = [json.loads(line) for line in content.splitlines()]
            assert sha256_of(path) == file["sha256"]
            assert path.stat().st_size == file["size"]
            assert hashlib.sha256(content).hexdigest() == file["content_sha256"]
            assert (len(rows), rows[0]["id"], rows[-1]["id"]) == (
                file["count"],
                file["first_id"],
                file["last_id"],
            )
            assert path.parent.name == f"dt={file['date']}"
            assert path.name == f"{statement['seq']:010d}.ndjson.gz"
        assert sum(file["count"] for file in statement["entries"]) == statement["slice"]["count"]
    assert sorted(named) == sorted(folder.path.glob("entries/**/*.gz"))


def test_the_tree_grows_as_the_statements_say(folder: Folder) -> None:
    leaves: list[bytes] = []
    sizes = []
    for _, statement in folder.statements():
        if statement["kind"] == "archive":
            leaves += folder.lines(statement)
        assert statement["tree"]["size"] == len(leaves)
        assert statement["tree"]["root"] == mth(leaves).hex()
        sizes.append(len(leaves))
    assert sizes[-1] > sizes[0] > 0
    leaves[0] += b" "
    assert mth(leaves).hex() != statement["tree"]["root"]


def test_dates_are_those_of_the_events_in_utc(folder: Folder) -> None:
    """Entry 5 says the 13th, an hour west of Greenwich; entry 6 has no time: its lower neighbour's counts."""
    first = folder.archives()[0]
    where = {
        json.loads(line)["id"]: file["date"]
        for file in first["entries"]
        for line in tool("zcat", str(folder.path / file["key"])).splitlines()
    }
    assert {where[number] for number in (1, 2, 3, 4, 5, 6, 8)} == {"2026-07-14"}
    assert where[9] > "2026-07-14"


def test_the_late_writer_is_told(folder: Folder) -> None:
    archives = folder.archives()
    assert [hole for statement in archives for hole in statement["missing"] if hole["cause"] != "purged"] == [
        {"first": 7, "last": 7, "cause": "unexplained", "receipt_id": None}
    ]
    assert [statement["filled"] for statement in archives] == [[], [], [7]]
