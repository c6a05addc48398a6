"""View: what `fetch` shows with the reading key, held against the export. Neither is believed alone."""

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

# What `fetch` showed, the export must hold: else it is an old copy, or a copy of another trail. Pure.


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


MOST_RANGES = 1000
"""Ranges of ids that one statement lists as shown by `fetch` and not exported."""


@dataclass(frozen=True)
class View:
    """What `fetch` showed before the download, and how the export fits it.

    `lacking`: the newest entry shown, if the export lacks it; `is_stale`: it should hold it by now.
    `is_advancing`: it holds entries of this trail that are not archived yet.
    `covered_until`: up to when the export holds everything shown (epoch seconds).
    """

    lacking: Unexported | None
    is_stale: bool
    is_advancing: bool
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
        """The same, of an export that can't be what the Console holds now."""
        return replace(self, is_stale=True, is_advancing=False)


class Beside:
    """What the pages show beside an export: its ids, and up to when the export lacks nothing newer."""

    def __init__(self, surveyed: Surveyed, settle: int) -> None:
        self.ids, self.shown = surveyed.survey.ids, list[int]()
        self.covered_until = self._served_at = surveyed.export.served_at
        self._settle = settle

    def add(self, entry: ConsoleEntry) -> None:
        """Take an entry that a page shows."""
        entry_id, timestamp = entry["id"], entry.get("timestamp")
        if entry_id in self.ids:
            return
        self.shown.append(entry_id)
        if not self.ids or entry_id > self.ids.ranges[-1].last:
            lacking = Unexported(entry_id, timestamp if isinstance(timestamp, str) else None)
            self.covered_until = min(
                self.covered_until, covered_until(lacking, self._served_at, self._settle)
            )

    @property
    def spans(self) -> tuple[IdSpan, ...]:
        """The first ids that the export lacks."""
        ranges = id_set(self.shown).ranges[:MOST_RANGES]
        return tuple(IdSpan(first, last) for first, last in ranges)


def view(run: Run, surveyed: Surveyed, head: Head, peek: Peek, began_at: int) -> View:
    """Hold an export against the peek that came before its download."""
    found, settle = surveyed.survey, run.order.policy.settle
    lacking = unexported(peek.newest, found) or _still_lacking(run, found, head)
    beside = Beside(surveyed, settle)
    return View(
        lacking=lacking,
        is_stale=lacking is not None and _is_old(run, lacking, found, head, began_at),
        is_advancing=bool(found.new_count),
        population=_population(run, beside, head, peek),
        covered_until=min(beside.covered_until, covered_until(lacking, surveyed.export.served_at, settle)),
    )


def _still_lacking(run: Run, found: Survey, head: Head) -> Unexported | None:
    """The entry that an earlier run noted, if this export lacks it too though it has the newest one.

    What lies below the first live entry is gone: a purge took it, or the Console's own retention.
    """
    known = run.ledger.lack(run.order.console)
    if known is None or not found.ids or known.entry_id < max(found.first_id, head.highest_purged_id + 1):
        return None
    return Unexported(known.entry_id, None) if lacks(found, known.entry_id) else None


def _is_old(run: Run, lacking: Unexported, found: Survey, head: Head, began_at: int) -> bool:
    """Whether an export that lacks an entry is an old copy; one is that shows again what we purged."""
    known = run.ledger.lack(run.order.console)
    is_overdue_now = is_overdue(lacking, known, found, began_at, run.order.policy.settle)
    return is_overdue_now or bool(head.live_though_purged(found.ids))


def note(run: Run, seen: View, survey: Survey) -> Lack | None:
    """Note for later runs what the export lacks, or that it lacks nothing."""
    console, now = run.order.console, run.clock.now()
    known = run.ledger.lack(console)
    if seen.lacking is None:
        if known is not None:
            run.ledger.note_lack(console, None)
        return None
    is_stale, is_advancing = seen.is_stale, seen.is_advancing
    lack = noted(seen.lacking, known, survey, now, is_stale=is_stale, is_advancing=is_advancing)
    run.ledger.note_lack(console, lack)
    return lack


def check_not_lasting(lack: Lack | None, now: int) -> None:
    """Raise InvalidExportError if exports have been stale for too long."""
    if lack is not None and lack.is_lasting(now):
        raise InvalidExportError(
            f"The Console's export lacks entry {lack.entry_id}, which `fetch` has shown since "
            f"{rfc3339(lack.seen_at)}; {lack.exports} exports in a row lacked it. Newer entries are not "
            "archived, and nothing is purged. Look for a cache before the Console, and ask Thinkst why its "
            "download is older than its trail"
        )


def _population(run: Run, beside: Beside, head: Head, peek: Peek) -> PopulationFacts:
    """Compare the Console's own count with the export.

    Where they differ, and where archived entries have vanished from the export, the pages decide.
    """
    newest_id, counted = id_of(peek.newest), peek.population
    accounted = beside.ids.within(1, newest_id).size
    is_whole = not head.archived_live.minus(beside.ids)
    if is_whole and counted is not None and counted - accounted in {0, head.count_offset}:
        return PopulationFacts(counted, accounted, counted - accounted, ())
    if not _walk(run, beside, newest_id):
        return PopulationFacts(counted, accounted, None, ())
    offset = counted - accounted if counted is not None else 0
    return PopulationFacts(counted, accounted, None if beside.shown else offset, beside.spans)


def _walk(run: Run, beside: Beside, newest_id: int) -> bool:
    """Look at all pages, up to the newest entry; False if that could not be done now.

    Archiving must not wait for it: the statement says that it is not known.
    """
    try:
        for entry in run.console.entries_above(0):
            if run.clock.remaining() < 2 * RUN_RESERVE:
                return False
            if entry["id"] <= newest_id:
                beside.add(entry)
    except ConsoleError:
        return False
    return True


def id_of(newest: ConsoleEntry | None) -> int:
    """The newest entry's id; 0 for one that is none, which the pages that follow refuse."""
    entry_id = (newest or {}).get("id")
    return entry_id if type(entry_id) is int else 0
