"""Everything that happens around our runs: to the trail, and to the Console that serves it."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.support.fakes.trail import Entry, stamp
from tests.support.world import DAY, HOUR
from tests.torture.hostile import FLOCK, LIES, HostileWorld, is_receipt

STAMPS = ("now", "now", "now", "null", "unreadable", "future", "old")


class Surroundings(RuleBasedStateMachine):
    """The rules of other people and of other machines."""

    def __init__(self) -> None:
        super().__init__()
        self.world = HostileWorld()
        self.backup: dict[int, Entry] = {}

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
        self.world.excused |= {"AcceptedIdsLive", "AmendedEntry"}

    @rule()
    def the_trail_is_emptied(self) -> None:
        self.world.trail.remove(*self.world.trail.ids)
        self.world.excused |= {"RollbackError"}

    # -------------------------------------------------------------------------------- the Console

    @rule(limit=st.sampled_from([None, 1, 2, 5]))
    def the_export_is_capped(self, limit: int | None) -> None:
        self.world.reader.export_limit = limit
        self.world.excused |= {"PopulationMismatchError", "RollbackError", "ForeignPurge"}

    @rule(is_stale=st.booleans())
    def the_export_is_stale(self, is_stale: bool) -> None:
        self.world.is_stale = is_stale
        self.world.excused |= {"PopulationMismatchError", "RollbackError", "InvalidExportError"}

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

    # -------------------------------------------------------------------------------- all at once

    @rule(newest=st.sampled_from([1, 3, 6]))
    def every_view_shows_only_the_newest(self, newest: int) -> None:
        """What was archived before and is hidden now dies with the rest: the count tells, and pages."""
        self.world.limit_views(newest)
        self.world.excused |= {"PopulationMismatchError", "RollbackError", "ForeignPurge"}
        self.world.excused |= {"PurgeMismatchError"}

    @rule()
    def every_view_shows_everything_again(self) -> None:
        self.world.show_everything()

    @rule(does=st.booleans())
    def the_export_is_always_empty(self, does: bool) -> None:
        self.world.exports_nothing = does
        self.world.excused |= {"InvalidExportError", "RollbackError"}

    @rule(more=st.sampled_from([-2, -1, 0, 1, 40]))
    def the_console_counts_otherwise(self, more: int) -> None:
        """A lie that makes up for what a capped export hides leaves only the count of what was destroyed."""
        self.world.reader.miscounts = self.world.hostile.miscounts = more
        self.world.excused |= {"PurgeMismatchError"}

    @rule(most=st.sampled_from([None, 1, 2]))
    def a_purge_deletes_so_many_at_most(self, most: int | None) -> None:
        self.world.hostile.purge_limit = most

    @rule(understates=st.integers(1, 3))
    def the_answer_understates(self, understates: int) -> None:
        """The receipt tells the truth; more than was planned dies only if `troubles` fill ids meanwhile."""
        self.world.hostile.answer = lambda count: max(0, count - understates)

    @rule(choice=st.integers(0, 1000))
    def an_old_entry_vanishes(self, choice: int) -> None:
        """The Console's own retention, which leaves no receipt."""
        ids = self.world.trail.ids
        if len(ids) > 1:
            self.world.trail.remove(ids[0])
            self.world.excused |= {"RollbackError", "PopulationMismatchError"}

    @rule(words=st.sampled_from(["Purged a lot", "All logs up to 3 were removed"]))
    def somebody_else_purges_in_other_words(self, words: str) -> None:
        ids = self.world.trail.ids
        if ids:
            self.world.trail.purge(ids[0], receipt=False)
            self.world.trail.arrive(message=words, action_type="audit_trail_purge", user="mallory")
            self.world.excused |= {"UnreadableReceipt", "PopulationMismatchError", "RollbackError"}

    @rule(choice=st.integers(0, 1000), what=st.sampled_from(["filled in", "another user", "respelled"]))
    def an_entry_is_amended(self, choice: int, what: str) -> None:
        """Something was filled in later, an attacker hides, or only the time is respelled."""
        ids = [e["id"] for e in self.world.trail.entries if not is_receipt(e)]
        if not ids:
            return
        entry_id = ids[choice % len(ids)]
        told = next(e["timestamp"] for e in self.world.trail.entries if e["id"] == entry_id)
        changes: dict[str, dict[str, object]] = {
            "filled in": {"additional_information": {"late": choice}},
            "another user": {"user": f"nobody{choice}@example.com"},
            "respelled": {"timestamp": told and told.replace(" UTC+0000", "+00:00")},
        }
        self.world.trail.replace(entry_id, **changes[what])
        self.world.excused |= {"AmendedEntry"}

    # -------------------------------------------------------------------------------- the ledger

    @precondition(lambda self: self.world.has_true_head)
    @rule(what=st.sampled_from(sorted(LIES)), number=st.integers(0, 30))
    def somebody_writes_into_the_ledger(self, what: str, number: int) -> None:
        self.world.write_ledger(what, number)
        self.world.excused |= {"LedgerDiffers"}
