"""The daily audit: shares that cover everything in time, freshness, and each fault told once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.signing import is_signed
from audit_archive.audit.claims import LEDGER_RUNS
from audit_archive.audit.daily import (
    ANNOUNCE_RESERVE,
    MAX_ANNOUNCED,
    AuditPorts,
    AuditReport,
    DailyAudit,
    announce_faults,
    audit_by_hand,
    audit_daily,
    share_of,
)
from audit_archive.audit.question import AuditQuestion
from audit_archive.bookmark import AuditResult, Rotation
from audit_archive.errors import IntegrityError, SettingsError, runbook_url
from audit_archive.finding import Finding
from audit_archive.format.facts import LockMode
from audit_archive.format.head import Head
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.times import DAY, HOUR, from_rfc3339
from audit_archive.format.verdicts import Checked, Depth, Fault, Verdict
from audit_archive.ports import Retention
from tests.support.attacker import Victim, twin_world
from tests.support.fakes import FakeAlerts, FakeLedger, FakeScratch, FakeSigner
from tests.support.fakes.verifications import FakeVerifications
from tests.support.watch import Watch, long_world
from tests.support.world import CONSOLE, World

NOW = 1_795_413_600
DAILY = DailyAudit(CONSOLE, DAY, 4)

FALSE_RUNS = [
    (1, 9, "with 9 statements, but the bucket has 8"),
    (1, 7, "with 7 statements, but an earlier audit saw 8"),
    (0, 7, None),  # of before that audit
    (1, 8, None),
]


class Desk:
    """A victim, and those who watch it day by day."""

    def __init__(self, victim: Victim | None = None) -> None:
        self.victim = victim or Victim()
        self.notes = FakeVerifications()
        self.alerts = FakeAlerts()
        self.told: list[AuditReport] = []

    def watch(self) -> AuditPorts:
        world = self.victim.world
        world.clock.left = 900.0
        return AuditPorts(
            world.store, world.ledger, self.notes, self.alerts, world.clock, FakeScratch(), is_signed
        )

    def day(self, daily: DailyAudit = DAILY) -> AuditReport:
        """An audit, and the day after it passes."""
        watched = audit_daily(self.watch(), daily, self.told.append)
        self.victim.world.later(DAY)
        return watched

    def by_hand(self, depth: Depth = Depth.CHAIN) -> AuditReport:
        return audit_by_hand(self.watch(), AuditQuestion(CONSOLE, depth), self.told.append)


@pytest.fixture
def desk() -> Desk:
    return Desk()


# ------------------------------------------------------------------------------------------ shares


def rotation(next_seq: int, started_at: int = NOW) -> Rotation:
    return Rotation(next_seq, started_at, NOW, AuditResult.VALID, 0, 1, "ab")


def test_shares_are_of_what_is_left_by_the_days_that_are_left() -> None:
    assert share_of(None, 90, NOW, 90).last == 1
    assert share_of(None, 91, NOW, 90).last == 2
    share = share_of(rotation(11, NOW - 10 * DAY), 250, NOW, 90)
    assert (share.first, share.last, share.cycle_started_at, share.is_behind) == (
        11,
        13,
        NOW - 10 * DAY,
        False,
    )


def test_a_cycle_that_is_done_begins_anew() -> None:
    share = share_of(rotation(251, NOW - 60 * DAY), 250, NOW, 90)
    assert (share.first, share.last, share.cycle_started_at) == (1, 3, NOW)


def test_a_cycle_that_is_late_takes_all_that_is_left_and_says_so() -> None:
    share = share_of(rotation(11, NOW - 95 * DAY), 250, NOW, 90)
    assert (share.first, share.last, share.is_behind) == (11, 250, True)


@pytest.mark.parametrize("goes_on", [False, True])
def test_days_that_are_yet_to_come_do_not_count_as_left_in_a_cycle(goes_on: bool) -> None:
    """A clock that ran ahead began the cycle."""
    ahead = replace(rotation(11, NOW + 36_500 * DAY), share_last=12)
    share = share_of(ahead, 250, NOW, 90, goes_on=goes_on)
    assert (share.first, share.last, share.cycle_started_at) == (11, 12 if goes_on else 13, NOW)


@given(st.integers(1, 2000), st.integers(1, 120), st.lists(st.integers(0, 3), max_size=130))
def test_whatever_days_are_missed_a_cycle_ends_in_time(count: int, days: int, missed: list[int]) -> None:
    """With an audit on its last day at the latest, every statement was in a share, once, within the days."""
    now, seen, at = NOW, 0, None
    for gap in [*missed, *[0] * days]:
        share = share_of(at, count, now, days)
        assert share.first == seen + 1
        seen = share.last
        if seen == count:
            break
        at = rotation(share.last + 1, share.cycle_started_at)
        now += (1 + gap) * DAY if (now - NOW) // DAY + 1 + gap < days else DAY
    assert seen == count
    assert now - NOW < days * DAY


# ------------------------------------------------------------------------------------------ day by day


def test_an_archive_that_grows_each_day_is_read_again_and_again() -> None:
    """New statements do not put off the end of a cycle, so that the next one begins."""
    watch = Watch(Victim(long_world(3)))
    firsts = list[int]()
    for _ in range(12):
        watch.victim.world.aged()
        watch.victim.world.run()
        report = watch.invocation()
        firsts.append(report.verification.from_seq)
        assert not report.is_behind
        watch.victim.world.later(DAY)
        assert watch.rotation.overdue(watch.victim.world.clock.now(), DAY) is None
    assert [day for day, first in enumerate(firsts) if first == 1] == [0, 4, 8]


def test_what_an_audit_had_no_time_for_it_does_not_note_as_done() -> None:
    watch = Watch(Victim(long_world(20, FakeSigner())), days=2)
    began = watch.victim.world.clock.now()
    watch.source.seconds, watch.left = 0.25, 45.0
    assert not watch.invocation().verification.faults
    noted = watch.rotation
    assert (noted.last_result, noted.walked_at, noted.unread_since) == (AuditResult.VALID, 0, began)
    watch.source.seconds, watch.left = 0, 900.0
    walked = watch.victim.world.clock.now()
    watch.day()
    came = watch.rotation
    assert (came.walked_at, came.unread_since, came.round_at) == (walked, began, 0)
    again = watch.victim.world.clock.now()
    watch.day()
    assert (watch.rotation.unread_since, watch.rotation.round_at) == (began, again)


def test_a_cycle_that_passed_a_statement_over_has_not_read_all() -> None:
    watch = Watch(Victim(long_world(8)), days=1)
    began, slow = watch.victim.world.clock.now(), watch.victim.archives[0]
    watch.source.slow, watch.source.seconds = slow.export.key, 1000
    watch.invocations()
    assert (watch.rotation.passed_over, watch.rotation.unread_since) == (slow.seq, began)
    watch.victim.world.later(DAY)
    watch.source.seconds = 0
    since = watch.victim.world.clock.now()
    watch.day()
    assert (watch.rotation.passed_over, watch.rotation.unread_since) == (0, began)
    watch.day()
    assert watch.rotation.unread_since == since + DAY


def test_the_audit_tells_of_a_lock_that_ends_before_it_would_look_again() -> None:
    """Of one that it meets on its round, and of the first one on each day."""
    victim = Victim(twin_world())
    watch = Watch(victim, days=60)
    end = from_rfc3339(victim.archives[0].export.retain_until)
    victim.world.clock.moment = end - 68 * DAY
    assert watch.day().faults == ()
    (fault,) = watch.day().faults
    assert (fault.verdict, fault.seq) == (Verdict.ENDING, 1)


@pytest.mark.parametrize("key", [statement_key(CONSOLE, 1), checkpoint_key(CONSOLE, 1)])
def test_an_audit_that_walks_no_old_statement_tells_of_the_first_lock(key: str) -> None:
    watch = Watch(Victim(long_world(8, FakeSigner())), days=30)
    for _ in range(3):
        watch.day()
    soon = watch.victim.world.clock.now() + 30 * DAY
    watch.victim.store.relock(key, Retention(LockMode.GOVERNANCE, soon))
    found = watch.day()
    assert [(fault.verdict, fault.key) for fault in found.faults if fault.verdict == Verdict.ENDING] == [
        (Verdict.ENDING, key)
    ]


@pytest.mark.parametrize(("days", "seq", "says"), FALSE_RUNS)
def test_a_completed_run_that_never_was_is_told(desk: Desk, days: int, seq: int, says: str | None) -> None:
    """Whoever may write to the ledger records one, so that nobody misses the runs that no longer come."""
    desk.day()
    world = desk.victim.world
    desk.victim.world.ledger.complete(CONSOLE, world.clock.now() - DAY + days * DAY, seq)
    found = desk.day().verification
    assert [fault.key for fault in found.faults] == [LEDGER_RUNS] * (says is not None)
    assert says is None or says in found.faults[0].sentence
    world.ledger.complete(CONSOLE, world.clock.now(), 8)
    assert desk.day().verification.is_valid


def test_within_the_days_every_byte_is_read_and_then_again(desk: Desk) -> None:
    whole = desk.victim.audit().checked
    first, second = [desk.day() for _ in range(4)], [desk.day() for _ in range(4)]
    for cycle in (first, second):
        reads = [watched.verification.checked for watched in cycle]
        assert sum(read.get(Checked.ENTRIES, 0) for read in reads) == whole[Checked.ENTRIES]
        assert sum(read.get(Checked.BYTES, 0) for read in reads) == whole[Checked.BYTES]
        assert [(w.verification.from_seq, w.verification.to_seq) for w in cycle] == [
            (1, 2),
            (3, 4),
            (5, 6),
            (7, 8),
        ]
    assert [watched.is_behind for watched in first + second] == [False] * 8
    assert desk.alerts.published == []


def test_what_is_left_over_today_comes_first_tomorrow(desk: Desk) -> None:
    world = desk.victim.world

    def slow(watch: AuditPorts) -> AuditPorts:
        world.clock.left = 29.0
        return watch

    found = audit_daily(slow(desk.watch()), DAILY, desk.told.append)
    assert found.verification.continue_at == 1
    assert desk.day().verification.from_seq == 1
    assert desk.day().verification.from_seq == 3


def test_a_fault_is_told_once_and_counted_every_day(desk: Desk) -> None:
    key = desk.victim.archives[0].export.key
    desk.victim.lose(key)
    reports = [desk.day() for _ in range(9)]
    (told,) = desk.alerts.published
    assert (told.kind, told.console, told.facts["key"]) == ("VerifyFault", CONSOLE, key)
    assert told.sentence.startswith("missing: ")
    assert told.url == runbook_url("verifyfault")
    assert [len(each.verification.faults) for each in reports] == [1] * 9


def test_the_report_is_told_before_a_topic_refuses_and_a_person_later(desk: Desk) -> None:
    key = statement_key(CONSOLE, 3)
    desk.victim.lose(key)
    desk.alerts.refuses = True
    with pytest.raises(SettingsError):
        desk.day()
    assert [fault.key for fault in desk.told[0].verification.faults] == [key]
    desk.alerts.refuses = False
    assert desk.day().verification.from_seq == 3
    assert len(desk.alerts.published) == 1


def told_keys(finding: Finding) -> list[str]:
    """The objects of which a message about one fault or several tells."""
    several = finding.facts.get("findings")
    return [each["facts"]["key"] for each in several] if several else [finding.facts["key"]]


def test_the_faults_of_one_audit_are_one_message_and_a_new_fault_is_another() -> None:
    world = World()
    for _ in range(25):
        world.aged()
        world.run()
        world.later(DAY)
    desk = Desk(Victim(world))
    keys = [said.export.key for said in desk.victim.archives]
    desk.victim.lose(*keys[:24])
    for _ in range(2):
        desk.by_hand(Depth.OBJECTS)
    (told,) = desk.alerts.published
    assert told.sentence.startswith(f"24 findings about Console {CONSOLE}, listed below: 24 missing. ")
    assert told_keys(told) == keys[:24]
    desk.victim.lose(keys[24])
    desk.by_hand(Depth.OBJECTS)
    assert [told_keys(each) for each in desk.alerts.published[1:]] == [keys[24:]]


def test_of_very_many_faults_some_are_told_today_and_some_tomorrow() -> None:
    desk = Desk()
    faults = tuple(
        Fault(Verdict.MISSING, f"exports/{number}", None, None, f"Export {number} is gone.")
        for number in range(MAX_ANNOUNCED + 5)
    )
    found = replace(desk.victim.audit(), faults=faults)
    for _ in range(3):
        announce_faults(desk.watch(), found)
    told = desk.alerts.published
    assert [each.sentence.split()[0] for each in told] == [str(MAX_ANNOUNCED), "5"]
    assert told[0].facts["not_listed"] + len(told[0].facts["findings"]) == MAX_ANNOUNCED


def test_no_time_is_left_for_announcing_and_the_next_audit_does_it(desk: Desk) -> None:
    key = desk.victim.archives[0].export.key
    desk.victim.lose(key)
    found = desk.by_hand(Depth.OBJECTS).verification
    desk.alerts.published.clear()
    desk.notes = FakeVerifications()
    hurried = desk.watch()
    desk.victim.world.clock.left = ANNOUNCE_RESERVE - 1
    announce_faults(hurried, found)
    assert desk.alerts.published == []
    announce_faults(desk.watch(), found)
    assert [told_keys(each) for each in desk.alerts.published] == [[key]]


def test_a_fault_that_another_audit_opened_meanwhile_stays_open(desk: Desk) -> None:
    """Of two audits at once, the slower one saw the object before it was damaged."""
    for _ in range(3):
        desk.day()

    def other(_: AuditReport) -> None:
        desk.victim.flip(desk.victim.world.archives()[-1].entries[-1].key)
        assert not audit_daily(desk.watch(), DAILY, desk.told.append).verification.is_valid

    assert audit_daily(desk.watch(), DAILY, other).verification.is_valid
    progress = desk.notes.last(CONSOLE)
    assert progress is not None
    assert (progress.last_result, progress.faults, len(progress.open_seqs)) == (AuditResult.FAULTS, 1, 1)
    assert [fault.verdict for fault in desk.day().verification.faults] == [Verdict.ALTERED]


def test_an_audit_by_hand_leaves_the_rotation_as_it_is(desk: Desk) -> None:
    desk.day()
    before = desk.notes.last(CONSOLE)
    watched = desk.by_hand(Depth.CONTENT)
    assert (watched.is_stale, watched.freshness, watched.is_behind) == (None, None, None)
    assert desk.notes.last(CONSOLE) == before


def test_what_an_earlier_audit_saw_can_t_be_taken_back(desk: Desk) -> None:
    """Not even by somebody who makes the ledger forget it."""
    desk.day()
    victim = desk.victim
    victim.truncate(6)
    victim.restore_ledger(6)
    victim.world.ledger.forget(CONSOLE)
    victim.world.ledger.record(victim.head, victim.statement(6))
    for watched in (desk.day(), desk.by_hand()):
        index, fault = watched.verification.faults
        assert index.sentence.endswith("The same is true of every statement from 1 to 5.")
        assert (fault.verdict, fault.key) == (Verdict.MISSING, statement_key(CONSOLE, 7))
        assert "an earlier audit" in fault.sentence
    assert desk.day().verification.is_valid is False


def test_what_an_audit_with_faults_saw_is_not_remembered() -> None:
    desk = Desk()
    desk.victim.lose(statement_key(CONSOLE, 3))
    desk.day()
    known = desk.notes.last(CONSOLE)
    assert known is not None
    assert (known.last_result, known.faults, known.newest_sha256) == ("faults", 1, None)


def test_a_lost_ledger_hides_nothing(desk: Desk) -> None:
    desk.victim.world.ledger.forget(CONSOLE)
    desk.victim.lose(desk.victim.archives[0].entries[0].key)
    assert [len(desk.day().verification.faults) for _ in range(4)] == [1] * 4


def test_an_older_head_in_the_ledger_keeps_no_content_from_being_read(desk: Desk) -> None:
    """Somebody who may write to the ledger puts it there before each audit."""
    world, first = (
        desk.victim.world,
        Head(CONSOLE).after(desk.victim.statement(1), desk.victim.world.refs()[0]),
    )
    desk.day()
    desk.victim.flip(world.archives()[-1].entries[-1].key)
    found: list[Fault] = []
    for _ in range(DAILY.content_days):
        world.ledger.overwrite(CONSOLE, first)
        found += desk.day().verification.faults
    assert {fault.verdict for fault in found} == {Verdict.ALTERED}


def test_a_ledger_that_can_t_be_read_is_told() -> None:
    class Damaged(FakeLedger):
        def head(self, console: str) -> Head | None:
            raise IntegrityError("The head in the ledger can't be read")

    desk = Desk()
    watch = replace(desk.watch(), ledger=Damaged())
    found = audit_daily(watch, DAILY, desk.told.append).verification
    assert [(fault.verdict, fault.key) for fault in found.faults] == [(Verdict.ALTERED, "the ledger")]


# ------------------------------------------------------------------------------------------ freshness


@pytest.mark.parametrize(("hours", "is_stale"), [(0, False), (48, False), (49, True)])
def test_a_console_whose_runs_do_not_end_is_stale_after_two_periods(
    desk: Desk, hours: int, is_stale: bool
) -> None:
    ledger, clock = desk.victim.world.ledger, desk.victim.world.clock
    ledger.complete(CONSOLE, clock.now(), 1)
    desk.victim.world.later(hours * HOUR)
    watched = desk.day()
    assert watched.is_stale is is_stale
    assert watched.freshness is not None
    assert ("twice its period" in watched.freshness) is is_stale


@pytest.mark.parametrize(("ahead", "is_stale"), [(HOUR, False), (HOUR + 1, True), (36_500 * DAY, True)])
def test_a_run_that_is_yet_to_be_completed_is_none(desk: Desk, ahead: int, is_stale: bool) -> None:
    """Somebody who may write to the ledger states it once, and no run is completed any more."""
    desk.day()
    ledger, clock = desk.victim.world.ledger, desk.victim.world.clock
    ledger.complete(CONSOLE, clock.now() + ahead, 1)
    assert desk.day().is_stale is is_stale


def test_the_period_of_a_console_counts(desk: Desk) -> None:
    desk.victim.world.ledger.complete(CONSOLE, desk.victim.world.clock.now(), 1)
    desk.victim.world.later(49 * HOUR)
    assert desk.day(replace(DAILY, period=7 * DAY)).is_stale is False


def test_a_console_that_was_just_deployed_is_not_stale_but_on_the_next_day_it_is() -> None:
    desk = Desk(Victim(World()))
    first, second = desk.day(), desk.day()
    assert (first.is_stale, first.freshness) == (False, "no archive run was ever completed")
    assert second.is_stale is True
    assert (first.verification.is_valid, first.verification.newest_seq) == (True, 0)
