"""What `fetch` showed and the export lacks: when it is stale, for how long, and what is covered."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from audit_archive.format.canonical import canonical_bytes
from audit_archive.format.entry import Entry, Mark
from audit_archive.format.facts import Unexported
from audit_archive.format.head import Head
from audit_archive.ports import Lack
from audit_archive.run.survey import Survey
from audit_archive.run.view import covered_until, is_overdue, next_lack, unexported
from tests.support.batches import surveyed_whole
from tests.support.rows import all_rows

NOW = 1_795_413_600
HOUR, DAY = 3600, 86_400
HEAD = Head("c", highest_archived_id=3)


def stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC+0000")


def survey_of(*ids: int, receipts: dict[int, str] | None = None) -> Survey:
    entries = []
    for entry_id in sorted({*ids, *(receipts or {})}):
        message = (receipts or {}).get(entry_id)
        marks = 0 if message is None else Mark.RECEIPT | (Mark.UNREADABLE_RECEIPT if message == "?" else 0)
        line = canonical_bytes({"id": entry_id, "message": message})
        entries.append(Entry(entry_id, line, NOW - DAY, marks))
    return surveyed_whole(entries, HEAD, NOW, NOW - HOUR)


# ---------------------------------------------------------------------------- what the export lacks


def test_an_entry_that_was_shown_and_is_not_in_the_export_is_lacking() -> None:
    shown = {"id": 5, "timestamp": stamp(NOW), "user": "a"}
    assert unexported(shown, survey_of(3, 4)) == Unexported(5, stamp(NOW))
    assert unexported(shown, survey_of()) == Unexported(5, stamp(NOW))
    assert unexported(shown, survey_of(4, 6)) == Unexported(5, stamp(NOW))
    assert unexported(shown, survey_of(4, 5)) is None
    assert unexported({"id": 5, "timestamp": 7}, survey_of(4)) == Unexported(5, None)


@all_rows("newest", [None, {}, {"id": None}, {"id": 0}, {"id": True}, {"id": "5"}, {"id": -3}])
def test_where_nothing_was_shown_nothing_is_lacking(newest: dict[str, Any] | None) -> None:
    assert unexported(newest, survey_of(3)) is None


@pytest.mark.parametrize(
    ("message", "is_explained"),
    [
        ("Successfully purged 5 logs before id:5", True),
        ("Successfully purged 9 logs before id:9", True),
        ("Successfully purged 4 logs before id:4", False),
        ("?", True),  # it may have reached so far
    ],
)
def test_a_purge_since_then_explains_it(message: str, is_explained: bool) -> None:
    found = unexported({"id": 5, "timestamp": None}, survey_of(receipts={6: message}))
    assert (found is None) is is_explained


def test_a_purge_before_it_was_written_explains_nothing() -> None:
    shown = {"id": 5, "timestamp": None}
    assert unexported(shown, survey_of(receipts={4: "Successfully purged 9 logs before id:1000"}))
    assert unexported(shown, survey_of(receipts={4: "?"}))


# ---------------------------------------------------------------------------- stale or only young

EXPORT = survey_of(3, 4)


@all_rows(
    ("age", "settle", "is_stale"),
    [
        (HOUR, HOUR, True),
        (HOUR - 1, HOUR, False),
        (HOUR, 0, True),
        (HOUR - 1, 0, False),
        (2 * HOUR, 2 * HOUR, True),
        (2 * HOUR - 1, 2 * HOUR, False),
        (-DAY, HOUR, False),
    ],
)
def test_it_is_stale_once_the_entry_is_older_than_a_settle_window_and_an_hour(
    age: int, settle: int, is_stale: bool
) -> None:
    lacking = Unexported(5, stamp(NOW - age))
    assert is_overdue(lacking, None, EXPORT, NOW, settle) is is_stale


@all_rows("timestamp", [None, "soon", stamp(NOW + DAY), stamp(NOW)])
@all_rows(("ago", "is_stale"), [(HOUR, True), (HOUR - 1, False)])
def test_an_earlier_run_saw_it_whatever_its_time_says(
    timestamp: str | None, ago: int, is_stale: bool
) -> None:
    lacking = Unexported(5, timestamp)
    assert is_overdue(lacking, Lack(5, NOW - ago), EXPORT, NOW, HOUR) is is_stale
    assert is_overdue(Unexported(9, timestamp), Lack(5, NOW - ago), EXPORT, NOW, HOUR) is is_stale


def test_what_an_earlier_run_missed_and_this_export_holds_is_no_reason() -> None:
    assert not is_overdue(Unexported(5, stamp(NOW)), Lack(4, NOW - DAY), EXPORT, NOW, HOUR)


def test_what_was_purged_since_an_earlier_run_missed_it_is_no_reason() -> None:
    purged = survey_of(receipts={6: "Successfully purged 1 logs before id:5"})
    assert not is_overdue(Unexported(7, stamp(NOW)), Lack(5, NOW - DAY), purged, NOW, HOUR)
    known = next_lack(Unexported(7, None), Lack(5, 0), purged, NOW, is_stale=False, is_advancing=True)
    assert known == Lack(7, NOW)


def test_an_empty_export_is_stale_though_the_entry_is_young() -> None:
    assert is_overdue(Unexported(5, stamp(NOW)), None, survey_of(), NOW, HOUR)


# ---------------------------------------------------------------------------- for how long


class Days:
    """Runs over a Console whose newest entry is always young: what they note, one after the other."""

    def __init__(self) -> None:
        self.now = NOW
        self.lack: Lack | None = None
        self.newest = 5

    def run(self, *ids: int, after: int = HOUR, is_advancing: bool = False) -> bool:
        """Whether the run's export was stale; before the next one, another entry is written."""
        self.now += after
        survey = survey_of(*ids)
        lacking = Unexported(self.newest, stamp(self.now))
        is_stale = is_overdue(lacking, self.lack, survey, self.now, HOUR)
        self.lack = next_lack(
            lacking, self.lack, survey, self.now, is_stale=is_stale, is_advancing=is_advancing
        )
        self.newest += 1
        return is_stale

    @property
    def is_lasting(self) -> bool:
        assert self.lack is not None
        return self.lack.is_lasting(self.now)


def test_three_stale_exports_in_a_row_are_an_error() -> None:
    days = Days()
    assert [(days.run(3, 4), days.is_lasting) for _ in range(4)] == [
        (False, False),
        (True, False),
        (True, False),
        (True, True),
    ]


def test_a_day_of_stale_exports_is_an_error() -> None:
    days = Days()
    days.run(3, 4)
    assert (days.run(3, 4), days.is_lasting) == (True, False)
    assert (days.run(3, 4, after=DAY), days.is_lasting) == (True, True)


@pytest.mark.parametrize("every", [60, 10 * 60, 25 * 60, 59 * 60])
def test_on_a_busy_console_that_is_looked_at_often_a_frozen_export_is_an_error_all_the_same(
    every: int,
) -> None:
    """The newest entry is always young; what an earlier run saw must not be forgotten for it."""
    days = Days()
    for _ in range(6 * HOUR // every):
        days.run(3, 4, after=every)
    assert days.is_lasting
    assert days.lack is not None
    assert days.lack.entry_id == 5, "the message names what has been lacking the longest"


def test_an_export_that_lagged_and_then_freezes_is_an_error() -> None:
    days = Days()
    days.run(3, 4)
    assert not days.run(3, 4, 5, is_advancing=True)
    assert not days.run(3, 4, 5, 6, is_advancing=True)
    assert [days.run(3, 4, 5, 6) for _ in range(3)] == [True, True, True]
    assert days.is_lasting


def test_an_export_that_lags_and_advances_is_none() -> None:
    days = Days()
    for last in range(5, 60):
        assert not days.run(*range(3, last), is_advancing=last > 5)
        assert not days.is_lasting
    days = Days()  # and one that lags so far that each is stale
    for last in range(2, 60):
        days.run(3, *range(4, last), is_advancing=True)
        assert not days.is_lasting


def test_the_entry_that_is_lacking_the_longest_is_remembered_with_when_it_was_first_seen() -> None:
    survey = survey_of(3, 4)
    first = next_lack(Unexported(5, None), None, survey, NOW, is_stale=False, is_advancing=False)
    assert first == Lack(5, NOW)
    again = next_lack(Unexported(6, None), first, survey, NOW + HOUR, is_stale=True, is_advancing=False)
    assert again == Lack(5, NOW, 1, NOW + HOUR)
    third = next_lack(Unexported(7, None), again, survey, NOW + 2 * HOUR, is_stale=True, is_advancing=False)
    assert third == Lack(5, NOW, 2, NOW + HOUR)
    held = next_lack(Unexported(7, None), third, survey_of(3, 5), NOW + 9, is_stale=False, is_advancing=True)
    assert held == Lack(7, NOW + 9)


def test_it_lasts_from_the_third_export_or_after_a_day() -> None:
    assert not Lack(5, 0).is_lasting(NOW)
    assert [Lack(5, 0, n, NOW).is_lasting(NOW) for n in (1, 2, 3)] == [False, False, True]
    assert [replace(Lack(5, 0, 1), since=NOW - ago).is_lasting(NOW) for ago in (DAY - 1, DAY)] == [
        False,
        True,
    ]


# ---------------------------------------------------------------------------- what is covered


@all_rows(
    ("lacking", "settle", "until"),
    [
        (None, HOUR, NOW),
        (Unexported(5, stamp(NOW - 60)), HOUR, NOW - 61),
        (Unexported(5, stamp(NOW)), HOUR, NOW - 1),
        (Unexported(5, stamp(NOW + 1)), HOUR, NOW - HOUR),
        (Unexported(5, None), 0, NOW - HOUR),
        (Unexported(5, "soon"), 2 * HOUR, NOW - 2 * HOUR),
        (Unexported(5, stamp(NOW - DAY)), HOUR, NOW - DAY - 1),
    ],
)
def test_an_export_covers_what_came_before_the_entry_that_it_lacks(
    lacking: Unexported | None, settle: int, until: int
) -> None:
    assert covered_until(lacking, NOW, settle) == until
