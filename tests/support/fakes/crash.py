"""Killing a run before or after any of its outside calls."""

from collections.abc import Callable, Iterator
from functools import partial
from threading import Lock
from typing import Any, Literal, TypeVar, cast

from tests.support.fakes.store import FakeStore

P = TypeVar("P")
When = Literal["before", "after"]


class CrashError(BaseException):
    """The process is gone. No `Exception`: code that catches those must not survive its own death."""


class CallLog:
    """Counts the calls to everything it watches, and dies before or after one of them.

        log = CallLog(die_at=7, when="after")
        run = Run(console=log.watch(console), store=log.watch(store), ...)

    `calls` names them in order (`FakeStore.put`). Call 1 is the first; `die_at=None` only counts. After
    death every further call dies too. An iterator that a call returns dies "after" where it ends.
    """

    def __init__(
        self,
        die_at: int | None = None,
        when: When = "before",
        error: Callable[[], BaseException] = CrashError,
    ) -> None:
        self.calls: list[str] = []
        self._die_at = die_at
        self._when = when
        self._error = error
        self._lock = Lock()

    def watch(self, port: P) -> P:
        """The same port, watched. A function (`open_purger`) may be watched too."""
        return cast("P", _Watched(port, self))

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Make one call, counted."""
        with self._lock:
            self.calls.append(name)
            number = len(self.calls)
        if self._die_at is not None and number > self._die_at:
            raise self._error()
        if number == self._die_at and self._when == "before":
            raise self._error()
        result = function(*args, **kwargs)
        if number != self._die_at:
            return result
        if isinstance(result, Iterator):
            return self._dying(result)
        raise self._error()

    def _dying(self, items: Iterator[Any]) -> Iterator[Any]:
        yield from items
        raise self._error()


class FaultyCalls(CallLog):
    """Like CallLog, but only call `die_at` fails, with an error of the product; later calls work again."""

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._die_at is not None and len(self.calls) >= self._die_at:
            self.calls.append(name)
            return function(*args, **kwargs)
        return super().call(name, function, *args, **kwargs)


MADE_OF_OTHERS: dict[str, Callable[..., None]] = {"put_all": FakeStore.put_all}
"""Methods of fakes that only call other ones: each of those is a call of its own."""


class _Watched:
    def __init__(self, port: object, log: CallLog) -> None:
        self._port = port
        self._log = log

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._port, name)
        if name in MADE_OF_OTHERS:
            return partial(MADE_OF_OTHERS[name], self)
        if not callable(attribute):
            return attribute
        full_name = f"{type(self._port).__name__}.{name}"

        def called(*args: Any, **kwargs: Any) -> Any:
            return self._log.call(full_name, attribute, *args, **kwargs)

        return called

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = getattr(self._port, "__name__", type(self._port).__name__)
        return self._log.call(name, cast("Callable[..., Any]", self._port), *args, **kwargs)
