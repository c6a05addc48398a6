"""Lies by somebody with every means: the signing key, the ledger, and all statements after it chained anew.

What no signature and no hash can show, the archive's own logic does: ids, trees, and the export itself.
"""

import gzip
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from audit_archive.format.checkpoint import Checkpoint
from audit_archive.format.codec import UnknownMember, member_of
from audit_archive.format.facts import Cause, Missing, ObjectRef
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.merkle import Tree, TreeBuilder
from audit_archive.format.statement import ArchiveStatement, Statement, statement_bytes
from audit_archive.format.verdicts import Depth, Verdict
from tests.attacks.deeds import Deed
from tests.attacks.table import COPIES
from tests.attacks.verifiers import judged
from tests.support.attacker import Victim, blamed
from tests.support.world import CONSOLE

Lie = Callable[[ArchiveStatement], ArchiveStatement]
ZERO = "0" * 64


def export(**fields: Any) -> Lie:
    return lambda said: replace(said, export=replace(said.export, **fields))


def file(at: int, **fields: Any) -> Lie:
    def lie(said: ArchiveStatement) -> ArchiveStatement:
        files = list(said.entries)
        files[at] = replace(files[at], **fields)
        return replace(said, entries=tuple(files))

    return lie


def tree(change: Callable[[Tree], Tree]) -> Lie:
    return lambda said: replace(said, tree=change(said.tree))


def turned(tree: Tree) -> Tree:
    return replace(tree, frontier=tree.frontier[::-1])


def missing(*ranges: tuple[int, int], cause: str = "unexplained") -> Lie:
    return lambda said: replace(
        said, missing=tuple(Missing(a, b, member_of(Cause, cause), None) for a, b in ranges)
    )


# Statement 4 archives 11, 12, 14 and 15 of one date, lists 9 to 10 and 13 as missing, and a receipt, 12;
# statement 5 fills 13. Of each lie: the statement that tells it, the verdict, and the depth that finds it.
LIES: dict[str, tuple[int, str, str, Lie]] = {
    "a hole is not told": (4, Verdict.GAP, Depth.CHAIN, lambda s: replace(s, missing=s.missing[:1])),
    "a hole is told that is none": (7, Verdict.GAP, Depth.CHAIN, missing((16, 16), cause="purged")),
    "another cause": (
        4,
        Verdict.GAP,
        Depth.CHAIN,
        lambda s: replace(s, missing=tuple(replace(m, cause=UnknownMember("mood")) for m in s.missing)),
    ),
    "an id is filled again": (7, Verdict.GAP, Depth.CHAIN, lambda s: replace(s, filled=(13,))),
    "missing ids that are not": (4, Verdict.GAP, Depth.CHAIN, missing((9, 10), (13, 14))),
    "missing ids that lie below": (4, Verdict.GAP, Depth.CHAIN, missing((8, 10), (13, 13))),
    "missing ids that lie above": (4, Verdict.GAP, Depth.CHAIN, missing((9, 10), (16, 16))),
    "missing ids twice": (4, Verdict.GAP, Depth.CHAIN, missing((9, 10), (10, 11))),
    "an unheard-of cause": (4, Verdict.GAP, Depth.CHAIN, missing((9, 10), (13, 13), cause="aliens")),
    "another id missing than is": (4, Verdict.MISDESCRIBED, Depth.CONTENT, missing((10, 11), (13, 13))),
    "not filled": (5, Verdict.GAP, Depth.CHAIN, lambda said: replace(said, filled=())),
    "filled what was not missing": (5, Verdict.GAP, Depth.CHAIN, lambda said: replace(said, filled=(12,))),
    "filled twice": (5, Verdict.GAP, Depth.CHAIN, lambda said: replace(said, filled=(13, 13))),
    "a purge forgotten": (
        4, Verdict.MISDESCRIBED, Depth.CHAIN, lambda said: replace(said, highest_purged_id=0)
    ),
    "a larger tree": (4, Verdict.MISDESCRIBED, Depth.CHAIN, tree(lambda t: replace(t, size=t.size + 1))),
    "another root": (4, Verdict.MISDESCRIBED, Depth.CHAIN, tree(lambda t: replace(t, root=ZERO))),
    "no root": (4, Verdict.MISDESCRIBED, Depth.CHAIN, tree(lambda t: replace(t, frontier=("xyz",)))),
    "another frontier": (4, Verdict.MISDESCRIBED, Depth.CHAIN, tree(turned)),
    "a watermark higher by one": (
        4, Verdict.MISDESCRIBED, Depth.CHAIN, lambda s: replace(s, highest_archived_id=16)
    ),
    "a purge forgotten where there is none after it": (
        7, Verdict.MISDESCRIBED, Depth.CHAIN, lambda s: replace(s, highest_purged_id=0)
    ),
    "a smaller slice": (
        4,
        Verdict.MISDESCRIBED,
        Depth.CHAIN,
        lambda s: replace(s, slice=replace(s.slice, count=s.slice.count - 1)),
    ),
    "a slice that begins earlier": (
        4, Verdict.MISDESCRIBED, Depth.CHAIN, lambda s: replace(s, slice=replace(s.slice, first_id=1))
    ),
    "a file left out": (4, Verdict.MISDESCRIBED, Depth.CHAIN, lambda s: replace(s, entries=s.entries[1:])),
    "another epoch": (4, Verdict.BROKEN, Depth.CHAIN, lambda s: replace(s, epoch=2)),
    "another number was purged": (
        4,
        Verdict.MISDESCRIBED,
        Depth.CONTENT,
        lambda s: replace(s, receipts_seen=(replace(s.receipts_seen[0], count=1),)),
    ),
    "one row more": (4, Verdict.MISDESCRIBED, Depth.CONTENT, export(rows=5)),
    "an export's key": (4, Verdict.MISDESCRIBED, Depth.CHAIN, export(served_at="2020-01-01T00:00:00Z")),
    "a date that is none": (4, Verdict.MISDESCRIBED, Depth.CHAIN, export(retain_until="for ever")),
    "an entry file of another date": (4, Verdict.MISDESCRIBED, Depth.CHAIN, file(0, date="2020-01-01")),
    "an entry more in a file": (4, Verdict.MISDESCRIBED, Depth.CHAIN, file(0, count=5)),
    "other lines in the export": (4, Verdict.MISDESCRIBED, Depth.CONTENT, export(lines_sha256=ZERO)),
    "other lines": (4, Verdict.MISDESCRIBED, Depth.CONTENT, file(0, content_sha256=ZERO)),
    "no foreign purge": (
        4, Verdict.MISDESCRIBED, Depth.CONTENT, lambda said: replace(said, receipts_seen=())
    ),
    "another purger": (
        4,
        Verdict.MISDESCRIBED,
        Depth.CONTENT,
        lambda said: replace(said, receipts_seen=(replace(said.receipts_seen[0], user="nobody"),)),
    ),
    "a purge is planned beyond what is archived": (
        4,
        Verdict.MISDESCRIBED,
        Depth.CHAIN,
        lambda said: replace(said, plan=replace(said.plan, boundary=16)),
    ),
    "another newest entry": (4, Verdict.MISDESCRIBED, Depth.CONTENT, lambda said: replace(said, anchor=None)),
}  # fmt: skip


@pytest.fixture
def victim() -> Victim:
    return Victim()


def lied(seq: int, lie: Lie) -> Deed:
    """The lie is told by a statement; it and all after it are chained and signed anew."""

    def edit(said: Statement) -> Statement:
        assert isinstance(said, ArchiveStatement)
        changed = lie(said)
        assert changed != said
        return changed

    return lambda victim: victim.rewrite(seq, edit, signer=victim.signer)


def line_twice(victim: Victim) -> None:
    """A line stands twice in its entry file, and the statement says so of the file."""
    stated = victim.archives[0].entries[0]
    content = gzip.decompress(victim.store.data(stated.key))
    content = content.partition(b"\n")[0] + b"\n" + content
    data = gzip.compress(content, mtime=0)
    victim.replace(stated.key, data)
    sums = {"content_sha256": sha256(content).hexdigest(), "sha256": sha256(data).hexdigest()}
    lied(2, file(0, **sums, size=len(data), count=stated.count + 1))(victim)


def odd_frontier(victim: Victim) -> None:
    """Of a statement that adds nothing, so that it is read when the next one goes on from it."""
    odd = replace(victim.statement(6).tree, frontier=("xyz",))
    victim.rewrite(6, lambda said: replace(said, tree=odd), signer=victim.signer)


@pytest.mark.parametrize("name", LIES)
def test_lie(victim: Victim, name: str, tmp_path: Path) -> None:
    seq, verdict, depth, lie = LIES[name]
    lied(seq, lie)(victim)
    fault = verdict, statement_key(CONSOLE, seq)
    found_in_copies(victim, fault, tmp_path)
    victim.restore_ledger(8)
    for shallower in tuple(Depth)[: tuple(Depth).index(depth)]:
        assert blamed(victim.audit(shallower, trusted=victim.keys)) == set()
    found = victim.audit(depth, trusted=victim.keys)
    assert fault in blamed(found)
    assert {fault.seq for fault in found.faults} <= {seq, seq + 1}


def found_in_copies(victim: Victim, fault: tuple[str, str], folder: Path) -> None:
    """The audit of a copy finds this fault among others; `verify.py` finds the same ones."""
    audited, answered = (judged(victim, verifier, folder) for verifier in COPIES)
    assert fault in audited
    assert answered == audited


# Of these there is no ledger, or the next statement is blamed for them.
OF_A_COPY: dict[str, tuple[str, int, Deed]] = {
    "a hole in another place": (
        Verdict.GAP,
        5,
        lied(4, lambda s: replace(s, missing=(s.missing[0], replace(s.missing[1], first=11, last=11)))),
    ),
    "served at no moment": (Verdict.MISDESCRIBED, 4, lied(4, export(served_at="yesterday"))),
    "a line twice: only the count of all lines tells": (Verdict.MISDESCRIBED, 2, line_twice),
    "a frontier that is no hashes": (Verdict.MISDESCRIBED, 6, odd_frontier),
}


@pytest.mark.parametrize("name", OF_A_COPY)
def test_lie_in_a_copy(victim: Victim, name: str, tmp_path: Path) -> None:
    verdict, seq, deed = OF_A_COPY[name]
    deed(victim)
    found_in_copies(victim, (verdict, statement_key(CONSOLE, seq)), tmp_path)


def test_state_the_digest_of_another_head(victim: Victim) -> None:
    """So that a ledger that was made to fit would be believed. The one after it is not blamed for it."""
    said = replace(victim.statement(4), head_sha256=ZERO)
    ref = victim.restate(4, said)
    victim.sign(4, victim.signer)
    victim.rewrite(5, lambda said: said, signer=victim.signer, previous=ref)
    victim.restore_ledger(8)
    found = victim.audit(Depth.CHAIN, trusted=victim.keys)
    assert blamed(found) == {(Verdict.MISDESCRIBED, statement_key(CONSOLE, 4))}
    assert "states a head_sha256 that does not match the head after it" in found.faults[0].sentence


def test_sign_another_tree_than_is_stated(victim: Victim) -> None:
    said, signer = victim.statement(4), victim.signer
    digest = sha256(statement_bytes(said)).hexdigest()
    checkpoint = Checkpoint(CONSOLE, said.tree.size, ZERO, digest)
    key = checkpoint_key(CONSOLE, 4)
    victim.replace(key, checkpoint.signed(signer.public_key(), signer.sign(checkpoint.text())))
    assert blamed(victim.audit(Depth.CHAIN, trusted=victim.keys)) == {(Verdict.MISDESCRIBED, key)}


def test_state_the_tree_over_other_lines(victim: Victim) -> None:
    """It grows as it should and its root is that of its frontier: only the lines themselves tell."""
    builder = TreeBuilder(victim.statement(6).tree)
    builder.extend(b"another line %d" % number for number in range(victim.archives[3].slice.count))
    for seq in (7, 8):
        victim.rewrite(seq, lambda said: replace(said, tree=builder.tree()), signer=victim.signer)
    victim.restore_ledger(8)
    assert blamed(victim.audit(Depth.OBJECTS, trusted=victim.keys)) == set()
    found = blamed(victim.audit(Depth.CONTENT, trusted=victim.keys))
    assert found == {(Verdict.MISDESCRIBED, statement_key(CONSOLE, 7))}


def test_chain_something_that_is_no_statement(victim: Victim) -> None:
    """The next one names its hash, so nobody altered it: it was put so."""
    key, junk = statement_key(CONSOLE, 4), b'{"kind":"archive"}'
    victim.replace(key, junk)
    ref = ObjectRef(key, victim.store.history(key)[-1].version_id, sha256(junk).hexdigest())
    victim.rewrite(5, lambda said: said, signer=victim.signer, previous=ref)
    found = victim.audit(Depth.CHAIN, has_ledger=False)
    assert blamed(found) == {(Verdict.MISDESCRIBED, key)}
