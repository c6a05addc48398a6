"""What a run answers fits into an answer, whatever the export held."""

import json

import pytest

from audit_archive.format.facts import Cause, Missing, PopulationFacts, Unexported
from audit_archive.format.head import Head
from audit_archive.format.purges import ForeignPurge
from audit_archive.run.result import MOST_LISTED, Result, RunOutcome, stale
from audit_archive.run.view import View


def purge(number: int, lost: tuple[tuple[int, int], ...]) -> ForeignPurge:
    return ForeignPurge(number, 7, 3, "mallory", None, None, lost)


def result(holes: int, purges: int) -> Result:
    lost = tuple((n, n) for n in range(holes))  # once: as many for each purge would be millions
    return Result(
        RunOutcome.ARCHIVED,
        "1234abcd",
        9,
        0,
        holes=tuple(Missing(n, n, Cause.UNEXPLAINED, None) for n in range(holes)),
        foreign_purges=tuple(purge(n, lost) for n in range(purges)),
        warnings=("as ever",),
    )


def test_short_lists_are_told_whole() -> None:
    told = result(MOST_LISTED, 2).as_dict()
    assert (len(told["holes"]), len(told["foreign_purges"][1]["lost"])) == (MOST_LISTED, MOST_LISTED)
    assert told["holes"][3] == {"first": 3, "last": 3, "cause": "unexplained", "receipt_id": None}
    assert told["warnings"] == ["as ever"]


def test_of_long_lists_the_beginning_is_told_and_how_many_more_there_are() -> None:
    told = result(20_000, 300).as_dict()
    assert (len(told["holes"]), len(told["foreign_purges"])) == (MOST_LISTED, MOST_LISTED)
    assert {len(each["lost"]) for each in told["foreign_purges"]} == {MOST_LISTED}
    assert told["warnings"] == [
        "as ever",
        "19900 more holes: the statements have them all",
        "200 more foreign_purges: the statements have them all",
    ]
    assert len(json.dumps(told)) < 200_000


@pytest.mark.parametrize(
    ("counted", "lacking", "expected"),
    [
        (
            7,
            Unexported(9, "2026-11-20"),
            ("entry 9 of 2026-11-20, and", "the Console counts 7 entries, the export"),
        ),
        (None, Unexported(9, None), ("entry 9, and", "the Console gives no count, and its pages")),
    ],
)
def test_a_warning_leaves_out_what_the_console_did_not_give(
    counted: int | None, lacking: Unexported, expected: tuple[str, str]
) -> None:
    seen = View(lacking, True, False, True, 0, PopulationFacts(counted, 5, None, ()))
    warnings = stale(Head("1234abcd"), Head("1234abcd"), seen).warnings
    assert [part in warning for part, warning in zip(expected, warnings, strict=True)] == [True, True]
    assert "None" not in "".join(warnings)
