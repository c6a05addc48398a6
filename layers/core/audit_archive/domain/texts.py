"""The texts in an entry's JSON, read token by token: no recursion, whatever is nested, however lenient."""

import re
from collections.abc import Iterator

from audit_archive.domain.json_tokens import STRING, WS, readable_string

_TOKEN = re.compile(rb"(" + STRING + rb")" + WS + rb"(:?)")


def texts(source: bytes) -> Iterator[str]:
    """Every text value at any depth, in order; not the names of members. As `readable_string` has them."""
    for found in _TOKEN.finditer(source):
        token, colon = found.groups()
        if not colon:
            yield readable_string(token)


def has_text(source: bytes, folded: str) -> bool:
    """Whether one of the texts holds `folded` (case folded already), ignoring case."""
    return any(folded in text.casefold() for text in texts(source))
