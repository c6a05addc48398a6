"""A bundle of evidence, made by hand from an archive: what an auditor is given."""

import gzip
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

from audit_archive.domain.entry_proof import EntryProof
from audit_archive.domain.layout import checkpoint_key, checkpoints_prefix, statements_prefix
from audit_archive.domain.proofs import Prover
from audit_archive.domain.statement import ArchiveStatement
from audit_archive.domain.tree import EMPTY_TREE
from tests.attacks.victim import Victim
from tests.auditor.copy import PROGRAM
from tests.unit.run.world import CONSOLE

Files = dict[str, bytes]


def bundle_of(victim: Victim, limit: int | None = None) -> Files:
    """Every file of a bundle that hands out all that is archived, with at most so many proofs."""
    store, made = victim.store, dict(_proven(victim))
    files = {key: store.data(key) for key in store.keys(statements_prefix(CONSOLE))}
    files |= {key: store.data(key) for key in store.keys(checkpoints_prefix(CONSOLE))}
    files |= dict([(name, proof) for name, (_, proof) in made.items()][:limit])
    manifest = {"console": CONSOLE, "question": {}} | ({} if limit is None else {"proof_limit": limit})
    return sealed(
        files
        | {
            "entries.ndjson": b"".join(line + b"\n" for line, _ in made.values()),
            "entries.csv": b"id\r\n",
            "report.html": b"<!doctype html>",
            "manifest.json": json.dumps(manifest).encode(),
            "public-key.pem": b"".join(key.pem().encode() for key in victim.keys),
            "verify.py": PROGRAM.read_bytes(),
        }
    )


def sealed(files: Files) -> Files:
    """The files with a new SHA256SUMS over all the others."""
    sums = [f"{sha256(data).hexdigest()}  {name}\n" for name, data in files.items() if name != "SHA256SUMS"]
    return files | {"SHA256SUMS": "".join(sums).encode()}


def unpacked(files: Files, folder: Path) -> Path:
    """The bundle as a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def zipped(files: Files, path: Path) -> Path:
    """The bundle as one file."""
    with ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def _proven(victim: Victim) -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    """Every archived line and its proof, by the proof's name."""
    tree = EMPTY_TREE
    for said in (victim.statement(seq) for seq in range(1, victim.head.seq + 1)):
        if isinstance(said, ArchiveStatement):
            prover, lines = Prover(tree), _lines(victim, said)
            for line in lines.values():
                prover.append(line, choose=True)
            note = victim.store.data(checkpoint_key(CONSOLE, said.seq))
            for proof, (entry_id, line) in zip(prover.proofs(), lines.items(), strict=True):
                text = EntryProof(proof.index, proof.hashes, note).encode()
                yield f"proofs/{said.epoch}-{entry_id}.tlog-proof", (line, text)
        tree = said.tree


def _lines(victim: Victim, said: ArchiveStatement) -> dict[int, bytes]:
    """The lines that a statement archived, in order of id."""
    contents = [gzip.decompress(victim.store.data(file.key)) for file in said.entries]
    lines = [line for content in contents for line in content.split(b"\n")[:-1]]
    return dict(sorted((json.loads(line)["id"], line) for line in lines))
