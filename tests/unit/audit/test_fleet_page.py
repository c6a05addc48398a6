"""The page of the fleet: whom it shows first, what it shows of days, and what others can write into it."""

import json
from dataclasses import replace
from datetime import date
from typing import BinaryIO

import pytest

from audit_archive.adapters.machine import fleet_looks
from audit_archive.audit.fleet_check import FleetPorts, FleetReport, check_fleet
from audit_archive.audit.fleet_history import DAYS, MOST_STATEMENTS, RESERVE, histories, history_of
from audit_archive.audit.fleet_page import SICK, ordered
from audit_archive.audit.fleet_publish import FleetPages
from audit_archive.errors import ArchiveStoreError, IntegrityError, LedgerError, SettingsError
from audit_archive.format.index import Indexed
from audit_archive.format.layout import FLEET_DATA_KEY, FLEET_PAGE_KEY
from audit_archive.format.statement import StatementKind
from audit_archive.format.times import DAY
from audit_archive.health import NEVER_ARCHIVED, WELL, ConsoleHealth, Judgement
from tests.support.fakes import FakeClock, FakeLedger, FakeReports, FakeScratch
from tests.support.fleet_samples import UNTIL, console, five_hundred, mixed, page_of
from tests.support.statements import archive_statement, ref_of
from tests.unit.audit.test_fleet_check import LIMITS, Fleet
from tests.unit.evidence.page_reading import read

STATEMENT = ref_of(archive_statement("c", 1))


def row(seq: int, count: int, first: str | None, last: str | None) -> Indexed:
    return Indexed(seq, StatementKind.ARCHIVE, STATEMENT, count, 1, count, first, last)


# ---------------------------------------------------------------------------------------- days


def test_entries_count_for_the_day_of_their_event() -> None:
    found = history_of([row(2, 5, "2026-12-01", "2026-12-01"), row(1, 9, "2026-11-30", "2026-11-30")], UNTIL)
    assert (found.entries[-2:], found.total, found.is_whole) == ((9, 5), 14, True)
    assert len(found.entries) == DAYS


def test_the_entries_of_several_days_are_spread_and_those_outside_left_out() -> None:
    spread = history_of([row(1, 30, "2026-11-29", "2026-12-01")], UNTIL)
    assert spread.entries[-4:] == (0, 10, 10, 10)
    long_ago = history_of([row(1, 6000, "2026-10-03", "2026-12-01")], UNTIL)
    assert long_ago.entries == (100,) * DAYS
    assert history_of([row(1, 7, "2020-01-01", "2020-01-02")], UNTIL).total == 0
    assert history_of([row(1, 7, "2027-01-01", "2027-01-02")], UNTIL).total == 0


@pytest.mark.parametrize(
    ("first", "last"), [(None, None), ("x", "y"), ("2026-12-01", "2026-11-01"), ("2026-12-01", "2026-99-01")]
)
def test_dates_that_are_none_count_nothing(first: str | None, last: str | None) -> None:
    assert history_of([row(1, 7, first, last)], UNTIL).total == 0


def test_a_history_that_does_not_reach_back_says_so() -> None:
    assert not history_of([row(9, 1, "2026-11-30", "2026-11-30")], UNTIL).is_whole
    assert history_of([row(9, 1, "2026-11-01", "2026-11-01")], UNTIL).is_whole
    assert history_of([], UNTIL).is_whole


class Broken(FakeLedger):
    """A ledger that fails for one Console."""

    def __init__(self, fails: Exception) -> None:
        super().__init__()
        self._fails = fails

    def recent_statements(self, console: str, most: int) -> list[Indexed]:
        assert most == MOST_STATEMENTS
        if console == "b":
            raise self._fails
        return super().recent_statements(console, most)


def test_a_damaged_index_hides_one_console_and_a_silent_ledger_the_rest() -> None:
    assert set(histories(Broken(IntegrityError("x")), "abc", FakeClock())) == {"a", "c"}
    assert set(histories(Broken(LedgerError("x")), "abc", FakeClock())) == {"a"}


def test_without_time_no_ledger_is_asked() -> None:
    clock, ledger = FakeClock(), FakeLedger()
    clock.left = RESERVE - 1
    assert histories(ledger, "abc", clock) == {}
    assert ledger.calls["recent_statements"] == 0


# ---------------------------------------------------------------------------------------- the page


def test_the_gravest_comes_first_and_every_row_has_its_word() -> None:
    words = [each.health.word for each in ordered(mixed())]
    assert words == ["faults", "failing", "late", "unscheduled", "unverified", "held", "ok"]
    page = page_of(mixed()).decode()
    at = [page.index(f'class="{kind} is-{word}"') for kind, word in zip(
        ("bad", *["warn"] * 5, "good"), words, strict=True
    )]  # fmt: skip
    assert at == sorted(at)
    assert "6 of 7 Consoles need a person" in page


def test_nothing_is_said_to_be_well_of_a_console_that_nothing_is_archived_of() -> None:
    well = console("5678efab")
    new = replace(well, health=ConsoleHealth("1234abcd", (), None, None, 0))
    page = page_of([new, well]).decode()
    assert "No Console needs a person. 1 of 2 Consoles was never archived" in page
    assert "All is well" not in page
    assert [row.health.word for row in ordered([well, new])] == [NEVER_ARCHIVED, WELL]


def test_the_style_knows_every_choice() -> None:
    for word in (SICK, WELL, NEVER_ARCHIVED, *Judgement):
        assert f"#show-{word.replace(' ', '-')}:checked" in fleet_looks().style


def test_the_page_loads_nothing_and_says_what_it_does_not_know() -> None:
    page = page_of(mixed()).decode()
    told = [each.attributes.get("content") or "" for each in read(page.encode()).all("meta")]
    assert any(each.startswith("default-src 'none'; style-src 'sha256-") for each in told)
    assert "unsafe" not in " ".join(told)
    assert "What this page does not know" in page
    assert "The entries of 1 Console: the ledger did not tell them in time." in page
    well = page_of([console("1234abcd")]).decode()
    assert "All is well with 1 Console, as far as this check looked" in well


@pytest.mark.parametrize(
    "hostile",
    ["</style><script>owned=1</script>", '"><img src=x onerror=owned=1>', "javascript:owned", "' onclick='x"],
)
def test_what_others_write_stays_text(hostile: str) -> None:
    found = read(page_of(mixed(hostile)))
    (script,) = found.all("script")
    assert script.text == fleet_looks().script
    assert list(found.all("img")) == []
    assert {name for each in found.all() for name in each.attributes if name.startswith("on")} == set()
    assert found.text.count(hostile) >= 3


def test_five_hundred_consoles_are_a_small_page() -> None:
    assert len(page_of(five_hundred())) < 800_000


# ---------------------------------------------------------------------------------------- its place


class Refusing(FakeReports):
    """A bucket that refuses."""

    def put(self, key: str, body: BinaryIO, sha256: str, content_type: str) -> None:
        raise ArchiveStoreError(f"The answer {key} could not be put: AccessDenied")


def checked(fleet: Fleet, reports: FakeReports) -> FleetReport:
    """A check with a place for its page."""
    pages = FleetPages(reports, FakeScratch(), fleet_looks(), "canary-audit-archive")
    ports = FleetPorts(
        *(fleet.store, fleet.ledger, fleet.notes, fleet.schedules, fleet.alerts, fleet.clock, pages)
    )
    return check_fleet(ports, LIMITS, fleet.kept.append)


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def test_a_check_puts_the_page_and_the_same_for_programs(fleet: Fleet) -> None:
    reports = FakeReports()
    assert checked(fleet, reports).page_fault is None
    assert set(reports.reports) == {FLEET_PAGE_KEY, FLEET_DATA_KEY}
    assert reports.reports[FLEET_PAGE_KEY].content_type == "text/html; charset=utf-8"
    assert reports.reports[FLEET_PAGE_KEY].data.startswith(b"<!DOCTYPE html>")
    told = json.loads(reports.reports[FLEET_DATA_KEY].data)
    assert [each["console"] for each in told["consoles"]] == ["1234abcd", "5678efab", "9abcdef0"]
    until = date.fromordinal(date(1970, 1, 1).toordinal() + fleet.clock.now() // DAY)
    assert told["consoles"][0]["entries"] == {
        "until": until.isoformat(), "entries": [0] * DAYS, "is_whole": True
    }  # fmt: skip
    assert fleet.ledger.calls["recent_statements"] == 3


def test_a_page_that_can_not_be_put_fails_no_check_and_is_told(fleet: Fleet) -> None:
    fleet.schedules.remove("1234abcd")
    report = checked(fleet, Refusing())
    assert report.page_fault == f"The answer {FLEET_DATA_KEY} could not be put: AccessDenied"
    assert report.as_dict()["page_fault"] == report.page_fault
    assert len(fleet.alerts.published) == 1


def test_the_page_is_put_even_if_the_topic_refuses(fleet: Fleet) -> None:
    fleet.schedules.remove("1234abcd")
    fleet.alerts.refuses, reports = True, FakeReports()
    with pytest.raises(SettingsError):
        checked(fleet, reports)
    assert b"unscheduled" in reports.reports[FLEET_PAGE_KEY].data
