"""Where a daily audit begins: at a bookmark that the bucket confirms, or else at the first statement."""

from collections.abc import Iterable
from dataclasses import dataclass

from audit_archive.audit.listing import Listing
from audit_archive.audit.locks import RequiredLock, stated_lock
from audit_archive.audit.question import Audit, AuditQuestion
from audit_archive.audit.walk import Point
from audit_archive.bookmark import Bookmark
from audit_archive.errors import IntegrityError
from audit_archive.format.head import Head
from audit_archive.format.statement import ArchiveStatement
from audit_archive.ports import ArchiveSource
from audit_archive.storage.chain import is_stated, read_known


@dataclass(frozen=True)
class Resume:
    """The bookmarks in the auditor's notes. `BookmarkKind` says what each is; one may be absent."""

    chain: Bookmark | None = None
    share: Bookmark | None = None
    whole: Bookmark | None = None


@dataclass(frozen=True)
class Begin:
    """A bookmark that the bucket confirms, and the point there."""

    bookmark: Bookmark
    point: Point


def begin_at(source: ArchiveSource, console: str, bookmark: Bookmark | None) -> Begin | None:
    """The place of a bookmark; None if its statement does not state the bookmark's head, or can't be read.

    The statement is read by its version, and its hash is checked.
    """
    if bookmark is None or bookmark.head.console != console or not is_stated(source, bookmark.head):
        return None
    try:
        lock = _lock_of_the_run(source, bookmark.head)
    except IntegrityError:
        return None
    is_signing = bookmark.head.public_key is not None
    return Begin(bookmark, Point(bookmark.head.seq, bookmark.head, is_signing=is_signing, lock=lock))


def _lock_of_the_run(source: ArchiveSource, head: Head) -> tuple[str, RequiredLock] | None:
    """The run of the head's statement, and the lock that it stated last; None if it has stated none so far.

    Later statements of the run must have that lock. Raises IntegrityError.
    """
    ref, run = head.statement, None
    while ref is not None:
        statement = read_known(source, ref)
        if run not in {None, statement.run.id}:
            return None
        if isinstance(statement, ArchiveStatement):
            return statement.run.id, stated_lock(statement)
        ref, run = statement.previous, statement.run.id
    return None


def chain_begin(
    audit: Audit, question: AuditQuestion, bookmark: Bookmark | None, listing: Listing
) -> Begin | None:
    """Where the walk along the chain may begin.

    None, which means the first statement: if the bucket does not confirm the bookmark, if it lists no
    statement after it, or if somebody names a statement up to it, which a walk from there would not judge.
    """
    if (
        bookmark is None
        or bookmark.head.seq >= listing.newest
        or bookmark.head.seq >= min(_named(audit, question))
    ):
        return None
    return begin_at(audit.source, question.console, bookmark)


def _named(audit: Audit, question: AuditQuestion) -> Iterable[float]:
    """The numbers of the statements that the chain must contain; one without a number may be any."""
    yield from (point.seq or 0 for point in question.known)
    recorded = audit.recorded
    yield recorded.seq if recorded is not None and recorded.statement is not None else float("inf")
