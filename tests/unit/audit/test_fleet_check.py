"""The fleet check day by day: whom it finds, what it tells, how often, and how many requests that takes."""

import json
from collections.abc import Callable

import pytest

from audit_archive.audit.daily import DailyAudit, audit_daily
from audit_archive.audit.fleet_check import ANSWER_BYTES, MAX_TOLD, FleetPorts, FleetReport, check_fleet
from audit_archive.bookmark import AuditResult
from audit_archive.errors import SettingsError
from audit_archive.fleet_ports import Failure
from audit_archive.format.layout import statement_key
from audit_archive.format.times import DAY, HOUR
from audit_archive.health import AUDIT_SUFFIX, LOCKS_SUFFIX, Judgement, Limits
from tests.support.attacker import Victim
from tests.support.fakes import FakeAlerts, FakeClock, FakeLedger, FakeStore
from tests.support.fakes.bucket import Stored
from tests.support.fakes.schedules import FakeSchedules
from tests.support.fakes.verifications import FakeVerifications, audited
from tests.unit.audit.test_daily import Desk

LIMITS = Limits(DAY, 3 * DAY)
CONSOLES = ("1234abcd", "5678efab", "9abcdef0")


class Fleet:
    """Consoles that are archived and audited every day, and what may become of them."""

    def __init__(self, consoles: tuple[str, ...] = CONSOLES) -> None:
        self.clock = FakeClock()
        self.store = FakeStore(self.clock)
        self.ledger = FakeLedger()
        self.notes = FakeVerifications()
        self.schedules = FakeSchedules()
        self.alerts = FakeAlerts()
        self.kept: list[FleetReport] = []
        self.schedules.make("_fleet", self.clock.now())
        for console in consoles:
            for suffix in ("", AUDIT_SUFFIX, LOCKS_SUFFIX):
                self.schedules.make(f"{console}{suffix}", self.clock.now())
            self.archive(console)

    def archive(self, console: str) -> None:
        """A run of the Console is completed, and an audit."""
        now = self.clock.now()
        self.store.add(statement_key(console, 1), Stored("", b"{}"))
        self.ledger.complete(console, now, 1)
        self.notes.save(console, audited(now))

    def check(self) -> FleetReport:
        ports = FleetPorts(self.store, self.ledger, self.notes, self.schedules, self.alerts, self.clock)
        return check_fleet(ports, LIMITS, self.kept.append)

    def days(self, number: int, *running: str) -> list[FleetReport]:
        """A check each day; only some Consoles run before it."""
        reports = []
        for _ in range(number):
            self.clock.advance(DAY)
            for console in running:
                self.archive(console)
            reports.append(self.check())
        return reports

    def fail(self, console: str, error_class: str = "ConsoleAuthError") -> None:
        failure = Failure(self.clock.now() + 1, error_class, "The Console refused the key.", "request-1")
        self.ledger.fail(console, failure)
        self.clock.advance(2)


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def wrong(report: FleetReport) -> dict[str, list[str]]:
    return {each.console: [p.judgement for p in each.problems] for each in report.unhealthy}


def test_a_healthy_week_sends_nothing(fleet: Fleet) -> None:
    reports = fleet.days(8, *CONSOLES)
    assert [wrong(report) for report in reports] == [{}] * 8
    assert [each.console for each in reports[-1].consoles] == list(CONSOLES)
    assert fleet.alerts.published == []


def _disable(fleet: Fleet, console: str) -> None:
    fleet.schedules.switch(console, on=False)


def _delete_all(fleet: Fleet, console: str) -> None:
    for suffix in ("", AUDIT_SUFFIX, LOCKS_SUFFIX):
        fleet.schedules.remove(f"{console}{suffix}")


def _disable_audit(fleet: Fleet, console: str) -> None:
    fleet.schedules.switch(f"{console}{AUDIT_SUFFIX}", on=False)


def _empty_bucket(fleet: Fleet, console: str) -> None:
    fleet.store._objects.clear()
    for other in CONSOLES:
        if other != console:
            fleet.archive(other)


def _lose_ledger(fleet: Fleet, console: str) -> None:
    fleet.ledger.forget(console)


def _fault(fleet: Fleet, console: str) -> None:
    now = fleet.clock.now()
    fleet.notes.save(console, audited(now, AuditResult.FAULTS, 3))


def _damage_note(fleet: Fleet, console: str) -> None:
    fleet.clock.advance(4 * DAY)
    for each in CONSOLES:
        fleet.archive(each)
    fleet.notes.damage(console)


@pytest.mark.parametrize(
    ("deed", "judgement", "times"),
    [
        (_disable, Judgement.UNSCHEDULED, 1),
        (_delete_all, Judgement.UNSCHEDULED, 3),
        (_disable_audit, Judgement.UNSCHEDULED, 1),
        (_empty_bucket, Judgement.ABSENT, 1),
        (_lose_ledger, Judgement.ABSENT, 1),
        (_fault, Judgement.FAULTS, 1),
        (Fleet.fail, Judgement.FAILING, 1),
        (_damage_note, Judgement.UNVERIFIED, 1),
    ],
)
def test_what_befalls_one_console_is_told_of_that_one(
    fleet: Fleet, deed: Callable[[Fleet, str], None], judgement: Judgement, times: int
) -> None:
    deed(fleet, "5678efab")
    report = fleet.check()
    assert wrong(report) == {"5678efab": [judgement] * times}
    assert report.counts[judgement] == 1
    (told,) = fleet.alerts.published
    assert (told.kind, told.console) == ("FleetCheck", "all Consoles")
    assert told.sentence.startswith(f"1 of 3 Consoles need a person. New: 5678efab is {judgement}: ")
    assert [each["console"] for each in told.facts["problems"]] == ["5678efab"] * times


def test_a_console_that_stops_is_late_and_unverified_in_turn_and_each_is_told_once(fleet: Fleet) -> None:
    rest = CONSOLES[1:]
    reports = fleet.days(6, *rest)
    assert [wrong(report).get(CONSOLES[0], []) for report in reports] == [
        [], [], ["late"], ["late", "unverified"], ["late", "unverified"], ["late", "unverified"],
    ]  # fmt: skip
    assert len(fleet.alerts.published) == 2


def test_an_unchanged_problem_is_told_again_after_a_week_and_not_before(fleet: Fleet) -> None:
    _disable(fleet, "5678efab")
    days = []
    for day in range(16):
        before = len(fleet.alerts.published)
        fleet.days(1, *CONSOLES)
        days += [day] * (len(fleet.alerts.published) - before)
    assert days == [0, 7, 14]
    assert "Unchanged since 2026-" in fleet.alerts.published[1].sentence


def test_one_that_fails_does_not_hide_the_next(fleet: Fleet) -> None:
    """The second Console's failure the day after is a message of its own, and the first is not new in it."""
    fleet.fail("1234abcd")
    fleet.check()
    fleet.days(1, "5678efab", "9abcdef0")
    fleet.fail("5678efab")
    fleet.check()
    first, second = fleet.alerts.published
    assert "New: 1234abcd is failing" in first.sentence
    assert "New: 5678efab is failing" in second.sentence
    assert "1234abcd" not in second.sentence
    assert [(p["console"], p["is_new"]) for p in second.facts["problems"]] == [
        ("5678efab", True),
        ("1234abcd", False),
    ]


def test_what_was_mended_and_comes_back_is_new(fleet: Fleet) -> None:
    fleet.fail("1234abcd")
    fleet.check()
    assert wrong(fleet.days(1, *CONSOLES)[0]) == {}
    fleet.fail("1234abcd")
    fleet.check()
    assert len(fleet.alerts.published) == 2


def test_a_topic_that_refuses_is_an_error_and_the_next_check_tells(fleet: Fleet) -> None:
    fleet.fail("1234abcd")
    fleet.alerts.refuses = True
    with pytest.raises(SettingsError):
        fleet.check()
    assert [wrong(report) for report in fleet.kept] == [{"1234abcd": ["failing"]}]
    fleet.alerts.refuses = False
    fleet.check()
    assert len(fleet.alerts.published) == 1


def test_what_is_no_console_is_passed_over(fleet: Fleet) -> None:
    """Another schedule in the group, other objects in the bucket, and a run by hand over a mistyped name."""
    fleet.schedules.make("Nightly_report", fleet.clock.now())
    fleet.store.add("statements/console=NOT_ONE/1", Stored("", b"{}"))
    fleet.store.add("statements/readme/1", Stored("", b"{}"))
    fleet.fail("1234abce", "SettingsError")
    fleet.ledger.complete("All is well.", fleet.clock.now(), 1)
    assert [each.console for each in fleet.check().consoles] == list(CONSOLES)


def test_a_console_that_is_called_fleet_is_one_like_any_other() -> None:
    fleet = Fleet(("fleet", "a"))
    fleet.fail("fleet")
    assert wrong(fleet.check()) == {"fleet": ["failing"]}


def test_the_period_of_each_console_is_the_one_that_its_audit_was_told() -> None:
    desk = Desk(Victim())
    audit_daily(desk.watch(), DailyAudit("1234abcd", 7 * DAY, 4), desk.told.append)
    known = desk.notes.rotations()["1234abcd"]
    assert known is not None
    assert known.period == 7 * DAY


def test_the_requests_do_not_grow_with_the_fleet() -> None:
    fleet = Fleet(tuple(f"console-{number}" for number in range(500)))
    fleet.store.calls.clear()
    fleet.ledger.calls.clear()
    assert len(fleet.check().consoles) == 500
    assert (dict(fleet.store.calls), dict(fleet.ledger.calls)) == ({"folders": 1}, {"fleet": 1})


def test_an_answer_about_thousands_fits_and_says_what_it_leaves_out() -> None:
    fleet = Fleet(tuple(f"console-{number}" for number in range(6000)))
    for number in range(5000):
        sentence = "\U0001f525" * 300
        failure = Failure(fleet.clock.now() + 1, "ConsoleError", sentence, "request-1")
        fleet.ledger.fail(f"console-{number + 1000}", failure)
    answer = fleet.check().as_dict()
    size = len(json.dumps(answer, ensure_ascii=False).encode())
    assert ANSWER_BYTES * 0.9 < size < 6_000_000
    assert answer["consoles"] == len(answer["fleet"]) + answer["not_listed"] == 6000
    assert all(each["problems"] for each in answer["fleet"])
    (told,) = fleet.alerts.published
    assert (len(told.facts["problems"]), told.facts["not_listed"]) == (200, 4800)


def test_a_check_by_the_clock_that_begins_seconds_early_still_reminds(fleet: Fleet) -> None:
    _disable(fleet, "5678efab")
    fleet.check()
    fleet.clock.advance(7 * DAY - 5)
    for console in CONSOLES:
        fleet.archive(console)
    fleet.check()
    assert len(fleet.alerts.published) == 2
    fleet.clock.advance(HOUR)
    fleet.check()
    assert len(fleet.alerts.published) == 2


def test_of_very_many_problems_a_bounded_number_is_remembered(fleet: Fleet) -> None:
    """Else the note would not fit into an item of the ledger, and the check would fail after its message."""
    for number in range(MAX_TOLD // 2):
        fleet.store.add(f"statements/console=x{number}/1", Stored("", b"{}"))
    fleet.check()
    told = fleet.notes.told()
    assert told is not None
    assert len(told.problems) == MAX_TOLD
    fleet.check()
    assert len(fleet.alerts.published) == 2


def test_a_console_that_was_removed_on_purpose_is_told_once_and_needs_nobody(fleet: Fleet) -> None:
    fleet.ledger.retire("5678efab", fleet.clock.now())
    assert fleet.check().unhealthy == ()
    assert fleet.alerts.published == []  # its schedules are still there
    _delete_all(fleet, "5678efab")
    reports = fleet.days(20, "1234abcd", "9abcdef0")
    assert [report.unhealthy for report in reports] == [()] * 20
    assert [len(report.consoles) for report in reports] == [3] * 20
    (told,) = fleet.alerts.published
    assert told.sentence.startswith(
        "0 of 3 Consoles need a person. New: 5678efab is removed: it was taken out"
    )


def test_a_removed_console_that_is_added_again_is_watched_again(fleet: Fleet) -> None:
    fleet.ledger.retire("5678efab", fleet.clock.now())
    _delete_all(fleet, "5678efab")
    fleet.days(3, "1234abcd", "9abcdef0")
    fleet.schedules.make("5678efab", fleet.clock.now())
    (report,) = fleet.days(1, "1234abcd", "9abcdef0")
    assert wrong(report) == {"5678efab": ["late", "unscheduled", "unscheduled"]}


def test_a_removed_console_whose_archive_is_lost_still_needs_somebody(fleet: Fleet) -> None:
    fleet.ledger.retire("5678efab", fleet.clock.now())
    _delete_all(fleet, "5678efab")
    _empty_bucket(fleet, "5678efab")
    assert wrong(fleet.check()) == {"5678efab": ["absent", "removed"]}
