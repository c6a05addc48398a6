"""How a test speaks to the laptop's Console: over HTTP, with one key, as any client would."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests

from local.console import ConsoleServer, Trail

TRAIL = "/api/v1/audit_trail"
READ, ADMIN = "read-1", "admin-1"
START = datetime(2026, 3, 11, 14, 30, tzinfo=UTC)


class Client:
    """One key's view of a Console."""

    def __init__(self, console: ConsoleServer, key: str = ADMIN) -> None:
        self._url = console.url
        self._headers = {"X-Canary-Auth-Token": key, "Accept-Encoding": "identity"}

    def get(self, path: str, **params: Any) -> requests.Response:
        return requests.get(self._url + TRAIL + path, headers=self._headers, params=params, timeout=30)

    def page(self, **params: Any) -> dict[str, Any]:
        """One fetch page."""
        answer = self.get("/fetch", **params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def population(self) -> int:
        """The number of entries that `page_count` tells."""
        return int(self.page(limit=1)["page_count"])

    def fetched(self, limit: int = 10_000) -> list[dict[str, Any]]:
        """Every entry that fetch shows, newest first, over all pages."""
        pages = [self.page(limit=limit)]
        while cursor := pages[-1]["cursor"]["next"]:
            pages.append(self.page(cursor=cursor))
        return [entry for page in pages for entry in page["audit_trail"]]

    def exported(self) -> list[dict[str, Any]]:
        """Every entry of the export, newest first."""
        with zipfile.ZipFile(io.BytesIO(self.get("/download/json").content)) as archive:
            found: list[dict[str, Any]] = json.loads(archive.read(archive.namelist()[0]))
        return found

    def purge(self, up_to: int) -> requests.Response:
        return requests.post(
            self._url + TRAIL + "/purge", headers=self._headers, data={"id": up_to}, timeout=30
        )

    def message_of_purge(self, up_to: int) -> str:
        """What a purge that succeeds answers."""
        return str(self.purge(up_to).json()["msg"])


@contextmanager
def running(trail: Trail, **options: Any) -> Iterator[ConsoleServer]:
    """A Console with a reading and a purging key, which must not crash."""
    with ConsoleServer(trail, read_key=READ, admin_key=ADMIN, **options) as console:
        yield console
        assert console.crashes == []


def control(console: ConsoleServer, name: str, **wanted: Any) -> requests.Response:
    """A control request."""
    return requests.post(f"{console.url}/_local/{name}", json=wanted, timeout=10)


def ids(entries: list[dict[str, Any]]) -> list[int]:
    """Their ids."""
    return [entry["id"] for entry in entries]
