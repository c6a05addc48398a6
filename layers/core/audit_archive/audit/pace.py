"""The end of an invocation's time, noticed while there is some left to report."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from audit_archive.ports import Clock

T = TypeVar("T")

REPORT_RESERVE = 30.0
"""Seconds that are kept for the report."""


class DeadlineError(Exception):
    """There is only the reserve left."""


class Deadline:
    """Knows when it is time to stop."""

    def __init__(self, clock: Clock, reserve: float = REPORT_RESERVE) -> None:
        self._clock = clock
        self._reserve = reserve

    @property
    def is_over(self) -> bool:
        """Whether nothing new should begin."""
        return self._clock.remaining() < self._reserve

    def check(self) -> None:
        """Raise DeadlineError if it is over."""
        if self.is_over:
            raise DeadlineError

    def watch(self, items: Iterable[T]) -> Iterator[T]:
        """The same items, one by one, as long as there is time. Raises DeadlineError."""
        for item in items:
            self.check()
            yield item


# Several requests at once, their answers in order, and never more than a few ahead.

R = TypeVar("R")

WORKERS = 8
AHEAD = 16


def read_ahead(pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """`work` of each item, in order; up to AHEAD are under way while the caller looks at one."""
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
