"""Parallel runs make one chain, whether the lease keeps them apart or not."""

import pytest

from tests.processes.place import Place
from tests.processes.races import STARTS, make_one_chain


@pytest.mark.wide
def test_eight_processes_at_once_make_one_chain(here: Place) -> None:
    make_one_chain(here, STARTS)
