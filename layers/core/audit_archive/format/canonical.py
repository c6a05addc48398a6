"""Canonical JSON: the one spelling of a value that the archive hashes, and the two `_source` forms.

Keys are sorted by code point: orjson compares their UTF-8 bytes, which have the same order, astral characters
included. There are no spaces, and no escapes but those that RFC 8259 section 7 requires. The text is UTF-8.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import orjson

from audit_archive.format.keys import from_base64, to_base64

OPTIONS = orjson.OPT_SORT_KEYS
_NEVER_A_FLOAT = frozenset({str, int, bool, type(None)})
SOURCE_KEY, SOURCE_BASE64_KEY = "_source", "_source_base64"
SOURCE_KEYS = frozenset({SOURCE_KEY, SOURCE_BASE64_KEY})
_SOURCE_LINES = tuple(b'{"%b":' % key.encode() for key in SOURCE_KEYS)
# In a JSON string each of these takes six bytes: the longest entry would become a line of 96 MiB.
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_STRING_OR_FLOAT = re.compile(rb'("(?:[^"\\]|\\.)*")|-?[0-9]+[.eE][-+.eE0-9]*')


def canonical_bytes(value: object) -> bytes:
    """The canonical JSON of a value made of dicts with str keys, lists, str, int, float, bool and None.

    Raises TypeError for what canonical JSON can't carry: a lone surrogate, an integer beyond 64 bits,
    a non-finite float, more than 254 levels, any other type.
    """
    text = orjson.dumps(value, option=OPTIONS)
    if b"null" in text:  # orjson writes NaN and Infinity as null, silently
        _refuse_non_finite(value)
    return bytes(memoryview(text))  # a copy: what orjson returns holds on to several kilobytes


def is_canonical(data: bytes) -> bool:
    """Whether bytes are the canonical JSON of their own value. Raises ValueError if they are not JSON.

    A float may be spelled as another release of orjson spells it: several decimals can be equally short.
    """
    try:
        spelled = canonical_bytes(orjson.loads(data))
    except TypeError:
        return False
    return spelled == data or _without_floats(spelled) == _without_floats(data)


def source_line(source: bytes, entry_id: int) -> bytes:
    """The `_source` form of an entry that canonical JSON can't carry exactly: its text as it came.

    A source that is not UTF-8, or that has control characters, stands in Base64 instead. No carried entry has
    a member of either name, so a line with one is always this form.
    """
    text = None if _CONTROL.search(source) else _as_text(source)
    if text is None:
        return canonical_bytes({SOURCE_BASE64_KEY: to_base64(source), "id": entry_id})
    return canonical_bytes({SOURCE_KEY: text, "id": entry_id})


def is_source_line(line: bytes) -> bool:
    """Whether a line has a `_source` form."""
    return line.startswith(_SOURCE_LINES)


def source_in(members: Mapping[str, Any]) -> bytes | None:
    """The source that the members of a line carry; None if the line has no `_source` form.

    Raises ValueError if what stands under that name is not a text.
    """
    name = next((each for each in (SOURCE_BASE64_KEY, SOURCE_KEY) if each in members), None)
    if name is None:
        return None
    text = members[name]
    if not isinstance(text, str):
        raise ValueError(f"its `{name}` is not a text")  # noqa: TRY004 - the line is wrong, not a caller
    return from_base64(text) if name == SOURCE_BASE64_KEY else text.encode()


def _as_text(source: bytes) -> str | None:
    try:
        return source.decode()
    except UnicodeDecodeError:
        return None


def _refuse_non_finite(value: object) -> None:
    """Raise TypeError if a float in the value (at most 254 levels deep) is NaN or infinite."""
    pending = [value]
    while pending:
        item = pending.pop()
        if type(item) in _NEVER_A_FLOAT:  # most are
            continue
        if isinstance(item, float) and not math.isfinite(item):
            raise TypeError(f"canonical JSON can't carry {item!r}")
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)


def _without_floats(text: bytes) -> bytes:
    """JSON with one number in place of all floats."""
    return _STRING_OR_FLOAT.sub(lambda found: found[1] or b"0.0", text)
