"""What `fetch` showed, the export must hold: else it is an old copy, or a copy of another trail. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit_archive.domain.facts import Unexported
from audit_archive.domain.receipts import reach_of
from audit_archive.domain.survey import Survey
from audit_archive.domain.times import DAY, HOUR
from audit_archive.domain.timestamps import read_timestamp

MOST_STALE = 3
"""So many stale exports in a row are an error, and so is a day of them."""


@dataclass(frozen=True)
class Lack:
    """What runs have noted so far: an entry that `fetch` showed and no export held, and how often since.

    `seen_at`: when `fetch` showed it first; `exports`: how many stale exports came in a row without a new
    entry; `since`: when the first of them came (epoch seconds), None while none was stale.
    """

    entry_id: int
    seen_at: int
    exports: int = 0
    since: int | None = None

    def is_lasting(self, now: int) -> bool:
        """Whether it has lasted so long that a person must look."""
        return self.exports >= MOST_STALE or (self.since is not None and now - self.since >= DAY)


def unexported(newest: Mapping[str, Any] | None, survey: Survey) -> Unexported | None:
    """The newest entry that `fetch` showed, if the export lacks it and no purge explains that."""
    entry_id = (newest or {}).get("id")
    if newest is None or type(entry_id) is not int or entry_id < 1 or not lacks(survey, entry_id):
        return None
    timestamp = newest.get("timestamp")
    return Unexported(entry_id, timestamp if isinstance(timestamp, str) else None)


def lacks(survey: Survey, entry_id: int) -> bool:
    """Whether an export holds neither an entry nor the receipt of a purge that may have destroyed it."""
    is_purged = any(reach_of(receipt) >= entry_id for receipt in survey.receipts)
    is_unreadable = any(receipt_id > entry_id for receipt_id in survey.unreadable_receipts)
    return entry_id not in survey.ids and not is_purged and not is_unreadable


def is_overdue(entry: Unexported, known: Lack | None, survey: Survey, began_at: int, settle: int) -> bool:
    """Whether the export should hold an entry: it is older than a settle window and an hour.

    Its own time tells; or that an earlier run saw it, or an older one that is still lacking, which neither an
    unreadable time nor newer entries can hide. An export without any entry should hold it in any case.
    """
    latest = began_at - max(settle, HOUR)
    happened = read_timestamp(entry.timestamp)
    is_seen = known is not None and lacks(survey, known.entry_id) and known.seen_at <= latest
    return not survey.ids or is_seen or (happened is not None and happened <= latest)


def noted(
    entry: Unexported, known: Lack | None, survey: Survey, now: int, *, is_stale: bool, is_advancing: bool
) -> Lack:
    """What is known of the lack from now on: of the entry that is lacking the longest.

    An export that has new entries begins the count anew.
    """
    first = known if known is not None and lacks(survey, known.entry_id) else Lack(entry.id, now)
    if not is_stale:
        return Lack(first.entry_id, first.seen_at)
    if is_advancing or first.since is None:
        return Lack(first.entry_id, first.seen_at, 1, now)
    return Lack(first.entry_id, first.seen_at, first.exports + 1, first.since)


def covered_until(entry: Unexported | None, served_at: int, settle: int) -> int:
    """Up to when an export holds everything that `fetch` showed (epoch seconds)."""
    if entry is None:
        return served_at
    happened = read_timestamp(entry.timestamp)
    if happened is None or happened > served_at:
        return served_at - max(settle, HOUR)
    return happened - 1
