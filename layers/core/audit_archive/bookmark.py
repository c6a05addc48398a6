"""A bookmark: how far the daily audits have come along a chain, and the state there. The auditor's own note.

No audit believes a bookmark that the statement it names does not confirm. Without one an audit begins at the
first statement.
"""

from dataclasses import dataclass
from enum import StrEnum

from audit_archive.format.head import Head
from audit_archive.format.verdicts import AuditedCoverage


class BookmarkKind(StrEnum):
    """Which bookmark of a Console."""

    CHAIN = "chain"
    """Audits walked the chain from the first statement up to here: the next audit goes on from here."""
    SHARE = "share"
    """The present cycle walked the chain again up to here, with the contents: the next share begins here."""
    WHOLE = "whole"
    """A walk of the whole chain, which had not the time to come to its end, came up to here."""


NOTHING_COVERED = AuditedCoverage((), None, None)


@dataclass(frozen=True)
class Bookmark:
    """A statement up to which audits walked a chain, and what they know there.

    `head`: the head after the statement. In the bookmark SHARE the other fields are empty. `covered`: what
    the statements up to it cover. `names`: what they name, 8 bytes a name. `listing`: the digest of the
    bucket's listing of statements and checkpoints up to it; empty if a difference in it was not looked into.
    `longest_lock`: the longest lock that an archive statement up to it states, in seconds.
    """

    head: Head
    covered: AuditedCoverage = NOTHING_COVERED
    names: bytes = b""
    listing: str = ""
    longest_lock: int = 0
