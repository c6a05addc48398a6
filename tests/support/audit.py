"""What must be true of every archive, whatever happened: checked from the bytes, by slow and plain means."""

import gzip
import json
from base64 import b64decode
from hashlib import sha256
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from audit_archive.adapters.signing import is_signed
from audit_archive.format.checkpoint import Checkpoint, open_checkpoint
from audit_archive.format.head import Head
from audit_archive.format.keys import PublicKey
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.statement import ArchiveStatement, OperatorStatement
from tests.support.fakes.console import OURS
from tests.support.merkle import mth
from tests.support.world import CONSOLE, World


def archived_lines(world: World) -> list[bytes]:
    """Every line in the entry files, in archive order, each file checked against its statement."""
    lines: list[bytes] = []
    for said in world.archives():
        of_slice: list[bytes] = []
        for facts in said.entries:
            data = world.store.data(facts.key)
            assert sha256(data).hexdigest() == facts.sha256
            assert len(data) == facts.size
            content = gzip.decompress(data)
            assert sha256(content).hexdigest() == facts.content_sha256
            found = content.splitlines()
            assert [facts.first_id, facts.last_id, facts.count] == [
                json.loads(found[0])["id"],
                json.loads(found[-1])["id"],
                len(found),
            ]
            of_slice += found
        assert len(of_slice) == said.slice.count
        lines += sorted(of_slice, key=lambda line: int(json.loads(line)["id"]))
    return lines


def canonical(entry: dict[str, Any]) -> bytes:
    """The line of an entry, by the standard library alone."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def merkle_root(lines: list[bytes]) -> str:
    """The root over some lines, as statements write it."""
    return mth(lines).hex()


def fold(world: World) -> Head:
    """The head that the chain in the bucket amounts to, from scratch."""
    head = Head(CONSOLE)
    for said, ref in zip(world.chain(), world.refs(), strict=True):
        assert (said.seq, said.previous) == (head.seq + 1, head.statement)
        head = head.after(said, ref)
    return head


def audit(world: World) -> None:
    """Nothing purged that is not archived, each entry archived once, one chain, a ledger that agrees."""
    lines = archived_lines(world)
    ids = [json.loads(line)["id"] for line in lines]
    assert len(set(ids)) == len(ids), "an entry is archived twice"
    kept = set(lines)
    for destroyed in world.trail.destroyed:
        if destroyed.user == OURS:
            assert canonical(destroyed.entry) in kept, f"we purged {destroyed.entry['id']} unarchived"
    _audit_chain(world, lines)
    _audit_exports(world)
    audit_checkpoints(world)
    assert world.head == fold(world)


def audit_quiet(world: World) -> None:
    """The same, of a world that has come to rest: besides, every live entry but our receipts is archived."""
    audit(world)
    kept = set(archived_lines(world))
    ours = {known.entry_id for known in world.head.receipts}
    unarchived = {e["id"] for e in world.trail.entries if canonical(e) not in kept}
    assert unarchived == ours & set(world.trail.ids)


def _audit_chain(world: World, lines: list[bytes]) -> None:
    size = 0
    for said, ref in zip(world.chain(), world.refs(), strict=True):
        assert ref.key == statement_key(CONSOLE, said.seq)
        (version,) = world.store.history(ref.key)
        assert version.retention is not None
        if isinstance(said, ArchiveStatement):
            size += said.slice.count
        assert (said.tree.size, said.tree.root) == (size, merkle_root(lines[:size]))
    assert size == len(lines)


def audit_checkpoints(world: World) -> None:
    """From the first statement that names a key on, each has one locked checkpoint, by the key then named.

    Only what comes right before another key is named may have none: the key was replaced before it signed.
    """
    key: PublicKey | None = None
    unsigned = False
    for said, ref in zip(world.chain(), world.refs(), strict=True):
        names_key = isinstance(said, OperatorStatement) and said.public_key is not None
        if isinstance(said, OperatorStatement) and said.public_key is not None:
            key = PublicKey(b64decode(said.public_key))
        versions = world.store.history(checkpoint_key(CONSOLE, said.seq))
        if key is None or not versions:
            assert not versions
            unsigned = key is not None
            continue
        assert names_key or not unsigned, f"{said.seq} is signed, and the one before it is not"
        unsigned = False
        (version,) = versions
        assert version.data is not None
        assert version.retention is not None
        found = open_checkpoint(version.data, CONSOLE, [key], is_signed)
        assert found == Checkpoint(CONSOLE, said.tree.size, said.tree.root, ref.sha256)
    assert not unsigned or world.signer is None, "the newest statement is not signed"


def _audit_exports(world: World) -> None:
    for said in world.archives():
        stored = world.store.find(said.export.key, said.export.version_id)
        assert stored is not None
        assert stored.data is not None
        assert stored.retention is not None
        assert sha256(stored.data).hexdigest() == said.export.sha256
        with ZipFile(BytesIO(stored.data)) as archive:
            entries = json.loads(archive.read(archive.namelist()[0]))
        ids = {entry["id"] for entry in entries}
        assert (min(ids), max(ids), len(ids)) == (
            said.export.first_id,
            said.export.last_id,
            said.export.entry_count,
        )
