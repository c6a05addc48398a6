"""The Console's audit trail API over HTTP: `/api/v1/audit_trail/{fetch,download/json,purge}`."""

from collections.abc import Iterator
from typing import BinaryIO

from audit_archive.adapters.console_client import ConsoleClient
from audit_archive.adapters.console_faults import BodyTooLongError
from audit_archive.adapters.console_page import check_id, page_of
from audit_archive.adapters.console_retry import Patience, http_date
from audit_archive.adapters.console_transport import ApiKey
from audit_archive.domain.entry import MAX_ID
from audit_archive.errors import ConsoleError
from audit_archive.ports import Clock, ConsoleEntry, Download, Peek, PurgeAnswer

MAX_EXPORT = 5 * 1024**3
"""Bytes: as many as one S3 put can carry."""

LIMITS = (100, 50, 25, 12, 6, 3, 1)
"""Entries of a page: what is asked for, and then, each time that a page is too big, the half."""

SWAPPED = 10
"""Entries of a page's end that must lie at or below an id, so that no later page is asked for higher ones."""

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
        try:
            page = page_of(self._client.get_json({"limit": 1}))
        except BodyTooLongError as error:
            raise _no_page(error) from error
        newest = _fields(page.entries[0]) if page.entries else None
        if page.page_count is None or len(page.entries) > 1:
            return Peek(newest, None)
        # An empty trail may be counted as one empty page.
        is_empty = newest is None and page.page_count <= 1
        return Peek(newest, 0 if is_empty else page.page_count)

    def entries_above(self, entry_id: int) -> Iterator[ConsoleEntry]:
        """As the port says. Raises ConsoleError if the pages go in circles, or upwards.

        Ids are not strictly monotonic in time: neighbours may be swapped, also over the end of a page. And an
        entry moves to a later page if others arrive meanwhile. A cursor takes no other limit with it: after a
        page that is too big the walk begins anew, and passes over what it has given and what came since.
        """
        given: set[int] = set()
        newest = MAX_ID
        for limit in LIMITS:
            try:
                for page in self._pages(limit):
                    newest = min(newest, max((entry["id"] for entry in page), default=newest))
                    for entry in sorted(page, key=_by_id, reverse=True):
                        if entry_id < entry["id"] <= newest and entry["id"] not in given:
                            given.add(entry["id"])
                            yield entry
                    if page and all(entry["id"] <= entry_id for entry in page[-SWAPPED:]):
                        return
            except BodyTooLongError as error:
                if limit == LIMITS[-1]:
                    raise _no_page(error) from error
            else:
                return

    def download(self, spool: BinaryIO) -> Download:
        """As the port says; `spool` stands at its start afterwards."""
        answer = self._client.get_export(spool, self._max_export)
        spool.seek(0)
        return Download(answer.size, answer.sha256, http_date(answer.headers.get("Date")))

    def _pages(self, limit: int) -> Iterator[list[ConsoleEntry]]:
        """The entries of each page as it came; `limit` and `cursor` must not go together.

        Raises ConsoleError if a page begins above the one before it.
        """
        fields: dict[str, object] = {"limit": limit}
        cursors: set[str] = set()
        highest = MAX_ID
        while True:
            page = page_of(self._client.get_json(fields))
            for entry in page.entries:
                check_id(entry)
            begins = max((entry["id"] for entry in page.entries), default=highest)
            if begins > highest:
                raise ConsoleError(
                    f"The Console's pages are not newest first: id {begins} came after a page that begins "
                    f"with {highest}. The next run reads them again."
                )
            highest = begins
            yield page.entries
            if page.next_cursor is None:
                return
            if page.next_cursor in cursors:
                raise ConsoleError("The Console's pages go in circles: it gave the same cursor twice.")
            cursors.add(page.next_cursor)
            fields = {"cursor": page.next_cursor}


def _by_id(entry: ConsoleEntry) -> int:
    return int(entry["id"])


def _fields(entry: object) -> ConsoleEntry:
    """The newest entry, looked at only to tell whether there is anything to do: any oddity makes a run."""
    return entry if isinstance(entry, dict) else {}


def _no_page(error: BodyTooLongError) -> ConsoleError:
    return ConsoleError(
        f"The Console's answer has {error}: that is no page of entries. Look what it holds, and tell the "
        "vendor."
    )


class HttpPurgingConsole(HttpConsole):
    """The same Console with the key that can purge."""

    def purge(self, boundary: int) -> PurgeAnswer:
        """As the port says. Garbage and a redirect are no verdict either, so no answer."""
        return self._client.post({"id": boundary})
