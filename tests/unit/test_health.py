"""The word of health: one table of facts, and laws for any facts there may be."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.bookmark import AuditResult
from audit_archive.fleet_ports import MAX_LABEL, MAX_TAGS, Failure, Label, LastRuns, ScheduleFacts
from audit_archive.format.facts import HeldBackBy
from audit_archive.format.times import DAY, HOUR
from audit_archive.health import (
    AUDIT_SUFFIX,
    LOCKS_SUFFIX,
    MAX_CAUSE,
    NEVER_ARCHIVED,
    WAITS,
    WELL,
    Judgement,
    Known,
    Limits,
    judge,
)
from tests.support.fakes.verifications import audited
from tests.support.rows import all_rows

NOW = 1_795_413_600
LIMITS = Limits(DAY, 3 * DAY)
CONSOLE = "1234abcd"


def schedule(suffix: str = "", *, is_enabled: bool = True, age: int = 90 * DAY) -> ScheduleFacts:
    return ScheduleFacts(f"{CONSOLE}{suffix}", is_enabled, NOW - age)


ON = (schedule(), schedule(AUDIT_SUFFIX), schedule(LOCKS_SUFFIX))
VALID = audited(NOW - 2 * HOUR, period=DAY)
RUNS = LastRuns(CONSOLE, NOW - 4 * HOUR, 9)
FAILED = replace(RUNS, failure=Failure(NOW - HOUR, "ConsoleAuthError", "No.", "request-1"))
HELD = replace(RUNS, held_by="unexplained_hole")
GOOD = Known(CONSOLE, *ON, RUNS, VALID, has_statements=True)
NOWHERE = Known(CONSOLE, None, None, None, LastRuns(CONSOLE), None, has_statements=False)
NEW = replace(
    NOWHERE,
    archiving=schedule(age=HOUR),
    auditing=schedule(AUDIT_SUFFIX, age=HOUR),
    extending=schedule(LOCKS_SUFFIX, age=HOUR),
)
COPY = replace(NOWHERE, are_schedules_known=False)


def says(known: Known) -> str:
    return judge(known, LIMITS, NOW).says


@all_rows(
    ("known", "word"),
    [
        (GOOD, "ok"),
        (NEW, "never archived"),
        (replace(NEW, runs=replace(NEW.runs, failure=FAILED.failure)), "failing: ConsoleAuthError"),
        (replace(NEW, archiving=schedule(age=4 * DAY)), "late"),
        (replace(GOOD, runs=replace(RUNS, completed_at=NOW - 3 * DAY)), "late"),
        (replace(GOOD, runs=FAILED), "failing: ConsoleAuthError"),
        (replace(GOOD, runs=replace(FAILED, completed_at=NOW - 9 * DAY)), "failing: ConsoleAuthError"),
        (replace(GOOD, runs=HELD), "held: unexplained_hole"),
        (replace(GOOD, runs=replace(FAILED, held_by="paused")), "failing: ConsoleAuthError"),
        (replace(GOOD, runs=replace(RUNS, held_by="settle_window")), "ok"),
        (replace(GOOD, runs=HELD, rotation=replace(VALID, last_result=AuditResult.FAULTS)), "faults"),
        (replace(GOOD, doubt="the chain was forked", unread="LedgerError: no"), "faults"),
        (replace(GOOD, runs=FAILED, unread="LedgerError: no"), "unknown"),
        (replace(GOOD, has_statements=False, doubt="gone"), "absent"),
        (replace(GOOD, archiving=schedule(is_enabled=False)), "unscheduled"),
        (replace(GOOD, extending=None), "unscheduled"),
        (replace(GOOD, rotation=replace(VALID, last_completed_at=NOW - 9 * DAY)), "unverified"),
        (NOWHERE, "unscheduled"),
        (replace(NOWHERE, has_statements=True, runs=replace(RUNS, removed_at=NOW)), "removed"),
        (replace(NOWHERE, extending=ON[2], runs=replace(FAILED, removed_at=NOW)), "absent"),
        (COPY, "never archived"),
        (replace(COPY, has_statements=True, runs=RUNS), "ok"),
        (replace(COPY, has_statements=True, runs=replace(RUNS, completed_at=NOW - 9 * DAY)), "late"),
        (replace(COPY, has_statements=True, runs=replace(RUNS, removed_at=NOW)), "ok"),
    ],
)
def test_one_word_says_how_a_console_is(known: Known, word: str) -> None:
    assert says(known) == word


def test_the_stack_s_own_console_is_removed_once_its_schedules_are_off() -> None:
    """They can't be deleted without the stack; on again, it is watched like any other."""
    off = replace(
        GOOD,
        archiving=schedule(is_enabled=False),
        auditing=schedule(AUDIT_SUFFIX, is_enabled=False),
        runs=replace(RUNS, removed_at=NOW - DAY),
    )
    assert says(off) == Judgement.REMOVED
    assert judge(off, LIMITS, NOW).is_healthy
    assert says(replace(off, runs=RUNS)) == Judgement.UNSCHEDULED
    assert says(replace(off, auditing=ON[1])) == Judgement.UNSCHEDULED


def test_a_cause_from_the_ledger_is_cut() -> None:
    failure = Failure(NOW, "x" * 300, "No.", "request-1")
    assert says(replace(GOOD, runs=replace(RUNS, failure=failure))) == f"failing: {'x' * MAX_CAUSE}"


def test_a_hold_of_a_later_release_is_told_and_each_of_this_one_is_known() -> None:
    for reason in (*HeldBackBy, "a_reason_of_a_later_release"):
        expected = WELL if reason in WAITS else f"held: {reason}"
        assert says(replace(GOOD, runs=replace(RUNS, held_by=reason))) == expected


schedules = st.one_of(
    st.none(), st.builds(schedule, is_enabled=st.booleans(), age=st.sampled_from([0, 4 * DAY]))
)
moments = st.one_of(st.none(), st.sampled_from([NOW - 9 * DAY, NOW - HOUR, NOW + 9 * DAY]))
facts = st.builds(
    Known,
    console=st.just(CONSOLE),
    archiving=schedules,
    auditing=schedules,
    extending=schedules,
    runs=st.builds(
        LastRuns,
        console=st.just(CONSOLE),
        completed_at=moments,
        seq=st.sampled_from([0, 3]),
        failure=st.one_of(st.none(), st.just(FAILED.failure)),
        removed_at=moments,
        held_by=st.one_of(st.none(), st.sampled_from([*HeldBackBy])),
    ),
    rotation=st.one_of(
        st.none(), st.builds(replace, st.just(VALID), last_result=st.sampled_from([*AuditResult]))
    ),
    has_statements=st.booleans(),
    are_schedules_known=st.booleans(),
    doubt=st.one_of(st.none(), st.just("forked")),
    unread=st.one_of(st.none(), st.just("LedgerError: no")),
)


@given(facts)
def test_whatever_is_known_the_word_is_the_gravest_problem(known: Known) -> None:
    health, order = judge(known, LIMITS, NOW), [*Judgement]
    found = [order.index(each.judgement) for each in health.problems]
    assert found == sorted(found)
    assert health.word in {*Judgement, WELL, NEVER_ARCHIVED}
    assert (health.word in {WELL, NEVER_ARCHIVED}) == (not health.problems)
    assert health.is_healthy == (health.word in {WELL, NEVER_ARCHIVED, Judgement.REMOVED})


@given(facts)
def test_no_word_of_health_hides_a_doubt_or_what_is_not_known(known: Known) -> None:
    """Nobody reads `ok` about an archive in doubt, whatever else is known."""
    is_in_doubt = known.doubt is not None or (
        known.rotation is not None and known.rotation.last_result == AuditResult.FAULTS
    )
    word = judge(known, LIMITS, NOW).word
    if is_in_doubt:
        assert word in {Judgement.ABSENT, Judgement.FAULTS}
    elif known.unread is not None:
        assert word == Judgement.UNKNOWN


@given(facts)
def test_nothing_is_concluded_from_schedules_that_were_not_looked_for(known: Known) -> None:
    unknown = replace(known, are_schedules_known=False)
    found = {each.judgement for each in judge(unknown, LIMITS, NOW).problems}
    assert not found & {Judgement.UNSCHEDULED, Judgement.REMOVED}


# ------------------------------------------------------------------------------------ names


@all_rows(
    ("name", "tags"),
    [
        ("", {}), (" a", {}), ("a\n", {}), ("a\tb", {}), ("a\x1b[2Jb", {}), ("a\u202eb", {}), ("\u200b", {}),
        ("\u3164", {}), ("\ud800", {}), ("a" * (MAX_LABEL + 1), {}),
        (None, {"": "a"}), (None, {"A": "a"}), (None, {"a b": "a"}), (None, {"a": ""}), (None, {"a": "b\n"}),
        (None, {"a\n": "b"}), (None, {"a" * 33: "b"}),
        (None, {f"t{number}": "a" for number in range(MAX_TAGS + 1)}),
    ],
)  # fmt: skip
def test_a_name_is_a_short_line_that_shows(name: str | None, tags: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"a name has|tag"):
        Label(name, tags)


def test_a_console_is_shown_by_its_name_and_its_id() -> None:
    assert Label("Factory S\u00fcd").beside(CONSOLE) == "Factory S\u00fcd (1234abcd)"
    assert Label(None, {"site": "graz"}).beside(CONSOLE) == CONSOLE
