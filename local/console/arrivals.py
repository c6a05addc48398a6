"""New entries while the Console runs."""

from __future__ import annotations

import threading

from local.console.trail import Trail

_TICK_S = 0.2


class Arrivals:
    """Lets `per_minute` entries arrive, evenly, until `stopping` is set. None at 0."""

    def __init__(self, trail: Trail, per_minute: float, stopping: threading.Event) -> None:
        self._trail = trail
        self._per_second = per_minute / 60
        self._stopping = stopping
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins, in a thread of its own."""
        if self._per_second > 0:
            self._thread = threading.Thread(target=self._run, name="arrivals")
            self._thread.start()

    def join(self) -> None:
        """Waits for the end, which `stopping` brings."""
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        pause_s = max(1 / self._per_second, _TICK_S)
        owed = 0.0
        while not self._stopping.wait(pause_s):
            owed += pause_s * self._per_second
            if count := int(owed + 1e-9):
                self._trail.arrive(count)
                owed -= count
