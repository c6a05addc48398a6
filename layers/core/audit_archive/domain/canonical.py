"""Canonical JSON: the one spelling of a value that the archive hashes, and the `_source` form.

Keys sorted by code point (orjson compares their UTF-8 bytes, whose order is that of the code points, astral
ones included), no spaces, UTF-8, no escapes but those that RFC 8259 section 7 requires.
"""

import math
import re

import orjson

OPTIONS = orjson.OPT_SORT_KEYS
SOURCE_KEY = "_source"
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
    """Whether bytes are the canonical JSON of what they say. Raises ValueError if they are no JSON.

    A float may be spelled as another release of orjson spells it: of the shortest decimals there are several.
    """
    try:
        spelled = canonical_bytes(orjson.loads(data))
    except TypeError:
        return False
    return spelled == data or _without_floats(spelled) == _without_floats(data)


def source_line(source: bytes, entry_id: int) -> bytes:
    """The `_source` form of an entry that canonical JSON can't carry exactly: its text as it came.

    `source` must be valid UTF-8. No carried entry has a member named `_source`, so that a line with one
    is always this form.
    """
    return canonical_bytes({SOURCE_KEY: source.decode(), "id": entry_id})


def _refuse_non_finite(value: object) -> None:
    """Raise TypeError if a float in the value (at most 254 levels deep) is NaN or infinite."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, float) and not math.isfinite(item):
            raise TypeError(f"canonical JSON can't carry {item!r}")
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)


def _without_floats(text: bytes) -> bytes:
    """JSON with one number in place of all floats."""
    return _STRING_OR_FLOAT.sub(lambda found: found[1] or b"0.0", text)
