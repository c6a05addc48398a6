"""The words of the report for what an archive may hold, and the links between its sections.

The words are for a reader who has never seen the product.
"""

import re
from collections.abc import Mapping

from audit_archive.evidence.model import Turn
from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import Cause
from audit_archive.format.verdicts import Depth, Verdict, Why
from audit_archive.html_page.markup import Markup, Node, element, joined
from audit_archive.html_page.parts import code, number
from audit_archive.retrieve.coverage import LISTED, Absence, RestsOn
from audit_archive.retrieve.outcome import AnswerOutcome

SILENT = frozenset({AnswerOutcome.OUTSIDE, AnswerOutcome.NOTHING_LEFT, AnswerOutcome.NOTHING_ARCHIVED})
"""Outcomes of an answer that says nothing about what happened."""

CAUSE_WORDS: Mapping[Cause | UnknownMember, str] = {
    Cause.PURGED: "destroyed by a purge of ours, never archived",
    Cause.FOREIGN_PURGE: "destroyed by a foreign purge, never archived",
    Cause.BEFORE_ARCHIVE: "gone before this archive began",
    Cause.UNEXPLAINED: "missing without an explanation",
}
CHOICE_WORDS: Mapping[RestsOn, str] = {
    RestsOn.INDEX: "by the index in the ledger, and each one that was read matched the index",
    RestsOn.STATEMENTS: "all were read, and the hash of each compared with the next statement",
}
ABSENCES = {
    Absence.EXPIRED: "its retention has ended",
    Absence.REMOVED: "removed before its retention ended",
    Absence.NOT_PUBLISHED: "not written yet: its run has not ended, or it failed",
}
TURNS: Mapping[Turn | UnknownMember, str] = {
    Turn.BEGIN: "Archive begins",
    Turn.KEY: "Signing key named",
    Turn.BUNDLE_KEY: "Bundle key named",
    Turn.EPOCH: "New epoch",
    Turn.RESUME: "Purging resumed by a person",
    Turn.REBUILD: "Ledger rebuilt",
    Turn.ACCEPT: "Missing ids accepted by a person",
    Turn.ACCEPT_FAULTS: "Faults of an audit accepted by a person",
    Turn.LEGAL_HOLD: "Legal hold set by a person",
    Turn.END_LEGAL_HOLD: "Legal hold released by a person",
    Turn.FOREIGN_PURGE: "Foreign purge",
    Turn.MISMATCH: "A purge differed from its plan",
    Turn.UNKNOWN: "The outcome of a purge is unknown",
    Turn.HOLE: "Ids missing",
}
VERDICT_WORDS = {
    Verdict.ALTERED: "its bytes do not match the hash that was stated",
    Verdict.MISSING: "a statement names it, and it is gone before its retention ended",
    Verdict.UNLOCKED: "its lock against deletion is missing or weaker than stated",
    Verdict.WRONG_ENCRYPTION: "it is not encrypted with keys that only the store itself has",
    Verdict.CHANGED_SETTING: "a setting of the bucket is not the one of the template",
    Verdict.ENDING: "its lock against deletion ends soon or has ended, and was not extended",
    Verdict.MISDESCRIBED: "its content does not match what was stated",
    Verdict.BROKEN: "the statement does not follow from the one before it",
    Verdict.GAP: "an id stands in no statement, or in two",
    Verdict.FORKED: "there are two histories, or a second version",
    Verdict.UNSIGNED: "no checkpoint has a valid signature by a known key",
    Verdict.EXPIRED: "it is gone or hidden, and its time in the archive has ended",
    Verdict.ORPHANED: "no statement names it",
    Verdict.HOLE: "ids are missing without an explanation, and the archive says so",
    Verdict.FOREIGN_PURGE: "a purge that no statement planned, and the archive says so",
}
DEPTHS = {
    Depth.CHAIN: "every statement of the chain, with its hash and its signature",
    Depth.OBJECTS: "every statement; and whether each object that a statement names is there, with its "
    "size, checksum and lock",
    Depth.CONTENT: "every statement, and every byte of the exports and entry files behind them",
}
REASONS = {
    Why.DEPTH: "the depth of this audit does not include it",
    Why.RANGE: "it lies outside the statements that were audited",
    Why.TIME: "the audit ran out of time",
    Why.EXPIRED: "it is gone, and its retention has ended",
    Why.COPY: "a copy of the archive does not show it",
    Why.UNKEPT: "the bucket stores no such value",
    Why.FAULT: "something that it depends on is missing or can't be trusted",
    Why.BUNDLE: "a bundle does not hold it",
    Why.REFUSED: "the role of the audit may not read it",
    Why.UNKNOWN: "the audit does not know what it should be",
    Why.EARLIER: "an earlier audit checked it",
    Why.UNRECORDED: "its run has not ended, or it failed",
}


MOST_ROWS = 50
"""How many rows a table of the report has; all of them are in a file beside it."""


LISTS = {
    "not_covered": "what is not covered",
    "holes": "the holes",
    "gone_files": "the gone files",
    "unjudged": "the unjudged entries",
    "stale": "the stale exports",
    "miscounted": "the exports that do not match the Console's count",
    "amended": "the other forms",
    "overlaid": "the files under a false version",
}
"""Sentences name a field of the manifest, for programs. By that name: what it is called on the page."""

_NAMES = re.compile(rf"`([^`]+)`|(?<=see )({'|'.join(LISTS)})")


def left_out(there: int, shown: int = MOST_ROWS, where: str = "manifest.json") -> str:
    """How many rows a list leaves out, and the file that has them; empty if the list has all."""
    if there <= shown:
        return ""
    least = "at least " if there == LISTED else ""
    return f"and {least}{number(there - shown)} more, in {where}"


def with_links(sentence: str) -> Markup:
    """A sentence of our own: names in backticks become code, names of lists become links.

    Not for a text with a value in it that others chose: they could write a link of ours.
    """
    nodes: list[Node] = []
    for at, part in enumerate(_NAMES.split(sentence)):
        if part:  # `split` gives in turn: plain text, a name in backticks, the name of a list
            nodes.append((part, code(part), _link(part))[at % 3])
    return joined(*nodes)


def _link(place: str) -> Markup:
    return element("a", LISTS.get(place, place), href=f"#{place}")
