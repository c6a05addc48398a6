"""A Console's audit trail in memory: what happens to it, and a record of what was destroyed by whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import RLock
from typing import Any, TypeAlias

from audit_archive.ports import Clock

Entry: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Destroyed:
    """An entry that a purge deleted, and who asked for it."""

    entry: Entry
    user: str


class FakeTrail:
    """The entries of one Console, by its own clock. Ids rise from 1 and never restart but by `reset`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.last_id = 0
        self.destroyed: list[Destroyed] = []
        self.lock = RLock()
        self.is_newest_first = False
        self._entries: dict[int, Entry] = {}

    @property
    def entries(self) -> list[Entry]:
        """The live entries, newest first."""
        with self.lock:
            return [self._entries[entry_id] for entry_id in sorted(self._entries, reverse=True)]

    @property
    def ids(self) -> list[int]:
        """The live ids, ascending."""
        with self.lock:
            return sorted(self._entries)

    def arrive(self, count: int = 1, **fields: Any) -> list[int]:
        """So many entries are written now; `fields` replace the usual ones. Returns their ids."""
        with self.lock:
            return [self.put(self.last_id + 1, **fields)["id"] for _ in range(count)]

    def put(self, entry_id: int, **fields: Any) -> Entry:
        """An entry with this id is written now: a late writer's, if the id is low. The id must be free."""
        with self.lock:
            assert entry_id not in self._entries, f"{entry_id} is live"
            entry = {
                "id": entry_id,
                "timestamp": stamp(self.clock.now()),
                "action_type": "user_login",
                "message": f"User logged in ({entry_id})",
                "user": "somebody@example.com",
                "user_ip": "192.0.2.7",
                "flock_id": "flock:default",
                "additional_information": None,
            }
            self._entries[entry_id] = entry | fields
            self.last_id = max(self.last_id, entry_id)
            return self._entries[entry_id]

    def skip(self, count: int = 1) -> None:
        """The next ids are not issued, unless a late writer fills them."""
        self.last_id += count

    def remove(self, *entry_ids: int) -> None:
        """Entries vanish without a receipt."""
        with self.lock:
            for entry_id in entry_ids:
                del self._entries[entry_id]

    def replace(self, entry_id: int, **fields: Any) -> None:
        """A live entry is another now."""
        self._entries[entry_id] = self._entries[entry_id] | fields

    def purge(
        self,
        boundary: int,
        user: str = "mallory@example.com",
        *,
        receipt: bool = True,
        most: int | None = None,
    ) -> int:
        """Somebody purges up to and including an id, which leaves a receipt. Returns the number destroyed.

        `most`: how many the Console deletes in one call, the oldest first unless `is_newest_first`.
        """
        with self.lock:
            low = (entry_id for entry_id in self._entries if entry_id <= boundary)
            doomed = sorted(low, reverse=self.is_newest_first)[:most]
            self.destroyed += [Destroyed(self._entries.pop(entry_id), user) for entry_id in sorted(doomed)]
            if receipt:
                self.write_receipt(boundary, len(doomed), user)
            return len(doomed)

    def write_receipt(self, boundary: int, count: int, user: str) -> int:
        """The Console's entry about a purge. Returns its id."""
        message = f"Successfully purged {count} logs before id:{boundary}"
        return self.arrive(action_type="audit_trail_purge", message=message, user=user)[0]

    def reset(self, entries: Mapping[int, Entry] | None = None) -> None:
        """The Console is set up anew: ids restart; or it is restored from a copy (`copy`)."""
        with self.lock:
            self._entries = dict(entries or {})
            self.last_id = max(self._entries, default=0)

    def copy(self) -> dict[int, Entry]:
        """A backup of the live entries, for `reset`."""
        with self.lock:
            return dict(self._entries)


def stamp(seconds: int) -> str:
    """A moment as the Console writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC+0000")
