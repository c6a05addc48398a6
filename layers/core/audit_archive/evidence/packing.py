"""The zip of a bundle. The same files give the same bytes; each file is hashed while it is packed."""

from collections.abc import Iterable
from typing import BinaryIO, Self
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from audit_archive.evidence.model import BundleFile
from audit_archive.format.bundle_note import SUMS
from audit_archive.format.hashing import hash_all

_FIXED_DATE = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip can hold (APPNOTE, section 4.4.6). The manifest says when the bundle was made."""

_READABLE = 0o644 << 16


class Packer:
    """Packs one file after the other; a context manager. Memory: a name, a size and a hash for each."""

    def __init__(self, file: BinaryIO) -> None:
        """`file`: where the zip is written, from its start; it must be seekable."""
        self.files: list[BundleFile] = []
        self._zip = ZipFile(file, "w", ZIP_DEFLATED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def add(self, name: str, chunks: Iterable[bytes]) -> BundleFile:
        """Pack the chunks as a file of that name, and note its size and hash."""
        info = ZipInfo(name, _FIXED_DATE)
        info.compress_type, info.external_attr = ZIP_DEFLATED, _READABLE
        with self._zip.open(info, "w", force_zip64=True) as member:
            hashed = hash_all(chunks, member.write)
        packed = BundleFile(name, hashed.size, hashed.sha256)
        self.files.append(packed)
        return packed

    def add_sums(self) -> BundleFile:
        """Pack the hashes of all files so far, in the form of `sha256sum -c`."""
        named = sorted(self.files, key=lambda each: each.name)
        return self.add(SUMS, [f"{each.sha256}  {each.name}\n".encode() for each in named])
