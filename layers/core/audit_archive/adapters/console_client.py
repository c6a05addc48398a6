"""Requests to the Console's audit trail API: repeated where that is safe, with a key read anew once."""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, BinaryIO, TypeVar

from audit_archive.adapters.console_answers import NO_ANSWER, Judge, purge_answer
from audit_archive.adapters.console_body import Answer
from audit_archive.adapters.console_cache import CacheWatch
from audit_archive.adapters.console_faults import (
    BodyTooLongError,
    CachedError,
    CutOffError,
    NetworkError,
    OutOfTimeError,
)
from audit_archive.adapters.console_retry import Patience, Retries, TransientError
from audit_archive.adapters.console_transport import ApiKey, Transport
from audit_archive.errors import (
    ConsoleAuthError,
    ConsoleUnavailableError,
    InvalidExportError,
)
from audit_archive.ports import Clock, PurgeAnswer

T = TypeVar("T")
MAX_PAGE = 64 * 1024**2
"""Bytes of any answer but an export."""

_TRAIL = "/api/v1/audit_trail"


class ConsoleClient:
    """What reading and purging share. Raises only errors of `audit_archive.errors`."""

    def __init__(self, base_url: str, key: ApiKey, auth_style: str, clock: Clock, patience: Patience) -> None:
        self._transport = Transport(base_url, key, auth_style, clock, patience.reserve)
        self._retries = Retries(clock, patience)
        self._cache_watch = CacheWatch()
        self._clock = clock
        self._patience = patience
        self.judge = Judge(auth_style, self._transport.scrub)

    def get_json(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """A successful answer of `fetch`. Raises BodyTooLongError if it has more than MAX_PAGE bytes."""

        def attempt() -> dict[str, Any]:
            body = BytesIO()
            self._get("/fetch", fields, body, MAX_PAGE, self._patience.fetch_timeout)
            return self.judge.result(body.getvalue())

        return self._with_fresh_key(lambda: self._retries.run(attempt))

    def get_export(self, spool: BinaryIO, limit: int) -> Answer:
        """Write the export into `spool`, from its start in every attempt."""

        def attempt() -> Answer:
            spool.seek(0)
            spool.truncate()
            try:
                answer = self._get("/download/json", {}, spool, limit, self._patience.download_timeout)
            except CutOffError as error:
                sentence = f"The Console's export is not whole: {error}. Nothing was committed."
                raise TransientError(InvalidExportError(sentence)) from error
            self.judge.check_export(answer, self._clock.now())
            return answer

        try:
            return self._with_fresh_key(lambda: self._retries.run(attempt))
        except BodyTooLongError as error:
            raise InvalidExportError(
                f"The Console's export has {error}, which is as much as can be stored in one piece. Nothing "
                "was committed: the trail must be made shorter by hand."
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
        """One GET whose status is a success. Raises CutOffError only for the sake of `get_export`."""
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
        """One request, answered by no cache. Raises as the transport does, or CachedError."""
        asked_at = self._clock.now()
        answer = self._transport.send(method, _TRAIL + path, fields, sink, limit=limit, timeout=timeout)
        self._cache_watch.check(answer, asked_at, self._clock.now())
        return answer

    def _with_fresh_key(self, call: Callable[[], T]) -> T:
        """The key may have been rotated since it was read: a refused call is repeated if it was, once."""
        try:
            return call()
        except ConsoleAuthError:
            if not self._transport.refresh_key():
                raise
        return call()


def _unavailable(fault: NetworkError) -> ConsoleUnavailableError:
    return ConsoleUnavailableError(f"The Console did not answer: {fault}. The next run tries again.")
