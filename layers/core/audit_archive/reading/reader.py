"""What retrieval works with."""

from dataclasses import dataclass

from audit_archive.errors import RequestError
from audit_archive.ports import ArchiveSource, Clock, Ledger, ScratchFile

RESERVE = 20.0
"""With fewer seconds than this left, nothing more is read: an answer must still be put and told."""


@dataclass(frozen=True)
class Reader:
    """An archive to read, and, if there is one, the ledger that indexes it."""

    source: ArchiveSource
    ledger: Ledger | None
    clock: Clock
    scratch: ScratchFile

    def check_time(self, field: str) -> None:
        """Raise RequestError naming the field that should ask for less, if time is running out."""
        if self.clock.remaining() < RESERVE:
            raise RequestError(
                field, "the time of this invocation is not enough: ask for less at once, or raise the timeout"
            )
