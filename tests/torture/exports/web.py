"""Exports that come from the laptop's Console over HTTP, by the adapter that the function uses."""

from types import TracebackType
from typing import BinaryIO, Self

from audit_archive.adapters.console.http import HttpConsole
from audit_archive.format.facts import AuthStyle
from audit_archive.ports import Download
from local.console import ConsoleServer
from local.console.faults import ReplacedBody
from tests.support.fakes import FakeConsole, FakeKey, FakeTrail
from tests.support.world import World

KEY = "a-key-that-may-read"


class Web:
    """A Console's server, which hands out any bytes as its export."""

    def __init__(self) -> None:
        self._server = ConsoleServer(read_key=KEY)

    def world(self) -> World:
        """A world whose exports come from there."""
        world = World()
        world.reader = _Reader(world.trail, self._server)
        return world

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        assert self._server.crashes == []


class _Reader(FakeConsole):
    """The Console in memory, but for its export."""

    def __init__(self, trail: FakeTrail, server: ConsoleServer) -> None:
        super().__init__(trail)
        self._server = server

    def download(self, spool: BinaryIO) -> Download:
        self._server.faults.add(ReplacedBody(self.export(self.trail.entries)), endpoint="export")
        # As every run has a client of its own: between two, hours pass here, and none at the server.
        return HttpConsole(self._server.url, FakeKey(KEY), AuthStyle.HEADER, self.trail.clock).download(spool)
