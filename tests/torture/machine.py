"""A state machine over the archive run: people, attackers, Consoles, clouds, clocks, crashes, in any order.

`excused` are the errors and findings that what happened so far accounts for. Any other is a false alarm, and
as bad as a loss: people stop reading alarms.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from audit_archive.format.facts import IdSpan
from audit_archive.restraint import RestraintOf
from tests.support import tally
from tests.support.fakes import FakeSigner
from tests.support.world import CONSOLE, DAY, HOUR, LEASE
from tests.torture.rest import come_to_rest
from tests.torture.surroundings import Surroundings
from tests.torture.troubles import Happening, Trouble, troubles
from tests.torture.witness import look, watch_posts

MINUTE = 60
TIMES = (1, 61, 600, HOUR, HOUR + 1, LEASE, 2 * HOUR, DAY, 3 * DAY)


class Torture(Surroundings):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.older = self.world.remember()
        self.is_sound = True
        watch_posts(self.world)
        tally.add("schedules")

    # -------------------------------------------------------------------------------- our side

    @rule()
    def the_owner_signs_with_a_new_key(self) -> None:
        self.world.signer = FakeSigner()

    @rule(mode=st.sampled_from(["off", "dry-run", "on", "on"]), keep=st.sampled_from([0, 0, 1, 7]))
    def the_owner_changes_his_mind(self, mode: str, keep: int) -> None:
        self.world.mode, self.world.keep = mode, keep * DAY

    @rule(settle=st.sampled_from([MINUTE, HOUR, DAY]))
    def the_settle_window_changes(self, settle: int) -> None:
        self.world.settle = settle

    @rule(seconds=st.sampled_from(TIMES))
    def time_passes(self, seconds: int) -> None:
        self.world.later(seconds)

    @rule(is_older=st.booleans())
    def the_ledger_is_lost(self, is_older: bool) -> None:
        self.world.lose_ledger(self.older if is_older else None)

    @rule()
    def the_ledger_is_copied(self) -> None:
        self.older = self.world.remember()

    @rule(trouble=troubles)
    def a_run(self, trouble: Trouble) -> None:
        self._invoke(trouble, again=False)

    @rule(trouble=troubles, pause=st.sampled_from([0, 1, MINUTE, LEASE]))
    def the_same_request_again(self, trouble: Trouble, pause: int) -> None:
        self.world.later(pause)
        self._invoke(trouble, again=True)

    @rule(trouble=troubles)
    def a_run_after_a_while(self, trouble: Trouble) -> None:
        self.world.later(LEASE + HOUR)
        self._invoke(trouble, again=False)

    @rule(trouble=troubles, count=st.integers(0, 4))
    def a_troubled_run_with_work_to_do(self, trouble: Trouble, count: int) -> None:
        self.world.trail.arrive(count)
        self.world.later(LEASE + 2 * HOUR)
        self._invoke(trouble, again=False)

    @rule(first=troubles, second=troubles, count=st.integers(1, 4), pause=st.sampled_from(TIMES))
    def trouble_upon_trouble(self, first: Trouble, second: Trouble, count: int, pause: int) -> None:
        self.world.trail.arrive(count)
        self.world.later(2 * HOUR)
        self._invoke(first, again=False)
        self.world.later(pause)
        self._invoke(second, again=pause < LEASE)

    def _invoke(self, trouble: Trouble, *, again: bool) -> None:
        happening = Happening(self.world, trouble)
        with self._sound():
            ended = self.world.invoke(happening.log, again=again)
            tally.add("fault points", happening.log.has_happened)
            self.world.judge(ended, happening.errors)

    @rule(trouble=troubles, action=st.sampled_from(["resume", "rebuild"]))
    def an_operator_decides(self, trouble: Trouble, action: str) -> None:
        happening = Happening(self.world, trouble)
        is_wrong = action == "resume" and not self.world.reading.is_latched
        with self._sound():
            ended = self.world.operate(action, happening.log)
            self.world.judge(ended, happening.errors | {"RequestError"})
            if ended.outcome == "stated":
                assert not is_wrong, "there was nothing to resume"

    @rule(trouble=troubles, loses=st.sampled_from(["nothing", "item", "ledger"]))
    def an_operator_pauses(self, trouble: Trouble, loses: str) -> None:
        """Then somebody may take the ledger's witness of it, or all of the ledger."""
        happening, reading = Happening(self.world, trouble), self.world.reading
        with self._sound():
            ended = self.world.operate("pause", happening.log)
            self.world.judge(ended, {*happening.errors, "RequestError"})
            reading.catch_up(lenient=True)
            if loses != "nothing" and reading.is_paused:
                self.world.ledger.restrain(RestraintOf.PAUSE, CONSOLE, None)
            if loses == "ledger":
                self.world.lose_ledger()

    @rule(trouble=troubles)
    def an_operator_ends_the_pause(self, trouble: Trouble) -> None:
        happening = Happening(self.world, trouble)
        with self._sound():
            ended = self.world.operate("end_pause", happening.log)
            self.world.judge(ended, {*happening.errors, "RequestError"})

    @precondition(lambda self: self.world.has_true_head)
    @rule(choice=st.integers(0, 1000), looks=st.booleans())
    def an_operator_accepts(self, choice: int, looks: bool) -> None:
        """Of what is not there any more; who does not look is told that it is not listed."""
        holes = self.world.head.unexplained
        if not holes or not looks:
            if not holes:
                ended = self.world.operate("accept", span=IdSpan(choice + 1, choice + 3))
                assert ended.outcome != "stated", "there was nothing to accept"
            return
        hole = holes[choice % len(holes)]
        if not self.world.hidden(IdSpan(hole.first, hole.last)):
            with self._sound():
                self.world.judge(self.world.operate("accept", span=IdSpan(hole.first, hole.last)))

    @rule()
    def everything_comes_to_rest(self) -> None:
        with self._sound():
            come_to_rest(self.world)

    @invariant()
    def nothing_is_lost(self) -> None:
        with self._sound():
            look(self.world)

    def teardown(self) -> None:
        tally.add("runs", self.world.runs)
        if self.is_sound:
            come_to_rest(self.world)

    @contextmanager
    def _sound(self) -> Iterator[None]:
        """What fails here has failed: nothing that comes after may hide it."""
        self.is_sound = False
        yield
        self.is_sound = True


class DoubtedTorture(Torture):
    """The same, and the daily audit finds faults, or its notes are gone."""

    @rule(faults=st.sampled_from([0, 1]))
    def an_audit_ends(self, faults: int) -> None:
        """Until all comes to rest, there is no further audit but by this rule."""
        self.world.is_audited = False
        self.world.note(faults)

    @rule(is_gone=st.booleans())
    def somebody_takes_the_auditors_notes(self, is_gone: bool) -> None:
        self.world.is_audited = False
        self.world.note()
        (self.world.notes.forget if is_gone else self.world.notes.damage)(CONSOLE)
