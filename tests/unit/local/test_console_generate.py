"""Generated entries: repeatable, realistic, in the Console's spelling."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.console.calendar import busy_time, read_stamp, stamp, weeks_of_work
from local.console.generate import Generator, Segment

NOW = int(datetime(2026, 3, 11, 14, 30, tzinfo=UTC).timestamp())
FIELDS = {"id", "timestamp", "action_type", "message", "user", "user_ip", "user_browser_agent", "flock_id"}
KNOWN_ACTIONS = {
    "user_login",
    "device_schedule_reboot",
    "device_push_settings",
    "flock_move",
    "user_assign_to_flock",
    "canarytoken_create",
}


def test_the_same_seed_and_id_give_the_same_entry() -> None:
    one, other = Generator(7), Generator(7)
    assert [one.line(n, NOW) for n in range(1, 500)] == [other.line(n, NOW) for n in range(1, 500)]
    assert Generator(7).line(1, NOW) != Generator(8).line(1, NOW)


@pytest.mark.parametrize("extra", [False, True])
def test_every_entry_is_json_with_the_known_fields(extra: bool) -> None:
    generator = Generator(7, extra_fields=extra)
    entries = [json.loads(generator.line(n, NOW)) for n in range(1, 3001)]
    more = FIELDS | {"additional_information"} | ({"flock_name", "user_access_route"} if extra else set())
    assert [entry["id"] for entry in entries] == list(range(1, 3001))
    for entry in entries:
        assert more <= entry.keys() | ({"user_access_route"} if entry["user"] is None else set())
        assert entry.keys() <= more | {"user_browser_language"}
        assert entry["flock_id"] == generator.flock_of(entry["id"])
        assert "{" not in entry["message"]


def test_the_mix_holds_what_a_real_trail_holds() -> None:
    generator = Generator(7)
    entries = [json.loads(generator.line(n, NOW)) for n in range(1, 5001)]
    actions = Counter(entry["action_type"] for entry in entries)
    assert actions.keys() >= KNOWN_ACTIONS
    assert actions.most_common(1)[0][0] == "user_login"
    assert len({entry["flock_id"] for entry in entries}) == 4
    assert any(":" in (entry["user_ip"] or "") for entry in entries)  # IPv6
    assert any(not (entry["user"] or "").isascii() for entry in entries)
    assert any(entry["user"] is None for entry in entries)
    assert any("user_browser_language" not in entry for entry in entries)
    information = [entry["additional_information"] for entry in entries]
    assert None in information
    assert any(isinstance(value, dict) and isinstance(value.get("flock"), dict) for value in information)
    tokens = [entry["message"] for entry in entries if entry["action_type"] == "canarytoken_create"]
    assert len(set(tokens)) == len(tokens)


def test_timestamps_rise_over_years_in_office_hours_and_end_now() -> None:
    start = NOW - 3 * 365 * 86_400
    segment = Segment(1, 20_000, NOW, weeks_of_work(start), weeks_of_work(NOW))
    times = [segment.written_at(n) for n in range(1, 20_001)]
    assert all(early <= late for early, late in itertools.pairwise(times))
    assert abs(times[0] - start) < 3 * 86_400
    assert NOW - 2 <= times[-1] <= NOW
    hours = Counter(datetime.fromtimestamp(time, UTC).hour for time in times)
    weekend = sum(datetime.fromtimestamp(time, UTC).weekday() >= 5 for time in times)
    assert sum(hours[hour] for hour in range(8, 18)) > 0.75 * len(times)
    assert 0 < weekend < 0.1 * len(times)


@given(st.integers(86_400 * 365, 4_000_000_000))
def test_stamps_are_spelled_as_the_console_does(epoch_s: int) -> None:
    moment = datetime.fromtimestamp(epoch_s, UTC)
    assert stamp(epoch_s).decode() == moment.strftime("%Y-%m-%d %H:%M:%S UTC+0000")
    assert read_stamp(stamp(epoch_s).decode()) == moment
    assert abs(busy_time(weeks_of_work(epoch_s)) - epoch_s) <= 1


@pytest.mark.parametrize("text", ["", "yesterday", "2020-04-03 12:56:42", "2020-13-03 12:56:42 UTC+0000"])
def test_other_texts_are_no_stamps(text: str) -> None:
    assert read_stamp(text) is None


def test_stamps_of_other_offsets_are_read() -> None:
    assert read_stamp("2020-04-03 14:56:42 UTC+0200") == datetime(2020, 4, 3, 12, 56, 42, tzinfo=UTC)
