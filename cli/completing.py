"""What a shell completes of an archive. It is silent, because a person who types looks at something else."""

from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit_archive.retrieve.statements import Reader

PATIENCE = 2.0
"""Seconds that a person waits for the names of Consoles at most."""


def consoles(read: "Callable[[], Reader]", incomplete: str) -> list[str]:
    """The Consoles with an archive: those that are found in a short time. `read` opens the archive."""
    from audit_archive.retrieve.status import consoles_in

    found = list[str]()

    def search() -> None:
        try:
            for name in consoles_in(read()):
                if name.startswith(incomplete):
                    found.append(name)
        except Exception:  # noqa: BLE001 - without a stack there is nothing to complete, and no one to tell
            found.clear()

    # A daemon: Python does not wait for its end.
    searching = Thread(target=search, daemon=True)
    searching.start()
    searching.join(PATIENCE)
    return sorted(found)


def zones(incomplete: str) -> list[str]:
    """Names of time zones, in any case."""
    from cli.stack import zone_names

    return [name for name in zone_names() if name.lower().startswith(incomplete.lower())]
