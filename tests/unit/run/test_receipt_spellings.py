"""A receipt under another action type, or with another spelling of its numbers, is a receipt all the same."""

import pytest

from audit_archive.format.facts import HeldBackBy
from audit_archive.run.result import RunOutcome
from tests.support.audit import audit_quiet
from tests.support.world import DAY, World

ACTIONS = ["audit_trail_purge", "logs_purge", "user_login", None]


@pytest.mark.parametrize("action", ACTIONS)
def test_our_own_receipt_is_not_purged_again(action: str | None) -> None:
    """The trail holds the receipt of the purge before, and its number of entries has a comma in it."""
    world = World()

    def write_receipt(boundary: int, count: int, user: str) -> int:
        message = f"Successfully purged {count:,} logs before id:{boundary:,}"
        return world.trail.arrive(action_type=action, message=message, user=user)[0]

    world.trail.write_receipt = write_receipt  # type: ignore[method-assign]
    world.aged(1200)
    result = world.run()
    assert (result.outcome, result.purged_entries, result.warnings) == (RunOutcome.PURGED, 1200, ())
    assert world.purges()[-1].receipt == {**world.trail.entries[0]}
    for _ in range(3):
        world.later(DAY)
        assert world.run().outcome == RunOutcome.IDLE
    assert world.trail.ids == [1201]
    world.aged(2)
    assert world.run().outcome == RunOutcome.PURGED
    audit_quiet(world)


def test_a_count_that_can_be_read_in_two_ways_is_not_read() -> None:
    world = World()
    world.aged(5)
    world.trail.arrive(action_type="audit_trail_purge", message="Successfully purged 1.234 logs before id:4")
    world.later()
    assert world.run().held_back_by == HeldBackBy.UNREADABLE_RECEIPT
    assert world.last().drift == {"unreadable_receipt": 1}
