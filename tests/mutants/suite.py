"""Runs tests over a tree of its own, and says which of them failed first."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.mutant import ListError

EVERYTHING = (
    "tests/unit/run",
    "tests/unit/format",
    "tests/unit/export",
    "tests/unit/retrieve",
    "tests/unit/audit",
    "tests/unit/adapters",
    "tests/torture",
    "tests/functions",
    "tests/contracts",
)
"""What a mutant that its suspect let pass has to get past."""

TIDYING_SECONDS = 30.0

_PASSED, _FAILED = 0, 1
_PLUGINS = ("pytest_timeout", "_hypothesis_pytestplugin", "xdist.plugin", "no:cacheprovider")
"""Only those that the tests need: loading all that is installed takes longer than most suspects."""

_OPTIONS = (
    "-x",
    "--tb=no",
    "--no-header",
    "-rfE",
    "--hypothesis-seed=0",
    "--hypothesis-profile=default",
    *(f"-p{name}" for name in _PLUGINS),
)
_FAILURE = re.compile(r"^FAILED ([^\[\n]+?)(?:\[.*| - .*)?$", re.MULTILINE)
_NO_CODE = re.compile(r" - (?:Name|UnboundLocal|Syntax|Indentation|Import|ModuleNotFound)Error\b.*")
"""What a test ends with if a mutant is not code that could ever have worked."""


def first_failure(tree: Path, tests: Sequence[str], seconds: float) -> str | None:
    """The first of some tests that fails in a tree, without its parameters; None if all pass.

    Raises ListError if the tests can't tell: they do not import, do not start, or take more than `seconds`.
    """
    status, told = _run([sys.executable, "-m", "pytest", *_OPTIONS, *tests], tree, seconds)
    return judged(status, told)


def judged(status: int, told: str) -> str | None:
    """The first test that failed, without its parameters, by pytest's exit status and summary; None: none.

    Raises ListError if pytest tells of anything but passed and failed tests.
    """
    if status == _PASSED:
        return None
    failure = _FAILURE.search(told)
    if status != _FAILED or failure is None:
        shown = re.sub(r"([=!_])\1{9,}", r"\1" * 9, told)[-2000:]
        raise ListError(f"the tests did not run (pytest ended with {status}):\n{shown}")
    if reason := _NO_CODE.search(failure[0]):
        raise ListError(f"{failure[1]} says that this is no working code{reason[0]}")
    return failure[1]


def _run(command: Sequence[str], tree: Path, seconds: float) -> tuple[int, str]:
    """The exit status and the output of a command. Raises ListError if it is late."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "1000", "NO_COLOR": "1"}
    with subprocess.Popen(  # noqa: S603 - our own interpreter, and tests that the tables name
        command, cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            told, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            _interrupt(process)
            raise ListError(f"the tests were not through after {seconds:.0f} s") from error
    return process.returncode, told


def _interrupt(process: "subprocess.Popen[str]") -> None:
    """End a run of tests; one that does not tidy up in time goes without."""
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=TIDYING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
