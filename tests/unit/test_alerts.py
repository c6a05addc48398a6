"""Findings: each announced once, and however many there are, in few messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.alerts import CLAIM, LISTED_BYTES, MAX_MESSAGES, announce, announce_all, announce_together
from audit_archive.errors import LedgerError, SettingsError
from audit_archive.finding import Finding, FindingKind
from tests.support.fakes import FakeLedger
from tests.support.messages import Desk, sentences
from tests.support.world import CONSOLE


class Silent(FakeLedger):
    """A ledger that answers a number of claims, and then no more."""

    def __init__(self, answers: int) -> None:
        super().__init__()
        self._answers = answers

    def claim(self, finding: Finding, now: int, expires_at: int) -> bool:
        if self.calls["claim"] == self._answers:
            raise LedgerError("It does not answer.")
        return super().claim(finding, now, expires_at)


def findings(count: int, size: int = 1) -> list[Finding]:
    return [
        Finding(FindingKind.FOREIGN_PURGE, CONSOLE, f"Purge {number}.", {"x": "y" * size})
        for number in range(count)
    ]


@given(st.integers(0, 60))
def test_however_many_findings_there_are_the_messages_are_few_and_tell_all(count: int) -> None:
    desk = Desk()
    announce_all(desk, findings(count))
    assert len(desk.alerts.published) == min(count, MAX_MESSAGES)
    assert desk.said == [each.sentence for each in findings(count)]
    announce_all(desk, findings(count + 1))
    assert desk.said == [each.sentence for each in findings(count + 1)]


def test_only_the_new_ones_are_in_a_message_about_several() -> None:
    desk = Desk()
    announce(desk, findings(3)[1])
    assert announce_together(desk, findings(4)) == 3
    assert desk.alerts.published[1].sentence == (
        f"3 findings about Console {CONSOLE}, listed below: 3 ForeignPurge. The first: Purge 0."
    )
    assert sentences(desk.alerts.published[1]) == ["Purge 0.", "Purge 2.", "Purge 3."]
    assert announce_together(desk, findings(4)) == 0


def test_a_refusal_leaves_all_of_them_to_the_next_run() -> None:
    desk = Desk()
    desk.alerts.refuses = True
    with pytest.raises(SettingsError):
        announce_together(desk, findings(3))
    desk.alerts.refuses = False
    assert len(desk.ledger.pending(CONSOLE, desk.clock.now())) == 3
    assert announce_together(desk, findings(3)) == 3


def test_what_a_run_that_died_claimed_is_pending_after_a_while() -> None:
    desk = Desk()
    for each in findings(3):
        desk.ledger.claim(each, desk.clock.now(), desk.clock.now() + CLAIM)
    assert announce_together(desk, findings(3)) == 0
    desk.clock.advance(CLAIM)
    assert announce_together(desk, findings(3)) == 3


@pytest.mark.parametrize("answers", [0, 1, 4])
def test_if_the_ledger_does_not_answer_all_is_told_rather_than_none(answers: int) -> None:
    desk = Desk(Silent(answers))
    assert announce_together(desk, findings(6)) == 6
    assert desk.said == [each.sentence for each in findings(6)]


def test_a_message_lists_as_many_as_it_can_carry_and_counts_the_rest() -> None:
    desk = Desk()
    announce_together(desk, findings(100, size=1000))
    (told,) = desk.alerts.published
    listed = len(told.facts["findings"])
    assert LISTED_BYTES // 1200 < listed < LISTED_BYTES // 1000
    assert told.facts["not_listed"] == 100 - listed
    assert told.sentence.startswith("100 findings")
