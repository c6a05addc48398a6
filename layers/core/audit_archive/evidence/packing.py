"""The zip of a bundle: the same files give the same bytes, and each file's hash is noted as it is packed."""

from collections.abc import Iterable
from typing import BinaryIO, Self
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from audit_archive.evidence.model import BundleFile
from audit_archive.format.hashing import hash_all

SUMS = "SHA256SUMS"

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip knows (APPNOTE, section 4.4.6): when a bundle was made is told inside."""

_READABLE = 0o644 << 16


class Packer:
    """Packs one file after the other, in a `with`. Memory: a name and a hash for each."""

    def __init__(self, file: BinaryIO) -> None:
        """`file`: where the zip is written, from its start; it must be seekable."""
        self.files: list[BundleFile] = []
        self._zip = ZipFile(file, "w", ZIP_DEFLATED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def add(self, name: str, chunks: Iterable[bytes]) -> BundleFile:
        """Pack a file of that name."""
        info = ZipInfo(name, _LONG_AGO)
        info.compress_type, info.external_attr = ZIP_DEFLATED, _READABLE
        with self._zip.open(info, "w", force_zip64=True) as member:
            hashed = hash_all(chunks, member.write)
        packed = BundleFile(name, hashed.size, hashed.sha256)
        self.files.append(packed)
        return packed

    def add_sums(self) -> None:
        """Pack the hashes of all files so far, as `sha256sum -c` takes them."""
        named = sorted(self.files, key=lambda each: each.name)
        self.add(SUMS, [f"{each.sha256}  {each.name}\n".encode() for each in named])
