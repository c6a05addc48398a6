"""Every hole explained: which ids are missing from a trail, and why. Pure."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import TypeAlias

from audit_archive.domain.entry import Receipt
from audit_archive.domain.facts import Cause, Missing
from audit_archive.domain.head import Head
from audit_archive.domain.ranges import IdRange
from audit_archive.domain.receipts import reach_of
from audit_archive.domain.survey import Survey

_Cause: TypeAlias = tuple[int, str, int | None]
"""Up to which id it explains every missing one, what it is, and the receipt that tells."""


def explain_holes(survey: Survey, head: Head, foreign: Sequence[Receipt]) -> tuple[Missing, ...]:
    """The missing ids that no statement has listed yet, each range with its cause, ascending.

    Precedence: purged by us; purged by somebody else (the earliest receipt that reaches that far); below the
    first id ever seen; unexplained.
    """
    if not survey.ids:
        return ()
    gaps = survey.ids.gaps(head.highest_archived_id + 1, survey.last_id)
    causes = tuple(_causes(survey, head, foreign))
    return tuple(part for gap in gaps.ranges for part in _split(gap, causes))


def _split(gap: IdRange, causes: Sequence[_Cause]) -> Iterator[Missing]:
    """Cut one gap where its cause changes."""
    at = gap.first
    number = bisect_left(causes, at, key=itemgetter(0))
    while at <= gap.last and number < len(causes):
        last, cause, receipt_id = causes[number]
        yield Missing(at, min(last, gap.last), cause, receipt_id)
        at, number = last + 1, number + 1
    if at <= gap.last:
        yield Missing(at, gap.last, Cause.UNEXPLAINED, None)


def _causes(survey: Survey, head: Head, foreign: Sequence[Receipt]) -> Iterator[_Cause]:
    """Known causes in order of precedence, but for those that explain nothing which one before does not."""
    known: list[_Cause] = [(head.highest_purged_id, Cause.PURGED, None)]
    for receipt in sorted(foreign, key=lambda r: r.entry_id):
        known.append((reach_of(receipt), Cause.FOREIGN_PURGE, receipt.entry_id))
    if head.highest_archived_id == 0:
        known.append((survey.first_id - 1, Cause.BEFORE_ARCHIVE, None))
    reach = 0
    for cause in known:
        if cause[0] > reach:
            reach = cause[0]
            yield cause
