"""The runs that everybody has, measured one after the other: what each takes is the same in every round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from bench.days import cold
from bench.measure import Usage, measure
from bench.plan import Report, Row
from bench.world import World

DELAY = 0.02
"""Seconds that a request takes at least, to AWS and to the Console."""
STARTS = 7
COLD = "cold start"
SETTLE = 61.0
"""Seconds until a new entry may be purged: the shortest settle window, and one more."""


@dataclass(frozen=True)
class Size:
    """How much the runs have to do: new entries of a day, and the entries and years of a first archive.

    `settle`: seconds to wait until the new entries may be purged; 0: they are not.
    """

    new: int
    first: int
    years: float
    settle: float


WHOLE = Size(new=1000, first=20_000, years=2.74, settle=SETTLE)
QUICK = Size(new=20, first=60, years=0.05, settle=0.0)


def rows(world: World, size: Size, only: Sequence[str] | None, report: Report) -> Iterator[Row]:
    """Each run once, and the cold starts in turns with bare ones; or those of some subjects only."""
    port = int(world.aws.endpoint.rpartition(":")[2])
    more = {"new": size.new, "settle": size.settle}
    for subject, workload, entries, years, arguments in (
        ("idle run", "idle", size.new, 0.01, {}),
        (f"{size.new:,} new entries", "day", size.new, 0.01, more),
        (f"first archive of {size.years:g} years", "first", size.first, size.years, {}),
    ):
        if only and subject not in only:
            continue
        report(subject)
        with world.console(entries, years) as console:
            asked = {"console": console.id, "aws_port": port, "delay": DELAY, **arguments}
            usage = measure(
                f"bench.days.ours:{workload}", asked, None, env=world.signed_env(), folder=world.folder
            )
            yield Row(subject, "ours", entries, usage)
    if not only or COLD in only:
        yield from _cold(world, STARTS if size.settle else 1, report)


def _cold(world: World, starts: int, report: Report) -> Iterator[Row]:
    report("cold start: the layer is built")
    path = {"PYTHONPATH": str(cold.build(world.folder))}
    found: dict[str, list[Usage]] = {"ours": [], "boto3 alone": []}
    for number in range(1, starts + 1):
        report(f"cold start {number} of {starts}")
        found["ours"].append(cold.start(cold.OURS, path))
        found["boto3 alone"].append(cold.start(cold.BARE, {}))
    for role, usages in found.items():
        middle = Usage(median(each.cpu for each in usages), 0.0, median(each.wall for each in usages))
        yield Row(COLD, role, 0, middle, tuple(usages))
