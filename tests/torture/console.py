"""A Console with a clock of its own and a purging key that misbehaves."""

from tests.support.fakes import FakeConsole, FakeTrail
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.console import OURS
from tests.support.fakes.trail import Destroyed, Entry


class ConsoleClock:
    """The Console's own clock, `skew` seconds ahead of ours."""

    def __init__(self, ours: FakeClock) -> None:
        self._ours = ours
        self.skew = 0

    def now(self) -> int:
        return self._ours.now() + self.skew

    def remaining(self) -> float:
        raise AssertionError("nobody asks a Console for the time that is left")

    def sleep(self, seconds: float) -> None:
        raise AssertionError("a Console does not sleep")


class HostileConsole(FakeConsole):
    """The purging key's view. With `is_late` receipts are owed for now; what is not deleted yet waits too."""

    def __init__(self, trail: FakeTrail) -> None:
        super().__init__(trail)
        self.is_late = False
        self.owed: list[tuple[int, int]] = []
        self.undeleted: list[Entry] = []

    def _carry_out(self, boundary: int) -> int:
        doomed = [e for e in self.trail.entries if e["id"] <= boundary]
        writes, self.writes_receipt = self.writes_receipt, self.writes_receipt and not self.is_late
        try:
            count = super()._carry_out(boundary)
        finally:
            self.writes_receipt = writes
        if self.is_late and writes:
            self.owed.append((boundary, self.report(count)))
        if not self.deletes:
            self.undeleted += doomed
        return count

    def catch_up(self) -> None:
        """Late receipts are written, and what should have been deleted is."""
        for entry in self.undeleted:
            if entry in self.trail.entries:
                self.trail.destroyed.append(Destroyed(entry, OURS))
                self.trail.remove(entry["id"])
        for boundary, count in self.owed:
            self.trail.write_receipt(boundary, count, OURS)
        self.forget()

    def forget(self) -> None:
        """Another Console stands there now."""
        self.undeleted.clear()
        self.owed.clear()
