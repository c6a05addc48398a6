"""An archive copied to a folder, as `aws s3 sync` makes it: files by key, without versions and locks."""

import os
from collections.abc import Iterator
from pathlib import Path

from audit_archive.errors import ArchiveStoreError, IntegrityError
from audit_archive.format.layout import is_home, is_litter, only_folder
from audit_archive.ports import NO_VERSION, ObjectFacts, Version

_CHUNK = 1 << 20
_MAX_NAME_BYTES = 255
"""Bytes that the name of a file may have."""

_NOWHERE = {"", ".", ".."}
MOST_NESTED = 5
"""Folders within folders that are looked into for an archive."""


class FolderSource:
    """An ArchiveSource over a folder. It ignores version ids: a key has one file.

    It knows no checksum and no lock. A key that leads out of the folder (`..`, a link) has no file. What
    other programs left in the folder is ignored, and the archive may lie in a folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        """Raises ArchiveStoreError if there is no such folder."""
        if not folder.is_dir():
            raise ArchiveStoreError(f"There is no folder {folder}: copy an archive to it with `aws s3 sync`.")
        self._given = folder.resolve()
        self._root = _home(self._given)

    def ignored(self) -> int:
        """How many files in the folder are no part of an archive."""
        return sum(is_litter(key) for key in self._keys(self._given, "", ""))

    def is_bare(self) -> bool:
        """Whether no folder of an archive is in it."""
        return not is_home(_names(self._root))

    def inspect(self, key: str, version_id: str | None = None) -> ObjectFacts | None:
        del version_id
        path = self._path(key)
        if path is None:
            return None
        try:
            size = path.stat().st_size
        except OSError as error:
            raise _failed(f"The file of {key} could not be inspected", error) from error
        return ObjectFacts(key, NO_VERSION, size, None, None, None)

    def read(self, key: str, version_id: str) -> Iterator[bytes]:
        del version_id
        path = self._path(key)
        if path is None:
            raise IntegrityError(f"The folder {self._root} has no version of {key}.")
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
        except OSError as error:
            raise _failed(f"The file of {key} could not be read", error) from error

    def versions(self, prefix: str, after_key: str = "") -> Iterator[Version]:
        """Each file is the one version of its key."""
        for key in self._keys(self._root, "", prefix):
            if key > after_key and not is_litter(key):
                yield Version(key, NO_VERSION, is_delete_marker=False)

    def folders(self, prefix: str) -> Iterator[str]:
        keys = (key.removeprefix(prefix) for key in self._keys(self._root, "", prefix) if not is_litter(key))
        yield from sorted({key.partition("/")[0] for key in keys if "/" in key})

    def _path(self, key: str) -> Path | None:
        """The file of a key; None if it has no file inside the folder."""
        parts = key.split("/")
        if not key.isprintable() or any(
            part in _NOWHERE or len(os.fsencode(part)) > _MAX_NAME_BYTES for part in parts
        ):
            return None
        path = self._root.joinpath(*parts)
        return path if path.is_file() and path.resolve() == path else None

    def _keys(self, folder: Path, at: str, prefix: str) -> Iterator[str]:
        """The keys under a prefix in the order of S3, which compares whole keys: `a-b/` before `a/`."""
        try:
            found = sorted(os.scandir(folder), key=_by_key)
        except OSError as error:
            raise _failed(f"The folder {folder} could not be listed", error) from error
        for entry in found:
            key = f"{at}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if f"{key}/".startswith(prefix) or prefix.startswith(f"{key}/"):
                    yield from self._keys(folder / entry.name, f"{key}/", prefix)
            elif key.startswith(prefix) and entry.is_file(follow_symlinks=False):
                yield key


def _home(folder: Path) -> Path:
    """The folder with the archive: the one folder in this one, or in that one, if it is there; else this."""
    at = folder
    for _ in range(MOST_NESTED):
        names = _names(at)
        only = only_folder(names)
        if is_home(names) or only is None:
            return at if is_home(names) else folder
        at /= only
    return folder


def _names(folder: Path) -> list[str]:
    """What is in a folder; the name of a folder ends in `/`."""
    try:
        return [f"{e.name}/" if e.is_dir(follow_symlinks=False) else e.name for e in os.scandir(folder)]
    except OSError as error:
        raise _failed(f"The folder {folder} could not be listed", error) from error


def _by_key(entry: "os.DirEntry[str]") -> bytes:
    return os.fsencode(f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name)


def _failed(what: str, error: OSError) -> ArchiveStoreError:
    return ArchiveStoreError(f"{what}: {error.strerror}. Check the disk and who may read the copy.")
