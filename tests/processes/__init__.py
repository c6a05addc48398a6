"""Real processes: several at once over one Console, and processes that are killed in mid-run.

sandbox.py   what Lambda does to the function: a process that serves one invocation after another
workers.py   such processes, from a test's point of view
relay.py     carries every byte between a worker and the outside, and strikes at one request
trail.py     a Console's trail that is looked at before every purge
copied.py    the bucket, as the independent reading of `tests/support/reading.py` takes it
world.py     one Console and its archive, and what must be true of them
place.py     where all of it runs: an AWS and a sandbox
races.py, kills.py, long.py   what is done with it, by the tests and, for longer, by `make torture`
"""

import tests.support  # noqa: F401 - puts the layer on the path for `python -m`, as pytest does
