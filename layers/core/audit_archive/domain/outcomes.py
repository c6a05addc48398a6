"""How an answer ends, in a word and in a sentence. Pure.

"Nothing found", "nothing archived" and "no longer there" are different outcomes with different sentences.
"""

from audit_archive.domain.coverage import LISTED, Coverage, Population
from audit_archive.domain.limits import is_later
from audit_archive.domain.narrowing import overlap
from audit_archive.domain.query import Dates, Query
from audit_archive.domain.ranges import IdRange


class Outcome:
    """How an answer ends. What is archived, what is found, and what was never archived never look alike."""

    FOUND = "found"
    NONE_FOUND = "none_found"
    OUTSIDE = "outside"
    NOTHING_LEFT = "nothing_left"
    NOTHING_ARCHIVED = "nothing_archived"


def outcome_of(query: Query, coverage: Coverage) -> str:
    """How the answer to a query with this coverage ends."""
    if coverage.up_to is None and not coverage.archived:
        return Outcome.NOTHING_ARCHIVED
    if coverage.matched:
        return Outcome.FOUND
    if coverage.gone_files and not coverage.searched.entries:
        return Outcome.NOTHING_LEFT
    return Outcome.OUTSIDE if _is_outside(query, coverage) else Outcome.NONE_FOUND


def _is_outside(query: Query, coverage: Coverage) -> bool:
    """Whether a query asks for nothing of what is archived."""
    if query.start is not None and coverage.up_to is not None and is_later(query.start, coverage):
        return True
    newest = max((population.epoch for population in coverage.archived), default=0)
    return not any(_touches(query, population, coverage, newest) for population in coverage.archived)


def _touches(query: Query, population: Population, coverage: Coverage, newest: int) -> bool:
    """Whether a query asks for ids and dates within what is archived of an epoch."""
    last_date = population.last_date
    if population.epoch == newest and coverage.up_to is not None:
        last_date = max(last_date, coverage.up_to[: len(last_date)])
    return (
        query.epoch in (None, population.epoch)
        and overlap(query.ids, IdRange(population.first_id, population.last_id))
        and query.dates.meet(Dates(population.first_date, last_date))
    )


def sentence(console: str, outcome: str, coverage: Coverage) -> str:
    """The outcome, as one tells it to the person who asked."""
    searched = (
        f"{_counted(coverage.searched.entries, 'entry', 'entries')} in "
        f"{_counted(coverage.searched.entry_files, 'entry file')} of Console "
        f"{console}, which is archived up to {coverage.up_to or 'an unknown moment'}, were searched"
    )
    limits = "" if not coverage.not_covered else " This answer is not complete: see not_covered."
    match outcome:
        case Outcome.NOTHING_ARCHIVED:
            return (
                f"Nothing of Console {console} is archived: this answer says nothing of what happened there."
            )
        case Outcome.OUTSIDE:
            return (
                f"The question lies outside of what is archived of Console {console}: {_extent(coverage)}. "
                "This answer says nothing of what happened then."
            )
        case Outcome.NOTHING_LEFT:
            return (
                f"What was archived of Console {console} for this question is no longer there: "
                f"{coverage.gone_entries} entries in {_files(coverage)}, see gone_files."
            )
        case Outcome.NONE_FOUND:
            return f"No entry matches: {searched}.{limits}"
        case _:
            match = "1 entry matches" if coverage.matched == 1 else f"{coverage.matched} entries match"
            return f"{match}: {searched}.{limits}"


def _files(coverage: Coverage) -> str:
    """How many files are gone; no more than LISTED of them are known here."""
    count = len(coverage.gone_files)
    return _counted(count, "entry file") if count < LISTED else f"{count} entry files or more"


def _counted(count: int, one: str, many: str | None = None) -> str:
    """A number of things: `1 file`, `2 files`."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def _extent(coverage: Coverage) -> str:
    """What is archived, in words."""
    parts = [
        f"ids {p.first_id} to {p.last_id} of {p.first_date} to {p.last_date} (epoch {p.epoch})"
        for p in coverage.archived
    ]
    newer = coverage.nothing_newer_at
    said = f" (by the ledger's word, a run at {newer} found nothing newer on the Console)" if newer else ""
    return f"{', '.join(parts) or 'no entry'}, up to {coverage.up_to or 'an unknown moment'}{said}"
