"""A page of the Console's `fetch`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit_archive.domain.entry import MAX_ID
from audit_archive.errors import ConsoleError
from audit_archive.ports import ConsoleEntry


@dataclass(frozen=True)
class Page:
    """One page of `fetch`: entries newest first, the cursor to the older ones, the number of pages."""

    entries: list[ConsoleEntry]
    next_cursor: str | None
    page_count: int | None


def page_of(answer: Mapping[str, Any]) -> Page:
    """The page in a successful `fetch` answer. Raises ConsoleError if it is not of the API's shape."""
    entries = answer.get("audit_trail") or []
    cursor = answer.get("cursor") or {}
    if not isinstance(entries, list) or not isinstance(cursor, dict):
        raise ConsoleError(
            "The Console's fetch answer has no list of entries, or no cursor as the API has it."
        )
    following, pages = cursor.get("next"), answer.get("page_count")
    return Page(
        entries,
        following if isinstance(following, str) and following else None,
        pages if type(pages) is int and pages >= 0 else None,
    )


def check_id(entry: object) -> None:
    """Raise ConsoleError unless an entry has an id that can be one."""
    entry_id = entry.get("id") if isinstance(entry, dict) else None
    if type(entry_id) is not int or not 0 < entry_id <= MAX_ID:
        raise ConsoleError(
            "The Console's fetch answer has an entry whose id is no positive integer below 2**63."
        )
