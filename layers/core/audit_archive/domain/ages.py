"""How far up a trail every entry is old enough to purge. Pure."""

from audit_archive.domain.times import DAY


class Ages:
    """Finds how far up every entry is old enough, and when more will be.

    An entry whose time can't be read, or lies in the future, counts as old as its younger readable
    neighbour: it can't have happened later than that. With none, one from the next day, which a clock that
    is off may make, waits for its own time.
    """

    def __init__(self, now: int, cutoff: int) -> None:
        self._now = now
        self._cutoff = cutoff
        self._all_aged = True
        self._other_waits = False
        self._latest_above = 0
        self._latest_ahead: int | None = None
        self.boundary = 0
        self.first_other_id: int | None = None
        self._oldest_at: int | None = None
        self._young_at: int | None = None

    @property
    def oldest_at(self) -> int | None:
        """When the first entry happened that is no receipt."""
        return self._oldest_at if self._oldest_at is not None else self._ahead()

    @property
    def young_at(self) -> int | None:
        """When the last of those entries happened that the next purge waits for."""
        return self._young_at if self._young_at is not None else self._ahead()

    def _ahead(self) -> int | None:
        return self._latest_ahead if self._other_waits else None

    def add(self, entry_id: int, seconds: int | None, is_receipt: bool) -> None:
        """Take the next entry, ascending by id."""
        if not is_receipt:
            self._other_waits = True
            if self.first_other_id is None:
                self.first_other_id = entry_id
        if seconds is None:
            return
        if seconds > self._now:
            if seconds <= self._now + DAY:
                self._latest_ahead = max(seconds, self._latest_ahead or seconds)
            return
        self._latest_ahead = None
        if self._all_aged and seconds <= self._cutoff:
            self.boundary = entry_id
        else:
            self._all_aged = False
            self._latest_above = max(self._latest_above, seconds)
        if self._other_waits:
            self._note_other(seconds)

    def _note_other(self, seconds: int) -> None:
        self._other_waits = False
        if self._oldest_at is None:
            self._oldest_at = seconds
        if not self._all_aged and self._young_at is None:
            self._young_at = self._latest_above
