"""Many rows in one world: a world of its own for each would take most of the time."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def row(says: object) -> Iterator[None]:
    """What fails in here names its row."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"In the row {says!r}")
        raise
