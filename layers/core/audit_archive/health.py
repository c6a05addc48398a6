"""How a Console is, in one word, judged from what is known of it. Pure.

The fleet check, `canary-audit status` and `console list` all ask `judge`. Each of them knows some of the
facts: what is not known is None, and nothing is concluded from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from audit_archive.bookmark import AuditResult, Rotation
from audit_archive.fleet_ports import LastRuns, ScheduleFacts
from audit_archive.format.facts import HeldBackBy
from audit_archive.format.times import HOUR, MOST_AHEAD, rfc3339

AUDIT_SUFFIX = "_verify"
LOCKS_SUFFIX = "_locks"
"""No Console's id has an underscore, so no name of such a schedule is the id of a Console."""

MAX_CAUSE = 60
"""Characters of a cause beside the word of health: whoever can write to the ledger chooses some."""

WELL = "ok"
"""The word for a Console without a problem."""
NEVER_ARCHIVED = "never archived"
"""The word for a Console without a problem that no run was completed of yet: it is new."""


class Judgement(StrEnum):
    """What is wrong with a Console, the gravest first: the first that holds is its word of health.

    What is in doubt comes before what is not known, what is not known before what is not archived, and what
    is not archived before what is not purged. `docs/operations.md` says what to do about each.
    """

    ABSENT = "absent"
    """Its statements are missing in the bucket, or its runs in the ledger."""
    FAULTS = "faults"
    """Its last audit found faults, or its chain of statements can't be followed now."""
    UNKNOWN = "unknown"
    """What decides could not be read."""
    FAILING = "failing"
    """Its last run failed."""
    LATE = "late"
    """Its last completed run is older than twice its period."""
    UNSCHEDULED = "unscheduled"
    """A schedule of it is missing or off."""
    UNVERIFIED = "unverified"
    """Its last audit is too old, or audits have not come through its archive in time."""
    HELD = "held"
    """It is archived, and its purges wait for a person."""
    REMOVED = "removed"
    """A person took it out of the fleet. That is told once, and is no fault."""


HEALTH_WORDS = (*map(str, Judgement), NEVER_ARCHIVED, WELL)
"""Every word of health, the gravest first: the order of whatever shows Consoles."""


WAITS = frozenset(
    {HeldBackBy.PURGE_MODE, HeldBackBy.SETTLE_WINDOW, HeldBackBy.KEEP_WINDOW, HeldBackBy.ONLY_RECEIPTS}
    | {HeldBackBy.NOT_YET_RECORDED, HeldBackBy.FOREIGN_PURGE, HeldBackBy.UNREADABLE_RECEIPT}
    | {HeldBackBy.STALE_EXPORT, HeldBackBy.POPULATION, HeldBackBy.UP_TO}
    | {HeldBackBy.VERIFY_FAULTS, HeldBackBy.NOT_VERIFIED, HeldBackBy.RECENT_DECISION}
)
"""Reasons that no person lifts: the owner's choice, what ends by itself, what the last audit tells."""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with a Console. `cause`: what makes it another problem of the same kind."""

    judgement: Judgement
    cause: str
    sentence: str


@dataclass(frozen=True)
class Known:
    """What is known of a Console: its schedules, its last runs, its last audit, and its statements.

    The schedules start its runs, its audits, and the extension of its locks; `are_schedules_known`: whether
    they were looked for. `doubt`: what is wrong with its chain of statements. `unread`: what could not be
    read.
    """

    console: str
    archiving: ScheduleFacts | None
    auditing: ScheduleFacts | None
    extending: ScheduleFacts | None
    runs: LastRuns
    rotation: Rotation | None
    has_statements: bool
    are_schedules_known: bool = True
    doubt: str | None = None
    unread: str | None = None

    @property
    def is_console(self) -> bool:
        """Whether it belongs to the fleet. A run by hand over a mistyped name leaves a failure only."""
        scheduled = self.archiving is not None or self.auditing is not None
        return scheduled or self.runs.completed_at is not None or self.has_statements

    @property
    def is_archiving(self) -> bool:
        """Whether runs are to be expected."""
        return is_on(self.archiving) or not self.are_schedules_known

    @property
    def is_auditing(self) -> bool:
        """Whether audits are to be expected."""
        return is_on(self.auditing) or not self.are_schedules_known


@dataclass(frozen=True)
class Limits:
    """`period`: seconds between archive runs, where the last audit was not told another.

    `audit_age`: seconds after which an audit is too old.
    """

    period: int
    audit_age: int


@dataclass(frozen=True)
class ConsoleHealth:
    """A Console and what is wrong with it, the gravest first. Moments are epoch seconds.

    `statements`: as of the last run.
    """

    console: str
    problems: tuple[Problem, ...]
    completed_at: int | None
    verified_at: int | None
    statements: int

    @property
    def is_healthy(self) -> bool:
        """Whether it needs no person."""
        return all(problem.judgement == Judgement.REMOVED for problem in self.problems)

    @property
    def word(self) -> str:
        """Its health in one word: a Judgement, `never archived`, or `ok`."""
        if self.problems:
            return str(self.problems[0].judgement)
        return WELL if self.statements or self.completed_at is not None else NEVER_ARCHIVED

    @property
    def says(self) -> str:
        """The word, and what narrows it down: `failing: ConsoleAuthError`, `held: unexplained_hole`."""
        if self.word not in {Judgement.FAILING, Judgement.HELD}:
            return self.word
        return f"{self.word}: {self.problems[0].cause[:MAX_CAUSE]}"

    def digests(self) -> Iterator[str]:
        """What identifies each problem from one check to the next."""
        for problem in self.problems:
            yield f"{self.console} {problem.judgement} {problem.cause}"


def console_of(schedule: str) -> str:
    """The Console that a schedule of this name is for."""
    suffix = next((each for each in (AUDIT_SUFFIX, LOCKS_SUFFIX) if schedule.endswith(each)), "")
    return schedule.removesuffix(suffix)


def is_on(schedule: ScheduleFacts | None) -> bool:
    """Whether a schedule is there and enabled."""
    return schedule is not None and schedule.is_enabled


def judge(known: Known, limits: Limits, now: int) -> ConsoleHealth:
    """What is wrong with a Console at `now` (epoch seconds).

    What a schedule that is off does not start is not late: the schedule is the problem. If something could
    not be read, nothing is called missing or late.
    """
    known = replace(known, runs=known.runs.until(now))
    found = [*_faults(known), *_unknown(known)]
    if known.unread is None:
        found += [*_absent(known), *_held(known), *(_removed(known) or _unscheduled(known))]
        found += [*_failing(known), *_late(known, limits, now)] if known.is_archiving else []
        found += _unverified(known, limits, now) if known.is_auditing else []
    order, rotation = list(Judgement), known.rotation
    return ConsoleHealth(
        console=known.console,
        problems=tuple(sorted(found, key=lambda each: order.index(each.judgement))),
        completed_at=known.runs.completed_at,
        verified_at=rotation.last_completed_at if rotation is not None else None,
        statements=known.runs.seq,
    )


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


def _faults(known: Known) -> Iterator[Problem]:
    rotation = known.rotation
    if rotation is not None and rotation.last_result != AuditResult.VALID:
        audited, s = rfc3339(rotation.last_completed_at), "s" * (rotation.faults != 1)
        said = f"the audit of {audited} found {rotation.faults} fault{s}"
        yield Problem(Judgement.FAULTS, "", said)
    if known.doubt is not None:
        yield Problem(Judgement.FAULTS, "chain", known.doubt)


def _unknown(known: Known) -> Iterator[Problem]:
    if known.unread is not None:
        yield Problem(Judgement.UNKNOWN, "", known.unread)


def _failing(known: Known) -> Iterator[Problem]:
    failure = known.runs.open_failure
    if failure is not None:
        yield Problem(Judgement.FAILING, failure.error_class, failure.says)


def _late(known: Known, limits: Limits, now: int) -> Iterator[Problem]:
    told = known.rotation.period if known.rotation is not None else 0
    period = told or limits.period
    # Before its first audit nobody knows whether it has a period of its own.
    late = 2 * period if known.rotation is not None else max(2 * period, limits.audit_age)
    completed = known.runs.completed_at
    if completed is None and not known.are_schedules_known:
        return  # it is not known since when a run is due
    since = completed if completed is not None else _made(known.archiving)
    if now - since > late:
        said = (
            f"its last run was completed at {rfc3339(completed)}"
            if completed
            else "no run was ever completed"
        )
        yield Problem(Judgement.LATE, "", f"{said}, and one is due every {period // HOUR} hours")


def _held(known: Known) -> Iterator[Problem]:
    reason = known.runs.held_by
    if reason is not None and reason not in WAITS:
        yield Problem(Judgement.HELD, reason, f"it is archived and not purged: {reason}")


def _removed(known: Known) -> list[Problem]:
    """Only if no schedule starts runs or audits: whoever adds a Console again takes it back into the fleet.

    The schedule that extends its locks stays as long as its archive is kept. The stack's own schedules can't
    be deleted: they are switched off.
    """
    at = known.runs.removed_at
    if at is None or is_on(known.archiving) or is_on(known.auditing) or not known.are_schedules_known:
        return []
    return [Problem(Judgement.REMOVED, str(at), f"it was taken out of the fleet at {rfc3339(at)}")]


def _unscheduled(known: Known) -> list[Problem]:
    if not known.are_schedules_known:
        return []
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
    if rotation is None and not known.are_schedules_known:
        return
    if rotation is not None:
        overdue = rotation.overdue(now, limits.audit_age)
        if overdue is not None:
            yield Problem(Judgement.UNVERIFIED, "", overdue)
        return
    made = _made(known.auditing)
    if now - made > limits.audit_age or made > now + MOST_AHEAD:
        yield Problem(Judgement.UNVERIFIED, "", "no audit of it is on record")


def _made(schedule: ScheduleFacts | None) -> int:
    return schedule.created_at if schedule is not None else 0
