"""The entries of an answer in numbers, whatever is in them."""

from hypothesis import given
from hypothesis import strategies as st

from audit_archive.evidence.gathering import MAX_VALUE, MAX_VALUES, RANKED, ActivityCounter
from audit_archive.evidence.model import Activity

EAST = 9 * 3600
VALUES = st.one_of(st.none(), st.integers(), st.text(max_size=3), st.sampled_from(["ada", "bob"]))
STAMPS = st.one_of(VALUES, st.sampled_from(["2026-11-21 10:00:00 UTC+0000", "9999-12-31 23:59:59 UTC+0000"]))
ENTRIES = st.lists(st.fixed_dictionaries({"timestamp": STAMPS, "user": VALUES, "action_type": VALUES}))


def counted(entries: list[dict[str, object]], offset: int = 0) -> Activity:
    counter = ActivityCounter(lambda at: offset)
    for entry in entries:
        counter.add(entry)
    return counter.activity()


@given(ENTRIES, st.sampled_from([0, EAST, -EAST]))
def test_every_entry_is_counted_once_by_day_by_user_and_by_action(
    entries: list[dict[str, object]], offset: int
) -> None:
    found = counted(entries, offset)
    assert sum(count for _, count in found.days) + found.untimed == len(entries)
    for ranking in (found.users, found.actions):
        assert sum(count for _, count in ranking.top) + ranking.others == len(entries)
        assert [count for _, count in ranking.top] == sorted((n for _, n in ranking.top), reverse=True)


def test_days_are_those_of_the_zone() -> None:
    entry: dict[str, object] = {"timestamp": "2026-11-21 20:00:00 UTC+0000"}
    assert counted([entry]).days == (("2026-11-21", 1),)
    assert counted([entry], EAST).days == (("2026-11-22", 1),)


def test_a_time_that_no_calendar_of_the_zone_shows_is_none() -> None:
    entry: dict[str, object] = {"timestamp": "9999-12-31 23:59:59 UTC+0000"}
    assert (counted([entry]).untimed, counted([entry], EAST).untimed) == (0, 1)


def test_whoever_chooses_values_does_not_choose_how_much_is_kept() -> None:
    entries: list[dict[str, object]] = [{"user": f"user {number}"} for number in range(MAX_VALUES + 7)]
    found = counted([*entries, {"user": "x" * (MAX_VALUE + 1)}, {"user": "user 3"}])
    assert found.users.top[0] == ("user 3", 2)
    assert len(found.users.top) == RANKED
    assert sum(count for _, count in found.users.top) + found.users.others == MAX_VALUES + 9
    assert counted([{"user": "x" * (MAX_VALUE + 1)}]).users.top == (("x" * (MAX_VALUE - 1) + "…", 1),)
