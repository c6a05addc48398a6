"""An account at an emulator, behind a fault proxy, started once a session."""

from collections.abc import Iterator

import pytest

from tests.network.world import Aws, behind_a_proxy
from tests.support.aws import ministack_server


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The emulator is ministack: its conditional writes are atomic, and it refuses wrong checksums."""
    with (
        ministack_server(tmp_path_factory.mktemp("ministack")) as endpoint,
        behind_a_proxy(endpoint) as reached,
    ):
        yield reached
