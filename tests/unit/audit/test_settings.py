"""The settings of the bucket in the audit: a change is a fault, told once for all Consoles."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit_archive.adapters.signing import is_signed
from audit_archive.audit.daily import (
    EVERY_CONSOLE,
    AuditPorts,
    AuditReport,
    DailyAudit,
    audit_by_hand,
    audit_daily,
)
from audit_archive.audit.question import AuditQuestion
from audit_archive.audit.settings import SettingsCheck
from audit_archive.errors import ArchiveStoreError, SettingsError, runbook_url
from audit_archive.format.bucket_settings import BucketFacts, Setting, expected_settings
from audit_archive.format.facts import LockMode
from audit_archive.format.times import DAY
from audit_archive.format.verdicts import Checked, Depth, Unchecked, Verdict, Why
from tests.support.attacker import Victim
from tests.support.fakes import FakeAlerts, FakeScratch
from tests.support.fakes.settings import FakeSettings
from tests.support.fakes.verifications import FakeVerifications
from tests.support.world import CONSOLE

ROLE = "arn:aws:iam::111122223333:role/archive"


class Desk:
    """A victim, whose locks last 2556 days, the settings of its bucket, and the daily audit."""

    def __init__(self, expiry_days: int = 2560) -> None:
        self.victim = Victim()
        self.facts: BucketFacts | None = BucketFacts("b", ROLE, 2555, expiry_days, LockMode.GOVERNANCE)
        assert self.facts is not None
        self.settings = FakeSettings(expected_settings(self.facts))
        self.notes = FakeVerifications()
        self.alerts = FakeAlerts()

    @property
    def ports(self) -> AuditPorts:
        world = self.victim.world
        world.clock.left = 900.0
        check = SettingsCheck(self.settings, self.facts)
        return AuditPorts(
            world.store, world.ledger, self.notes, self.alerts, world.clock, FakeScratch(), is_signed, check
        )

    def day(self, console: str = CONSOLE) -> AuditReport:
        report = audit_daily(self.ports, DailyAudit(console, DAY, 4), lambda _: None)
        self.victim.world.later(DAY)
        return report


@pytest.fixture
def desk() -> Desk:
    return Desk()


def faults(report: AuditReport) -> Iterator[str]:
    for fault in report.verification.faults:
        assert fault.verdict == Verdict.CHANGED_SETTING
        assert fault.sentence.startswith(fault.key)
        yield fault.sentence


def test_settings_as_the_template_made_them_are_no_fault(desk: Desk) -> None:
    report = desk.day()
    assert report.verification.is_valid
    assert report.verification.checked[Checked.SETTINGS] == len(Setting)
    assert all(each.what != Checked.SETTINGS for each in report.verification.not_checked)
    assert desk.alerts.published == []


@pytest.mark.parametrize("setting", Setting)
def test_a_setting_that_was_taken_away_is_a_fault(desk: Desk, setting: Setting) -> None:
    desk.settings.put(setting, None)
    report = desk.day()
    (sentence,) = faults(report)
    assert sentence.startswith(f"the {setting} of the bucket b is not set. Find out who")
    assert not report.verification.is_valid
    assert desk.alerts.kinds == ["VerifyFault"]


def test_a_changed_setting_is_told_once_for_all_consoles(desk: Desk) -> None:
    assert desk.facts is not None
    policy = copy.deepcopy(expected_settings(desk.facts)[Setting.POLICY])
    policy["Statement"] = policy["Statement"][1:]
    desk.settings.put(Setting.POLICY, policy)
    for console in (CONSOLE, "5678efab", CONSOLE):
        (sentence,) = faults(desk.day(console))
        assert "statement OnlyOverTls is missing" in sentence
    (told,) = desk.alerts.published
    assert told.console == EVERY_CONSOLE
    assert told.sentence.endswith(runbook_url("a-changed-setting"))
    policy["Statement"] = policy["Statement"][1:]  # a further change is told again
    desk.settings.put(Setting.POLICY, policy)
    desk.day()
    assert len(desk.alerts.published) == 2


def test_a_change_that_could_not_be_sent_is_sent_by_the_next_audit_of_any_console(desk: Desk) -> None:
    desk.settings.put(Setting.ENCRYPTION, None)
    desk.alerts.refuses = True
    with pytest.raises(SettingsError):
        desk.day()
    desk.alerts.refuses = False
    desk.settings.put(Setting.ENCRYPTION, expected_settings(desk.facts)[Setting.ENCRYPTION])  # type: ignore[arg-type]
    desk.victim.world.later(DAY)
    assert desk.day("5678efab").verification.faults == ()
    assert desk.alerts.kinds == ["VerifyFault"]


def test_what_may_not_be_read_is_counted_and_not_passed_over(desk: Desk) -> None:
    desk.settings.hidden = {Setting.POLICY, Setting.OWNERSHIP}
    report = desk.day().verification
    assert report.is_valid
    assert report.checked[Checked.SETTINGS] == len(Setting) - 2
    assert Unchecked(Checked.SETTINGS, Why.REFUSED, 2) in report.not_checked
    assert report.unexpectedly_unchecked == 2


def test_without_knowing_what_they_should_be_nothing_is_judged(desk: Desk) -> None:
    desk.facts = None
    report = desk.day().verification
    assert Unchecked(Checked.SETTINGS, Why.UNKNOWN, len(Setting)) in report.not_checked
    assert report.unexpectedly_unchecked == len(Setting)
    assert Checked.SETTINGS not in report.checked


def test_no_answer_is_no_verdict(desk: Desk) -> None:
    desk.settings.is_down = True
    with pytest.raises(ArchiveStoreError):
        desk.day()


def test_a_suspended_versioning_is_named(desk: Desk) -> None:
    desk.settings.put(Setting.VERSIONING, {"Status": "Suspended"})
    (sentence,) = faults(desk.day())
    assert "versioning of the bucket b is not the one of the stack's template: Status was changed" in sentence


def test_an_audit_by_hand_leaves_the_settings_to_the_daily_one(desk: Desk) -> None:
    """It answers as `canary-audit verify` does, whose caller may not be allowed to read them."""
    desk.settings.put(Setting.VERSIONING, None)
    report = audit_by_hand(desk.ports, AuditQuestion(CONSOLE), lambda _: None).verification
    assert report.is_valid
    assert Checked.SETTINGS not in report.checked


@pytest.mark.parametrize("depth", Depth)
def test_an_audit_by_hand_says_that_nobody_looked_at_the_settings(desk: Desk, depth: Depth) -> None:
    """Else whoever reads `no fault` believes that the bucket is as the template made it. It is no alarm."""
    report = audit_by_hand(desk.ports, AuditQuestion(CONSOLE, depth), lambda _: None).verification
    assert Unchecked(Checked.SETTINGS, Why.DEPTH, len(Setting)) in report.not_checked
    assert report.unexpectedly_unchecked == 0


def test_a_copy_has_no_settings_to_look_at(desk: Desk, tmp_path: Path) -> None:
    found = desk.victim.audit(source=desk.victim.copied(tmp_path), has_ledger=False)
    assert all(each.what != Checked.SETTINGS for each in found.not_checked)


@pytest.mark.parametrize(("expiry_days", "is_fault"), [(2555, True), (2556, False), (2560, False)])
def test_an_expiry_below_the_locks_of_the_chain_is_a_fault(expiry_days: int, is_fault: bool) -> None:
    """Somebody lowered ExpiryDays: S3 hides what is still locked."""
    desk = Desk(expiry_days)
    said = list(faults(desk.day()))
    assert [sentence.startswith("the expiry of the bucket b comes after 2555 days") for sentence in said] == [
        True
    ] * is_fault
    assert all("set ExpiryDays to 2557 or more" in sentence for sentence in said)
