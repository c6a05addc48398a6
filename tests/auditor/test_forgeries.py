"""Lies by somebody with the signing key that only `verify.py` is asked about; see also tests/attacks."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from audit_archive.format.canonical import canonical_bytes, source_line
from audit_archive.format.keys import to_base64
from audit_archive.format.layout import statement_key
from audit_archive.format.merkle import EMPTY_TREE, TreeBuilder
from tests.support.attacker import Victim
from tests.support.verify_program import ask, copied
from tests.support.world import CONSOLE


def test_a_tree_that_does_not_go_on_is_found_without_the_lines(tmp_path: Path) -> None:
    """Its root is that of its frontier, and its size is right. What else would tell is gone."""
    victim = Victim()
    builder = TreeBuilder(EMPTY_TREE)
    builder.extend(b"another line %d" % number for number in range(victim.statement(5).tree.size))
    victim.rewrite(5, lambda said: replace(said, tree=builder.tree()), signer=victim.signer)
    victim.truncate(5)
    (gone,) = (said for said in victim.archives if said.seq == 5)
    victim.lose(gone.export.key, *(file.key for file in gone.entries))
    assert ("misdescribed", statement_key(CONSOLE, 5)) in ask(copied(victim.store, tmp_path)).blamed


OTHER_LINES: dict[str, Callable[[bytes, int], bytes]] = {
    "another user": lambda line, _: line.replace(b'"user":"', b'"user":"mallory or ', 1),
    "its source, which canonical JSON carries": source_line,
    "its source in Base64": lambda line, entry_id: canonical_bytes(
        {"_source_base64": to_base64(line), "id": entry_id}
    ),
    "the source of its source": lambda line, entry_id: source_line(source_line(line, entry_id), entry_id),
}


@pytest.mark.parametrize("what", OTHER_LINES)
def test_a_line_that_the_export_does_not_have(what: str, tmp_path: Path) -> None:
    """Entry file, hashes, tree and signatures all fit: only the export says something else."""
    victim, said = Victim(), Victim().archives[-1]
    first, *others = said.entries
    true = gzip.decompress(victim.store.data(first.key))
    line, _, rest = true.partition(b"\n")
    entry_id = json.loads(line)["id"]
    content = OTHER_LINES[what](line, entry_id) + b"\n" + rest
    assert content != true
    victim.replace(first.key, gzip.compress(content, mtime=0))
    lines = [
        line for each in said.entries for line in gzip.decompress(victim.store.data(each.key)).splitlines()
    ]
    builder = TreeBuilder(victim.statement(said.seq - 1).tree)
    builder.extend(sorted(lines, key=lambda line: int(json.loads(line)["id"])))
    first = replace(first, content_sha256=sha256(content).hexdigest())
    changed = replace(said, entries=(first, *others))
    victim.rewrite(said.seq, lambda _: replace(changed, tree=builder.tree()), signer=victim.signer)
    for seq in range(said.seq + 1, victim.head.seq + 1):
        victim.rewrite(seq, lambda told: replace(told, tree=builder.tree()), signer=victim.signer)
    answer = ask(copied(victim.store, tmp_path))
    assert answer.blamed == {("misdescribed", statement_key(CONSOLE, said.seq))}
    (fault,) = answer.said["consoles"][0]["checks"][6]["faults"]
    assert fault["why"] == f"The line of entry {entry_id} does not match the export in content or date."
