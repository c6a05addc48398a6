"""How the command starts: Ctrl-C shows no traceback, from the first import on."""

import signal
from importlib import import_module


def start() -> None:
    """Load the command, and run it. Until it can say what Ctrl-C ended, the signal just ends the process."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    main = import_module("cli.main").main
    signal.signal(signal.SIGINT, before)
    main(prog_name="canary-audit")
