"""Whether a statement goes on from the state that those before it left: ids, tree and watermarks. Pure.

Every id from 1 to the highest archived of an epoch is archived or listed as missing, exactly once. That can
be told from statements alone: the ids above the last watermark are the new entries and the missing ranges
together, and whatever lies below it was listed as missing before, and is filled now.
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
    """What is wrong: the verdict, and a clause that follows the statement's key in a sentence."""

    verdict: Verdict
    clause: str


def misfits(before: Head, said: Statement, *, knows_holes: bool) -> Iterator[Misfit]:
    """Everything in which a statement does not go on from `before`.

    `knows_holes`: whether `before` has the open holes of the whole epoch. Raises ValueError for a moment that
    can't be read.
    """
    yield from _place(before, said)
    is_epoch = _is_epoch(said)
    start = 0 if is_epoch else before.highest_archived_id
    purged = 0 if is_epoch else before.highest_purged_id
    added, last = 0, start
    if isinstance(said, ArchiveStatement):
        added, last = said.slice.count, max(start, said.slice.last_id or 0)
        yield from _slice(said)
        yield from _ids(said, start, last, before if knows_holes else None)
        if (said.plan.boundary or 0) > last:
            yield Misfit(
                Verdict.MISDESCRIBED,
                f"plans a purge up to id {said.plan.boundary}, and only ids up to {last} are archived",
            )
    if said.highest_archived_id != last:
        yield Misfit(
            Verdict.MISDESCRIBED,
            f"says that {said.highest_archived_id} is the highest archived id, not {last}",
        )
    if said.highest_purged_id < purged or (is_epoch and said.highest_purged_id):
        yield Misfit(Verdict.MISDESCRIBED, f"lowers the highest purged id from {purged}")
    yield from _tree(before.tree, said.tree, added)
    from_rfc3339(said.run.started_at)


def _is_epoch(said: Statement) -> bool:
    return isinstance(said, OperatorStatement) and said.action == Action.EPOCH


def _place(before: Head, said: Statement) -> Iterator[Misfit]:
    """Whose, of which number and of which epoch the statement is."""
    if said.console != before.console:
        yield Misfit(Verdict.BROKEN, f"is of the Console {said.console}, not of {before.console}")
    if said.seq != before.seq + 1:
        yield Misfit(Verdict.BROKEN, f"has the number {said.seq}, not {before.seq + 1}")
    if said.epoch != before.epoch + _is_epoch(said):
        yield Misfit(Verdict.BROKEN, f"is of epoch {said.epoch} and follows one of epoch {before.epoch}")


def _slice(said: ArchiveStatement) -> Iterator[Misfit]:
    """Whether keys, counts and ids of the objects fit each other."""
    export, part, files = said.export, said.slice, said.entries
    served_at = from_rfc3339(export.served_at)
    from_rfc3339(export.retain_until)
    if export.key != export_key(said.console, served_at, export.first_id, export.last_id, export.sha256):
        yield Misfit(Verdict.MISDESCRIBED, f"names an export whose key is not its own: {export.key}")
    for file in files:
        if file.key != entries_key(said.console, file.date, said.seq):
            yield Misfit(Verdict.MISDESCRIBED, f"names an entry file whose key is not its own: {file.key}")
    stated = (part.first_id, part.last_id, part.count)
    dates = [file.date for file in files]
    is_ordered = dates == sorted(set(dates)) and all(map(_is_sane, files))
    if stated != _summed(files) or not is_ordered:
        yield Misfit(Verdict.MISDESCRIBED, "has a slice that is not the sum of its entry files")
    first, last = part.first_id or export.first_id, part.last_id or export.last_id
    if not export.first_id <= first <= last <= export.last_id:
        yield Misfit(Verdict.MISDESCRIBED, "has a slice with ids that its export does not reach")


def _is_sane(file: EntryFile) -> bool:
    return 0 < file.count <= file.last_id - file.first_id + 1


def _summed(files: tuple[EntryFile, ...]) -> tuple[int | None, int | None, int]:
    first = min((file.first_id for file in files), default=None)
    last = max((file.last_id for file in files), default=None)
    return first, last, sum(file.count for file in files)


def _ids(said: ArchiveStatement, start: int, last: int, before: Head | None) -> Iterator[Misfit]:
    """The ids from `start` (excluded) to `last`, and those below it that a late writer filled."""
    at, missing = start, 0
    for hole in said.missing:
        if not at < hole.first <= hole.last <= last or hole.cause not in CAUSES:
            yield Misfit(Verdict.GAP, f"lists ids as missing that can't be: {hole.first} to {hole.last}")
            return
        at, missing = hole.last, missing + hole.last - hole.first + 1
    filled = said.filled
    if any(a >= b for a, b in pairwise(filled)) or any(i > start for i in filled):
        yield Misfit(Verdict.GAP, "lists ids as filled that can't be")
        return
    open_ids = before.open_ids if before is not None and filled else None
    twice = [entry_id for entry_id in filled if open_ids is not None and entry_id not in open_ids]
    if twice:
        yield Misfit(Verdict.GAP, f"archives again what no statement lists as missing: id {twice[0]}")
    unaccounted = last - start - missing - (said.slice.count - len(filled))
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
    """Whether the tree has grown by so many leaves, as far as its frontier shows it."""
    if after.size != before.size + added:
        yield Misfit(Verdict.MISDESCRIBED, f"has a tree of {after.size} leaves, not {before.size + added}")
        return
    if not added:
        if after != before:
            yield Misfit(Verdict.MISDESCRIBED, "has another tree than the statement before, and adds nothing")
        return
    if not _is_whole(after):
        yield Misfit(Verdict.MISDESCRIBED, "has a tree whose frontier does not give its root")
        return
    for (old, a), (new, b) in zip(_subtrees(before), _subtrees(after), strict=False):
        if old != new:
            break
        if a != b:
            yield Misfit(Verdict.MISDESCRIBED, "has a tree that does not go on from the one before")
            return


def _is_whole(tree: Tree) -> bool:
    nodes = [bytes.fromhex(node) for node in tree.frontier]
    return len(nodes) == tree.size.bit_count() and root_of(nodes) == tree.root


def _subtrees(tree: Tree) -> Iterator[tuple[int, str]]:
    """The perfect subtrees, largest first: their sizes and roots."""
    sizes = (1 << bit for bit in reversed(range(tree.size.bit_length())) if tree.size >> bit & 1)
    yield from zip(sizes, tree.frontier, strict=False)
