"""Does every job without every permission, and writes docs/permissions.md."""

import os
import sys
from pathlib import Path

import pytest

import tests.support  # noqa: F401 - it puts the package on the path
from tests.functions.permissions.page import WRITES, write_acts

if __name__ == "__main__":
    os.environ[WRITES] = "yes"
    write_acts()
    sys.exit(
        pytest.main(
            [str(Path(__file__).parent / "test_permissions.py"), "-q", "--hypothesis-profile=default"]
        )
    )
