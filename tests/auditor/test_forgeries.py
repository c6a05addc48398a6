"""Statements that somebody with the signing key writes anew: both find the same lies in them."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import Cause, Missing
from audit_archive.format.layout import statement_key
from audit_archive.format.merkle import EMPTY_TREE, TreeBuilder
from audit_archive.format.statement import ArchiveStatement, Statement
from audit_archive.format.verdicts import Depth
from tests.support.attacker import Victim
from tests.support.fakes import FakeSigner
from tests.support.verify_program import Both, ask, copied
from tests.support.world import CONSOLE

Lie = Callable[[ArchiveStatement], ArchiveStatement]

LIES: dict[str, tuple[int, Lie]] = {
    "a hole is not told": (4, lambda s: replace(s, missing=s.missing[:1])),
    "a hole is told that is none": (7, lambda s: replace(s, missing=(Missing(16, 16, Cause.PURGED, None),))),
    "a hole in another place": (
        4,
        lambda s: replace(s, missing=(s.missing[0], replace(s.missing[1], first=11, last=11))),
    ),
    "another cause": (
        4,
        lambda s: replace(s, missing=tuple(replace(m, cause=UnknownMember("mood")) for m in s.missing)),
    ),
    "an id is filled again": (7, lambda s: replace(s, filled=(13,))),
    "nothing is filled": (5, lambda s: replace(s, filled=())),
    "somebody else purged": (
        4,
        lambda s: replace(s, receipts_seen=tuple(replace(r, user="nobody") for r in s.receipts_seen)),
    ),
    "another number was purged": (
        4,
        lambda s: replace(s, receipts_seen=tuple(replace(r, count=1) for r in s.receipts_seen)),
    ),
    "nobody purged": (4, lambda s: replace(s, receipts_seen=())),
    "another root": (4, lambda s: replace(s, tree=replace(s.tree, root="0" * 64))),
    "another frontier": (4, lambda s: replace(s, tree=replace(s.tree, frontier=s.tree.frontier[::-1]))),
    "a longer tree": (4, lambda s: replace(s, tree=replace(s.tree, size=s.tree.size + 1))),
    "a higher watermark": (4, lambda s: replace(s, highest_archived_id=s.highest_archived_id + 1)),
    "a purge is forgotten": (7, lambda s: replace(s, highest_purged_id=0)),
    "more rows": (4, lambda s: replace(s, export=replace(s.export, rows=s.export.rows + 1))),
    "more in a file": (4, lambda s: replace(s, entries=(replace(s.entries[0], count=9), *s.entries[1:]))),
    "a smaller slice": (4, lambda s: replace(s, slice=replace(s.slice, count=s.slice.count - 1))),
    "a slice that begins earlier": (4, lambda s: replace(s, slice=replace(s.slice, first_id=1))),
    "a file is left out": (4, lambda s: replace(s, entries=s.entries[1:])),
    "another date": (
        4,
        lambda s: replace(s, entries=(replace(s.entries[0], date="2026-01-01"), *s.entries[1:])),
    ),
    "another anchor": (4, lambda s: replace(s, anchor=None)),
    "another epoch": (4, lambda s: replace(s, epoch=2)),
    "another moment of serving": (4, lambda s: replace(s, export=replace(s.export, served_at="yesterday"))),
    "another lock": (4, lambda s: replace(s, export=replace(s.export, retain_until="soon"))),
}


def line_twice(victim: Both) -> Lie:
    """A line stands twice in its entry file, and the statement says so of the file."""
    file = victim.archives[0].entries[0]
    content = gzip.decompress(victim.store.data(file.key))
    content = content.partition(b"\n")[0] + b"\n" + content
    data = gzip.compress(content, mtime=0)
    victim.replace(file.key, data)
    stated = replace(
        file,
        content_sha256=sha256(content).hexdigest(),
        sha256=sha256(data).hexdigest(),
        size=len(data),
        count=file.count + 1,
    )
    return lambda said: replace(said, entries=(stated, *said.entries[1:]))


def test_a_line_twice_that_is_signed(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The tree is over one of them, as is the slice: only the count of all lines tells."""
    victim = Both(tmp_path_factory.mktemp("aside"))
    told(victim, victim.archives[0].seq, line_twice(victim))
    judge(victim, tmp_path)


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_that_is_signed(lie: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    victim = Both(tmp_path_factory.mktemp("aside"))
    told(victim, *LIES[lie])
    judge(victim, tmp_path)


def told(victim: Both, seq: int, lie: Lie) -> None:
    """The lie is told by a statement, and it and all after it are chained and signed anew."""

    def forged(said: Statement) -> Statement:
        assert isinstance(said, ArchiveStatement)
        changed = lie(said)
        assert changed != said
        return changed

    signer = victim.world.signer
    assert isinstance(signer, FakeSigner)
    victim.rewrite(seq, forged, signer=signer)


def test_a_frontier_that_is_no_hashes(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of a statement that adds nothing, so that it is read when the next one goes on from it."""
    victim = Both(tmp_path_factory.mktemp("aside"))
    signer = victim.world.signer
    assert isinstance(signer, FakeSigner)
    odd = replace(victim.statement(6).tree, frontier=("xyz",))
    victim.rewrite(6, lambda said: replace(said, tree=odd), signer=signer)
    judge(victim, tmp_path)


def judge(victim: Both, folder: Path) -> None:
    """Both must find it, in the same objects."""
    found = victim.audit(Depth.CONTENT, source=victim.copied(folder), has_ledger=False, trusted=victim.keys)
    assert not found.is_valid


def test_a_tree_that_does_not_go_on_is_found_without_the_lines(tmp_path: Path) -> None:
    """Its root is that of its frontier, and its size is right; an entry file that would tell is gone."""
    victim = Victim()
    builder = TreeBuilder(EMPTY_TREE)
    for number in range(victim.statement(5).tree.size):
        builder.append(b"another line %d" % number)
    victim.rewrite(5, lambda said: replace(said, tree=builder.tree()), signer=signer_of(victim))
    victim.truncate(5)
    victim.lose(*(file.key for file in victim.archives[2].entries))
    assert ("misdescribed", statement_key(CONSOLE, 5)) in ask(copied(victim.store, tmp_path)).blamed


def test_a_line_that_the_export_does_not_have(tmp_path: Path) -> None:
    """Entry file, hashes, tree and signatures all fit: only the export says something else."""
    victim, said = Victim(), Victim().archives[-1]
    first, *others = said.entries
    true = gzip.decompress(victim.store.data(first.key))
    content = true.replace(b'"user":"', b'"user":"mallory or ', 1)
    assert content != true
    victim.replace(first.key, gzip.compress(content, mtime=0))
    lines = [
        line for each in said.entries for line in gzip.decompress(victim.store.data(each.key)).splitlines()
    ]
    builder = TreeBuilder(victim.statement(said.seq - 1).tree)
    for line in sorted(lines, key=lambda line: int(json.loads(line)["id"])):
        builder.append(line)
    first = replace(first, content_sha256=sha256(content).hexdigest())
    changed = replace(said, entries=(first, *others))
    victim.rewrite(said.seq, lambda _: replace(changed, tree=builder.tree()), signer=signer_of(victim))
    for seq in range(said.seq + 1, victim.head.seq + 1):
        victim.rewrite(seq, lambda told: replace(told, tree=builder.tree()), signer=signer_of(victim))
    answer = ask(copied(victim.store, tmp_path))
    assert answer.blamed == {("misdescribed", statement_key(CONSOLE, said.seq))}


def signer_of(victim: Victim) -> FakeSigner:
    """The key that signs."""
    assert isinstance(victim.world.signer, FakeSigner)
    return victim.world.signer
