"""`python -m local.console`: a Console on this machine until it is interrupted."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from local.console.export import ExportShape
from local.console.keys import Key
from local.console.server import ConsoleServer
from local.console.trail import Trail

READ_KEY, ADMIN_KEY, FLOCK_KEY = "CONSOLE_READ_KEY", "CONSOLE_ADMIN_KEY", "CONSOLE_FLOCK_KEY"

EPILOG = f"""\
Keys may also come from the environment: {READ_KEY}, {ADMIN_KEY}, {FLOCK_KEY}; there no other user of
this machine can read them. Without any key the command says so and ends with status 2.

While it runs, /_local/ on the same port controls it: /_local/state shows it, /_local/faults switches a fault
on, and local/console/control.py names what else can happen. A real Console has nothing there. It listens on
127.0.0.1 only and ends on SIGINT or SIGTERM.

example: python -m local.console --port 8080 --generate 100000 --read-key r --admin-key a
"""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(
        prog="python -m local.console",
        description="The audit trail API of a Canary Console, on this machine.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--port", type=int, default=0, help="port on 127.0.0.1; 0 (the default) takes a free one"
    )
    entries = made.add_mutually_exclusive_group()
    entries.add_argument(
        "--entries", type=Path, metavar="FILE", help="NDJSON, one entry a line, each with an id"
    )
    entries.add_argument(
        "--generate", type=int, metavar="N", default=1000, help="N made-up entries (default 1000)"
    )
    made.add_argument("--seed", type=int, default=1, help="another seed makes other entries (default 1)")
    made.add_argument(
        "--years", type=float, default=3.0, help="years that the made-up entries span (default 3)"
    )
    made.add_argument("--extra-fields", action="store_true", help="add flock_name and user_access_route")
    made.add_argument(
        "--arrivals-per-minute", type=float, default=0.0, metavar="N", help="new entries as it runs"
    )
    made.add_argument("--read-key", metavar="K", help="a Read-Only key")
    made.add_argument("--admin-key", metavar="K", help="an Admin key: it may purge")
    made.add_argument("--flock-key", metavar="K", help="a Read-Only key that sees only the flock of --flock")
    made.add_argument("--flock", default="flock:default", metavar="ID", help="default: flock:default")
    made.add_argument("--layout", choices=["array", "object", "lines"], default="array", help="of the export")
    made.add_argument(
        "--order", choices=["newest", "oldest", "shuffled"], default="newest", help="of the export"
    )
    made.add_argument("--indent", type=int, metavar="N", help="indent the export by N spaces a level")
    made.add_argument("--errors-as-200", action="store_true", help="errors come with HTTP status 200")
    made.add_argument(
        "--verbose", action="store_true", help="a line for each request, without its query string"
    )
    return made


def console_of(arguments: argparse.Namespace) -> ConsoleServer:
    """The Console that the arguments describe, not started. ValueError or OSError for an unusable file,
    ValueError without any key."""
    if arguments.entries is not None:
        trail = Trail.from_ndjson(arguments.entries)
    else:
        trail = Trail.generated(
            arguments.generate,
            seed=arguments.seed,
            years=arguments.years,
            extra_fields=arguments.extra_fields,
        )
    flock_key = arguments.flock_key or os.environ.get(FLOCK_KEY)
    console = ConsoleServer(
        trail,
        read_key=arguments.read_key or os.environ.get(READ_KEY),
        admin_key=arguments.admin_key or os.environ.get(ADMIN_KEY),
        keys={flock_key: Key("local-flock-reader", "read-only", arguments.flock)} if flock_key else {},
        port=arguments.port,
        shape=ExportShape(layout=arguments.layout, order=arguments.order, indent=arguments.indent),
        errors_as_200=arguments.errors_as_200,
        arrivals_per_minute=arguments.arrivals_per_minute,
        verbose=arguments.verbose,
    )
    if not console.keys:
        raise ValueError(f"no key: give --read-key or --admin-key, or set {READ_KEY} or {ADMIN_KEY}")
    return console


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until SIGINT or SIGTERM. Returns the exit status: 0, or 2 if it could not begin."""
    arguments = parser().parse_args(argv)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with console_of(arguments) as console:
            print(f"Console at {console.url} with {len(console.trail)} entries", flush=True)
            ended.wait()
    except (ValueError, OSError) as error:
        print(f"python -m local.console: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
