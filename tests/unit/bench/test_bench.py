"""The benchmark: its ratios are what they say, and a small run of it works from end to end."""

import json
import platform
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.__main__ import main
from bench.days.calls import Calls
from bench.measure import Usage
from bench.picture import picture
from bench.plan import Row
from bench.record import document, write
from bench.table import BAR_ENTRIES, records, table, verdict


def rows(entries: int = 1000) -> list[Row]:
    return [
        Row("survey", "ours", entries, Usage(cpu=2.0, peak=30.0)),
        Row("survey", "peer", entries, Usage(cpu=4.0, peak=120.0)),
        Row("survey", "floor", entries, Usage(cpu=0.5, peak=10.0)),
        Row("whole run", "ours", entries, Usage(cpu=3.0, peak=90.0)),
    ]


def test_ratios_are_of_rows_of_the_same_subject_and_size() -> None:
    ours, peer, _, run = records([*rows(1000), *rows(10)])[:4]
    assert (ours["cpu_to_floor"], ours["cpu_to_peer"], ours["peak_to_peer"]) == (4.0, 0.5, 0.25)
    assert ours["entries_per_s"] == 500.0
    assert (peer["cpu_to_floor"], peer["cpu_to_peer"], peer["peak_to_peer"]) == (8.0, 1.0, 1.0)
    assert (run["cpu_to_floor"], run["cpu_to_peer"], run["peak_to_peer"]) == (None, None, None)


def test_no_ratio_is_made_of_what_is_too_short_to_measure() -> None:
    few = [Row("survey", "ours", 1, Usage(0.5, 9.0)), Row("survey", "floor", 1, Usage(0.0004, 9.0))]
    assert [record["cpu_to_floor"] for record in records(few)] == [None, None]


def test_the_table_has_a_line_for_each_row_and_one_between_subjects() -> None:
    lines = table(rows()).splitlines()
    assert [line.split("  ")[0] for line in lines[1:]] == [
        "survey: ours",
        "survey: peer",
        "survey: floor",
        "",
        "whole run: ours",
    ]
    assert lines[1].split()[2:] == ["1,000", "2.000", "500", "30.0", "4.00", "0.50", "0.25", "-", "-"]
    assert lines[-1].split()[-3:] == ["-", "-", "-"]


@pytest.mark.parametrize(("peak", "is_good"), [(100.0, True), (100.1, False)])
def test_the_bar_is_for_a_run_over_a_million_entries(peak: float, is_good: bool) -> None:
    run = Row("whole run", "ours", BAR_ENTRIES, Usage(9.0, peak))
    assert verdict([*rows(), run])[0] is is_good
    assert verdict(rows())[0] is True


def test_the_spread_is_of_pairs_of_one_round() -> None:
    ours = (Usage(2.0, 9.0), Usage(3.0, 9.0))
    peer = (Usage(4.0, 9.0), Usage(1.0, 9.0))
    found = records([Row("run", "ours", 1, ours[0], ours), Row("run", "peer", 1, peer[1], peer)])
    assert found[0]["cpu_to_peer_spread"] == [0.5, 3.0]
    assert found[0]["cpu_to_floor_spread"] is None


def test_a_request_is_counted_by_its_kind_and_takes_its_time() -> None:
    calls, target = Calls(4566, 0.05), "DynamoDB_20120810.GetItem"
    calls.add(4566, "POST", "/", {"X-Amz-Target": target.encode()})
    calls.add(4566, "GET", "/bucket?versions&prefix=a", {})
    calls.add(4566, "PUT", "/bucket/key", {})
    calls.add(5000, "GET", "/api/v1/audit_trail/fetch?limit=1", {})
    assert calls.by_kind == {
        "DynamoDB GetItem": 1, "S3 GET versions": 1, "S3 PUT": 1, "Console GET audit_trail/fetch": 1
    }  # fmt: skip
    before = time.monotonic()
    calls.wait(before)
    assert time.monotonic() - before >= 0.05


def test_the_picture_tells_the_machine_and_every_figure() -> None:
    run = Row("whole run", "ours", 1000, Usage(12.34, 80.0))
    idle = Row("idle run", "ours", 5, Usage(0.02, 50.0, 0.12, {"S3 GET": 3, "Console GET x": 1}))
    drawn = picture(document([run, idle], "good"))
    assert ElementTree.fromstring(drawn).tag.endswith("svg")  # noqa: S314 - we have just drawn it
    for said in ("12.3 s", "80.0 MB", "0.12 s, 3 + 1 requests", platform.python_version()):
        assert said in drawn
    assert platform.node() not in drawn


def test_what_is_kept_names_no_machine_and_no_path(tmp_path: Path) -> None:
    kept = write(document(rows(), "good"), tmp_path).read_text()
    assert json.loads(kept)["machine"]["cores"]
    assert platform.node() not in kept
    assert str(Path.home()) not in kept


@pytest.mark.wide
@pytest.mark.timeout(180)
def test_a_small_run_of_it_works(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--quick", "--entries", "100", "--years", "0.03", "--json", "--only", "survey", "idle run"]
    assert main(asked) == 0
    found = json.loads(capsys.readouterr().out)["rows"]
    roles = [(row["subject"], row["role"]) for row in found]
    assert roles == [
        ("survey", "ours"), ("survey", "peer"), ("survey", "floor"), ("survey", "orjson alone"),
        ("idle run", "ours"),
    ]  # fmt: skip
    assert all(row["entries"] == 100 and row["peak_mb"] > 5 for row in found[:-1])
    aws = {kind: n for kind, n in found[-1]["requests"].items() if not kind.startswith("Console")}
    assert sum(aws.values()) == 4, aws
    assert found[-1]["request_count"] == 5
