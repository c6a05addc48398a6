"""How a person is shown values that an attacker may have chosen: as text without any effect. Pure."""

import json
import re

from audit_archive.format.times import OffsetAt, read_timestamp, rfc3339

_RANGES: tuple[tuple[int, int], ...] = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F)),
    *((0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A)),
    (0xE0000, 0xE0FFF),
)
INVISIBLE = "".join(chr(code) for first, last in _RANGES for code in range(first, last + 1))
"""Characters that show as nothing: Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt, 15.0).

Joiners, soft hyphens, fillers, marks of direction, selectors of a variation, tags, the byte order mark.
"""

_NOTHING_TO_SEE = re.compile(f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in _RANGES)}\u2800]")
"""Of these some count as printable, as the blank of Braille does.

By ranges: a class that names each character is searched one by one, for each character of a text.
"""


def is_visible(text: str) -> bool:
    """Whether every character of a text shows, in its place."""
    return text.isprintable() and (text.isascii() or _NOTHING_TO_SEE.search(text) is None)


def visible(value: object) -> str:
    """A value as visible text: no control character, no change of direction, no invisible character.

    A text stands for itself, with escapes in place of what does not show. None is empty. The rest is JSON.
    """
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    if is_visible(text):
        return text
    return "".join(each if is_visible(each) else each.encode("unicode_escape").decode() for each in text)


def stated(who: str, reason: str) -> str:
    """Who decided and why, as they typed it. Nothing checks either.

    Both stand in quotes that they can't end: a name that goes on like our own sentence stays a name.
    """
    by, why = (json.dumps(visible(each), ensure_ascii=False) for each in (who, reason))
    return f"as stated by {by}, because {why}"


def local_moment(timestamp: object, zone: OffsetAt | None) -> object:
    """An entry's moment by the clocks of a zone, with their offset; unchanged if it can't be read."""
    at = read_timestamp(timestamp)
    if at is None or zone is None:
        return timestamp
    offset = zone(at)
    sign, minutes = "-" if offset < 0 else "+", abs(offset) // 60
    try:
        reading = rfc3339(at + offset)
    except ValueError:  # the first hours of the year 10000
        return timestamp
    return f"{reading[:-1].replace('T', ' ')} {sign}{minutes // 60:02}:{minutes % 60:02}"
