"""Counts as the Console writes them in its messages: `72`, or with comma groups, `2,500`."""

import re

_COUNT = re.compile(r"0|[1-9][0-9]*+|[1-9][0-9]{0,2}(?:,[0-9]{3})++")
_MAX_DIGITS = 19


def read_count(text: str) -> int | None:
    """The number that a text is; None if it can't be read for sure (`1.234`, `12,34`, `007`)."""
    digits = text.replace(",", "")
    return int(digits) if len(digits) <= _MAX_DIGITS and _COUNT.fullmatch(text) else None
