"""What a run that fails leaves behind: its last failure, in the ledger."""

from collections.abc import Callable

from audit_archive.errors import AuditArchiveError, RequestError
from audit_archive.events import is_console_id
from audit_archive.fleet_ports import MAX_SENTENCE, Failure, Runs
from audit_archive.ports import Clock

NOT_OURS = "a fault of the program or of its surroundings: see the log"

MIN_SECONDS = 20.0
"""With less time left, no failure is noted: Lambda would end the invocation, and hide the error by that."""


class FailureNoted:
    """A block whose error is noted in the ledger. What keeps the note from being written hides no error.

    The note is for the fleet check: a run that is completed later supersedes it. A RequestError is not noted:
    whoever sent the event has its answer, and nothing is wrong with the Console. A schedule whose event is
    refused fills the queue of failed runs, which has an alarm.
    """

    def __init__(
        self, open_ledger: Callable[[], Runs], clock: Clock, console: object, request_id: str
    ) -> None:
        """`console`: what the event names. A failure without a Console's id is not noted."""
        self._open_ledger = open_ledger
        self._clock = clock
        self._console = console
        self._request_id = request_id

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        console = self._console
        if not isinstance(error, Exception) or isinstance(error, RequestError):
            return
        if not isinstance(console, str) or not is_console_id(console):
            return
        if self._clock.remaining() >= MIN_SECONDS:
            with _NeverInstead(error):
                failure = failure_of(error, self._clock.now(), self._request_id)
                self._open_ledger().fail(console, failure)


def failure_of(error: Exception, at: int, request_id: str) -> Failure:
    """What is noted of an error. The text of one that is not ours may hold anything, so it is left out."""
    is_ours = isinstance(error, AuditArchiveError)
    text = " ".join(str(error).split()) if is_ours else NOT_OURS
    sentence = text if len(text) <= MAX_SENTENCE else f"{text[: MAX_SENTENCE - 3]}..."
    return Failure(at, type(error).__name__, sentence, request_id)


class _NeverInstead:
    """Ends every exception of its block, and notes it on the error that is to be raised."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, another: BaseException | None, trace: object) -> bool:
        if another is not None:
            self._error.add_note(f"The failure could not be noted in the ledger: {another}")
        return isinstance(another, Exception)
