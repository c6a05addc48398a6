"""`python -m bench`: measure, and print the table."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence

from bench.days.jobs import QUICK, WHOLE
from bench.days.jobs import rows as days_of
from bench.measure import BenchError
from bench.picture import PATH, picture
from bench.plan import Row, rows
from bench.record import document, write
from bench.table import table, verdict
from bench.world import world
from local.aws.child import ChildError

ENTRIES, QUICK_ENTRIES = (10_000, 1_000_000), (1_000,)
ROUNDS = 3

EPILOG = """\
CPU is user and system time of the work itself, without the interpreter's start; the peak is that of the whole
process. Ratios are of rows of the same run: how many times what the floor or the peer takes. Exit status: 1
if a workload failed, or a run over a million entries took more memory than allowed.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="The survey and the whole run beside what most people would write, and beside the floor.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--entries", type=int, nargs="+", metavar="N", help="entries in the Console's trail")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"the least of N counts (default {ROUNDS})")
    parser.add_argument(
        "--years", type=float, default=1.0, help="years that the trail spans (default 1): a file each day"
    )
    parser.add_argument("--quick", action="store_true", help="one round over 1,000 entries")
    parser.add_argument("--only", nargs="+", metavar="SUBJECT", help="measure these subjects alone")
    parser.add_argument("--keep", action="store_true", help="keep it in bench/results, and draw the picture")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Measure everything and print it; progress goes to standard error."""
    given = _parser().parse_args(argv)
    sizes = given.entries or (QUICK_ENTRIES if given.quick else ENTRIES)
    rounds = given.rounds or (1 if given.quick else ROUNDS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    found: list[Row] = []
    try:
        with world(given.years) as stage:
            for entries in sizes:
                found += rows(stage, entries, rounds, given.only, _print_step)
            found += days_of(stage, QUICK if given.quick else WHOLE, given.only, _print_step)
    except (BenchError, ChildError) as error:
        print(f"python -m bench: {error}", file=sys.stderr)
        return 1
    is_good, sentence = verdict(found)
    kept = document(found, sentence)
    print(json.dumps(kept, indent=1) if given.json else f"{table(found)}\n\n{sentence}")
    if given.keep:
        _print_step(f"kept in {write(kept).name} and {PATH.name}")
        PATH.write_text(picture(kept))
    return 0 if is_good else 1


def _print_step(step: str) -> None:
    print(step, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
