"""`python -m local.demo` runs the demo and ends; `--keep` keeps the stack up instead."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import Laptop
from local.aws.child import ChildError
from local.aws.sam import SamError
from local.demo.play import keep_up
from local.demo.screen import Progress, Screen
from local.demo.story import ENTRIES, DemoError, tell_story

FAILURES = (DemoError, SamError, ChildError, ClientError, BotoCoreError, OSError)


def main() -> int:
    """The command; gives its exit status."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)  # also where a shell started us with it ignored
    screen = Screen()
    progress = Progress(screen)
    screen.title("Canary Audit Archive, on this machine only")
    try:
        with Laptop(arguments.entries, progress=progress.begin) as laptop:
            progress.end()
            if arguments.keep:
                keep_up(laptop, screen)
            else:
                tell_story(laptop, screen)
    except FAILURES as error:
        progress.abandon()
        screen.failure(str(error), getattr(error, "log", ""))
        return 1
    except KeyboardInterrupt:
        progress.abandon()
        screen.say("\nEnded. Nothing is left running.")
        return 0 if arguments.keep else 130
    screen.title("Done. Nothing is left running.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep the Console and the stack up until Ctrl-C")
    parser.add_argument("--entries", type=int, default=ENTRIES, help="entries of the Console (%(default)s)")
    return parser


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
