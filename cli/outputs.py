"""Files that the command writes: whole or not at all, and never over one that is there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from cli.exits import Exit, Failure

CHUNK = 1 << 20
"""Bytes that are copied into a file at once."""


def check_free(path: Path | None) -> None:
    """Refuse now what could not be written in the end. Raises Failure."""
    if path is not None and path.exists():
        raise Failure("FileExists", f"{path} exists already: name another file, or remove it", Exit.USAGE)
    if path is not None and not path.parent.is_dir():
        raise Failure("NoFolder", f"There is no folder {path.parent} for {path.name}: make it", Exit.USAGE)


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name when it is complete. It is for its owner's eyes: entries are personal data.

    Raises Failure if there is such a file already.
    """
    check_free(path)
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            yield cast("BinaryIO", file)
        # A link, unlike a rename, never takes the place of a file that somebody made meanwhile.
        os.link(name, path)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
