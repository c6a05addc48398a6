"""The Console's audit trail API over HTTP: `/api/v1/audit_trail/{fetch,download/json,purge}`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO, TypeVar

from audit_archive.adapters.console.answers import AnswerJudge, purge_answer
from audit_archive.adapters.console.cache import CacheWatch
from audit_archive.adapters.console.retry import Patience, Retries, TransientError, http_date
from audit_archive.adapters.console.transport import (
    Answer,
    ApiKey,
    BodyTooLongError,
    CachedError,
    CutOffError,
    NetworkError,
    OutOfTimeError,
    Transport,
)
from audit_archive.errors import ConsoleAuthError, ConsoleError, ConsoleUnavailableError, InvalidExportError
from audit_archive.format.facts import AuthStyle
from audit_archive.format.ids import MAX_ID
from audit_archive.ports import NO_ANSWER, Clock, ConsoleEntry, Download, Peek, PurgeAnswer

T = TypeVar("T")
MAX_PAGE = 64 * 1024**2
"""Bytes of any answer that is not an export."""

_TRAIL = "/api/v1/audit_trail"


MAX_EXPORT = 5 * 1024**3
"""Bytes. One S3 put can carry so many."""

LIMITS = (100, 50, 25, 12, 6, 3, 1)
"""Entries of a page. The first is asked for; each time that a page is too big, the next one, its half."""

SWAPPED = 10
"""Entries at the end of a page that must have ids at or below the given one before paging stops."""

PATIENT = Patience()


class ConsoleClient:
    """Sends requests to the audit trail API. A GET is repeated; a refused key is read again, once.

    Raises only errors of `audit_archive.errors`, and BodyTooLongError.
    """

    def __init__(
        self, base_url: str, key: ApiKey, auth_style: AuthStyle, clock: Clock, patience: Patience
    ) -> None:
        self._transport = Transport(base_url, key, auth_style, clock, patience.reserve)
        self._retries = Retries(clock, patience)
        self._cache_watch = CacheWatch()
        self._clock = clock
        self._patience = patience
        self.judge = AnswerJudge(auth_style, self._transport.scrub, key.what)

    def get_json(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """A successful answer of `fetch`. Raises BodyTooLongError if it has more than MAX_PAGE bytes."""

        def attempt() -> dict[str, Any]:
            body = BytesIO()
            self._get("/fetch", fields, body, MAX_PAGE, self._patience.fetch_timeout)
            return self.judge.result(body.getvalue())

        return self._with_fresh_key(lambda: self._retries.run(attempt))

    def get_export(self, spool: BinaryIO, limit: int) -> Answer:
        """Write the export into `spool`. Every attempt begins at its start."""

        def attempt() -> Answer:
            spool.seek(0)
            spool.truncate()
            try:
                answer = self._get("/download/json", {}, spool, limit, self._patience.download_timeout)
            except CutOffError as error:
                sentence = f"The Console's export is not whole: {error}. No statement was made."
                raise TransientError(InvalidExportError(sentence)) from error
            self.judge.check_export(answer, self._clock.now())
            return answer

        try:
            return self._with_fresh_key(lambda: self._retries.run(attempt))
        except BodyTooLongError as error:
            raise InvalidExportError(
                f"The Console's export has {error}, and more can't be stored in one piece. No statement was "
                "made. Make the trail shorter by hand."
            ) from error

    def post(self, fields: Mapping[str, Any]) -> PurgeAnswer:
        """Send `purge` once, and once more if the key is definitely refused and there is a newer one.

        Raises ConsoleUnavailableError if the request certainly never left.
        """
        return self._with_fresh_key(lambda: self._post_once(fields))

    def _post_once(self, fields: Mapping[str, Any]) -> PurgeAnswer:
        try:
            answer = self._send(
                "POST", "/purge", fields, BytesIO(), limit=MAX_PAGE, timeout=self._patience.purge_timeout
            )
        except BodyTooLongError:
            return NO_ANSWER
        except NetworkError as fault:
            if fault.was_sent:
                return NO_ANSWER
            raise _unavailable(fault) from fault
        self.judge.check_key(answer)
        return purge_answer(answer, self.judge)

    def _get(
        self, path: str, fields: Mapping[str, Any], sink: BinaryIO, limit: int, timeout: float
    ) -> Answer:
        """One GET whose status is a success. Raises CutOffError for an export: `get_export` handles it."""
        try:
            answer = self._send("GET", path, fields, sink, limit=limit, timeout=timeout)
        except (OutOfTimeError, CachedError) as fault:
            raise _unavailable(fault) from fault
        except CutOffError as fault:
            if path != "/fetch":
                raise
            raise TransientError(_unavailable(fault)) from fault
        except NetworkError as fault:
            raise TransientError(_unavailable(fault)) from fault
        self.judge.check_key(answer)
        self.judge.check_status(answer, self._clock.now())
        self.judge.check_encoding(answer)
        return answer

    def _send(
        self, method: str, path: str, fields: Mapping[str, Any], sink: BinaryIO, *, limit: int, timeout: float
    ) -> Answer:
        """One request. Raises as the transport does, and CachedError for an old answer of a cache."""
        asked_at = self._clock.now()
        answer = self._transport.send(method, _TRAIL + path, fields, sink, limit=limit, timeout=timeout)
        self._cache_watch.check(answer, asked_at, self._clock.now())
        return answer

    def _with_fresh_key(self, call: Callable[[], T]) -> T:
        """What `call` returns. If the key is refused and was rotated since it was read, call once more."""
        try:
            return call()
        except ConsoleAuthError:
            if not self._transport.refresh_key():
                raise
        return call()


def _unavailable(fault: NetworkError) -> ConsoleUnavailableError:
    return ConsoleUnavailableError(f"The Console did not answer: {fault}. The next run tries again.")


@dataclass(frozen=True)
class Page:
    """One page of `fetch`: entries newest first, the cursor to the older ones, the number of pages."""

    entries: list[ConsoleEntry]
    next_cursor: str | None
    page_count: int | None


def page_of(answer: Mapping[str, Any]) -> Page:
    """The page in a successful `fetch` answer. Raises ConsoleError if it does not have the API's shape."""
    entries, pages = answer.get("audit_trail"), answer.get("page_count")
    if "audit_trail" not in answer or not isinstance(entries, list | None):
        raise ConsoleError(
            "The Console's fetch answer has no list of entries, so the trail may not be empty. Check whether "
            "the Console's API has changed."
        )
    is_count = type(pages) is int and 0 <= pages <= MAX_ID
    return Page(entries or [], _next_of(answer.get("cursor")), pages if is_count else None)


def _next_of(cursor: object) -> str | None:
    """The cursor to older entries; None on the last page, where it is null, empty or absent."""
    following = cursor.get("next") if isinstance(cursor, dict) else None
    if isinstance(cursor, dict | None) and isinstance(following, str | None):
        return following or None
    raise ConsoleError(
        "The Console's fetch answer has a cursor that is not a text, so the trail may go on. "
        "Check whether the Console's API has changed."
    )


def check_id(entry: object) -> None:
    """Raise ConsoleError unless an entry has a valid id."""
    entry_id = entry.get("id") if isinstance(entry, dict) else None
    if type(entry_id) is not int or not 0 < entry_id <= MAX_ID:
        raise ConsoleError(
            "The Console's fetch answer has an entry with an id that is not a positive integer below 2**63. "
            "Check whether the Console's API has changed."
        )


class HttpConsole:
    """A Console, read with one key."""

    def __init__(
        self,
        base_url: str,
        key: ApiKey,
        auth_style: AuthStyle,
        clock: Clock,
        *,
        patience: Patience = PATIENT,
        max_export: int = MAX_EXPORT,
    ) -> None:
        """`max_export` is in bytes.

        Raises SettingsError for a malformed or forbidden URL. The key is not read before the first request.
        """
        self._client = ConsoleClient(base_url, key, auth_style, clock, patience)
        self._max_export = max_export

    def peek(self) -> Peek:
        """If a Console ignores `limit`, the population is not known."""
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
        """Raises ConsoleError if the pages go in circles, or upwards.

        Ids are not strictly ascending in time: neighbours may be swapped, also over the end of a page. And an
        entry moves to a later page if others arrive meanwhile. A cursor can't be used with another limit. So
        after a page that is too big, paging begins again, and leaves out entries that were given already or
        are newer than the first page.
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
        """Afterwards `spool` stands at its start."""
        answer = self._client.get_export(spool, self._max_export)
        spool.seek(0)
        return Download(answer.size, answer.sha256, http_date(answer.headers.get("Date")))

    def _pages(self, limit: int) -> Iterator[list[ConsoleEntry]]:
        """The entries of each page, as they came. A request has a `limit` or a `cursor`, never both.

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
                raise ConsoleError(
                    "The Console's pages go in circles: it gave the same cursor twice. The next run reads "
                    "them again."
                )
            cursors.add(page.next_cursor)
            fields = {"cursor": page.next_cursor}


def _by_id(entry: ConsoleEntry) -> int:
    return int(entry["id"])


def _fields(entry: object) -> ConsoleEntry:
    """The newest entry, or an empty one for anything else. It only tells whether there is anything to do."""
    return entry if isinstance(entry, dict) else {}


def _no_page(error: BodyTooLongError) -> ConsoleError:
    return ConsoleError(
        f"The Console's answer has {error}, so it is not a page of entries. Look at what it holds, and "
        "tell the vendor."
    )


class HttpPurgingConsole(HttpConsole):
    """The same Console with the key that can purge."""

    def purge(self, boundary: int) -> PurgeAnswer:
        """An unreadable answer and a redirect count as no answer."""
        return self._client.post({"id": boundary})
