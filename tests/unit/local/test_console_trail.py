"""Everything that can happen to a trail."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.console import Actor, PurgeTerms, Trail

START = datetime(2026, 3, 11, 14, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Hands:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


def entry(trail: Trail, entry_id: int) -> dict[str, Any]:
    found = json.loads(trail.snapshot().line(entry_id))
    assert isinstance(found, dict)
    return found


def live(trail: Trail) -> list[int]:
    return list(trail.snapshot().ids)


def test_a_generated_trail_is_dense_and_ends_now() -> None:
    trail = Trail.generated(500, seed=7, clock=Hands())
    assert live(trail) == list(range(1, 501))
    assert len(trail) == trail.last_id == 500
    assert entry(trail, 500)["timestamp"].startswith("2026-03-11 14:29:5") or (
        entry(trail, 500)["timestamp"] == "2026-03-11 14:30:00 UTC+0000"
    )


def test_an_empty_trail_issues_id_1_first() -> None:
    assert live(Trail.generated(0)) == []
    assert list(Trail().arrive()) == [1]


def test_arrivals_are_written_now() -> None:
    clock = Hands()
    trail = Trail.generated(10, clock=clock)
    clock.now += MINUTE
    assert list(trail.arrive(3)) == [11, 12, 13]
    assert {entry(trail, n)["timestamp"] for n in (11, 12, 13)} == {"2026-03-11 14:31:00 UTC+0000"}
    assert entry(trail, 10)["timestamp"] <= "2026-03-11 14:30:00 UTC+0000"
    with pytest.raises(ValueError, match="can't arrive"):
        trail.arrive(0)


def test_a_purge_deletes_up_to_and_including_the_id_and_leaves_a_receipt() -> None:
    trail = Trail.generated(100, clock=Hands())
    assert trail.purge(72, by=Actor(user="mallory", user_ip="203.0.113.66")) == 72
    assert live(trail) == list(range(73, 102))
    assert trail.receipts == (101,)
    receipt = entry(trail, 101)
    assert receipt["action_type"] == "audit_trail_purge"
    assert receipt["message"] == "Successfully purged 72 logs before id:72"
    assert (receipt["user"], receipt["user_ip"]) == ("mallory", "203.0.113.66")
    assert receipt["timestamp"] == "2026-03-11 14:30:00 UTC+0000"


def test_a_purge_counts_only_what_was_live() -> None:
    trail = Trail.generated(10)
    trail.make_hole(3, 5)
    assert trail.purge(6) == 3
    assert trail.purge(6) == 0
    assert trail.purge(1000) == 6  # 7 to 10 and both receipts
    assert live(trail) == [13]


def test_holes_skips_and_late_ids() -> None:
    trail = Trail.generated(5)
    trail.make_hole(2)
    trail.skip(2)
    trail.arrive()
    assert live(trail) == [1, 3, 4, 5, 8]
    trail.arrive_late(6)
    assert trail.write("user_login", "late", entry_id=2) == 2
    assert live(trail) == [1, 2, 3, 4, 5, 6, 8]
    assert entry(trail, 6)["id"] == 6
    assert entry(trail, 2)["id"] == 2
    with pytest.raises(ValueError, match="live"):
        trail.arrive_late(6)
    assert trail.last_id == 8


def test_a_late_id_below_a_purge_comes_back() -> None:
    trail = Trail.generated(5)
    trail.purge(5)
    trail.arrive_late(3)
    assert live(trail) == [3, 6]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"a": "é"}, '{"id":6,"a":"é"}'.encode()),
        ({"id": 9, "a": None}, b'{"id":9,"a":null}'),
        (
            {"id": 6, "agent": "\ud800"},
            b'{"id": 6, "agent": "\\ud800"}'.replace(b": ", b":").replace(b", ", b","),
        ),
        (b'{"id":6,"n":1e999,}', b'{"id":6,"n":1e999,}'),
    ],
)
def test_any_entry_is_kept_as_given(given: dict[str, object] | bytes, text: bytes) -> None:
    trail = Trail.generated(5)
    place = trail.put(given)
    assert trail.snapshot().line(place) == text
    assert place == (9 if b'"id":9' in text else 6)


@pytest.mark.parametrize("bad", ["6", 0, -1, True, 2.0])
def test_an_entry_has_a_place(bad: object) -> None:
    trail = Trail()
    with pytest.raises(ValueError, match="positive integer"):
        trail.put({"id": bad})
    assert trail.put({"id": bad}, entry_id=4) == 4  # but a test may serve such an entry


def test_a_snapshot_stays_as_it_was() -> None:
    trail = Trail.generated(5)
    trail.put({"id": 6, "v": 1})
    before = trail.snapshot()
    texts = {n: before.line(n) for n in before.ids}
    trail.put({"id": 6, "v": 2})
    trail.put({"id": 3, "v": 3})
    trail.arrive(2)
    trail.purge(6)
    trail.reset()
    trail.arrive(4)
    assert {n: before.line(n) for n in before.ids} == texts
    assert list(before.ids) == [1, 2, 3, 4, 5, 6]


def test_purged_entries_leave_memory() -> None:
    trail = Trail()
    for _ in range(50):
        trail.write("user_login", "x")
    trail.arrive(10)
    trail.purge(60)
    assert list(trail.snapshot().written) == [61]
    assert trail.snapshot().segments == ()


def test_reset_restarts_ids() -> None:
    trail = Trail.generated(5)
    trail.purge(2)
    trail.reset()
    assert (live(trail), trail.last_id, trail.receipts) == ([], 0, ())
    assert list(trail.arrive()) == [1]


def test_slow_deletion_and_late_receipt_by_the_consoles_clock() -> None:
    clock = Hands()
    trail = Trail.generated(5, clock=clock)
    trail.purge(3, terms=PurgeTerms(deletion_after=2 * MINUTE, receipt_after=MINUTE))
    assert live(trail) == [1, 2, 3, 4, 5]
    clock.now += MINUTE
    assert live(trail) == [1, 2, 3, 4, 5, 6]
    assert entry(trail, 6)["message"] == "Successfully purged 3 logs before id:3"
    clock.now += MINUTE
    assert live(trail) == [4, 5, 6]


def test_delayed_things_can_be_finished_at_once() -> None:
    trail = Trail.generated(5, clock=Hands())
    trail.purge(3, terms=PurgeTerms(deletion_after=MINUTE, receipt_after=MINUTE))
    trail.finish()
    assert live(trail) == [4, 5, 6]
    assert trail.receipts == (6,)


def test_a_purge_without_receipt_and_one_that_miscounts() -> None:
    trail = Trail.generated(9)
    assert trail.purge(3, terms=PurgeTerms(receipt=False)) == 3
    assert live(trail) == [4, 5, 6, 7, 8, 9]
    assert trail.purge(5, terms=PurgeTerms(miscount=4)) == 6
    assert entry(trail, 10)["message"] == "Successfully purged 6 logs before id:5"


def test_a_flock_sees_and_purges_only_its_part() -> None:
    trail = Trail.generated(400)
    flock = "flock:default"
    mine = [n for n in live(trail) if entry(trail, n)["flock_id"] == flock]
    assert 0 < len(mine) < 400
    assert list(trail.snapshot().seen_by(flock).ids) == mine
    assert trail.purge(200, flock=flock) == sum(n <= 200 for n in mine)
    assert live(trail) == [n for n in range(1, 402) if n > 200 or n not in mine]
    by_hand = trail.put({"flock_id": flock})
    trail.put({"flock_id": ["odd"]})
    trail.put(b"no json")
    assert list(trail.snapshot().seen_by(flock).ids) == [*(n for n in mine if n > 200), by_hand]


def test_entries_from_a_file_are_kept_as_written(tmp_path: Path) -> None:
    path = tmp_path / "entries.ndjson"
    path.write_text('{"id": 7,  "x": 1.0}\n\n{"x": "é", "id": 3}\n', "utf-8")
    trail = Trail.from_ndjson(path)
    assert [trail.snapshot().line(n).decode() for n in live(trail)] == [
        '{"x": "é", "id": 3}',
        '{"id": 7,  "x": 1.0}',
    ]
    assert list(trail.arrive()) == [8]


@pytest.mark.parametrize("line", ["[]", "{}", '{"id": "1"}', '{"id": 0}', "oops", '{"id": true}', "7"])
def test_a_bad_file_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "entries.ndjson"
    path.write_text('{"id": 1}\n' + line + "\n")
    with pytest.raises(ValueError, match="line 2: not an entry"):
        Trail.from_ndjson(path)


@pytest.mark.parametrize(
    "change", [lambda t: t.arrive(), lambda t: t.make_hole(1), lambda t: t.put({"id": 1})]
)
def test_every_change_shows(change: Callable[[Trail], object]) -> None:
    trail = Trail.generated(3)
    before = trail.snapshot()
    assert trail.snapshot() is before
    change(trail)
    assert trail.snapshot() is not before
