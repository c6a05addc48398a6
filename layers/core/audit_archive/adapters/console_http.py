"""The Console's audit trail API over HTTP: `/api/v1/audit_trail/{fetch,download/json,purge}`."""

from collections.abc import Iterator
from typing import BinaryIO

from audit_archive.adapters.console_client import ConsoleClient
from audit_archive.adapters.console_page import check_id, page_of
from audit_archive.adapters.console_retry import Patience, http_date
from audit_archive.adapters.console_transport import ApiKey
from audit_archive.errors import ConsoleError
from audit_archive.ports import Clock, ConsoleEntry, Download, Peek, PurgeAnswer

MAX_EXPORT = 5 * 1024**3
"""Bytes: as many as one S3 put can carry."""

PATIENT = Patience()


class HttpConsole:
    """A Console, read with one key."""

    def __init__(
        self,
        base_url: str,
        key: ApiKey,
        auth_style: str,
        clock: Clock,
        *,
        patience: Patience = PATIENT,
        max_export: int = MAX_EXPORT,
    ) -> None:
        """`auth_style` is `header` or `query`; `max_export` is in bytes.

        Raises SettingsError for a URL or style that can't be. The key is not read before the first request.
        """
        self._client = ConsoleClient(base_url, key, auth_style, clock, patience)
        self._max_export = max_export

    def peek(self) -> Peek:
        """As the port says. A Console that ignores `limit` tells no population."""
        page = page_of(self._client.get_json({"limit": 1}))
        newest = _fields(page.entries[0]) if page.entries else None
        if page.page_count is None or len(page.entries) > 1:
            return Peek(newest, None)
        # An empty trail may be counted as one empty page.
        is_empty = newest is None and page.page_count <= 1
        return Peek(newest, 0 if is_empty else page.page_count)

    def entries_above(self, entry_id: int) -> Iterator[ConsoleEntry]:
        """As the port says. Raises ConsoleError if the pages go in circles or are not newest first."""
        above: int | None = None
        for entry in self._entries():
            check_id(entry)
            if above is not None and entry["id"] >= above:
                raise ConsoleError(
                    f"The Console's pages are not newest first: id {entry['id']} came after {above}. The "
                    "next run reads them again."
                )
            if entry["id"] <= entry_id:
                return
            above = entry["id"]
            yield entry

    def download(self, spool: BinaryIO) -> Download:
        """As the port says; `spool` stands at its start afterwards."""
        answer = self._client.get_export(spool, self._max_export)
        spool.seek(0)
        return Download(answer.size, answer.sha256, http_date(answer.headers.get("Date")))

    def _entries(self) -> Iterator[ConsoleEntry]:
        """All entries, page by page; `limit` and `cursor` must not go together."""
        page = page_of(self._client.get_json({"limit": 100}))
        cursors: set[str] = set()
        yield from page.entries
        while page.next_cursor is not None:
            if page.next_cursor in cursors:
                raise ConsoleError("The Console's pages go in circles: it gave the same cursor twice.")
            cursors.add(page.next_cursor)
            page = page_of(self._client.get_json({"cursor": page.next_cursor}))
            yield from page.entries


def _fields(entry: object) -> ConsoleEntry:
    """The newest entry, looked at only to tell whether there is anything to do: any oddity makes a run."""
    return entry if isinstance(entry, dict) else {}


class HttpPurgingConsole(HttpConsole):
    """The same Console with the key that can purge."""

    def purge(self, boundary: int) -> PurgeAnswer:
        """As the port says. 5xx, a web page, garbage, a redirect: no verdict, so no answer.

        Raises ConsoleUnavailableError if the request certainly never left, or was refused with 429.
        """
        return self._client.post({"id": boundary})
