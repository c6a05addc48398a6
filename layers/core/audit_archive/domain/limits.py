"""What an answer can't vouch for, and what somebody should know besides, a sentence each. Pure.

The sentences have no text in them that the Console's users chose.
"""

from collections.abc import Iterator

from audit_archive.domain.coverage import Coverage, Miscounted, StaleExport
from audit_archive.domain.query import Query
from audit_archive.domain.times import from_rfc3339

_TOLD = 5
"""How many ranges of ids, or files, a sentence has."""


def gaps(query: Query, coverage: Coverage) -> Iterator[str]:
    """What the query asks for and the answer can't vouch for."""
    if coverage.missing_ids:
        yield f"{coverage.missing_ids} ids in this range are not archived: see holes"
    if coverage.gone_entries:
        yield f"{coverage.gone_entries} archived entries are no longer there to be searched: see gone_files"
    for each in coverage.unjudged:
        told = (
            f"{each.count} entries have no readable {each.field}: nobody can say whether they are asked for"
        )
        yield f"{told}. Ask for them by id, see unjudged"
    if coverage.amended and query.is_filtered:
        told = "entries in this range have another form in a later export"
        yield f"{told}, which no filter looked into: see amended"
    yield from map(_lacking, coverage.stale)
    yield from map(_counted, coverage.miscounted)
    epochs = {population.epoch: population for population in coverage.archived}
    if query.epoch is not None and query.epoch not in epochs:
        yield f"there is no epoch {query.epoch} of Console {query.console}"
    elif _is_open(query, coverage):
        yield _after(coverage)
    if coverage.contradiction is not None:
        yield coverage.contradiction


def notices(coverage: Coverage, remark: str | None, amended: int) -> Iterator[str]:
    """What somebody should know or look into though the answer is whole.

    `remark`: why the ledger's index was not used; `amended`: how many entries of the answer have another
    form.
    """
    if remark is not None:
        yield (
            f"{remark}. This answer rests on the chain itself. Verify the archive, and recreate the ledger "
            "by an event like events/rebuild.json for the archive function"
        )
    if amended:
        yield f"{amended} entries of this answer have another form in a later export: see amended"
    for each in coverage.overlaid[:_TOLD]:
        false = ", ".join(each.false_version_ids[:_TOLD])
        yield (
            f"a false version lies above {each.key} (version {each.version_id}, which was read): {false}. "
            "Verify the archive, find out who put it there, and remove it"
        )
    if len(coverage.overlaid) > _TOLD:
        yield "more entry files lie under a false version: see overlaid"


def is_later(moment: int, coverage: Coverage) -> bool:
    """Whether a moment lies after all that is known to be archived."""
    return coverage.up_to is None or moment > from_rfc3339(coverage.up_to)


def is_asked_for(query: Query, stale: StaleExport, epoch: int, up_to: str | None) -> bool:
    """Whether a question reaches to what an export lacks."""
    is_open = query.end is None or up_to is None or query.end > from_rfc3339(up_to)
    return is_open and query.epoch in {None, epoch} and query.ids.last >= stale.lacks_id


def _is_open(query: Query, coverage: Coverage) -> bool:
    """Whether a query asks for later than what is archived. Without an end it asks for no more."""
    newest = max(coverage.archived, key=lambda population: population.epoch, default=None)
    if newest is not None and (query.ids.last <= newest.last_id or query.epoch not in {None, newest.epoch}):
        return False
    return query.end is not None and is_later(query.end, coverage)


def _after(coverage: Coverage) -> str:
    told = f"what happened after {coverage.up_to or 'the last archived entry'} is not archived yet"
    if coverage.nothing_newer_at is None:
        return told
    newer = coverage.nothing_newer_at
    return f"{told}: by the ledger's word, a run at {newer} found nothing newer on the Console"


def _lacking(each: StaleExport) -> str:
    return (
        f"the Console showed the entry {each.lacks_id}, and its export of {each.served_at} lacks it: what is "
        "newer than up_to may be missing, see stale"
    )


def _counted(each: Miscounted) -> str:
    export = f"its export of {each.served_at}"
    if each.counted in {None, each.accounted}:
        told = f"the Console showed entries that {export} lacks"
    else:
        told = f"the Console counted {each.counted} entries where {export} holds {each.accounted}"
    spans = [f"{span.first} to {span.last}" for span in each.unexported[:_TOLD]]
    if not spans:
        return f"{told}: see miscounted"
    more = ", and more" if len(each.unexported) > _TOLD else ""
    return f"{told}: the ids {', '.join(spans)}{more} were shown and are not in it, see miscounted"
