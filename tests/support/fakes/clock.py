"""Time that only moves when a test says so, or when somebody sleeps."""

START = 1_795_413_600
"""2026-11-23 06:00:00 UTC."""


class FakeClock:
    """A Clock. `slept` is every sleep in order; `left` is the remaining time in seconds, and may be set."""

    def __init__(self, now: float = START, left: float = 900.0) -> None:
        self.moment = now
        self.left = left
        self.slept: list[float] = []

    def now(self) -> int:
        return int(self.moment)

    def remaining(self) -> float:
        return self.left

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0, f"nobody can sleep {seconds} s"
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass: it is later, and less is left."""
        self.moment += seconds
        self.left -= seconds
