"""The words for what an answer, an audit and an archive may hold; a reader has never seen the product."""

from audit_archive.domain.coverage import Absence
from audit_archive.domain.evidence import Turn
from audit_archive.domain.facts import Cause
from audit_archive.domain.outcomes import Outcome
from audit_archive.domain.verdicts import Depth, Verdict, Why

SILENT = frozenset({Outcome.OUTSIDE, Outcome.NOTHING_LEFT, Outcome.NOTHING_ARCHIVED})
"""Outcomes that say nothing of what happened."""

CAUSES = {
    Cause.PURGED: "gone by a purge of ours before it was archived",
    Cause.FOREIGN_PURGE: "destroyed by somebody else's purge before it was archived",
    Cause.BEFORE_ARCHIVE: "gone before this archive began",
    Cause.UNEXPLAINED: "missing without an explanation",
}
ABSENCES = {
    Absence.EXPIRED: "its retention is over",
    Absence.REMOVED: "removed before its retention was over",
    Absence.NOT_PUBLISHED: "not written yet: its run is not done, or died",
}
TURNS = {
    Turn.BEGIN: "Archive begins",
    Turn.KEY: "Signing key named",
    Turn.EPOCH: "New epoch",
    Turn.RESUME: "Resumed by a person",
    Turn.REBUILD: "Ledger rebuilt",
    Turn.FOREIGN_PURGE: "Foreign purge",
    Turn.MISMATCH: "A purge differed from its plan",
    Turn.UNKNOWN: "How a purge ended is unknown",
    Turn.HOLE: "Ids missing",
}
VERDICTS = {
    Verdict.ALTERED: "its bytes are not those that a hash names",
    Verdict.MISSING: "named, and not there before its time",
    Verdict.UNLOCKED: "not locked against deletion as stated",
    Verdict.MISDESCRIBED: "what it holds does not fit what is stated",
    Verdict.BROKEN: "a statement that does not follow the one before it",
    Verdict.GAP: "an id that is in no statement, or in two",
    Verdict.FORKED: "two histories, or a second version",
    Verdict.UNSIGNED: "no checkpoint by a known key",
    Verdict.EXPIRED: "gone, as its retention is over",
    Verdict.ORPHANED: "no statement names it",
    Verdict.HOLE: "ids missing without an explanation, stated as such",
    Verdict.FOREIGN_PURGE: "a purge that was not ours, stated as such",
}
DEPTHS = {
    Depth.CHAIN: "every statement of the chain, its hash and its signature",
    Depth.OBJECTS: "every statement, and of each object that one names its presence, size, checksum and lock",
    Depth.CONTENT: "every statement, and every byte of the exports and entry files behind them",
}
REASONS = {
    Why.DEPTH: "this audit does not look that deep",
    Why.RANGE: "outside of the statements that were audited",
    Why.TIME: "the time was over",
    Why.EXPIRED: "gone, as its retention is over",
    Why.COPY: "a copy does not show it",
    Why.UNKEPT: "the bucket keeps none",
    Why.FAULT: "something that it rests on is missing or not to be trusted",
    Why.UNRECORDED: "its run is not done, or died",
}


def number(count: int) -> str:
    """A count with its thousands set apart. Ids are names: they are written as they are."""
    return f"{count:,}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count and what is counted: `1 entry`, `1,200 entries`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def span(first: object, last: object, to: str = "to") -> str:
    """From the first to the last; one of them if they are the same."""
    return str(first) if first == last else f"{first} {to} {last}"
