"""Paging: both ways, steady while the trail changes; and standard times."""

from __future__ import annotations

import json

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st

from local.console import Trail
from local.console.fetch import Page, Position, page_at, with_standard_times


def walk(trail: Trail, page: Page, way: str) -> list[Page]:
    pages = [page]
    while (position := getattr(pages[-1], way)) is not None:
        pages.append(page_at(trail.snapshot(), Position.of_cursor(position.cursor())))
    return pages


@given(st.integers(0, 40), st.integers(1, 12))
def test_walking_down_shows_every_entry_once_and_walking_up_leads_back(count: int, limit: int) -> None:
    trail = Trail.generated(count)
    down = walk(trail, page_at(trail.snapshot(), Position(limit)), "next")
    assert [n for page in down for n in page.ids] == list(range(count, 0, -1))
    assert {page.count for page in down} == {-(-count // limit)}
    assert [page.number for page in down] == list(range(1, len(down) + 1))
    up = walk(trail, down[-1], "prev")
    assert [page.number for page in up] == list(range(len(down), 0, -1))
    assert sorted({n for page in up for n in page.ids}) == list(range(1, count + 1))


def test_the_samples_numbers() -> None:
    assert page_at(Trail.generated(73).snapshot(), Position(5)).count == 15
    assert page_at(Trail.generated(73).snapshot(), Position(1)).count == 73


def test_cursors_stay_put_while_entries_arrive_and_are_purged() -> None:
    trail = Trail.generated(30)
    first = page_at(trail.snapshot(), Position(10))
    trail.arrive(7)
    trail.make_hole(15)
    second = page_at(trail.snapshot(), first.next or pytest.fail("no next"))
    assert second.ids == (20, 19, 18, 17, 16, 14, 13, 12, 11, 10)
    assert (second.number, second.count) == (2, 3)  # as the first call knew them
    assert page_at(trail.snapshot(), Position(10)).count == 4
    back = page_at(trail.snapshot(), second.prev or pytest.fail("no prev"))
    assert back.ids == first.ids
    assert back.prev is not None
    assert page_at(trail.snapshot(), back.prev).ids == (37, 36, 35, 34, 33, 32, 31)
    trail.purge(30)
    emptied = page_at(trail.snapshot(), second.next or pytest.fail("no next"))
    assert (emptied.ids, emptied.next) == ((), None)
    assert page_at(trail.snapshot(), emptied.prev or pytest.fail("no prev")).ids == (
        38,
        37,
        36,
        35,
        34,
        33,
        32,
        31,
    )


@given(st.text(max_size=40))
def test_made_up_cursors_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Invalid cursor"):
        Position.of_cursor(text)


def test_an_altered_cursor_is_refused() -> None:
    cursor = Position(5, before=20).cursor()
    for place in range(0, len(cursor) - 1):
        altered = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(ValueError, match="Invalid cursor"):
            Position.of_cursor(altered)


def test_standard_times() -> None:
    zone = pytz.timezone("Africa/Johannesburg")
    text = b'{"id":1,  "timestamp":"2020-04-03 12:56:42 UTC+0000","note":"2020"}'
    text = text[:-1] + b',"until":"2020-12-31 22:30:00 UTC-0100"}'
    told = with_standard_times(text, zone)
    assert told.startswith(text[:-1])
    assert json.loads(told)["timestamp_std"] == "2020-04-03 14:56:42 SAST+0200"
    assert json.loads(told)["until_std"] == "2021-01-01 01:30:00 SAST+0200"
    assert "note_std" not in json.loads(told)


@pytest.mark.parametrize("text", [b"{}", b'{"id":1,"timestamp":null}', b"oops", b"[1]", b"[" * 100_000])
def test_what_has_no_time_stays_as_it_is(text: bytes) -> None:
    assert with_standard_times(text, pytz.utc) == text
