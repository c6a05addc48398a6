"""An audit's use of its time: when to stop, and how many requests to make at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from audit_archive.ports import Clock

T = TypeVar("T")
R = TypeVar("R")

REPORT_RESERVE = 30.0
"""Seconds of an invocation that are kept for writing the report."""


WORKERS = 8
"""Requests that are made at once."""

AHEAD = 16
"""Requests that are made before the caller has taken the answer to the first: it bounds the memory."""


class DeadlineError(Exception):
    """Only the reserve of the invocation's time is left."""


class Deadline:
    """The moment from which on an audit begins nothing new."""

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


def read_ahead(pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The results of `work` on each item, in order. Up to AHEAD are under way while the caller uses one."""
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
