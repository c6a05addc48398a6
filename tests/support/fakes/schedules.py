"""The schedules of a stack in memory."""

from collections.abc import Iterator

from audit_archive.errors import SettingsError
from audit_archive.fleet_ports import ScheduleFacts


class FakeSchedules:
    """Schedules; with `is_gone` the group does not exist. People may `make`, `switch` and `remove` one."""

    def __init__(self) -> None:
        self.is_gone = False
        self._schedules: dict[str, ScheduleFacts] = {}

    def listed(self) -> Iterator[ScheduleFacts]:
        if self.is_gone:
            raise SettingsError("the group does not exist")
        yield from self._schedules.values()

    def make(self, name: str, created_at: int) -> None:
        """Somebody makes a schedule."""
        self._schedules[name] = ScheduleFacts(name, is_enabled=True, created_at=created_at)

    def switch(self, name: str, *, on: bool) -> None:
        """Somebody enables or disables a schedule."""
        self._schedules[name] = ScheduleFacts(name, on, self._schedules[name].created_at)

    def remove(self, name: str) -> None:
        """Somebody deletes a schedule."""
        del self._schedules[name]
