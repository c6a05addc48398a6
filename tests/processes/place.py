"""Where the function's processes run: an AWS and a sandbox, gone at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.aws import LocalAws
from local.aws.folder import temporary_folder
from tests.processes.relay import Striker
from tests.processes.workers import Sandboxes
from tests.processes.world import PURGE_KEY, READ_KEY, World, environment


@dataclass(frozen=True)
class Place:
    """An AWS and a sandbox."""

    aws: LocalAws
    sandboxes: Sandboxes

    def world(self, striker: Striker | None = None) -> World:
        """A new Console with an archive of its own."""
        return World(self.aws, self.sandboxes, striker)


@contextmanager
def place() -> Iterator[Place]:
    """Start both. At the end: no process has written a key to its log."""
    with temporary_folder() as name:
        folder = Path(name)  # a short one: the path of a socket has little room
        with LocalAws(folder) as aws, Sandboxes(folder, environment(aws)) as sandboxes:
            yield Place(aws, sandboxes)
            written = sandboxes.output()
    assert '"cold_start":true' in written, "no process has written its log"
    for key in (READ_KEY, PURGE_KEY):
        assert key not in written, "an API key was written to the log"
