"""The members of an entry that canonical JSON can't carry, read from its source as far as they are needed."""

import re

from audit_archive.domain.json_scan import Scan
from audit_archive.domain.json_tokens import decode_string

_SURROGATE = re.compile("[\ud800-\udfff]")


def top_level_members(source: bytes) -> dict[str, object]:
    """The known members of an entry in `_source` form, as far as marks and receipts need them.

    Lone surrogates and bytes that are not UTF-8 become U+FFFD, objects and arrays an empty list, numbers 0.
    """
    return read_members(source, Scan(source, 0))


def read_members(data: bytes, scan: Scan) -> dict[str, object]:
    """`top_level_members` of an entry that was scanned already."""
    return {name: _read(data[start:end]) for name, (start, end) in scan.members.items()}


def _read(token: bytes) -> object:
    if token[:1] == b'"':
        text = decode_string(token)
        return text if b"\\u" not in token else _SURROGATE.sub("\ufffd", text)
    if token[:1] in (b"{", b"["):
        return []
    return None if token == b"null" else 0
