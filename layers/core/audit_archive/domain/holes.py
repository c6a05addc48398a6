"""Every hole explained: which ids are missing from a trail, and why. Pure."""

from collections.abc import Iterator, Sequence

from audit_archive.domain.entry import Receipt
from audit_archive.domain.facts import Cause, Missing
from audit_archive.domain.head import Head
from audit_archive.domain.ranges import IdRange
from audit_archive.domain.survey import Survey


def explain_holes(survey: Survey, head: Head, foreign: Sequence[Receipt]) -> tuple[Missing, ...]:
    """The missing ids that no statement has listed yet, each range with its cause, ascending.

    Precedence: purged by us; purged by somebody else (the earliest receipt that reaches that far); below the
    first id ever seen; unexplained.
    """
    if not survey.ids:
        return ()
    gaps = survey.ids.gaps(head.highest_archived_id + 1, survey.last_id)
    return tuple(part for gap in gaps.ranges for part in _split(gap, survey, head, foreign))


def _split(gap: IdRange, survey: Survey, head: Head, foreign: Sequence[Receipt]) -> Iterator[Missing]:
    """Cut one gap where its cause changes."""
    at = gap.first
    for last, cause, receipt_id in _causes(survey, head, foreign):
        if last >= at:
            yield Missing(at, min(last, gap.last), cause, receipt_id)
            at = min(last, gap.last) + 1
        if at > gap.last:
            return
    yield Missing(at, gap.last, Cause.UNEXPLAINED, None)


def _causes(survey: Survey, head: Head, foreign: Sequence[Receipt]) -> Iterator[tuple[int, str, int | None]]:
    """Known causes in order of precedence: each explains every missing id up to its first part."""
    yield head.highest_purged_id, Cause.PURGED, None
    for receipt in sorted(foreign, key=lambda r: r.entry_id):
        if receipt.before_id is not None:
            yield receipt.before_id, Cause.FOREIGN_PURGE, receipt.entry_id
    if head.highest_archived_id == 0:
        yield survey.first_id - 1, Cause.BEFORE_ARCHIVE, None
