"""The texts in an entry's JSON, read token by token: no recursion, whatever is nested, however lenient."""

import re
from collections.abc import Iterator

from audit_archive.domain.json_tokens import STRING, WS, decode_string

_TOKEN = re.compile(rb"(" + STRING + rb")" + WS + rb"(:?)")
_SURROGATE = re.compile("[\ud800-\udfff]")


def texts(source: bytes) -> Iterator[str]:
    """Every text value at any depth, in order; not the names of members. Lone surrogates become U+FFFD."""
    for found in _TOKEN.finditer(source):
        token, colon = found.groups()
        if not colon:
            text = decode_string(token)
            yield _SURROGATE.sub("\ufffd", text) if b"\\u" in token else text


def has_text(source: bytes, folded: str) -> bool:
    """Whether one of the texts holds `folded` (case folded already), ignoring case."""
    return any(folded in text.casefold() for text in texts(source))
