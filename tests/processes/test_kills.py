"""Whenever a process dies, the next one makes it good."""

from tests.processes.kills import MOMENTS, make_good
from tests.processes.place import Place


def test_killed_anywhere_in_a_run_nothing_is_lost_and_all_comes_to_rest(here: Place) -> None:
    make_good(here, 7, *MOMENTS)
