"""How many entries of each Console were archived of each of the last days, from the ledger's index.

For a picture: the index is not held against the chain here. One request a Console, of some 20 KB at most.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from audit_archive.errors import IntegrityError, LedgerError
from audit_archive.format.index import Indexed
from audit_archive.format.times import DAY
from audit_archive.ports import Clock, Ledger

DAYS = 30
MOST_STATEMENTS = 80
"""Statements that are looked at: a daily run with a purge makes two."""

RESERVE = 120.0
"""Seconds. With less time left no further Console is looked at: the page must still be put."""


@dataclass(frozen=True)
class History:
    """Entries by day of the event, UTC, the last one `until`; `is_whole`: no earlier statement has more."""

    until: date
    entries: tuple[int, ...]
    is_whole: bool = True

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.entries)


def histories(ledger: Ledger, consoles: Iterable[str], clock: Clock) -> Mapping[str, History]:
    """The history of each Console; without those for which time or the ledger did not suffice."""
    until, found = date.fromordinal(_EPOCH + clock.now() // DAY), dict[str, History]()
    for console in consoles:
        if clock.remaining() < RESERVE:
            break
        try:
            found[console] = history_of(ledger.recent_statements(console, MOST_STATEMENTS), until)
        except IntegrityError:
            continue  # a damaged index: the runs and the audits tell of it
        except LedgerError:
            break
    return found


_EPOCH = date(1970, 1, 1).toordinal()


def history_of(newest: Sequence[Indexed], until: date) -> History:
    """The history in the newest statements, the newest first.

    The entries of a statement over several days are spread evenly over these.
    """
    first = until - timedelta(days=DAYS - 1)
    days = [0.0] * DAYS
    for row in newest:
        begin, end = _day(row.first_date), _day(row.last_date)
        if begin is None or end is None or not begin <= end:
            continue
        share = row.count / ((end - begin).days + 1)
        for at in range(max((begin - first).days, 0), min((end - first).days, DAYS - 1) + 1):
            days[at] += share
    oldest = min(newest, key=lambda row: row.seq, default=None)
    reaches_back = oldest is None or oldest.seq == 1 or (_day(oldest.first_date) or until) < first
    return History(until, tuple(round(each) for each in days), reaches_back)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
