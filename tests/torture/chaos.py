"""A log of outside calls in which, at one of them, anything may happen."""

from collections.abc import Callable, Iterator
from typing import Any

from audit_archive.errors import (
    ArchiveStoreError,
    AuditArchiveError,
    ConsoleError,
    ConsoleUnavailableError,
    LedgerError,
    SettingsError,
    SigningError,
)
from tests.support.fakes import CallLog, CrashError
from tests.support.fakes.crash import When


class Chaos(CallLog):
    """At call `number`, before or after it, `what(name of the call)` happens; it may raise.

    `struck` is that name. After a CrashError the process is dead: every later call dies too. With `twice`,
    the SDK sends every conditional put again, and so meets its own success.
    """

    def __init__(
        self,
        number: int = 0,
        when: When = "before",
        what: Callable[[str], object] = lambda name: None,
        *,
        twice: bool = False,
    ) -> None:
        super().__init__()
        self.has_happened = False
        self.struck = ""
        self._number, self._moment, self._what, self._is_twice = number, when, what, twice
        self._is_dead = False

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._is_dead:
            raise CrashError
        is_it = len(self.calls) + 1 == self._number
        if is_it and self._moment == "before":
            self._happen(name)
        if self._is_twice and name.endswith(".create"):
            function(*args, **kwargs)
        result = super().call(name, function, *args, **kwargs)
        if is_it and self._moment == "after":
            if isinstance(result, Iterator):
                result = iter(list(result))
            self._happen(name)
        return result

    def _happen(self, name: str) -> None:
        self._number = 0
        self.has_happened = True
        self.struck = name
        try:
            self._what(name)
        except CrashError:
            self._is_dead = True
            raise


def crash(name: str) -> None:
    """The process is gone."""
    raise CrashError


def fault(name: str) -> None:
    """What was called does not answer, or its answer was lost."""
    raise fault_of(name)


def fault_of(name: str) -> AuditArchiveError:
    """The error that a call's port raises when it does not answer."""
    port, _, method = name.partition(".")
    if port == "FakeStore":
        return ArchiveStoreError("the bucket does not answer")
    if port == "FakeSigner":
        return SigningError("the key does not answer")
    if port == "FakeLedger":
        return LedgerError("the table does not answer")
    if method == "purge":
        return ConsoleError("the Console answered with an error")
    if port.endswith("Console"):
        return ConsoleUnavailableError("the Console does not answer")
    return SettingsError("access denied")
