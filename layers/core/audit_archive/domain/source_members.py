"""The members of an entry that canonical JSON can't carry, read from its source as far as they are needed."""

from audit_archive.domain.json_scan import Scan
from audit_archive.domain.json_tokens import readable_string


def top_level_members(source: bytes) -> dict[str, object]:
    """The known members of an entry in `_source` form, as far as marks and receipts need them.

    Texts are as `readable_string` has them, objects and arrays an empty list, numbers 0.
    """
    return read_members(source, Scan(source, 0))


def read_members(data: bytes, scan: Scan) -> dict[str, object]:
    """`top_level_members` of an entry that was scanned already."""
    return {name: _read(data[start:end]) for name, (start, end) in scan.members.items()}


def _read(token: bytes) -> object:
    if token[:1] == b'"':
        return readable_string(token)
    if token[:1] in (b"{", b"["):
        return []
    return None if token == b"null" else 0
