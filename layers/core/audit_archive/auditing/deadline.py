"""The end of an invocation's time, noticed while there is some left to report."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from audit_archive.ports import Clock

T = TypeVar("T")

RESERVE = 30.0
"""Seconds that are kept for the report."""


class OutOfTimeError(Exception):
    """There is only the reserve left."""


class Deadline:
    """Knows when it is time to stop."""

    def __init__(self, clock: Clock, reserve: float = RESERVE) -> None:
        self._clock = clock
        self._reserve = reserve

    @property
    def is_over(self) -> bool:
        """Whether nothing new should begin."""
        return self._clock.remaining() < self._reserve

    def check(self) -> None:
        """Raise OutOfTimeError if it is over."""
        if self.is_over:
            raise OutOfTimeError

    def watch(self, items: Iterable[T]) -> Iterator[T]:
        """The same items, one by one, as long as there is time. Raises OutOfTimeError."""
        for item in items:
            self.check()
            yield item
