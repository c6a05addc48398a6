"""Whether a statement goes on from the state that those before it left: ids, tree and watermarks. Pure.

Every id from 1 to the highest archived id of an epoch is archived or listed as missing, exactly once. The
statements alone show that: the ids above the last watermark are the new entries and the missing ranges
together, and each id below it was listed as missing before and is filled now.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from audit_archive.format.facts import Action, Cause, EntryFile
from audit_archive.format.head import Head
from audit_archive.format.layout import entries_key, export_key
from audit_archive.format.merkle import Tree, root_of
from audit_archive.format.statement import ArchiveStatement, OperatorStatement, Statement
from audit_archive.format.times import from_rfc3339
from audit_archive.format.verdicts import Verdict

CAUSES = frozenset(Cause)


class Misfit(NamedTuple):
    """What is wrong with a statement: the verdict, and a clause to follow its key in a sentence."""

    verdict: Verdict
    clause: str


def misfits(before: Head, statement: Statement, *, knows_holes: bool) -> Iterator[Misfit]:
    """Everything that keeps a statement from following the head `before`.

    `knows_holes`: whether `before` has the open holes of the whole epoch. Raises ValueError for a moment that
    can't be read.
    """
    yield from _place(before, statement)
    is_epoch = _is_epoch(statement)
    start = 0 if is_epoch else before.highest_archived_id
    purged = 0 if is_epoch else before.highest_purged_id
    added, last = 0, start
    if isinstance(statement, ArchiveStatement):
        added, last = statement.slice.count, max(start, statement.slice.last_id or 0)
        yield from _slice(statement)
        yield from _ids(statement, start, last, before if knows_holes else None)
        if (statement.plan.boundary or 0) > last:
            yield Misfit(
                Verdict.MISDESCRIBED,
                f"plans a purge up to id {statement.plan.boundary}, and only ids up to {last} are archived",
            )
    if statement.highest_archived_id != last:
        yield Misfit(
            Verdict.MISDESCRIBED,
            f"states {statement.highest_archived_id} as the highest archived id, not {last}",
        )
    if statement.highest_purged_id < purged or (is_epoch and statement.highest_purged_id):
        yield Misfit(Verdict.MISDESCRIBED, f"lowers the highest purged id from {purged}")
    yield from _tree(before.tree, statement.tree, added)
    from_rfc3339(statement.run.started_at)


def _is_epoch(statement: Statement) -> bool:
    return isinstance(statement, OperatorStatement) and statement.action == Action.EPOCH


def _place(before: Head, statement: Statement) -> Iterator[Misfit]:
    """Check the statement's Console, number and epoch."""
    if statement.console != before.console:
        yield Misfit(Verdict.BROKEN, f"is of the Console {statement.console}, not of {before.console}")
    if statement.seq != before.seq + 1:
        yield Misfit(Verdict.BROKEN, f"has the number {statement.seq}, not {before.seq + 1}")
    if statement.epoch != before.epoch + _is_epoch(statement):
        yield Misfit(Verdict.BROKEN, f"is of epoch {statement.epoch} and follows one of epoch {before.epoch}")


def _slice(statement: ArchiveStatement) -> Iterator[Misfit]:
    """Check that the keys, counts and ids of the objects fit each other."""
    export, part, files = statement.export, statement.slice, statement.entries
    served_at = from_rfc3339(export.served_at)
    from_rfc3339(export.retain_until)
    if export.key != export_key(statement.console, served_at, export.first_id, export.last_id, export.sha256):
        yield Misfit(Verdict.MISDESCRIBED, f"names an export with a key that does not fit it: {export.key}")
    for file in files:
        if file.key != entries_key(statement.console, file.date, statement.seq):
            yield Misfit(
                Verdict.MISDESCRIBED, f"names an entry file with a key that does not fit it: {file.key}"
            )
    stated = (part.first_id, part.last_id, part.count)
    dates = [file.date for file in files]
    is_ordered = dates == sorted(set(dates)) and all(map(_is_plausible, files))
    if stated != _summed(files) or not is_ordered:
        yield Misfit(Verdict.MISDESCRIBED, "has a slice that is not the sum of its entry files")
    first, last = part.first_id or export.first_id, part.last_id or export.last_id
    if not export.first_id <= first <= last <= export.last_id:
        yield Misfit(Verdict.MISDESCRIBED, "has a slice with ids that lie outside its export")


def _is_plausible(file: EntryFile) -> bool:
    return 0 < file.count <= file.last_id - file.first_id + 1


def _summed(files: tuple[EntryFile, ...]) -> tuple[int | None, int | None, int]:
    first = min((file.first_id for file in files), default=None)
    last = max((file.last_id for file in files), default=None)
    return first, last, sum(file.count for file in files)


def _ids(statement: ArchiveStatement, start: int, last: int, before: Head | None) -> Iterator[Misfit]:
    """Check the ids from `start` (excluded) to `last`, and those below that a late writer filled."""
    at, missing = start, 0
    for hole in statement.missing:
        if not at < hole.first <= hole.last <= last or hole.cause not in CAUSES:
            yield Misfit(
                Verdict.GAP, f"lists ids as missing that can't be missing: {hole.first} to {hole.last}"
            )
            return
        at, missing = hole.last, missing + hole.last - hole.first + 1
    filled = statement.filled
    if any(a >= b for a, b in pairwise(filled)) or any(i > start for i in filled):
        yield Misfit(Verdict.GAP, "lists ids as filled that can't be filled")
        return
    open_ids = before.open_ids if before is not None and filled else None
    twice = [entry_id for entry_id in filled if open_ids is not None and entry_id not in open_ids]
    if twice:
        yield Misfit(
            Verdict.GAP, f"archives id {twice[0]} again: no statement before it lists the id as missing"
        )
    unaccounted = last - start - missing - (statement.slice.count - len(filled))
    if unaccounted > 0:
        yield Misfit(
            Verdict.GAP,
            f"leaves {unaccounted} of the ids {start + 1} to {last} neither archived nor listed as missing",
        )
    if unaccounted < 0:
        yield Misfit(
            Verdict.GAP, f"accounts for {-unaccounted} more ids than there are from {start + 1} to {last}"
        )


def _tree(before: Tree, after: Tree, added: int) -> Iterator[Misfit]:
    """Check that the tree has grown by so many leaves, as far as its frontier shows."""
    if after.size != before.size + added:
        yield Misfit(Verdict.MISDESCRIBED, f"has a tree of {after.size} leaves, not {before.size + added}")
        return
    if not added:
        if after != before:
            yield Misfit(Verdict.MISDESCRIBED, "changes the tree, but adds no entry")
        return
    if not _is_whole(after):
        yield Misfit(Verdict.MISDESCRIBED, "has a tree with a frontier that does not give its root")
        return
    for (old, a), (new, b) in zip(_subtrees(before), _subtrees(after), strict=False):
        if old != new:
            break
        if a != b:
            yield Misfit(Verdict.MISDESCRIBED, "has a tree that does not continue the one before")
            return


def _is_whole(tree: Tree) -> bool:
    nodes = [bytes.fromhex(node) for node in tree.frontier]
    return len(nodes) == tree.size.bit_count() and root_of(nodes) == tree.root


def _subtrees(tree: Tree) -> Iterator[tuple[int, str]]:
    """The perfect subtrees, largest first: their sizes and roots."""
    sizes = (1 << bit for bit in reversed(range(tree.size.bit_length())) if tree.size >> bit & 1)
    yield from zip(sizes, tree.frontier, strict=False)
