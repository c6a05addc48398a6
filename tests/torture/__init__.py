"""The archive run among everything that can happen to it: see `machine.py`, and `python -m tests.torture`."""

import sys
from pathlib import Path

_CORE = str(Path(__file__).parents[2] / "layers" / "core")
if _CORE not in sys.path:  # pytest puts it there, `python -m` does not
    sys.path.insert(0, _CORE)
