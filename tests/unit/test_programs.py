"""Every program of the Makefile starts without pytest, which would put the layer on the path for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "program", ["local.console", "local.demo", "bench", "tests.long_torture", "tests.mutants"]
)
def test_a_program_says_how_it_is_called(program: str) -> None:
    command = [sys.executable, "-m", program, "--help"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(  # noqa: S603 - our own program
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"usage: python -m {program}")
