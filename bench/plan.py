"""What is measured, and how often. Of several rounds the least CPU time and the least peak count."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.measure import Usage, measure
from bench.world import PLAIN, World
from local.aws.console import READ_KEY

Report = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """One workload, measured: `subject` says what it is compared by, `role` what it is there.

    Roles: `ours`; `peer`, what most people would write; `floor`, the least possible; anything else is there
    for information.
    """

    subject: str
    role: str
    entries: int
    usage: Usage
    rounds: tuple[Usage, ...] = ()


@dataclass(frozen=True)
class _Job:
    subject: str
    role: str
    workload: str
    run: Callable[[str], Usage]


def rows(world: World, entries: int, rounds: int, only: Sequence[str] | None, report: Report) -> list[Row]:
    """Every workload over so many entries, or those of some subjects only.

    Rounds are interleaved: other load on the machine meets all.
    """
    found: dict[tuple[str, str], list[Usage]] = {}
    with world.console(entries) as console:
        arguments = {"url": console.url, "key": READ_KEY, "bucket": PLAIN}
        export = str(world.export(console))
        for number in range(1, rounds + 1):
            for job in _jobs(world, entries, arguments, export):
                if only and job.subject not in only:
                    continue
                report(f"{entries} entries, round {number} of {rounds}: {job.subject}, {job.role}")
                found.setdefault((job.subject, job.role), []).append(job.run(job.workload))
    return [
        Row(subject, role, entries, _least(usages), tuple(usages))
        for (subject, role), usages in found.items()
    ]


def _jobs(world: World, entries: int, source: dict[str, Any], export: str) -> Iterator[_Job]:
    copy: dict[str, str] = {}

    def on_disk(workload: str) -> Usage:
        more = {"now": int(time.time())} if "ours" in workload else {}
        return measure(workload, {"path": export, **more}, entries, env={}, folder=world.folder)

    def made(workload: str) -> Usage:
        return measure(workload, {"entries": entries}, entries, env={}, folder=world.folder)

    def copied(workload: str) -> Usage:
        return measure(workload, source, entries, env=world.env(), folder=world.folder)

    def archived(workload: str) -> Usage:
        with world.console(entries) as fresh:  # a run purges its Console
            usage = measure(workload, {"console": fresh.id}, entries, env=world.env(), folder=world.folder)
            copy.update(folder=str(world.copy_archive(fresh.id)), console=fresh.id)
            return usage

    def idle(workload: str) -> Usage:
        return measure(workload, {"console": ""}, 0, env=world.env(), folder=world.folder)

    yield _Job("survey", "ours", "bench.survey.ours:survey", on_disk)
    yield _Job("survey", "peer", "bench.survey.peer:survey", on_disk)
    yield _Job("survey", "floor", "bench.survey.floor:survey", on_disk)
    yield _Job("survey", "orjson alone", "bench.survey.parse:survey", on_disk)
    yield _Job("entry proof", "ours", "bench.proof:ours", made)
    yield _Job("entry proof", "floor", "bench.proof:floor", made)
    yield _Job("whole run", "ours", "bench.run.ours:run", archived)
    yield _Job("whole run", "peer", "bench.run.peer:run", copied)
    yield _Job("whole run", "floor", "bench.run.floor:run", copied)
    yield _Job("whole run", "idle handler", "bench.run.ours:idle", idle)
    yield from _jobs_on_a_copy(world, entries, copy)
    yield from _jobs_on_years(world, entries)


def _jobs_on_a_copy(world: World, entries: int, copy: dict[str, str]) -> Iterator[_Job]:
    """What reads the archive that the whole run made; `copy` says where it is once that was measured."""

    def reading(workload: str) -> Usage:
        return measure(workload, copy, entries, env={}, folder=world.folder)

    def counted(workload: str) -> Usage:
        """A floor, which does not count the entries itself."""
        return measure(workload, copy | {"entries": entries}, entries, env={}, folder=world.folder)

    yield _Job("audit", "ours", "bench.verify.ours:audit", reading)
    yield _Job("audit", "auditor's copy", "bench.verify.auditor:audit", reading)
    yield _Job("audit", "floor", "bench.verify.floor:audit", counted)
    for subject, question in (("search for a user", "user"), ("search by time", "everything")):
        yield _Job(subject, "ours", f"bench.retrieve.ours:{question}", reading)
        yield _Job(subject, "peer", f"bench.retrieve.peer:{question}", reading)
        yield _Job(subject, "floor", f"bench.retrieve.floor:{question}", counted)


def _jobs_on_years(world: World, entries: int) -> Iterator[_Job]:
    """What reads a month of an archive of three years."""

    folder = world.folder / f"years-{entries}"

    def reading(workload: str) -> Usage:
        asked = {"folder": str(folder), "entries": entries}
        if not folder.exists():
            measure("bench.years:write", asked, entries, env={}, folder=world.folder)
        return measure(workload, asked, entries, env={}, folder=world.folder)

    yield _Job("a month of three years", "ours", "bench.retrieve.month:ours", reading)
    yield _Job("a month of three years", "peer", "bench.retrieve.peer:month", reading)
    yield _Job("a month of three years", "floor", "bench.retrieve.floor:month", reading)
    yield _Job("evidence of a month", "ours", "bench.retrieve.month:evidence", reading)
    yield _Job("evidence of a month", "floor", "bench.retrieve.floor:month", reading)


def _least(usages: list[Usage]) -> Usage:
    walls = min(usage.wall for usage in usages)
    return Usage(min(usage.cpu for usage in usages), min(usage.peak for usage in usages), walls)
