"""Whenever a process dies, the next one makes it good."""

import pytest

from tests.processes.kills import MOMENTS, make_good
from tests.processes.place import Place


@pytest.mark.parametrize("every", [13, pytest.param(7, marks=pytest.mark.wide)])
def test_killed_anywhere_in_a_run_nothing_is_lost_and_all_comes_to_rest(here: Place, every: int) -> None:
    """At every so manieth request, and after the purge."""
    make_good(here, every, *MOMENTS)
