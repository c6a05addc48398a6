"""One stack for all system tests, and a fresh Console for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from local.aws import DeployedStack, Laptop, LocalConsole
from local.aws.console import PURGE_KEY, READ_KEY

NewConsole = Callable[..., LocalConsole]


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
    """Makes Consoles that end with the test; their keys are in their secrets unless `keys` says otherwise."""
    with ExitStack() as running:

        def make(entries: int = 300, keys: dict[str, str] | None = None) -> LocalConsole:
            console = running.enter_context(LocalConsole(laptop.folder, entries, years=0.1))
            for use, key in ({"read": READ_KEY, "purge": PURGE_KEY} if keys is None else keys).items():
                laptop.stack.put_key(console.id, use, key)
            return console

        yield make
