"""The log that kills a run at any outside call does what it says, or the crash matrix proves nothing."""

from io import BytesIO

import pytest

from tests.support.fakes import CallLog, CrashError, FakeClock, FakeConsole, FakeTrail, FaultyCalls
from tests.support.fakes.crash import When
from tests.support.rows import all_rows


def a_run(log: CallLog) -> FakeConsole:
    """Four calls: peek, entries_above, download, purge."""
    trail = FakeTrail(FakeClock())
    trail.arrive(5)
    console = FakeConsole(trail)
    watched = log.watch(console)
    try:
        watched.peek()
        list(watched.entries_above(3))
        watched.download(BytesIO())
        watched.purge(2)
    except CrashError:
        pass
    return console


def test_without_an_order_to_die_it_only_counts() -> None:
    log = CallLog()
    assert a_run(log).purges == [2]
    assert log.calls == [f"FakeConsole.{name}" for name in ("peek", "entries_above", "download", "purge")]


@all_rows(
    ("die_at", "when", "reached"),
    [
        (1, "before", {}),
        (1, "after", {"peek": 1}),
        (2, "before", {"peek": 1}),
        (2, "after", {"peek": 1, "entries_above": 1}),
        (4, "before", {"peek": 1, "entries_above": 1, "download": 1}),
        (4, "after", {"peek": 1, "entries_above": 1, "download": 1, "purge": 1}),
        (5, "before", {"peek": 1, "entries_above": 1, "download": 1, "purge": 1}),
    ],
)
def test_it_dies_before_or_after_the_call_it_is_told(
    die_at: int, when: When, reached: dict[str, int]
) -> None:
    assert a_run(CallLog(die_at, when)).calls == reached


def test_the_dead_make_no_calls() -> None:
    trail = FakeTrail(FakeClock())
    log = CallLog(die_at=1)
    console = log.watch(FakeConsole(trail))
    for _ in range(2):
        with pytest.raises(CrashError):
            console.peek()


def test_death_is_no_exception_that_anybody_catches() -> None:
    assert not issubclass(CrashError, Exception)


def test_a_fault_passes_and_later_calls_work() -> None:
    trail = FakeTrail(FakeClock())
    console = FaultyCalls(die_at=2, error=lambda: ValueError("once")).watch(FakeConsole(trail))
    console.peek()
    with pytest.raises(ValueError, match="once"):
        console.peek()
    assert console.peek().population == 0


def test_functions_and_attributes_are_watched_too() -> None:
    log = CallLog()

    def open_purger() -> int:
        return 7

    assert log.watch(open_purger)() == 7
    assert log.watch(FakeConsole(FakeTrail(FakeClock()))).can_purge
    assert log.calls == ["open_purger"]
