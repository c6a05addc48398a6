"""What `fetch` shows with the reading key, compared with the export. A run trusts neither alone.

The export must hold what `fetch` showed before the download. If it does not, it is an old copy, or a copy of
another trail.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from audit_archive.errors import ConsoleError, InvalidExportError
from audit_archive.format.facts import IdSpan, PopulationFacts, Unexported
from audit_archive.format.head import Head
from audit_archive.format.ids import id_set
from audit_archive.format.purges import reach_of
from audit_archive.format.times import HOUR, read_timestamp, rfc3339
from audit_archive.ports import ConsoleEntry, Lack, Peek
from audit_archive.run.collect import Surveyed
from audit_archive.run.context import RUN_RESERVE, Run
from audit_archive.run.survey import Survey

MAX_UNEXPORTED_SPANS = 1000
"""Spans of ids that one statement lists as shown by `fetch` and not exported."""


@dataclass(frozen=True)
class View:
    """How an export compares with what `fetch` showed before the download.

    `lacking`: the newest entry shown, if the export lacks it; else one that an earlier run saw and that is
    still lacking. `is_stale`: the export should hold it by now. `is_advancing`: the export holds entries of
    this trail that are not archived yet. `is_behind`: `fetch` may still show what the export lacks.
    `covered_until`: up to when the export holds everything shown (epoch seconds).
    """

    lacking: Unexported | None
    is_stale: bool
    is_advancing: bool
    is_behind: bool
    covered_until: int
    population: PopulationFacts

    @property
    def stale(self) -> Unexported | None:
        """The entry that makes the export stale."""
        return self.lacking if self.is_stale else None

    @property
    def unexported_id(self) -> int | None:
        """The lowest id that the pages show and the export lacks."""
        return min((span.first for span in self.population.unexported), default=None)

    def as_old_copy(self) -> "View":
        """The same view, of an export that can't be what the Console holds now."""
        return replace(self, is_stale=True, is_advancing=False)


class PageComparison:
    """Collects what the pages show and an export lacks.

    `ids`: the exported ids. `unexported`: the ids that the export lacks. `covered_until`: up to when it lacks
    no newer entry (epoch seconds).
    """

    def __init__(self, surveyed: Surveyed, settle: int) -> None:
        self.ids, self.unexported = surveyed.survey.ids, list[int]()
        self.covered_until = self._served_at = surveyed.export.served_at
        self._settle = settle

    def add(self, entry: ConsoleEntry) -> None:
        """Take the next entry that a page shows."""
        entry_id, timestamp = entry["id"], entry.get("timestamp")
        if entry_id in self.ids:
            return
        self.unexported.append(entry_id)
        if not self.ids or entry_id > self.ids.ranges[-1].last:
            lacking = Unexported(entry_id, timestamp if isinstance(timestamp, str) else None)
            self.covered_until = min(
                self.covered_until, covered_until(lacking, self._served_at, self._settle)
            )

    @property
    def spans(self) -> tuple[IdSpan, ...]:
        """The lowest spans of ids that the export lacks."""
        ranges = id_set(self.unexported).ranges[:MAX_UNEXPORTED_SPANS]
        return tuple(IdSpan(first, last) for first, last in ranges)


def view(run: Run, surveyed: Surveyed, head: Head, peek: Peek, began_at: int) -> View:
    """Compare an export with the peek before its download, which was at `began_at` (epoch seconds)."""
    found, settle = surveyed.survey, run.order.policy.settle
    newest_lacking = unexported(peek.newest, found)
    lacking = newest_lacking or _still_lacking(run, found, head)
    pages = PageComparison(surveyed, settle)
    population = _population(run, pages, head, peek)
    # Until pages and export are known to hold the same, `fetch` may still show what an earlier run saw.
    may_show = lacking is not None and lacking.id <= id_of(peek.newest) and population.offset is None
    return View(
        lacking=lacking,
        is_stale=lacking is not None and _is_old(run, lacking, found, head, began_at),
        is_advancing=bool(found.new_count),
        is_behind=newest_lacking is not None or may_show,
        population=population,
        covered_until=min(pages.covered_until, covered_until(lacking, surveyed.export.served_at, settle)),
    )


def note_lacking(run: Run, seen: View, survey: Survey) -> Lack | None:
    """Note in the ledger, for later runs, what the export lacks; or clear the note if it lacks nothing."""
    console, now = run.order.console, run.clock.now()
    known = run.ledger.lack(console)
    if seen.lacking is None:
        if known is not None:
            run.ledger.note_lack(console, None)
        return None
    is_stale, is_advancing = seen.is_stale, seen.is_advancing
    lack = next_lack(seen.lacking, known, survey, now, is_stale=is_stale, is_advancing=is_advancing)
    run.ledger.note_lack(console, lack)
    return lack


def check_not_lasting(lack: Lack | None, now: int) -> None:
    """Raise InvalidExportError if exports have been stale for too long."""
    if lack is not None and lack.is_lasting(now):
        raise InvalidExportError(
            f"The Console's export lacks entry {lack.entry_id}, which `fetch` has shown since "
            f"{rfc3339(lack.seen_at)}. {lack.exports} exports in a row lacked it. Newer entries are not "
            "archived, and nothing is purged. Look for a cache before the Console, and ask Thinkst why its "
            "download is older than its trail"
        )


def unexported(newest: Mapping[str, Any] | None, survey: Survey) -> Unexported | None:
    """The newest entry that `fetch` showed, if the export lacks it and no purge explains this."""
    entry_id = (newest or {}).get("id")
    if newest is None or type(entry_id) is not int or entry_id < 1 or not lacks(survey, entry_id):
        return None
    timestamp = newest.get("timestamp")
    return Unexported(entry_id, timestamp if isinstance(timestamp, str) else None)


def lacks(survey: Survey, entry_id: int) -> bool:
    """Whether an export lacks an entry, and holds no receipt of a purge that may have destroyed it."""
    is_purged = any(reach_of(receipt) >= entry_id for receipt in survey.receipts)
    is_unreadable = any(receipt_id > entry_id for receipt_id in survey.unreadable_receipts)
    return entry_id not in survey.ids and not is_purged and not is_unreadable


def is_overdue(entry: Unexported, known: Lack | None, survey: Survey, began_at: int, settle: int) -> bool:
    """Whether the export should hold an entry by now: the entry is older than a settle window and an hour.

    Two times show its age: its own, and when an earlier run first saw it or another entry that is still
    lacking (`known`). Neither an unreadable time nor newer entries can hide the second. An export without any
    entry is overdue in any case. `began_at`: when the run peeked (epoch seconds). `settle`: seconds.
    """
    latest = began_at - max(settle, HOUR)
    happened = read_timestamp(entry.timestamp)
    is_seen = known is not None and lacks(survey, known.entry_id) and known.seen_at <= latest
    return not survey.ids or is_seen or (happened is not None and happened <= latest)


def next_lack(
    entry: Unexported, known: Lack | None, survey: Survey, now: int, *, is_stale: bool, is_advancing: bool
) -> Lack:
    """What to remember of the lack from now on: the entry that is lacking the longest, and for how long.

    An export with new entries restarts the count of stale exports.
    """
    first = known if known is not None and lacks(survey, known.entry_id) else Lack(entry.id, now)
    if not is_stale:
        return Lack(first.entry_id, first.seen_at)
    if is_advancing or first.since is None:
        return Lack(first.entry_id, first.seen_at, 1, now)
    return Lack(first.entry_id, first.seen_at, first.exports + 1, first.since)


def covered_until(entry: Unexported | None, served_at: int, settle: int) -> int:
    """Up to when an export holds everything that `fetch` showed (epoch seconds); `entry` is what it lacks."""
    if entry is None:
        return served_at
    happened = read_timestamp(entry.timestamp)
    if happened is None or happened > served_at:
        return served_at - max(settle, HOUR)
    return happened - 1


def _still_lacking(run: Run, found: Survey, head: Head) -> Unexported | None:
    """The entry that an earlier run noted as lacking, if this export lacks it too but holds the newest entry.

    An entry below the first live one is not lacking: a purge destroyed it, or the Console's own retention
    did.
    """
    known = run.ledger.lack(run.order.console)
    if known is None or not found.ids or known.entry_id < max(found.first_id, head.highest_purged_id + 1):
        return None
    return Unexported(known.entry_id, None) if lacks(found, known.entry_id) else None


def _is_old(run: Run, lacking: Unexported, found: Survey, head: Head, began_at: int) -> bool:
    """Whether an export that lacks an entry is an old copy: it is overdue, or shows purged entries."""
    known = run.ledger.lack(run.order.console)
    is_overdue_now = is_overdue(lacking, known, found, began_at, run.order.policy.settle)
    return is_overdue_now or bool(head.live_though_purged(found.ids))


def _population(run: Run, pages: PageComparison, head: Head, peek: Peek) -> PopulationFacts:
    """Compare the Console's own count with the export.

    If they differ, or if archived entries have vanished from the export, all pages are compared with it.
    """
    newest_id, counted = id_of(peek.newest), peek.population
    accounted = pages.ids.within(1, newest_id).size
    is_whole = not head.archived_live.minus(pages.ids)
    if is_whole and counted is not None and counted - accounted in {0, head.count_offset}:
        return PopulationFacts(counted, accounted, counted - accounted, ())
    if not _read_pages(run, pages, newest_id):
        return PopulationFacts(counted, accounted, None, ())
    offset = counted - accounted if counted is not None else 0
    return PopulationFacts(counted, accounted, None if pages.unexported else offset, pages.spans)


def _read_pages(run: Run, pages: PageComparison, newest_id: int) -> bool:
    """Compare all pages up to the newest entry with the export. Returns False if that could not be done now.

    Archiving must not wait for it: without it, the statement says that the difference is not known.
    """
    try:
        for entry in run.console.entries_above(0):
            if run.clock.remaining() < 2 * RUN_RESERVE:
                return False
            if entry["id"] <= newest_id:
                pages.add(entry)
    except ConsoleError:
        return False
    return True


def id_of(newest: ConsoleEntry | None) -> int:
    """The newest entry's id; 0 if it has no valid id, which the pages that follow then refuse."""
    entry_id = (newest or {}).get("id")
    return entry_id if type(entry_id) is int else 0
