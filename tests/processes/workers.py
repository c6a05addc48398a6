"""The function's processes, from a test's point of view: started, invoked, killed."""

import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from select import select
from types import TracebackType
from typing import Any, Self

from local.aws.child import Child
from local.aws.sam import ROOT
from tests.processes.sandbox import READY

TIMEOUT = 900.0
"""Seconds that an invocation may last, as the template says."""

PATIENCE = 60.0
"""Seconds that a test waits for an answer."""


class DiedError(Exception):
    """The process is gone, and whatever it was about to say with it."""


@dataclass(frozen=True)
class Ended:
    """How an invocation ended: an outcome with its result, or an error's class with its message."""

    outcome: str
    said: Mapping[str, Any]


class Worker:
    """One process. It serves invocation after invocation, as a warm Lambda does, until it is killed."""

    def __init__(self, path: Path, variables: Mapping[str, str]) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rw", encoding="utf-8")
        self._say(variables)
        self.pid = int(self._hear()["pid"])

    def start(self, event: Mapping[str, Any], request_id: str, at: float = 0.0) -> None:
        """Begin an invocation, at once or at a moment of `time.monotonic`."""
        self._say({"event": event, "request_id": request_id, "seconds": TIMEOUT, "at": at})

    def has_ended(self) -> bool:
        """Whether there is an answer, or nobody left to give one."""
        return bool(select([self._socket], [], [], 0)[0])

    def end(self) -> Ended:
        """Wait for the invocation's end. Raises DiedError if the process was killed."""
        said = self._hear()
        if "error" in said:
            return Ended(said["error"], said)
        return Ended(said["result"]["outcome"], said["result"])

    def invoke(self, event: Mapping[str, Any], request_id: str) -> Ended:
        """One whole invocation."""
        self.start(event, request_id)
        return self.end()

    def kill(self) -> None:
        """SIGKILL: nothing runs any more, no `finally` and no handler."""
        os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let the process end."""
        self._lines.close()
        self._socket.close()

    def _say(self, said: Mapping[str, Any]) -> None:
        self._lines.write(json.dumps(said) + "\n")
        self._lines.flush()

    def _hear(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except ConnectionError as error:
            raise DiedError from error
        if not line:
            raise DiedError
        heard: dict[str, Any] = json.loads(line)
        return heard


class Sandboxes:
    """Makes workers; use it as a context manager. `env` is all that they see but their own variables."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._path = folder / "sandbox"
        self._child = Child(
            name="the sandbox",
            command=[sys.executable, "-m", "tests.processes.sandbox", str(self._path)],
            log=folder / "sandbox.log",
            env={**env, "PYTHONUNBUFFERED": "1"},
            cwd=ROOT,
            ready=lambda output: READY in output,
        )
        self._workers: list[Worker] = []

    def __enter__(self) -> Self:
        self._child.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.close()
        self._child.__exit__(kind, error, trace)

    def new(self, variables: Mapping[str, str]) -> Worker:
        """A process that has run nothing yet."""
        self._workers.append(Worker(self._path, variables))
        return self._workers[-1]

    def output(self) -> str:
        """Everything that all of them wrote to their log."""
        return self._child.output()
