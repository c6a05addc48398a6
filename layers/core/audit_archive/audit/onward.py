"""The daily audit of a chain: it goes on from where earlier audits came.

1. The chain, from the bookmark of the earlier audits to its end.
2. Today's share once more: its statements, and every byte that they name. So a cycle walks the whole chain.
3. The whole chain from the first statement, if anything is wrong or was wrong, or if the bucket lists other
   versions of older statements than before. What this finds of the chain counts in place of 1 and 2.
4. The settings of the bucket, the objects that no statement names, the report, and the bookmarks for the next
   audit.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from audit_archive.audit.bookmarks import Begin, Resume, begin_at, chain_begin
from audit_archive.audit.claims import judge_claim
from audit_archive.audit.listing import Listing
from audit_archive.audit.overview import IndexCheck, WalkedChain
from audit_archive.audit.question import Audit, AuditQuestion
from audit_archive.audit.report import report_of
from audit_archive.audit.settings import judge_settings
from audit_archive.audit.share import ObjectAudit
from audit_archive.audit.signatures import Keys
from audit_archive.audit.strays import look_for_strays
from audit_archive.audit.tally import AuditTally
from audit_archive.audit.walk import Point, Step
from audit_archive.audit.work import Work, judge_chain, working
from audit_archive.bookmark import Bookmark, BookmarkKind
from audit_archive.format.head import Head
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.verdicts import Checked, Verification, Why


@dataclass(frozen=True)
class Onward:
    """What a daily audit found, and the bookmarks for the next one: those that are to be saved.

    `examined`: the statements to look at again that were looked at in full. `is_done`: whether time sufficed.
    `is_walked`: whether it did for the chain, and for every doubt about older statements.
    `has_passed_over`: whether a statement took too long. `is_stuck`: the first one of the share did.
    """

    verification: Verification
    bookmarks: dict[BookmarkKind, Bookmark]
    examined: frozenset[int]
    is_done: bool
    is_walked: bool
    has_passed_over: bool
    is_stuck: bool


def verify_onward(audit: Audit, question: AuditQuestion, resume: Resume, listing: Listing) -> Onward:
    """Audit an archive from the bookmarks on. `listing`: made after the ledger was read.

    Raises ArchiveStoreError if the archive can't be read, SettingsError for a full disk.
    """
    with working(audit, question) as work:
        return _DailyWalks(work, resume, listing).audit()


class _DailyWalks:
    """The walks of one daily audit: to the end of the chain, over the share, and of the whole chain.

    `_behind`: over the part of the share that lies before the begin of the first. It reports its faults.
    """

    def __init__(self, work: Work, resume: Resume, listing: Listing) -> None:
        self._question = work.question
        self._resume = resume
        self._listing = listing
        begin = chain_begin(work.audit, work.question, resume.chain, listing)
        self._is_changed = begin is not None and begin.bookmark.listing != listing.up_to(begin.point.number)
        self._work = work.anew(begin.point if begin is not None else None)
        self._chain = judge_chain(self._work, begin)
        self._behind_begin = self._place_before_share()
        self._behind = work.anew(self._behind_begin)
        self._behind_count = 0
        self._objects = replace(work, tally=AuditTally())
        self._share = ObjectAudit(self._objects, self._chain)
        self._whole: tuple[Work, WalkedChain] | None = None

    def audit(self) -> Onward:
        """Walk, check, and report."""
        continue_at = self._share.check(self._share_steps())
        if self._chain.is_whole and self._is_doubtful():
            self._whole = self._walk_whole()
        examined = self._look_again()
        tally, chain, keys = self._found(is_early=continue_at is not None)
        if self._work.audit.settings is not None:
            judge_settings(self._work.audit.settings, chain.longest_lock, tally)
        if self._work.audit.claim is not None and self._chain.is_whole:
            judge_claim(self._work.audit.claim, self._chain.end.number, tally)
        look_for_strays(self._work.audit, self._question, chain, tally, is_early=continue_at is not None)
        found = report_of(self._question, chain, tally, keys, continue_at=continue_at)
        is_walked = self._chain.is_whole and not self._is_cut_short
        is_done = continue_at is None and is_walked
        is_stuck = self._chain.is_whole and continue_at == self._question.from_seq and self._is_at_share()
        is_passed = self._share.has_passed_over
        return Onward(found, self._bookmarks(), examined, is_done, is_walked, is_passed, is_stuck)

    # ------------------------------------------------------------------------------ the share

    def _place_before_share(self) -> Point:
        """Where the walk over the share begins, if that lies before the begin of the walk to the end."""
        bookmark, console = self._resume.share, self._question.console
        is_before = (
            bookmark is not None and bookmark.head.seq < self._question.from_seq <= self._chain.begin.number
        )
        begin = begin_at(self._work.audit.source, console, bookmark) if is_before else None
        return begin.point if begin is not None else Point(0, Head(console))

    def _is_at_share(self) -> bool:
        """Whether the walk over the share begins with its first statement, and not before."""
        first = self._question.from_seq
        return first > self._chain.begin.number or self._behind_begin.number == first - 1

    def _share_steps(self) -> Iterator[Step]:
        last = self._question.to_seq or self._chain.end.number
        middle = self._chain.begin.number
        if self._question.from_seq > last:
            return  # an earlier part of the audit was done with the share
        if self._question.from_seq <= middle:
            yield from self._steps_behind(min(last, middle))
        if last > middle:
            # The walk to the end has reported the faults of these.
            yield from self._work.second_walk().steps(self._chain.start, last)

    def _steps_behind(self, last: int) -> Iterator[Step]:
        index = IndexCheck(self._work.audit, self._question.console, self._behind.tally)
        for step in self._behind.walk().steps(self._behind_begin, last):
            self._behind_count += 1
            index.compare(step)
            if step.after.number >= self._question.from_seq:
                self._chain.wanted[Checked.STATEMENTS] += 1
                if isinstance(step.statement, ArchiveStatement):
                    self._chain.count(step.statement, self._objects.tally, is_wanted=True)
            yield step

    # ------------------------------------------------------------------------------ the whole chain

    def _is_doubtful(self) -> bool:
        """Whether what earlier audits found of older statements does not count today."""
        has_faults = bool(self._work.tally.faults or self._behind.tally.faults)
        return self._chain.begin.number > 0 and (self._is_changed or has_faults or bool(self._question.again))

    def _walk_whole(self) -> tuple[Work, WalkedChain]:
        """Walk the whole chain; or the rest of it, if earlier audits of the same doubt had no time for it."""
        begin = self._begin_of_the_rest()
        work = self._work.anew(begin.point if begin is not None else None)
        return work, judge_chain(work, begin)

    def _begin_of_the_rest(self) -> Begin | None:
        bookmark = self._resume.whole
        if bookmark is None or bookmark.listing != self._listing.up_to(bookmark.head.seq):
            return None
        return chain_begin(self._work.audit, self._question, bookmark, self._listing)

    @property
    def _is_cut_short(self) -> bool:
        """Whether there is a walk of the whole chain that had not the time to come to its end."""
        return self._whole is not None and not self._whole[1].is_whole

    def _look_again(self) -> frozenset[int]:
        """Check the objects of statements that had faults. Returns those that were looked at in full."""
        walked = self._whole[1] if self._whole is not None else self._chain
        self._share.check_again(
            step for number, step in sorted(walked.again.items()) if number not in self._share.checked
        )
        return frozenset(n for n in self._question.again if self._is_examined(n, walked))

    def _is_examined(self, number: int, walked: WalkedChain) -> bool:
        """Whether a walk has passed a statement, and its objects were checked: it would have told a fault."""
        if number not in walked.again:
            return walked.is_whole and number > walked.begin.number
        is_settled = walked.unsettled is None or number < walked.unsettled
        return is_settled and number in self._share.checked

    # ------------------------------------------------------------------------------ what was found

    def _found(self, *, is_early: bool) -> tuple[AuditTally, WalkedChain, Keys]:
        """What counts of the walks: that of the whole chain, if it is of the whole, or else all of them."""
        tally, whole = AuditTally(), self._whole
        if whole is not None and whole[1].is_whole and not whole[1].begin.number:
            work, chain = whole
            parts = [work.tally, self._objects.tally]
        else:
            work, chain = self._work, self._chain
            parts = [work.tally, self._behind.tally, self._objects.tally]
            work.keys.add(self._behind.keys)
            if whole is None:
                self._count_unwalked(tally, is_early=is_early)
            else:
                parts.append(whole[0].tally)
        for part in parts:
            tally.add(part)
        return tally, chain, work.keys

    def _count_unwalked(self, tally: AuditTally, *, is_early: bool) -> None:
        """Count the statements before the walk to the end that the walk over the share did not come to."""
        first, middle, left = self._question.from_seq, self._chain.begin.number, 0
        if is_early and self._chain.is_whole and first <= middle:
            last = min(self._question.to_seq or middle, middle)
            left = max(0, last - self._behind_begin.number - self._behind_count)
        tally.skip(Checked.STATEMENTS, Why.TIME, left)
        tally.skip(Checked.STATEMENTS, Why.EARLIER, middle - self._behind_count - left)

    def _bookmarks(self) -> dict[BookmarkKind, Bookmark]:
        """The bookmarks for the next audit, where they are not what they were."""
        reached, kept = self._share.reached, self._chain_bookmark()
        share = Bookmark(reached.head) if reached is not None and reached.is_whole and reached.head else None
        rest = self._whole[1].kept(self._listing) if self._whole is not None and self._is_cut_short else None
        bookmarks = {BookmarkKind.CHAIN: kept, BookmarkKind.SHARE: share, BookmarkKind.WHOLE: rest}
        found = {
            kind: bookmark
            for kind, bookmark in bookmarks.items()
            if bookmark is not None and bookmark.head.seq
        }
        if rest is None and self._resume.whole is not None and self._chain.is_whole:
            found[BookmarkKind.WHOLE] = Bookmark(Head(self._question.console))  # the next doubt begins anew
        return found

    def _chain_bookmark(self) -> Bookmark:
        kept = self._chain.kept(self._listing)
        if self._whole is not None and not self._is_cut_short:
            return kept if not self._work.tally.faults else self._whole[1].kept(self._listing)
        # A difference in the listing that nobody has looked into stays one.
        return replace(kept, listing="") if self._is_changed else kept
