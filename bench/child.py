"""The fresh process: it runs the workload that its arguments name, and writes down what that took.

It imports little, because what it imports counts as the workload's memory.
"""

from __future__ import annotations

import gc
import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MB = 1_000_000


def _cpu() -> float:
    """What this process used, and whatever it started and waited for."""
    uses = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in uses)


def _peak() -> float:
    """The peak resident memory of this process, in megabytes.

    `ru_maxrss` of a process begins with the peak of the one that forked it (Linux carries it over an exec),
    so Linux is asked for the high-water mark of this program's own memory instead.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MB
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / MB


def _profiled(work: Callable[..., Any], into: str) -> Callable[..., Any]:
    import cProfile  # noqa: PLC0415 - a measured process must not carry it

    def profiled(**arguments: Any) -> Any:
        profile = cProfile.Profile()
        try:
            return profile.runcall(work, **arguments)
        finally:
            profile.dump_stats(into)

    return profiled


def main(workload: str, arguments: str, answer: str, profile: str = "") -> None:
    """Run `module:function` with a JSON object of arguments, and write the answer as JSON into a file.

    With `profile`, a file for cProfile's statistics, the work is slowed down.
    """
    module, _, name = workload.partition(":")
    work: Callable[..., Any] = getattr(importlib.import_module(module), name)
    if profile:
        work = _profiled(work, profile)
    gc.collect()
    before = _cpu()
    began = time.monotonic()
    entries = work(**json.loads(arguments))
    found = {"entries": entries, "cpu": _cpu() - before, "peak": _peak(), "wall": time.monotonic() - began}
    if isinstance(entries, tuple):  # a workload may say what was measured within it
        found |= {"entries": entries[0], **entries[1]}
    Path(answer).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
