"""The Console on this machine (`python -m local.console`) as a child process, and its view of its trail."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local.aws.child import Child
from local.aws.emulator import DIRECT, LOOPBACK, base_env, free_port
from local.aws.sam import ROOT

READ_KEY = "demo-read-only-key"
PURGE_KEY = "demo-admin-key"
URL_TEMPLATE = f"http://{LOOPBACK}:{{console}}"

_PORTS: set[int] = set()
"""Of all Consoles so far. A port that is free again would be the id of a Console that has an archive."""


def _new_port() -> int:
    while (port := free_port()) in _PORTS:
        pass
    _PORTS.add(port)
    return port


class ConsoleOnAPort:
    """A Console that listens, or will listen, on a new port: what its API and its control endpoint tell.

    Its id is its port, so that one stack reaches any number of them by URL_TEMPLATE.
    """

    def __init__(self) -> None:
        self.port = _new_port()
        self.id = str(self.port)
        self.url = URL_TEMPLATE.format(console=self.id)

    def count(self) -> int:
        """How many entries the Console holds, as its API says: pages of one."""
        return int(self.fetch(limit=1)["page_count"])

    def newest(self, limit: int) -> list[dict[str, Any]]:
        """The newest entries, newest first."""
        return list(self.fetch(limit=limit)["audit_trail"] or [])

    def fetch(self, limit: int) -> dict[str, Any]:
        """One page of the trail, newest first."""
        return _json(f"{self.url}/api/v1/audit_trail/fetch?limit={limit}", key=READ_KEY)

    def arrive(self, count: int) -> dict[str, Any]:
        """Let `count` new entries arrive."""
        return _json(f"{self.url}/_local/arrive", body={"count": count})

    def state(self) -> dict[str, Any]:
        """What the Console's control endpoint tells about itself."""
        return _json(f"{self.url}/_local/state")


class LocalConsole(ConsoleOnAPort):
    """A Console with a made-up trail of `entries` entries over `years` years; use it as a context manager."""

    def __init__(self, folder: Path, entries: int, years: float = 0.5) -> None:
        super().__init__()
        trail = ["--generate", str(entries), "--years", str(years)]
        self._child = Child(
            name="the Console",
            command=[sys.executable, "-m", "local.console", "--port", self.id, *trail],
            log=folder / f"console-{self.id}.log",
            env=base_env() | {"CONSOLE_READ_KEY": READ_KEY, "CONSOLE_ADMIN_KEY": PURGE_KEY},
            cwd=ROOT,
            ready=lambda output: self.url in output,
        )

    def __enter__(self) -> Self:
        self._child.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.__exit__(kind, error, trace)

    @property
    def pid(self) -> int | None:
        """The Console's process id, while it runs."""
        return self._child.pid


def _json(url: str, body: dict[str, Any] | None = None, key: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json"} | ({"X-Canary-Auth-Token": key} if key else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - our own loopback URL
    with DIRECT.open(request, timeout=30) as answer:
        found = json.loads(answer.read())
    if not isinstance(found, dict):
        raise TypeError(f"{url} answered {type(found).__name__}, not an object")
    return found
