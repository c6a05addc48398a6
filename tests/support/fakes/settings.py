"""The settings of a bucket in memory."""

import copy
from collections.abc import Mapping
from typing import Any

from audit_archive.errors import ArchiveStoreError
from audit_archive.format.bucket_settings import Setting


class FakeSettings:
    """A SettingsSource. What is not put is not set, what is `hidden` may not be read. `is_down`: silence."""

    def __init__(self, found: Mapping[Setting, Mapping[str, Any]] | None = None) -> None:
        self._found: dict[Setting, dict[str, Any] | None] = dict.fromkeys(Setting)
        self.hidden: set[Setting] = set()
        self.is_down = False
        for setting, value in (found or {}).items():
            self.put(setting, value)

    def put(self, setting: Setting, value: Mapping[str, Any] | None) -> None:
        """Set a setting; None unsets it."""
        self._found[setting] = copy.deepcopy(dict(value)) if value else None

    def settings(self) -> dict[Setting, dict[str, Any] | None]:
        if self.is_down:
            raise ArchiveStoreError("SlowDown: the settings could not be read")
        return {s: copy.deepcopy(value) for s, value in self._found.items() if s not in self.hidden}
