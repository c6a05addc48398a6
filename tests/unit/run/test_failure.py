"""What a failing run leaves: its class, a short sentence, when, and in which request."""

import pytest

from audit_archive.errors import AuditArchiveError, ConsoleAuthError, LedgerError, RequestError
from audit_archive.fleet_ports import MAX_SENTENCE, Failure, LastRuns, Runs
from audit_archive.run.failure import MIN_SECONDS, NOT_OURS, FailureNoted
from tests.support.fakes import FakeClock, FakeLedger
from tests.support.rows import all_rows
from tests.support.world import CONSOLE


class Broken(FakeLedger):
    """A ledger that fails in a way of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def fail(self, console: str, failure: Failure) -> None:
        raise self._error


def fails(
    error: BaseException, ledger: Runs, console: object = CONSOLE, left: float = 900.0
) -> BaseException:
    """The error that comes out of a run that fails with `error`."""
    with (
        pytest.raises(type(error)) as caught,
        FailureNoted(lambda: ledger, FakeClock(100, left), console, "request-1"),
    ):
        raise error
    return caught.value


def test_a_failure_is_noted_and_raised() -> None:
    ledger = FakeLedger()
    error = ConsoleAuthError("The Console refused the key.\nRotate it.")
    assert fails(error, ledger) is error
    noted = Failure(100, "ConsoleAuthError", "The Console refused the key. Rotate it.", "request-1")
    assert ledger.last_runs(CONSOLE).failure == noted


def test_a_run_that_does_not_fail_notes_nothing() -> None:
    ledger = FakeLedger()
    with FailureNoted(lambda: ledger, FakeClock(), CONSOLE, "request-1"):
        pass
    assert ledger.last_runs(CONSOLE) == LastRuns(CONSOLE)


@pytest.mark.parametrize(
    "another", [LedgerError("It did not answer."), RuntimeError("a fault"), KeyError("x")]
)
def test_a_ledger_that_fails_too_hides_nothing(another: Exception) -> None:
    error = ConsoleAuthError("The Console refused the key.")
    assert fails(error, Broken(another)) is error
    assert "could not be noted" in error.__notes__[0]
    assert error.__context__ is None


def test_a_ledger_that_can_t_be_opened_hides_nothing() -> None:
    def no_ledger() -> Runs:
        raise AuditArchiveError("LEDGER_TABLE is not set")

    error = ConsoleAuthError("The Console refused the key.")
    with pytest.raises(ConsoleAuthError) as caught, FailureNoted(no_ledger, FakeClock(), CONSOLE, "r"):
        raise error
    assert caught.value is error


@all_rows("console", [None, 7, "", "NOT ONE", "../x", "_fleet", ["1234abcd"]])
def test_without_the_id_of_a_console_nothing_is_noted(console: object) -> None:
    ledger = FakeLedger()
    fails(ConsoleAuthError("No."), ledger, console)
    assert list(ledger.fleet()) == []


def test_the_last_seconds_are_left_to_the_error() -> None:
    """Else Lambda would end the invocation, and the queue of failed runs would say only that."""
    ledger = FakeLedger()
    fails(ConsoleAuthError("No."), ledger, left=MIN_SECONDS - 1)
    assert list(ledger.fleet()) == []


def test_an_event_that_is_refused_makes_no_console_failing() -> None:
    """Whoever mistypes a field has the answer. The Console is as well as before."""
    ledger, error = FakeLedger(), RequestError("keep_days", "'many' is not a number")
    assert fails(error, ledger) is error
    assert list(ledger.fleet()) == []


def test_a_process_that_is_killed_notes_nothing() -> None:
    ledger = FakeLedger()
    assert isinstance(fails(KeyboardInterrupt(), ledger), KeyboardInterrupt)
    assert list(ledger.fleet()) == []


def test_the_text_of_an_error_that_is_not_ours_is_left_out() -> None:
    """It may hold anything: a URL, and with it a key."""
    ledger = FakeLedger()
    fails(ValueError("https://x/?auth_token=5d1f3b7a9c0e2468"), ledger)
    failure = ledger.last_runs(CONSOLE).failure
    assert failure is not None
    assert (failure.error_class, failure.sentence) == ("ValueError", NOT_OURS)


@pytest.mark.parametrize("length", [MAX_SENTENCE - 1, MAX_SENTENCE, MAX_SENTENCE + 1, 100_000])
def test_a_long_sentence_is_shortened(length: int) -> None:
    ledger = FakeLedger()
    fails(ConsoleAuthError("x" * length), ledger)
    failure = ledger.last_runs(CONSOLE).failure
    assert failure is not None
    assert len(failure.sentence) == min(length, MAX_SENTENCE)
    assert failure.sentence.endswith("...") == (length > MAX_SENTENCE)
