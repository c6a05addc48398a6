"""How far the daily audits of a Console have come: the auditor's own notes.

A bookmark is a place in the chain, and the state there. No audit believes a bookmark that the statement it
names does not confirm. Without one an audit begins at the first statement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, repeat

from audit_archive.format.codec import UnknownMember
from audit_archive.format.head import Head
from audit_archive.format.times import DAY, MOST_AHEAD, any_rfc3339
from audit_archive.format.verdicts import AuditedCoverage, Fault

MOST_NOTED = 100
"""Faults that a note lists. An operator can accept these; with more, purging is held in any case."""

LEAST_AUDIT_AGE = 3 * DAY
"""A Console whose last audit is younger counts as verified, however often it is to be audited."""


def oldest_audit(gap: int) -> int:
    """After how many seconds an audit is too old. `gap`: those that the schedule leaves between two, or 0."""
    return max(2 * gap, LEAST_AUDIT_AGE)


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


class AuditResult(StrEnum):
    """How a daily audit ended."""

    VALID = "valid"
    """It found no fault."""
    FAULTS = "faults"
    """It found faults."""


@dataclass(frozen=True)
class Rotation:
    """How far the daily audits of a Console are, and how the last one ended.

    `next_seq`: the statement at which the next share begins. `cycle_started_at`: when the first share of this
    cycle was due. `faults`: those that it found, and open ones that it did not look at again. `newest_seq`,
    `newest_sha256`: the newest statement of the last audit without a fault; later audits require it in the
    chain. `share_last`: where an unfinished share ends; 0 if it was finished. `stuck_at`: the statement for
    which an audit had no time, though its share began there; 0 without one. `open_seqs`: statements with open
    faults. `open_faults`: the faults that the last audit found, as far as the note has room for them. An
    operator can accept these. `open_since`: when each of these was first found, since which each audit found
    it; a note of an older release says nothing of that, which counts as ever. `period`: seconds between
    archive runs of this Console, as the last audit was told; 0 if it was not.

    How far they came: `walked_at`: when an audit last came to the end of the chain, and to the end of every
    doubt about older statements; 0: none has. `round_at`: when the cycle came to the newest statement: the
    next share begins another one; 0 before. `unread_since`: when the oldest cycle began that has not read all
    contents. `content_days`: within how many days a cycle must. `passed_over`: the last statement that
    this cycle passed over, because its objects take more than an invocation; 0 without one. Moments in epoch
    seconds.
    """

    next_seq: int
    cycle_started_at: int
    last_completed_at: int
    last_result: AuditResult | UnknownMember
    faults: int
    newest_seq: int
    newest_sha256: str | None
    share_last: int = 0
    stuck_at: int = 0
    open_seqs: tuple[int, ...] = ()
    period: int = 0
    walked_at: int = 0
    round_at: int = 0
    unread_since: int = 0
    content_days: int = 0
    passed_over: int = 0
    open_faults: tuple[Fault, ...] = ()
    open_since: tuple[int, ...] = ()

    @property
    def since(self) -> dict[str, int]:
        """Since when each noted fault has been there, by its digest."""
        moments = zip(self.open_faults, chain(self.open_since, repeat(0)), strict=False)
        return {fault.sha256: at for fault, at in moments}

    def accepted(self, decided: Mapping[str, int]) -> frozenset[str]:
        """The noted faults that an operator accepted, by digest. `decided`: when each was, the last time.

        A decision is about the fault that was there then. One that was mended, and is there again, is new.
        """
        return frozenset(digest for digest, at in self.since.items() if at <= decided.get(digest, -1))

    def unaccepted(self, decided: Mapping[str, int]) -> int:
        """How many faults no operator has accepted. `decided`: as for `accepted`."""
        accepted = self.accepted(decided)
        return max(self.faults, 1) - sum(fault.sha256 in accepted for fault in self.open_faults)

    def overdue(self, now: int, oldest: int) -> str | None:
        """What the audits have not done in time, as a clause; None without any.

        `oldest`: after how many seconds an audit is too old. A moment of the future counts as too old: it
        would be in time for ever.
        """

        def is_late(at: int, within: int) -> bool:
            return not now - within <= at <= now + MOST_AHEAD

        if is_late(self.last_completed_at, oldest):
            return f"the last audit ended at {any_rfc3339(self.last_completed_at)}"
        # Before an audit has come to the end, the beginning of the first cycle counts.
        walked = self.walked_at or self.unread_since
        if is_late(walked, oldest):
            return f"no audit has come to the end of the chain since {any_rfc3339(walked)}"
        if is_late(self.unread_since, self.content_days * DAY + oldest):
            long = f": statement {self.passed_over} takes more than an invocation" * bool(self.passed_over)
            within = f"all contents were to be read within {self.content_days} days of"
            return f"{within} {any_rfc3339(self.unread_since)}, and were not{long}"
        return None
