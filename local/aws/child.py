"""A child process that says when it is ready, writes its output to a file, and never outlives us."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

READY_SECONDS = 60.0
STOP_SECONDS = 2.0  # it holds nothing that must be saved


class ChildError(RuntimeError):
    """A child process died, or did not get ready; the message ends with its last lines."""


class Child:
    """One process in a session of its own, so that its children end with it.

    `ready` is asked until it answers True; it is given the child's output so far.
    """

    def __init__(
        self,
        *,
        name: str,
        command: Sequence[str],
        log: Path,
        env: Mapping[str, str],
        cwd: Path,
        ready: Callable[[str], bool],
    ) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._env = dict(env)
        self._cwd = cwd
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, while it runs."""
        return self._process.pid if self._process else None

    def output(self) -> str:
        """Everything the child has written so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self, lines: int = 30) -> str:
        """The child's last lines, for an error message."""
        return "\n".join(self.output().splitlines()[-lines:])

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._cwd,
                start_new_session=True,
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._ready(self.output()):
            if process.poll() is not None:
                raise ChildError(f"{self.name} ended with status {process.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise ChildError(f"{self.name} was not ready after {READY_SECONDS:.0f} s:\n{self.tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the child and whatever it started; harmless when it has ended already."""
        process, self._process = self._process, None
        if process is None:
            return
        _signal_session(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _signal_session(process.pid, signal.SIGKILL)
            process.wait()


def _signal_session(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return  # it and all its children have ended
