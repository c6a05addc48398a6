"""Time, people, and room to work in."""

from collections.abc import Callable
from typing import BinaryIO, Protocol, TypeAlias

from audit_archive.domain.finding import Finding

ScratchFile: TypeAlias = Callable[[], BinaryIO]
"""Opens an empty temporary file for reading and writing, which vanishes when it is closed."""


class Clock(Protocol):
    """Time, and how much of it this invocation has left."""

    def now(self) -> int:
        """Epoch seconds."""

    def remaining(self) -> float:
        """Seconds until this invocation is cut off."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Alerts(Protocol):
    """Where findings go: one message a finding. Raises SettingsError if the topic refuses."""

    def publish(self, finding: Finding) -> None:
        """Tell a person."""
