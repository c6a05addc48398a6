"""A state machine over the archive run: people, attackers, Consoles, clouds, clocks, crashes, in any order.

`excused` are the errors and findings that what happened so far accounts for. Any other is a false alarm, and
as bad as a loss: people stop reading alarms.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.fakes.trail import Entry, stamp
from tests.torture import tally
from tests.torture.hostile import FLOCK, HostileWorld
from tests.torture.rest import come_to_rest
from tests.torture.troubles import Happening, Trouble, troubles
from tests.torture.witness import look, watch_posts
from tests.unit.run.world import DAY, HOUR, LEASE

MINUTE = 60
STAMPS = ("now", "now", "now", "null", "unreadable", "future", "old")
TIMES = (1, 61, 600, HOUR, HOUR + 1, LEASE, 2 * HOUR, DAY, 3 * DAY)


class Torture(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.world = HostileWorld()
        self.backup: dict[int, Entry] = {}
        self.older = self.world.remember()
        self.is_sound = True
        watch_posts(self.world)
        tally.add("schedules")

    # -------------------------------------------------------------------------------- the trail

    @initialize(count=st.integers(0, 6), gap=st.integers(0, 2))
    def begin(self, count: int, gap: int) -> None:
        self.world.skip(gap)
        self.world.trail.arrive(count)

    @rule(count=st.integers(1, 6), kind=st.sampled_from(STAMPS), flock=st.booleans(), ahead=st.integers(1, 3))
    def entries_arrive(self, count: int, kind: str, flock: bool, ahead: int) -> None:
        now = self.world.console_clock.now()
        told: dict[str, str | None] = {
            "now": stamp(now),
            "null": None,
            "unreadable": "yesterday",
            "future": stamp(now + ahead * HOUR),
            "old": stamp(now - ahead * DAY),
        }
        self.world.trail.arrive(count, timestamp=told[kind], flock_id="flock:b" if flock else FLOCK)

    @rule(count=st.integers(1, 3))
    def ids_are_skipped(self, count: int) -> None:
        self.world.skip(count)

    @precondition(lambda self: self.world.unissued)
    @rule(choice=st.integers(0, 1000))
    def a_late_writer_fills_a_hole(self, choice: int) -> None:
        if not self.world.trail.ids:
            self.world.excused.add("RollbackError")
        self.world.fill(choice)

    @rule(choice=st.integers(0, 1000), is_planned=st.booleans(), times=st.integers(1, 2))
    def somebody_else_purges(self, choice: int, is_planned: bool, times: int) -> None:
        intents, ids = self.world.reading.intents, self.world.trail.ids
        for _ in range(times if ids else 0):
            planned = int(intents[-1]["plan"]["boundary"]) if intents and is_planned else 0
            self.world.foreign_purge(planned or ids[choice % len(ids)])
            self.world.excused |= {"ForeignPurge"}

    @rule(grows=st.integers(0, 15))
    def the_console_is_reset(self, grows: int) -> None:
        self._replace({})
        self.world.trail.arrive(grows)

    @rule()
    def somebody_takes_a_backup(self) -> None:
        self.backup = self.world.trail.copy()

    @rule(grows=st.integers(0, 9))
    def the_console_is_restored(self, grows: int) -> None:
        self._replace(self.backup)
        self.world.trail.arrive(grows)

    def _replace(self, entries: dict[int, Entry]) -> None:
        self.world.later(1)
        self.world.replace_console(entries)
        self.world.excused |= {"RollbackError", "PopulationMismatchError", "ForeignPurge"}

    @rule()
    def the_trail_is_emptied(self) -> None:
        self.world.trail.remove(*self.world.trail.ids)
        self.world.excused |= {"RollbackError"}

    # -------------------------------------------------------------------------------- the Console

    # A cap right after a reset hides it (see test_found.py): two faults of the Console's at once.
    @precondition(lambda self: not self.world.is_replaced)
    @rule(limit=st.sampled_from([None, 1, 2, 5]))
    def the_export_is_capped(self, limit: int | None) -> None:
        self.world.reader.export_limit = limit
        self.world.excused |= {"PopulationMismatchError", "RollbackError", "ForeignPurge"}

    @rule(is_stale=st.booleans())
    def the_export_is_stale(self, is_stale: bool) -> None:
        self.world.is_stale = is_stale
        self.world.excused |= {"PopulationMismatchError", "RollbackError"}

    @precondition(lambda self: not self.world.is_replaced)
    @rule(is_narrow=st.booleans())
    def the_reading_key_sees_one_flock(self, is_narrow: bool) -> None:
        self.world.reader.sees = lambda entry: not is_narrow or entry["flock_id"] == FLOCK
        self.world.excused |= {"PopulationMismatchError", "RollbackError", "ForeignPurge"}

    @rule(
        what=st.sampled_from(["answers", "carries_out", "writes_receipt", "deletes", "can_purge"]),
        does=st.booleans(),
    )
    def the_console_minds_a_purge(self, what: str, does: bool) -> None:
        setattr(self.world.hostile, what, does)
        if not does:
            excuses = {"can_purge": {"ConsoleAuthError"}, "writes_receipt": {"RollbackError"}}
            self.world.excused |= excuses.get(what, set())

    @rule(tells_population=st.booleans(), tells_time=st.booleans(), is_late=st.booleans())
    def the_console_tells(self, tells_population: bool, tells_time: bool, is_late: bool) -> None:
        self.world.hostile.tells_population = tells_population
        self.world.reader.tells_time = tells_time
        self.world.hostile.is_late = is_late
        self.world.excused |= {"RollbackError"} if is_late else set()

    @rule(more=st.integers(-2, 2))
    def the_console_miscounts(self, more: int) -> None:
        self.world.hostile.report = lambda count: max(0, count + more)
        self.world.excused |= {"PurgeMismatchError", "ForeignPurge"} if more > 0 else set()

    @rule()
    def the_console_catches_up(self) -> None:
        self.world.hostile.catch_up()

    @rule(skew=st.sampled_from([0, 0, -2 * DAY, -600, 600, 2 * DAY]))
    def clocks_differ(self, skew: int) -> None:
        self.world.console_clock.skew = skew

    # -------------------------------------------------------------------------------- our side

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
