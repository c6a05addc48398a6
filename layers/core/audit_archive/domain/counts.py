"""A count of entries in the Console's words: in the answer to a purge, and in the receipt of one."""

import re

_COUNT = re.compile(r"0|[1-9][0-9]{0,18}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,6}")
_MAX_COUNT = 2**63 - 1  # ids are below 2**63


def read_count(text: str) -> int | None:
    """The number in `72`, `2,500` or `1,234,567`; None for every other text.

    A dot, a space or an apostrophe between digits may mean a thousand or a fraction: what can't be read for
    sure is not read.
    """
    if _COUNT.fullmatch(text) is None:
        return None
    count = int(text.replace(",", ""))
    return count if count <= _MAX_COUNT else None
