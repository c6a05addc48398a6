"""One workload in a fresh process: the CPU time that the work took, and the peak memory of the process.

The clock starts once the workload's modules are imported, as Lambda imports a function before it invokes it;
the peak covers the whole process, imports too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.aws.emulator import base_env

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 1800


class BenchError(RuntimeError):
    """A workload failed, or did not do what it was measured for."""


@dataclass(frozen=True)
class Usage:
    """What one workload took: CPU seconds (user and system), peak resident memory in megabytes, wall seconds.

    `requests`: how many of each kind it made, if they were counted.
    """

    cpu: float
    peak: float
    wall: float = 0.0
    requests: Mapping[str, int] = field(default_factory=dict)


def measure(
    workload: str,
    arguments: Mapping[str, Any],
    entries: int | None,
    *,
    env: Mapping[str, str],
    folder: Path,
    profile: Path | None = None,
) -> Usage:
    """Run `module:function` with these arguments; it returns how many entries it saw.

    Raises BenchError if it fails or did not see so many (None: however many it saw).
    """
    answer = folder / "answer.json"
    command = [sys.executable, "-m", "bench.child", workload, json.dumps(dict(arguments)), str(answer)]
    command += [str(profile)] if profile else []
    _run(command, base_env() | {"PYTHONPATH": f"{ROOT / 'layers' / 'core'}:{ROOT}"} | dict(env), folder)
    found = json.loads(answer.read_text())
    if entries is not None and found["entries"] != entries:
        raise BenchError(f"{workload} saw {found['entries']} of {entries} entries")
    return Usage(found["cpu"], found["peak"], found["wall"], found.get("requests", {}))


def _run(command: list[str], env: Mapping[str, str], folder: Path) -> None:
    # Its output goes to a file: a pipe that is not emptied would stop it.
    with (folder / "workload.log").open("w+") as log:
        try:
            ended = subprocess.run(
                command, cwd=ROOT, env=env, stdout=log, stderr=log, check=False, timeout=PATIENCE
            )
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"{command[3]} was not done after {PATIENCE} s") from error
        if ended.returncode:
            log.seek(0)
            raise BenchError(f"{command[3]} ended with status {ended.returncode}:\n{log.read()[-4000:]}")
