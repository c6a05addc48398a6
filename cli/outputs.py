"""Files that the command writes: each one complete or not at all, and never over an existing file."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path
from typing import BinaryIO, cast

from cli.exits import Exit, Failure

CHUNK = 1 << 20
"""Bytes that are copied into a file at once."""


def check_free(*paths: Path) -> None:
    """Raise Failure unless all these files can be made. Call it before long work."""
    for path in paths:
        if os.path.lexists(path):
            raise _there_already(path)
        if not path.parent.is_dir():
            raise Failure(
                "NoFolder", f"There is no folder {path.parent}: make it, or name another", Exit.USAGE
            )


def _there_already(path: Path) -> Failure:
    return Failure("FileExists", f"{path} exists already: name another file, or remove it", Exit.USAGE)


def unused(path: Path) -> Path:
    """The path, or else the first of NAME-2, NAME-3 … that no file has yet."""
    others = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(each for each in chain([path], others) if not os.path.lexists(each))


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name when it is complete. It is for its owner's eyes: entries are personal data.

    Raises Failure if the file exists already.
    """
    check_free(path)
    number, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            yield cast("BinaryIO", file)
        _name(Path(name), path)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _name(file: Path, path: Path) -> None:
    """Give a file its name. A link, unlike a rename, never replaces a file that was made meanwhile."""
    try:
        os.link(file, path)
    except FileExistsError as error:
        raise _there_already(path) from error
    except OSError:  # no hard links there: FAT, as on USB sticks, and some network shares
        path.touch(mode=0o600, exist_ok=False)
        file.replace(path)
