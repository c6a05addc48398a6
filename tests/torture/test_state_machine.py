"""The state machine, a small and always equal number of examples; `tests/long_torture.py` runs many."""

from hypothesis import HealthCheck, settings

from tests.torture.machine import DoubtedTorture

DoubtedTorture.TestCase.settings = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    stateful_step_count=25,
    suppress_health_check=list(HealthCheck),
)

TestTorture = DoubtedTorture.TestCase
