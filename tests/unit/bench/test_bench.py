"""The benchmark: its ratios are what they say, and a small run of it works from end to end."""

import json

import pytest

from bench.__main__ import main
from bench.measure import Usage
from bench.plan import Row
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
    assert lines[1].split()[2:] == ["1,000", "2.000", "500", "30.0", "4.00", "0.50", "0.25"]
    assert lines[-1].split()[-3:] == ["-", "-", "-"]


@pytest.mark.parametrize(("peak", "is_good"), [(100.0, True), (100.1, False)])
def test_the_bar_is_for_a_run_over_a_million_entries(peak: float, is_good: bool) -> None:
    run = Row("whole run", "ours", BAR_ENTRIES, Usage(9.0, peak))
    assert verdict([*rows(), run])[0] is is_good
    assert verdict(rows())[0] is True


@pytest.mark.timeout(180)
def test_a_small_run_of_it_works(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--entries", "100", "--years", "0.03", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["rows"]
    roles = {(row["subject"], row["role"]) for row in found}
    assert len(found) == len(roles)
    assert {
        (subject, role) for subject in ("survey", "whole run") for role in ("ours", "peer", "floor")
    } < roles
    assert all(row["entries"] == 100 and row["peak_mb"] > 5 for row in found)
