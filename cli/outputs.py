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


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name when it is complete. It is for its owner's eyes: entries are personal data.

    Raises Failure if there is such a file already.
    """
    if path.exists():
        raise Failure("FileExists", f"{path} exists already: name another file, or remove it", Exit.USAGE)
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            yield cast("BinaryIO", file)
        # A link, unlike a rename, never takes the place of a file that somebody made meanwhile.
        os.link(name, path)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
