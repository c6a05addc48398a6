"""A bundle of evidence as the product makes it, and what somebody does to it who tampers."""

from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

from audit_archive.ports import Signer
from tests.support import folders
from tests.support.asking import reader_of
from tests.support.attacker import Victim
from tests.support.bundles import Files, make, opened

NOT_LISTED = {"SHA256SUMS", "SHA256SUMS.note"}


def bundle_of(victim: Victim, limit: int | None = None, signer: Signer | None = None) -> Files:
    """Every file of a bundle that hands out all that is archived, with at most so many proofs."""
    _, data = make(reader_of(victim.world, ledger=False), max_proofs=limit, signer=signer)
    return opened(data)


def sealed(files: Files) -> Files:
    """The files with a new SHA256SUMS over all the others."""
    sums = [f"{sha256(data).hexdigest()}  {name}\n" for name, data in files.items() if name not in NOT_LISTED]
    return files | {"SHA256SUMS": "".join(sums).encode()}


def unpacked(files: Files, folder: Path) -> Path:
    """The bundle as a folder."""
    return folders.put(files, folder)


def zipped(files: Files, path: Path) -> Path:
    """The bundle as one file."""
    with ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
