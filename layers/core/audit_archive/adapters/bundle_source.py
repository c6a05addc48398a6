"""A bundle of evidence (a zip), read as an archive: its statements and checkpoints."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from audit_archive.errors import ArchiveStoreError, IntegrityError
from audit_archive.ports import NO_VERSION, ObjectFacts, Version

_CHUNK = 1 << 20
_ENCRYPTED = 1


class BundleSource:
    """An ArchiveSource over a bundle. It ignores version ids: a key has one file.

    It knows no checksum and no lock. Memory: the names in the zip.
    """

    def __init__(self, bundle: Path) -> None:
        """Raises ValueError if the file is not a zip, or if two programs may read it in two ways."""
        try:
            self._zip = ZipFile(bundle)
        except (OSError, BadZipFile, NotImplementedError, ValueError) as error:
            raise ValueError(f"{bundle} is not a bundle of evidence: {error}") from error
        members = self._zip.infolist()
        if len({member.filename.lower() for member in members}) < len(members):
            raise ValueError(
                f"{bundle} has several files of one name, so it can be read in two ways. Get the bundle again"
            )
        if any(
            m.compress_type not in {ZIP_STORED, ZIP_DEFLATED} or m.flag_bits & _ENCRYPTED for m in members
        ):
            raise ValueError(
                f"{bundle} is not a bundle of evidence: it is encrypted, or compressed by an unknown method"
            )
        self._members = {member.filename: member for member in members if not member.is_dir()}

    def inspect(self, key: str, version_id: str | None = None) -> ObjectFacts | None:
        """The facts of a file; None if there is no file of that name."""
        del version_id
        member = self._members.get(key)
        return ObjectFacts(key, NO_VERSION, member.file_size, None, None) if member is not None else None

    def read(self, key: str, version_id: str) -> Iterator[bytes]:
        """The bytes of a file. Raises IntegrityError as well if the zip does not inflate to them."""
        del version_id
        member = self._members.get(key)
        if member is None:
            raise IntegrityError(f"The bundle {self._zip.filename} has no version of {key}.")
        try:
            with self._zip.open(member) as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
        except (BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise IntegrityError(f"{key} in the bundle {self._zip.filename} is damaged: {error}") from error
        except OSError as error:
            raise ArchiveStoreError(
                f"{key} could not be read from the bundle: {error.strerror}. Check the disk."
            ) from error

    def versions(self, prefix: str, after_key: str = "") -> Iterator[Version]:
        """Each file under a prefix is the one version of its key, in the order of S3."""
        for key in sorted(self._members, key=str.encode):
            if key.startswith(prefix) and key > after_key:
                yield Version(key, NO_VERSION, is_delete_marker=False)
