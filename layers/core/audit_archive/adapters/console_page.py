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
    entries, pages = answer.get("audit_trail"), answer.get("page_count")
    if "audit_trail" not in answer or not isinstance(entries, list | None):
        raise ConsoleError(
            "The Console's fetch answer has no list of entries: what is missing is not taken for an empty "
            "trail. Look whether the Console's API has changed."
        )
    is_count = type(pages) is int and 0 <= pages <= MAX_ID
    return Page(entries or [], _next_of(answer.get("cursor")), pages if is_count else None)


def _next_of(cursor: object) -> str | None:
    """The cursor to older entries; None on the last page, where it is null, empty or absent."""
    following = cursor.get("next") if isinstance(cursor, dict) else None
    if isinstance(cursor, dict | None) and isinstance(following, str | None):
        return following or None
    raise ConsoleError(
        "The Console's fetch answer has a cursor that is no text: it is not taken for the end of the trail. "
        "Look whether the Console's API has changed."
    )


def check_id(entry: object) -> None:
    """Raise ConsoleError unless an entry has an id that can be one."""
    entry_id = entry.get("id") if isinstance(entry, dict) else None
    if type(entry_id) is not int or not 0 < entry_id <= MAX_ID:
        raise ConsoleError(
            "The Console's fetch answer has an entry whose id is no positive integer below 2**63."
        )
