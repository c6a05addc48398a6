"""The emulators, started once a session and only if a test asks for them."""

from collections.abc import Iterator

import pytest

from tests.support import aws


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The endpoint of moto."""
    with aws.moto_server() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of ministack."""
    with aws.ministack_server(tmp_path_factory.mktemp("ministack")) as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(request: pytest.FixtureRequest) -> str | None:
    """The endpoint of the emulator that the parameter names; None for the fake."""
    kind = request.param
    return None if kind == "fake" else str(request.getfixturevalue(kind))
