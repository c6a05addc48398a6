"""How every Console of the stack is: what is wrong with it, judged from what the stack knows. Pure.

Three places know Consoles: the schedules, the ledger and the bucket. Each is held against the others, so that
a Console that is gone from one of them is told.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from audit_archive.bookmark import AuditResult, Rotation
from audit_archive.fleet_ports import MOST_AHEAD, LastRuns, ScheduleFacts, Told
from audit_archive.format.times import DAY, HOUR, rfc3339

AUDIT_SUFFIX = "_verify"
LOCKS_SUFFIX = "_locks"
"""No Console's id has an underscore, so no name of such a schedule is the id of a Console."""

REMINDED_AFTER = 7 * DAY


class Judgement(StrEnum):
    """What is wrong with a Console, the gravest first. `docs/operations.md` says what to do about each."""

    ABSENT = "absent"
    """Its statements are missing in the bucket, or its runs in the ledger."""
    FAULTY = "faulty"
    """Its last audit found faults."""
    FAILING = "failing"
    """Its last run failed."""
    STALE = "stale"
    """Its last completed run is older than twice its period."""
    UNSCHEDULED = "unscheduled"
    """A schedule of it is missing or off."""
    UNVERIFIED = "unverified"
    """Its last audit is too old."""
    REMOVED = "removed"
    """A person took it out of the fleet. That is told once, and is no fault."""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with a Console. `cause`: what makes it another problem of the same kind."""

    judgement: Judgement
    cause: str
    sentence: str


@dataclass(frozen=True)
class Known:
    """What the stack knows of a Console: its schedules, its last runs, its last audit, and its statements.

    The schedules start its runs, its audits, and the extension of its locks.
    """

    console: str
    archiving: ScheduleFacts | None
    auditing: ScheduleFacts | None
    extending: ScheduleFacts | None
    runs: LastRuns
    rotation: Rotation | None
    has_statements: bool

    @property
    def is_console(self) -> bool:
        """Whether it belongs to the fleet. A run by hand over a mistyped name leaves a failure only."""
        scheduled = self.archiving is not None or self.auditing is not None
        return scheduled or self.runs.completed_at is not None or self.has_statements


@dataclass(frozen=True)
class Limits:
    """`period`: seconds between archive runs, where the last audit was not told another.

    `audit_age`: seconds after which an audit is too old.
    """

    period: int
    audit_age: int


@dataclass(frozen=True)
class ConsoleHealth:
    """A Console and what is wrong with it. Moments are epoch seconds; `statements` as of the last run."""

    console: str
    problems: tuple[Problem, ...]
    completed_at: int | None
    verified_at: int | None
    statements: int

    @property
    def is_healthy(self) -> bool:
        """Whether it needs no person."""
        return all(problem.judgement == Judgement.REMOVED for problem in self.problems)

    def digests(self) -> Iterator[str]:
        """What identifies each problem from one check to the next."""
        for problem in self.problems:
            yield f"{self.console} {problem.judgement} {problem.cause}"


def console_of(schedule: str) -> str:
    """The Console that a schedule of this name is for."""
    suffix = next((each for each in (AUDIT_SUFFIX, LOCKS_SUFFIX) if schedule.endswith(each)), "")
    return schedule.removesuffix(suffix)


def join(
    schedules: Iterable[ScheduleFacts],
    runs: Iterable[LastRuns],
    rotations: Mapping[str, Rotation | None],
    archived: Iterable[str],
) -> Iterator[Known]:
    """All that is known of each Console, by its name. `archived`: the Consoles that have statements."""
    by_name = {each.name: each for each in schedules}
    by_console = {each.console: each for each in runs}
    with_statements = set(archived)
    scheduled = {console_of(name) for name in by_name}
    for console in sorted(scheduled | by_console.keys() | rotations.keys() | with_statements):
        yield Known(
            console=console,
            archiving=by_name.get(console),
            auditing=by_name.get(f"{console}{AUDIT_SUFFIX}"),
            extending=by_name.get(f"{console}{LOCKS_SUFFIX}"),
            runs=by_console.get(console, LastRuns(console)),
            rotation=rotations.get(console),
            has_statements=console in with_statements,
        )


def judge(known: Known, limits: Limits, now: int) -> ConsoleHealth:
    """What is wrong with a Console at `now` (epoch seconds).

    What a schedule that is off does not start is not late: the schedule is the problem.
    """
    known = replace(known, runs=known.runs.until(now))
    problems = [*_absent(known), *_faulty(known)]
    if is_on(known.archiving):
        problems += [*_failing(known), *_stale(known, limits, now)]
    problems += _removed(known) or _unscheduled(known)
    if is_on(known.auditing):
        problems += _unverified(known, limits, now)
    rotation = known.rotation
    return ConsoleHealth(
        console=known.console,
        problems=tuple(problems),
        completed_at=known.runs.completed_at,
        verified_at=rotation.last_completed_at if rotation is not None else None,
        statements=known.runs.seq,
    )


def is_on(schedule: ScheduleFacts | None) -> bool:
    """Whether a schedule is there and enabled."""
    return schedule is not None and schedule.is_enabled


def counts(fleet: Iterable[ConsoleHealth]) -> dict[Judgement, int]:
    """How many Consoles have a problem of each kind."""
    found = Counter(judgement for each in fleet for judgement in {p.judgement for p in each.problems})
    return {judgement: found[judgement] for judgement in Judgement}


def news(told: Told | None, current: frozenset[str], now: int, *, is_healthy: bool) -> frozenset[str] | None:
    """The problems that no message has told yet; None if no message is due.

    A message is due for each new problem, and once a week while the fleet is not healthy. The hour makes up
    for a check that begins some seconds earlier than a week ago. A message that is yet to come, by a clock
    that ran ahead, puts off no reminder.
    """
    new = current - told.problems if told is not None else current
    is_old = told is not None and (now - told.at >= REMINDED_AFTER - HOUR or told.at > now + MOST_AHEAD)
    is_due = is_old and not is_healthy
    return new if new or is_due else None


def _absent(known: Known) -> Iterator[Problem]:
    if known.runs.seq and not known.has_statements:
        yield Problem(
            Judgement.ABSENT,
            "bucket",
            f"the ledger counts {known.runs.seq} statements, and the bucket lists no statement of it",
        )
    if known.has_statements and known.runs.is_without_any:
        yield Problem(
            Judgement.ABSENT,
            "ledger",
            "the bucket has its statements, and the ledger knows no run of it",
        )


def _faulty(known: Known) -> Iterator[Problem]:
    rotation = known.rotation
    if rotation is not None and rotation.last_result != AuditResult.VALID:
        audited = rfc3339(rotation.last_completed_at)
        yield Problem(Judgement.FAULTY, "", f"the audit of {audited} found {rotation.faults} faults")


def _failing(known: Known) -> Iterator[Problem]:
    failure = known.runs.open_failure
    if failure is not None:
        yield Problem(Judgement.FAILING, failure.error_class, failure.says)


def _stale(known: Known, limits: Limits, now: int) -> Iterator[Problem]:
    told = known.rotation.period if known.rotation is not None else 0
    period = told or limits.period
    # Before its first audit nobody knows whether it has a period of its own.
    late = 2 * period if known.rotation is not None else max(2 * period, limits.audit_age)
    completed = known.runs.completed_at
    since = completed if completed is not None else _made(known.archiving)
    if now - since > late:
        said = (
            f"its last run was completed at {rfc3339(completed)}"
            if completed
            else "no run was ever completed"
        )
        yield Problem(Judgement.STALE, "", f"{said}, and one is due every {period // HOUR} hours")


def _removed(known: Known) -> list[Problem]:
    """Only without a schedule of runs or audits: whoever adds a Console again takes it back into the fleet.

    The schedule that extends its locks stays as long as its archive is kept.
    """
    at = known.runs.removed_at
    if at is None or known.archiving is not None or known.auditing is not None:
        return []
    return [Problem(Judgement.REMOVED, str(at), f"it was taken out of the fleet at {rfc3339(at)}")]


def _unscheduled(known: Known) -> list[Problem]:
    problems = list[Problem]()
    by_suffix = {"": known.archiving, AUDIT_SUFFIX: known.auditing, LOCKS_SUFFIX: known.extending}
    for suffix, schedule in by_suffix.items():
        name = f"{known.console}{suffix}"
        if schedule is None:
            cause, said = f"{suffix} missing", f"there is no schedule {name}"
            problems.append(Problem(Judgement.UNSCHEDULED, cause, said))
        elif not schedule.is_enabled:
            cause, said = f"{suffix} off", f"the schedule {name} is DISABLED"
            problems.append(Problem(Judgement.UNSCHEDULED, cause, said))
    return problems


def _unverified(known: Known, limits: Limits, now: int) -> Iterator[Problem]:
    rotation = known.rotation
    since = rotation.last_completed_at if rotation is not None else _made(known.auditing)
    if now - since > limits.audit_age or since > now + MOST_AHEAD:
        said = (
            f"its last audit ended at {rfc3339(since)}"
            if rotation is not None
            else "no audit of it is on record"
        )
        yield Problem(Judgement.UNVERIFIED, "", said)


def _made(schedule: ScheduleFacts | None) -> int:
    return schedule.created_at if schedule is not None else 0
