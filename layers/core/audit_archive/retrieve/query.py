"""A question to the archive of one Console: which entries. Pure."""

from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple, TypeAlias

from audit_archive.format.ids import MAX_ID, IdRange
from audit_archive.format.times import ALL_DATES, Dates, rfc3339, utc_date

Network: TypeAlias = IPv4Network | IPv6Network
ALL_IDS = IdRange(1, MAX_ID)


class EntryPlace(NamedTuple):
    """The place of an entry in the order of answers."""

    epoch: int
    id: int

    def __str__(self) -> str:
        """The cursor of an answer that ends there."""
        return f"{self.epoch}-{self.id}"


@dataclass(frozen=True)
class Query:
    """Which entries are asked for: those that pass every filter. An empty filter, or None, passes all.

    `start` (included) and `end` (excluded) are epoch seconds; `ids` are inclusive. Of `users`,
    `action_types`, `networks` and `flocks` any one suffices. Texts are compared as a person reads them
    (`retrieve/reading.py`); a user, an action type and a flock as a whole, `text` with any part of any text
    in the entry. An entry comes from a network by its address, or by one that a proxy forwarded for. The
    answer has the first `limit` of the matching entries, and only those after the place `after`.
    """

    console: str
    start: int | None = None
    end: int | None = None
    users: tuple[str, ...] = ()
    action_types: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    text: str | None = None
    ids: IdRange = ALL_IDS
    flocks: tuple[str, ...] = ()
    epoch: int | None = None
    limit: int | None = None
    after: EntryPlace | None = None

    def within(self, epoch: int) -> "Query | None":
        """The part of the query that is about one epoch; None if it has none."""
        if self.epoch not in (None, epoch) or (self.after is not None and epoch < self.after.epoch):
            return None
        if self.after is None or epoch > self.after.epoch:
            return self
        first = max(self.ids.first, self.after.id + 1)
        return replace(self, ids=IdRange(first, self.ids.last)) if first <= self.ids.last else None

    @property
    def is_timed(self) -> bool:
        """Whether the query has a filter on time."""
        return self.start is not None or self.end is not None

    @property
    def is_filtered(self) -> bool:
        """Whether the query has a filter on the content of an entry beside its time."""
        return bool(self.users or self.action_types or self.networks or self.text or self.flocks)

    @property
    def resolved(self) -> dict[str, str | None]:
        """The time asked for as RFC 3339 text: `start` included, `end` excluded; None means no limit."""
        moments = {"start": self.start, "end": self.end}
        return {name: None if moment is None else rfc3339(moment) for name, moment in moments.items()}

    @property
    def dates(self) -> Dates:
        """The UTC dates on which a matching entry must have happened."""
        first = ALL_DATES.first if self.start is None else utc_date(self.start)
        last = ALL_DATES.last if self.end is None else utc_date(self.end - 1)
        return Dates(first, last)
