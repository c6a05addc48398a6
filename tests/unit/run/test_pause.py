"""The brake: a pause in chain and ledger, a mode that a person lowered, and the hour after a decision."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from audit_archive.errors import LedgerError, RequestError, SettingsError
from audit_archive.format.facts import Action, HeldBackBy, Mode
from audit_archive.format.statement import OperatorStatement
from audit_archive.ports import Ledger
from audit_archive.restraint import UNREADABLE, Restraint, RestraintOf
from audit_archive.run.operate import state_decision
from audit_archive.run.purging import PurgingPorts, PurgingRequest, set_purging
from audit_archive.run.request import OperatorRequest
from audit_archive.run.result import Result, RunOutcome
from tests.support.audit import fold
from tests.support.fakes import CallLog
from tests.support.world import CONSOLE, DAY, HOUR, Meanwhile, World, ready

PAUSE, RECENT = HeldBackBy.PAUSE, HeldBackBy.RECENT_DECISION


def decide(world: World, action: Action, who: str = "ann", log: CallLog | None = None) -> Result:
    world.clock.left = world.time_left
    return state_decision(world.bound(log), OperatorRequest(CONSOLE, action, who, "incident 4711"))


def pause(world: World) -> Result:
    return decide(world, Action.PAUSE)


def end(world: World) -> Result:
    return decide(world, Action.END_PAUSE)


def set_mode(world: World, mode: Mode, console: str | None = None) -> Any:
    ports = PurgingPorts(world.ledger, world.alerts, world.clock)
    return set_purging(
        ports, PurgingRequest("purging", mode, "ann", "incident 4711", console), "r-1", Mode.ON
    )


def archived() -> World:
    """One purge is behind it, and five more entries are old enough for the next."""
    world = ready()
    world.run()
    world.aged(5)
    return world


def check_held(world: World, reason: HeldBackBy) -> Result:
    """The next run archives all, and purges nothing."""
    sent = list(world.posts)
    result = world.run()
    assert (result.held_back_by, result.purged_entries) == (reason, 0)
    assert result.highest_archived_id == world.trail.last_id
    assert world.posts == sent
    return result


def test_a_paused_console_is_archived_and_not_purged_until_the_pause_ends() -> None:
    world = archived()
    sent = list(world.posts)
    assert pause(world).outcome == RunOutcome.STATED
    result = check_held(world, PAUSE)
    (warning,) = [each for each in result.warnings if each.startswith("pause:")]
    assert 'as stated by "ann", because "incident 4711"' in warning
    world.later(DAY)
    assert check_held(world, PAUSE).outcome == RunOutcome.IDLE  # that an entry is due ends no idleness
    end(world)
    world.later(HOUR)
    assert world.run().outcome == RunOutcome.PURGED
    assert len(world.posts) == len(sent) + 1
    assert world.head == fold(world)
    assert world.alerts.kinds == ["OperatorDecision"] * 2


def test_the_chain_names_who_paused_and_in_which_request() -> None:
    world = archived()
    pause(world)
    said = world.chain()[-1]
    assert isinstance(said, OperatorStatement)
    assert (said.action, said.who, said.reason) == ("pause", "ann", "incident 4711")
    kept = world.head.pause
    assert kept is not None
    assert (kept.seq, kept.request_id, kept.who) == (said.seq, said.run.id, "ann")
    (told,) = world.alerts.published
    assert said.run.id in told.sentence
    assert "as stated" in told.sentence


def test_a_second_pause_leaves_the_first_as_it_is() -> None:
    world = archived()
    pause(world)
    first = world.head.pause
    world.later(60)
    decide(world, Action.PAUSE, "bob")
    assert world.head.pause == first


LOSSES: dict[str, Callable[[World], object]] = {
    "the item is deleted": lambda world: world.ledger.restrain(RestraintOf.PAUSE, CONSOLE, None),
    "the ledger is lost": lambda world: world.ledger.forget(CONSOLE),
    "the head is altered": lambda world: world.ledger.overwrite(CONSOLE, replace(world.head, pause=None)),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_pause_holds_by_the_chain_whatever_becomes_of_the_ledger(loss: str) -> None:
    world = archived()
    pause(world)
    world.ledger.restrain(RestraintOf.PAUSE, CONSOLE, None)
    LOSSES[loss](world)
    check_held(world, PAUSE)


def test_a_pause_holds_when_an_older_ledger_is_put_back() -> None:
    world = archived()
    head, said = world.head, world.chain()[-1]
    pause(world)
    world.ledger.forget(CONSOLE)
    world.ledger.restrain(RestraintOf.PAUSE, CONSOLE, None)
    world.ledger.record(head, said)
    check_held(world, PAUSE)


def test_a_pause_holds_by_the_ledger_if_the_chain_could_not_state_it() -> None:
    world = archived()
    with pytest.raises(OSError, match="no bucket"):
        decide(world, Action.PAUSE, log=Failing("FakeStore.create"))
    assert world.head.pause is None
    check_held(world, PAUSE)
    end(world)
    world.later(HOUR)
    assert world.run().outcome == RunOutcome.PURGED


class Failing(CallLog):
    """A log whose calls of one name fail."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if name == self._name:
            raise OSError("no bucket")
        return super().call(name, function, *args, **kwargs)


BEFORE_THE_POST = ("FakeConsole.download", "FakeStore.create", "<lambda>", "FakeConsole.peek")


@pytest.mark.parametrize("call", BEFORE_THE_POST)
def test_a_pause_during_a_run_stops_its_purge(call: str) -> None:
    """Whichever of the run's calls it comes before, without the lease."""
    world = archived()
    sent, meanwhile = list(world.posts), Meanwhile(call, lambda: pause(world))
    world.run(meanwhile)
    assert meanwhile.has_happened
    assert world.posts == sent
    assert world.head.pause is not None
    check_held(world, PAUSE)
    assert world.head == fold(world)
    end(world)
    world.later(HOUR)
    assert world.run().outcome == RunOutcome.PURGED


def stated_alone(world: World) -> None:
    """A pause of which the ledger's item is gone at once."""
    pause(world)
    world.ledger.restrain(RestraintOf.PAUSE, CONSOLE, None)


def in_the_ledger_alone(world: World) -> None:
    """A pause that has come to the ledger and not to the chain yet."""
    world.ledger.restrain(RestraintOf.PAUSE, CONSOLE, Restraint(Mode.OFF, "ann", "why", 1, "r"))


LAST_MOMENT: dict[str, tuple[Callable[[World], object], HeldBackBy | None]] = {
    "a pause in the chain": (stated_alone, PAUSE),
    "a pause in the ledger": (in_the_ledger_alone, PAUSE),
    "the mode of all": (lambda world: set_mode(world, Mode.OFF), HeldBackBy.PURGE_MODE),
    "the mode of the Console": (lambda world: set_mode(world, Mode.DRY_RUN, CONSOLE), HeldBackBy.PURGE_MODE),
}


@pytest.mark.parametrize("brake", LAST_MOMENT)
def test_the_brake_is_looked_at_last_before_a_purge_is_sent(brake: str) -> None:
    """After the last look at the trail nothing else comes between the brake and the purge."""
    world = archived()
    sent, (pull, reason) = list(world.posts), LAST_MOMENT[brake]

    def on_the_last_page() -> None:
        world.purger.hooks.clear()
        pull(world)

    def count() -> None:
        world.purger.hooks.clear()
        world.purger.hooks["entries_above"] = on_the_last_page

    world.purger.hooks["peek"] = count
    result = world.run()
    assert world.posts == sent
    assert result.held_back_by == reason
    assert world.outcomes()[-1] in {"not_sent", "superseded"}


def test_a_pause_that_loses_its_number_takes_the_next_one() -> None:
    world = archived()

    def run_first() -> None:
        world.free_lease()
        world.run()

    seq = world.head.seq
    decide(world, Action.PAUSE, log=Meanwhile("FakeStore.create", run_first))
    assert world.head.seq > seq + 1
    assert world.head.pause is not None
    assert world.head == fold(world)


def test_a_pause_behind_what_a_run_has_not_recorded_yet_is_recorded_by_the_next_run() -> None:
    world = archived()
    recorded = world.head

    def pause_now() -> None:
        assert world.head == recorded
        assert pause(world).outcome == RunOutcome.STATED
        assert world.head == recorded

    # The statement of the run is committed, and its entry files are not put yet.
    world.run(Meanwhile("FakeStore.put", lambda: None))
    world.aged(2)
    recorded = world.head
    world.run(Meanwhile("FakeLedger.record", pause_now))
    check_held(world, PAUSE)
    assert world.head == fold(world)


def test_two_operators_at_once_end_paused_if_the_pause_came_last() -> None:
    world = archived()
    pause(world)
    decide(world, Action.END_PAUSE, log=Meanwhile("FakeLedger.restrain", lambda: pause(world)))
    assert world.ledger.restraints(CONSOLE).pause is None  # whoever ended it removed the other's item
    check_held(world, PAUSE)


def test_a_pause_that_begins_while_another_one_ends_keeps_its_item() -> None:
    """The chain did not state it yet, and perhaps never will. The item alone holds then."""
    world = archived()
    pause(world)
    newer = Restraint(Mode.OFF, "bob", "another incident", world.clock.now(), "r-2")

    def begin() -> None:
        world.ledger.restrain(RestraintOf.PAUSE, CONSOLE, newer)

    decide(world, Action.END_PAUSE, log=Meanwhile("FakeStore.create", begin))
    assert world.head.pause is None
    assert world.ledger.restraints(CONSOLE).pause == newer
    check_held(world, PAUSE)


def test_an_epoch_does_not_end_a_pause() -> None:
    world = archived()
    pause(world)
    world.ledger.restrain(RestraintOf.PAUSE, CONSOLE, None)
    decide(world, Action.EPOCH)
    world.later(2 * HOUR)
    check_held(world, PAUSE)


def test_what_is_not_paused_can_not_be_resumed() -> None:
    with pytest.raises(RequestError, match=f"Console {CONSOLE} is not paused"):
        end(archived())


def test_a_console_without_an_archive_can_not_be_paused() -> None:
    world = World()
    with pytest.raises(RequestError, match="nothing is archived of Console 1234abcd"):
        pause(world)
    assert world.ledger.restraints(CONSOLE).pause is None
    assert world.chain() == []


def test_a_pause_that_has_ended_is_the_reason_of_no_later_run() -> None:
    """The newest plan still names it, and an idle run in mode `off` makes no other."""
    world = archived()
    pause(world)
    check_held(world, PAUSE)
    assert end(world).held_back_by is None
    set_mode(world, Mode.OFF, CONSOLE)
    world.later(4 * DAY)
    result = world.run()
    assert (result.outcome, result.held_back_by) == (RunOutcome.IDLE, HeldBackBy.PURGE_MODE)
    assert world.ledger.last_runs(CONSOLE).held_by == HeldBackBy.PURGE_MODE
    assert "PurgeHeldBack" not in world.alerts.kinds


def test_a_pause_is_no_resume_of_a_mismatch() -> None:
    world = archived()
    world.state(Action.PAUSE)
    with pytest.raises(RequestError, match="nothing to resume"):
        decide(world, Action.RESUME)


@pytest.mark.parametrize("console", [None, CONSOLE])
def test_a_lowered_mode_is_lifted_an_hour_before_the_first_purge(console: str | None) -> None:
    world = archived()
    report = set_mode(world, Mode.OFF, console)
    assert report.as_dict()["first_purge_at"] is None
    result = check_held(world, HeldBackBy.PURGE_MODE)
    which = f" {console}" if console is not None else ""
    assert f"`canary-audit purging on{which}` lifts it" in result.warnings[-1], "and no other brake"
    assert world.last().plan.mode == Mode.OFF
    world.later(DAY)
    assert set_mode(world, Mode.ON, console).first_purge_at is not None
    check_held(world, RECENT)
    world.later(HOUR - 1)
    check_held(world, RECENT)
    world.later(1)
    assert world.run().outcome == RunOutcome.PURGED
    assert world.alerts.kinds == ["OperatorDecision"] * 2


def test_nothing_lets_purging_go_on_that_could_not_be_told() -> None:
    world = archived()
    set_mode(world, Mode.OFF)
    world.alerts.refuses = True
    with pytest.raises(SettingsError, match="the topic does not exist"):
        set_mode(world, Mode.ON)
    world.later(2 * HOUR)
    check_held(world, HeldBackBy.PURGE_MODE)
    (warning,) = set_mode(world, Mode.DRY_RUN).warnings
    assert warning.startswith("it is set, but could not be told")


def test_who_mistypes_a_console_learns_that_nothing_else_is_held() -> None:
    world = archived()
    assert set_mode(world, Mode.OFF, CONSOLE).warnings == ()
    (warning,) = set_mode(world, Mode.OFF, "1234abce").warnings
    assert warning.startswith("the ledger knows no archive of Console 1234abce. Check the id")
    assert world.ledger.restraints("1234abce").console is not None, "it holds for one that is yet to come"


FORGED = 'ann", because "planned", in request 11111111-1111. Nothing is to be done'
"""A name that goes on like our own sentence."""


def test_what_a_person_typed_stays_in_its_quotes() -> None:
    world = archived()
    quoted = f"as stated by {json.dumps(FORGED)}, because"
    decide(world, Action.PAUSE, FORGED)
    world.later(1)
    said = [world.alerts.published[-1].sentence, *check_held(world, PAUSE).warnings]
    end(world)
    ports = PurgingPorts(world.ledger, world.alerts, world.clock)
    set_purging(ports, PurgingRequest("purging", Mode.OFF, FORGED, FORGED), "r-1", Mode.ON)
    world.aged(1)
    said += [world.alerts.published[-1].sentence, *check_held(world, HeldBackBy.PURGE_MODE).warnings]
    told = [each for each in said if "ann" in each]
    assert len(told) == 4
    assert all(quoted in each for each in told)
    assert all(FORGED not in each for each in told)


def test_a_dry_run_set_by_a_person_shows_the_plan() -> None:
    world = archived()
    set_mode(world, Mode.DRY_RUN)
    result = world.run()
    assert (result.outcome, result.boundary) == (RunOutcome.ARCHIVED, 11)
    assert len(world.posts) == 1


def test_nobody_raises_the_mode_above_the_stacks() -> None:
    world = archived()
    world.mode = "dry-run"
    set_mode(world, Mode.ON)
    set_mode(world, Mode.ON, CONSOLE)
    world.later(2 * HOUR)
    world.run()
    assert len(world.posts) == 1


def test_the_lower_of_both_modes_holds() -> None:
    world = archived()
    set_mode(world, Mode.OFF)
    (warning,) = set_mode(world, Mode.ON, CONSOLE).warnings
    assert warning.startswith("purging of every Console is still set to off since ")
    assert f'because "incident 4711", so nothing of Console {CONSOLE} is purged' in warning
    world.later(2 * HOUR)
    check_held(world, HeldBackBy.PURGE_MODE)
    assert set_mode(world, Mode.ON).warnings == set_mode(world, Mode.ON, CONSOLE).warnings == ()


def test_of_a_brake_that_cant_be_read_no_moment_is_told() -> None:
    world = archived()
    world.ledger.restrain(RestraintOf.STACK, "", UNREADABLE)
    (warning,) = set_mode(world, Mode.ON, CONSOLE).warnings
    assert "is still set to off by an unreadable item of the ledger" in warning
    assert "1970" not in warning


def test_another_consoles_brake_is_not_this_ones() -> None:
    world = archived()
    set_mode(world, Mode.OFF, "5678efab")
    world.ledger.restrain(RestraintOf.PAUSE, "5678efab", Restraint(Mode.OFF, "ann", "why", 1, "r"))
    assert world.run().outcome == RunOutcome.PURGED


@pytest.mark.parametrize("action", ["epoch", "rebuild", "end_pause"])
def test_a_purge_that_a_decision_makes_possible_waits_an_hour(action: str) -> None:
    world = archived()
    if action == "end_pause":
        pause(world)
    decide(world, Action(action))
    check_held(world, RECENT)
    world.later(HOUR)
    world.aged(1)
    assert world.run().outcome == RunOutcome.PURGED


def test_no_purge_is_sent_while_the_brake_can_not_be_read() -> None:
    world = archived()
    sent = list(world.posts)

    class Silent(CallLog):
        looks = 0

        def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            self.looks += name == "FakeLedger.restraints"
            if self.looks == 2:
                raise LedgerError("the ledger does not answer")
            return super().call(name, function, *args, **kwargs)

    with pytest.raises(LedgerError):
        world.run(Silent())
    assert world.posts == sent


def test_the_fake_is_a_ledger() -> None:
    ledger: Ledger = World().ledger
    assert ledger.restraints(CONSOLE).modes == ()
