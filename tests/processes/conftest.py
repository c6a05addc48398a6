"""One AWS and one sandbox for all tests of real processes; a Console and an archive for each."""

from collections.abc import Iterator

import pytest

from tests.processes.place import Place, place


@pytest.fixture(scope="session")
def here() -> Iterator[Place]:
    """Where the function's processes run."""
    with place() as running:
        yield running
