"""What the stack knows of every Console, and what of it a message must tell. Pure.

Three places know Consoles: the schedules, the ledger and the bucket. Each is held against the others, so that
a Console that is gone from one of them is told.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from audit_archive.bookmark import Rotation
from audit_archive.fleet_ports import LastRuns, ScheduleFacts, Told
from audit_archive.format.times import DAY, HOUR, MOST_AHEAD
from audit_archive.health import AUDIT_SUFFIX, LOCKS_SUFFIX, ConsoleHealth, Judgement, Known, console_of

REMINDED_AFTER = 7 * DAY


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
