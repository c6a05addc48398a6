"""One stack for all system tests, and a fresh Console for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import pytest

from local.aws import DeployedStack, Laptop
from local.aws.console import PURGE_KEY, READ_KEY, ConsoleOnAPort
from local.console import ConsoleServer, Trail


class OwnConsole(ConsoleOnAPort):
    """A Console in this process; use it as a context manager. The laptop's own runs as a program."""

    def __init__(self, entries: int, years: float) -> None:
        super().__init__()
        trail = Trail.generated(entries, years=years)
        self._server = ConsoleServer(trail, read_key=READ_KEY, admin_key=PURGE_KEY, port=self.port)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        assert self._server.crashes == []


NewConsole = Callable[..., OwnConsole]


@pytest.fixture(scope="session")
def laptop() -> Iterator[Laptop]:
    """The stack, deployed with PurgeMode=on."""
    with Laptop(entries=10) as running:
        yield running


@pytest.fixture
def stack(laptop: Laptop) -> DeployedStack:
    """The deployed stack."""
    return laptop.stack


@pytest.fixture
def new_console(laptop: Laptop) -> Iterator[NewConsole]:
    """Makes Consoles that end with the test; their keys are in their secrets unless `keys` says otherwise.

    Their entries are of a few days: each day is an entry file more, which is written, read back and audited.
    """
    with ExitStack() as running:

        def make(entries: int = 300, keys: dict[str, str] | None = None, years: float = 0.01) -> OwnConsole:
            console = running.enter_context(OwnConsole(entries, years))
            for use, key in ({"read": READ_KEY, "purge": PURGE_KEY} if keys is None else keys).items():
                laptop.stack.put_key(console.id, use, key)
            return console

        yield make
