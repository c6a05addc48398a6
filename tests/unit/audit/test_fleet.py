"""What is wrong with a Console: a table of what the stack knows, and laws for anything it may know."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from audit_archive.audit.fleet import counts, join, news
from audit_archive.bookmark import AuditResult
from audit_archive.fleet_ports import Failure, LastRuns, ScheduleFacts, Told
from audit_archive.format.times import DAY, HOUR
from audit_archive.health import (
    AUDIT_SUFFIX,
    LOCKS_SUFFIX,
    ConsoleHealth,
    Judgement,
    Known,
    Limits,
    Problem,
    judge,
)
from tests.support.fakes.verifications import audited as noted
from tests.support.rows import all_rows

NOW = 1_795_413_600
CONSOLE = "1234abcd"
SUFFIXES = ("", AUDIT_SUFFIX, LOCKS_SUFFIX)
LIMITS = Limits(period=DAY, audit_age=3 * DAY)
FAILURE = Failure(NOW - HOUR, "ConsoleAuthError", "The Console refused the key.", "request-1")
VALID = noted(NOW - 2 * HOUR, period=DAY)
HEALTHY = Known(
    CONSOLE,
    ScheduleFacts(CONSOLE, is_enabled=True, created_at=NOW - 90 * DAY),
    ScheduleFacts(f"{CONSOLE}{AUDIT_SUFFIX}", is_enabled=True, created_at=NOW - 90 * DAY),
    ScheduleFacts(f"{CONSOLE}{LOCKS_SUFFIX}", is_enabled=True, created_at=NOW - 90 * DAY),
    LastRuns(CONSOLE, NOW - 4 * HOUR, 9),
    VALID,
    has_statements=True,
)
NEW = replace(
    HEALTHY,
    archiving=ScheduleFacts(CONSOLE, is_enabled=True, created_at=NOW - HOUR),
    auditing=ScheduleFacts(f"{CONSOLE}{AUDIT_SUFFIX}", is_enabled=True, created_at=NOW - HOUR),
    runs=LastRuns(CONSOLE),
    rotation=None,
    has_statements=False,
)


def judged(known: Known, now: int = NOW) -> list[str]:
    return [problem.judgement for problem in judge(known, LIMITS, now).problems]


def off(schedule: ScheduleFacts | None) -> ScheduleFacts:
    assert schedule is not None
    return replace(schedule, is_enabled=False)


def failed(at: int) -> Known:
    return replace(HEALTHY, runs=replace(HEALTHY.runs, failure=replace(FAILURE, at=at)))


def completed(at: int) -> LastRuns:
    return replace(HEALTHY.runs, completed_at=at)


@all_rows(
    ("known", "expected"),
    [
        (HEALTHY, []),
        (NEW, []),
        (replace(HEALTHY, runs=completed(NOW - 2 * DAY)), []),
        (replace(HEALTHY, runs=completed(NOW - 2 * DAY - 1)), ["late"]),
        (replace(HEALTHY, runs=completed(NOW + HOUR)), []),
        (replace(HEALTHY, runs=completed(NOW + HOUR + 1)), ["absent", "late"]),
        (
            replace(HEALTHY, runs=replace(completed(NOW + 900 * DAY), failure=FAILURE)),
            ["failing", "late"],
        ),
        (replace(HEALTHY, rotation=replace(VALID, last_completed_at=NOW + HOUR)), []),
        (replace(HEALTHY, rotation=replace(VALID, last_completed_at=NOW + HOUR + 1)), ["unverified"]),
        (replace(HEALTHY, runs=completed(NOW - 9 * DAY), rotation=replace(VALID, period=7 * DAY)), []),
        (replace(HEALTHY, runs=completed(NOW - 9 * DAY), rotation=replace(VALID, period=0)), ["late"]),
        (replace(HEALTHY, rotation=replace(VALID, last_completed_at=NOW - 3 * DAY)), []),
        (replace(HEALTHY, rotation=replace(VALID, last_completed_at=NOW - 3 * DAY - 1)), ["unverified"]),
        (replace(HEALTHY, rotation=None), ["unverified"]),
        (replace(HEALTHY, rotation=replace(VALID, last_result=AuditResult.FAULTS, faults=2)), ["faults"]),
        (replace(HEALTHY, archiving=None), ["unscheduled"]),
        (replace(HEALTHY, auditing=None), ["unscheduled"]),
        (replace(HEALTHY, archiving=None, auditing=None), ["unscheduled", "unscheduled"]),
        (replace(HEALTHY, archiving=off(HEALTHY.archiving)), ["unscheduled"]),
        (replace(HEALTHY, auditing=off(HEALTHY.auditing)), ["unscheduled"]),
        (failed(NOW - HOUR), ["failing"]),
        (failed(NOW - 4 * HOUR), ["failing"]),
        (failed(NOW - 4 * HOUR - 1), []),
        (replace(HEALTHY, has_statements=False), ["absent"]),
        (replace(HEALTHY, has_statements=False, runs=LastRuns(CONSOLE, NOW, 0)), []),
        (replace(HEALTHY, runs=LastRuns(CONSOLE)), ["absent", "late"]),
        (replace(NEW, has_statements=True), ["absent"]),
        (replace(NEW, has_statements=True, runs=LastRuns(CONSOLE, failure=FAILURE)), ["failing"]),
        (replace(NEW, runs=LastRuns(CONSOLE, failure=FAILURE)), ["failing"]),
    ],
)
def test_a_console_is_judged_by_what_is_known_of_it(known: Known, expected: list[str]) -> None:
    assert judged(known) == expected
    assert known.is_console


def test_a_console_that_never_ran_and_was_never_audited_is_told_when_an_audit_is_overdue() -> None:
    """Its first audit tells its period: a Console that is archived weekly must not page on its second day."""
    assert judged(NEW, NOW - HOUR + 3 * DAY) == []
    assert judged(NEW, NOW - HOUR + 3 * DAY + 1) == ["late", "unverified"]


def test_a_console_that_never_ran_is_late_after_two_periods_once_it_was_audited() -> None:
    audited = replace(NEW, rotation=replace(VALID, last_completed_at=NOW + DAY))
    assert judged(audited, NOW - HOUR + 2 * DAY) == []
    assert judged(audited, NOW - HOUR + 2 * DAY + 1) == ["late"]
    weekly = replace(audited, rotation=noted(NOW + 14 * DAY, period=7 * DAY))
    assert judged(weekly, NOW - HOUR + 14 * DAY) == []
    assert judged(weekly, NOW - HOUR + 14 * DAY + 1) == ["late"]


def test_what_a_schedule_that_is_off_does_not_start_is_not_late_as_well() -> None:
    """A Console that was disabled on purpose is one problem, not a new one every few days."""
    disabled = replace(
        HEALTHY,
        archiving=off(HEALTHY.archiving),
        auditing=off(HEALTHY.auditing),
        runs=replace(HEALTHY.runs, failure=FAILURE),
    )
    first = {*judge(disabled, LIMITS, NOW).digests()}
    assert judged(disabled) == ["unscheduled", "unscheduled"]
    assert {*judge(disabled, LIMITS, NOW + 400 * DAY).digests()} == first


def test_a_schedule_that_is_disabled_and_one_that_is_gone_are_two_problems() -> None:
    gone = replace(HEALTHY, archiving=None)
    disabled = replace(HEALTHY, archiving=off(HEALTHY.archiving))
    found = [set(judge(known, LIMITS, NOW).digests()) for known in (gone, disabled)]
    assert not found[0] & found[1]


def test_a_sentence_says_what_is_wrong() -> None:
    wrong = replace(
        HEALTHY,
        has_statements=False,
        auditing=None,
        runs=replace(completed(NOW - 5 * DAY), failure=FAILURE),
        rotation=replace(VALID, last_result=AuditResult.FAULTS, faults=2),
    )
    assert [problem.sentence for problem in judge(wrong, LIMITS, NOW).problems] == [
        "the ledger counts 9 statements, and the bucket lists no statement of it",
        "the audit of 2026-11-23T04:00:00Z found 2 faults",
        "the run of 2026-11-23T05:00:00Z failed with ConsoleAuthError: The Console refused the key.",
        "its last run was completed at 2026-11-18T06:00:00Z, and one is due every 24 hours",
        "there is no schedule 1234abcd_verify",
    ]


def test_a_run_by_hand_over_a_name_that_is_no_console_of_ours_leaves_no_console() -> None:
    (known,) = join([], [LastRuns("1234abce", failure=FAILURE)], {}, [])
    assert not known.is_console


# ------------------------------------------------------------------------------------ both ways

names = st.sampled_from(["a", "a-b", "ab", "b", "console"])


@given(
    st.sets(st.tuples(names, st.sampled_from(SUFFIXES), st.booleans()), max_size=12),
    st.sets(names),
    st.sets(names),
    st.sets(names),
)
def test_whoever_is_known_anywhere_is_judged_once(
    scheduled: set[tuple[str, str, bool]], ran: set[str], audited: set[str], archived: set[str]
) -> None:
    """And whoever is missing in one of the three places has a problem."""
    schedules = {
        f"{name}{suffix}": ScheduleFacts(f"{name}{suffix}", is_enabled, NOW)
        for name, suffix, is_enabled in scheduled
    }
    runs = [LastRuns(name, NOW, 3) for name in ran]
    found = list(join(schedules.values(), runs, dict.fromkeys(audited, VALID), archived))
    everyone = {name for name, _, _ in scheduled} | ran | audited | archived
    assert [known.console for known in found] == sorted(everyone)
    for known in found:
        name, problems = known.console, set(judged(known))
        on = {each for each, schedule in schedules.items() if schedule.is_enabled}
        assert (Judgement.UNSCHEDULED in problems) == (not {f"{name}{s}" for s in SUFFIXES} <= on)
        assert (Judgement.ABSENT in problems) == ((name in ran) != (name in archived))


@given(st.lists(st.sets(st.sampled_from(list(Judgement))), max_size=6))
def test_each_console_counts_once_for_each_judgement(fleet: list[set[Judgement]]) -> None:
    consoles = [
        ConsoleHealth("x", tuple(Problem(each, cause, "Why.") for each in found for cause in "ab"), 1, 1, 1)
        for found in fleet
    ]
    assert counts(consoles) == {each: sum(each in found for found in fleet) for each in Judgement}


# ------------------------------------------------------------------------------------ what is told

ONE, TWO = frozenset({"a late "}), frozenset({"a late ", "b failing ConsoleError"})


@all_rows(
    ("told", "current", "expected"),
    [
        (None, frozenset[str](), None),
        (None, ONE, ONE),
        (Told(NOW - DAY, ONE), ONE, None),
        (Told(NOW - DAY, ONE), TWO, TWO - ONE),
        (Told(NOW - DAY, TWO), ONE, None),
        (Told(NOW - DAY, TWO), frozenset[str](), None),
        (Told(NOW - 7 * DAY + 10, ONE), ONE, frozenset[str]()),
        (Told(NOW - 6 * DAY, ONE), ONE, None),
        (Told(NOW + HOUR, ONE), ONE, None),
        (Told(NOW + HOUR + 1, ONE), ONE, frozenset[str]()),
        (Told(NOW - 30 * DAY, ONE), frozenset[str](), None),
    ],
)
def test_what_is_new_is_told_and_what_stays_once_a_week(
    told: Told | None, current: frozenset[str], expected: frozenset[str] | None
) -> None:
    assert news(told, current, NOW, is_healthy=not current) == expected


def test_a_healthy_fleet_is_told_what_is_new_and_never_reminded() -> None:
    assert news(Told(NOW - DAY, frozenset()), ONE, NOW, is_healthy=True) == ONE
    assert news(Told(NOW - 90 * DAY, ONE), ONE, NOW, is_healthy=True) is None
