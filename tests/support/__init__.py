"""What the tests of every folder share: `tests/x` imports only this and its own folder.

world.py      `World`: one Console and everything around it, in memory; every adapter can be replaced
fakes/        strict fakes of the ports
archives.py, statements.py, report_samples.py, bundles.py   archives, and what is made of them
attacker.py   an archive under attack; verify_program.py: the auditor's program, asked as an auditor asks it
audit.py, reading.py   what must be true of an archive, read from its bytes without the product's code
stack.py      the template as CloudFormation gets it; aws.py: an emulator; athena.py, dialect.py: SQL
"""

import sys
from pathlib import Path

_CORE = str(Path(__file__).parents[2] / "layers" / "core")
if _CORE not in sys.path:  # pytest puts it there, `python -m` does not
    sys.path.insert(0, _CORE)
