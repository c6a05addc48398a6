"""How an answer ends: its outcome, and the sentences on what it can't vouch for. Pure.

"Nothing found", "nothing archived" and "no longer there" are different outcomes with different sentences. No
sentence has a text in it that the Console's users chose, so the report may make links of them.
"""

from collections.abc import Iterator
from enum import StrEnum

from audit_archive.format.ids import IdRange
from audit_archive.format.times import Dates, from_rfc3339
from audit_archive.retrieve.coverage import LISTED, Coverage, Miscounted, Population, StaleExport
from audit_archive.retrieve.narrowing import overlap
from audit_archive.retrieve.query import EntryPlace, Query

_NAMED = 5
"""Ranges of ids, or files, that a sentence names at most."""


def gaps(query: Query, coverage: Coverage) -> Iterator[str]:
    """What the query asks for and the answer can't vouch for, a sentence each."""
    epochs = {population.epoch: population for population in coverage.archived}
    if query.after is not None:
        yield _before(query.after, epochs.get(query.after.epoch))
    if coverage.cursor is not None:
        yield (
            f"more entries match than the limit of {query.limit}, and those after {coverage.cursor} were not "
            "searched: ask again with that as the cursor"
        )
    if coverage.missing_ids:
        yield (
            f"{_counted(coverage.missing_ids, 'id')} in this range {_are(coverage.missing_ids)} not "
            "archived: see holes"
        )
    if coverage.gone_entries:
        entries = _counted(coverage.gone_entries, "archived entry", "archived entries")
        yield f"{entries} can no longer be searched, because their files are gone: see gone_files"
    for each in coverage.unjudged:
        entries = _counted(each.count, "entry has", "entries have")
        yield (
            f"{entries} no readable {each.field}, so it is not known whether the question asks for them. Ask "
            "for them by id: see unjudged"
        )
    if coverage.amended and query.is_filtered:
        yield (
            "entries in this range have another form in a later export, and the filters looked at the "
            "archived form only: see amended"
        )
    yield from map(_lacking, coverage.stale)
    yield from map(_miscounted, coverage.miscounted)
    if query.epoch is not None and query.epoch not in epochs:
        yield f"Console {query.console} has no epoch {query.epoch} in this archive"
    elif _is_open(query, coverage):
        yield _after(coverage)
    if coverage.contradiction is not None:
        yield coverage.contradiction


def _before(after: EntryPlace, known: Population | None) -> str:
    """What a cursor leaves out. `known`: what is archived of its epoch."""
    if known is None or after.id > known.last_id:
        return f"no answer about this archive ended with the cursor {after}: ask again without it"
    return f"entries up to {after} are not in this answer: they are in the pages before it"


def notices(coverage: Coverage, remark: str | None, amended: int) -> Iterator[str]:
    """What a person should know or look into, though the answer is complete; a sentence each.

    `remark`: why the ledger's index was not used; `amended`: how many entries of the answer have another
    form.
    """
    if remark is not None:
        yield (
            f"{remark}. This answer was made from the statements themselves. Verify the archive, then "
            "rebuild the ledger with `canary-audit ledger rebuild`"
        )
    if amended:
        entries = f"{_counted(amended, 'entry', 'entries')} of this answer {_have(amended)}"
        yield f"{entries} another form in a later export: see amended"
    for each in coverage.overlaid[:_NAMED]:
        false = ", ".join(each.false_version_ids[:_NAMED])
        yield (
            f"{each.key} has a newer version with other content: {false}. The version {each.version_id} was "
            "read, and it matches its hash. Verify the archive, find out who wrote the newer version, and "
            "remove it"
        )
    if len(coverage.overlaid) > _NAMED:
        yield "more entry files have a newer version with other content: see overlaid"


def is_later(moment: int, coverage: Coverage) -> bool:
    """Whether a moment lies after all that is known to be archived."""
    return coverage.up_to is None or moment > from_rfc3339(coverage.up_to)


def is_asked_for(query: Query, stale: StaleExport, epoch: int, up_to: str | None) -> bool:
    """Whether a question asks for what an export lacks."""
    is_open = query.end is None or up_to is None or query.end > from_rfc3339(up_to)
    return is_open and query.epoch in {None, epoch} and query.ids.last >= stale.lacks_id


def _is_open(query: Query, coverage: Coverage) -> bool:
    """Whether a query asks for a later time than what is archived. Without an end it does not."""
    newest = max(coverage.archived, key=lambda population: population.epoch, default=None)
    if newest is not None and (query.ids.last <= newest.last_id or query.epoch not in {None, newest.epoch}):
        return False
    return query.end is not None and is_later(query.end, coverage)


def _after(coverage: Coverage) -> str:
    limit = f"what happened after {coverage.up_to or 'the last archived entry'} is not archived yet"
    if coverage.nothing_newer_at is None:
        return limit
    return f"{limit}. {_nothing_newer(coverage.nothing_newer_at)}"


def _nothing_newer(moment: str) -> str:
    return f"The ledger says that a run at {moment} found no newer entry on the Console"


def _lacking(each: StaleExport) -> str:
    return (
        f"the Console showed entry {each.lacks_id}, and its export of {each.served_at} lacks it, so newer "
        "entries may be missing too: see stale"
    )


def _miscounted(each: Miscounted) -> str:
    export = f"its export of {each.served_at}"
    if each.counted in {None, each.accounted}:
        difference = f"the Console showed entries that {export} lacks"
    else:
        difference = f"the Console counted {each.counted:,} entries, and {export} holds {each.accounted:,}"
    spans = [
        str(span.first) if span.first == span.last else f"{span.first} to {span.last}"
        for span in each.unexported[:_NAMED]
    ]
    if not spans:
        return f"{difference}: see miscounted"
    more = ", and more" if len(each.unexported) > _NAMED else ""
    return f"{difference}. It lacks ids that the Console showed, {', '.join(spans)}{more}: see miscounted"


class AnswerOutcome(StrEnum):
    """How an answer ends. What is archived, what is found, and what was never archived never look alike."""

    FOUND = "found"
    """Something that is archived matches."""
    NONE_FOUND = "none_found"
    """What is archived was searched, and no entry matches."""
    OUTSIDE = "outside"
    """The question lies outside of what is archived."""
    NOTHING_LEFT = "nothing_left"
    """What was archived for the question is no longer there."""
    NOTHING_ARCHIVED = "nothing_archived"
    """Nothing of the Console is archived at all."""


def outcome_of(query: Query, coverage: Coverage) -> AnswerOutcome:
    """How the answer to a query with this coverage ends."""
    if coverage.up_to is None and not coverage.archived:
        return AnswerOutcome.NOTHING_ARCHIVED
    if coverage.matched:
        return AnswerOutcome.FOUND
    if coverage.gone_files and not coverage.searched.entries:
        return AnswerOutcome.NOTHING_LEFT
    return AnswerOutcome.OUTSIDE if _is_outside(query, coverage) else AnswerOutcome.NONE_FOUND


def _is_outside(query: Query, coverage: Coverage) -> bool:
    """Whether a query asks only for what was never archived."""
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


def sentence(console: str, outcome: AnswerOutcome, coverage: Coverage) -> str:
    """The outcome as a sentence, for the person who asked."""
    count = coverage.searched.entries
    searched = (
        f"{_counted(count, 'entry', 'entries')} in {_counted(coverage.searched.entry_files, 'entry file')} "
        f"of Console {console}, which is archived up to {coverage.up_to or 'an unknown moment'}, "
        f"{_were(count)} searched{', and the next file in part' if coverage.cursor is not None else ''}"
    )
    limits = "" if not coverage.not_covered else " This answer is not complete: see not_covered."
    match outcome:
        case AnswerOutcome.NOTHING_ARCHIVED:
            return (
                f"Nothing of Console {console} is archived: this answer says nothing about what "
                "happened there."
            )
        case AnswerOutcome.OUTSIDE:
            return (
                f"The question lies outside of what is archived of Console {console}: {_extent(coverage)}. "
                "This answer says nothing about what happened then."
            )
        case AnswerOutcome.NOTHING_LEFT:
            return (
                f"What was archived of Console {console} for this question is no longer there: "
                f"{_counted(coverage.gone_entries, 'entry', 'entries')} in {_files(coverage)}, see "
                "gone_files."
            )
        case AnswerOutcome.NONE_FOUND:
            return f"No entry matches: {searched}.{limits}"
        case _:
            match = "1 entry matches" if coverage.matched == 1 else f"{coverage.matched:,} entries match"
            return f"{match}: {searched}.{limits}"


def _files(coverage: Coverage) -> str:
    """How many files are gone. The coverage lists LISTED of them, so that may mean more."""
    count = len(coverage.gone_files)
    return _counted(count, "entry file") if count < LISTED else f"{count} entry files or more"


def _counted(count: int, one: str, many: str | None = None) -> str:
    """A number of things: `1 file`, `2,000 files`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def _extent(coverage: Coverage) -> str:
    """The ids and dates that are archived, in words."""
    parts = [
        f"ids {p.first_id} to {p.last_id} of {p.first_date} to {p.last_date} (epoch {p.epoch})"
        for p in coverage.archived
    ]
    newer = f". {_nothing_newer(coverage.nothing_newer_at)}" if coverage.nothing_newer_at else ""
    return f"{', '.join(parts) or 'no entry'}, up to {coverage.up_to or 'an unknown moment'}{newer}"
