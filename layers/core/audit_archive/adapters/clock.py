"""Time: the machine's clock, and how much of it the caller grants."""

import math
import time
from typing import Protocol


class LambdaContext(Protocol):
    """What we need of the context that Lambda hands to a handler."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
        ...


class SystemClock:
    """A Clock without a deadline, for a command at a terminal."""

    def now(self) -> int:
        """Epoch seconds."""
        return int(time.time())

    def remaining(self) -> float:
        """Nobody cuts a terminal off: infinity."""
        return math.inf

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class LambdaClock(SystemClock):
    """The Clock of one Lambda invocation."""

    def __init__(self, context: LambdaContext) -> None:
        self._context = context

    def remaining(self) -> float:
        """Seconds until Lambda ends the invocation."""
        return self._context.get_remaining_time_in_millis() / 1000
