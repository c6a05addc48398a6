"""A slow, independent reader of an entry's source text: stdlib json with hooks that see what is lost.

A byte that is not UTF-8 stands in a source text as `surrogateescape` has it.
"""

import json
import re
from base64 import b64encode
from decimal import Decimal
from typing import Any

MAX_NUMBER, MAX_SOURCE = 64, 1 << 20


def is_carried(source: str) -> bool:
    """Whether canonical JSON carries the entry exactly, by the rules of the archive format."""
    lost: list[object] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in items]
        if len(keys) != len(set(keys)):
            lost.append(keys)
        return dict(items)

    def integer(text: str) -> int:
        value = int(text) if len(text) <= MAX_NUMBER else 2**64
        if not -(2**63) <= value <= 2**64 - 1:
            lost.append(text)
        return value

    def number(text: str) -> float:
        value = float(text)
        is_spelled = abs(value) != float("inf") and len(text) <= MAX_NUMBER
        if not is_spelled or Decimal(repr(value)) != Decimal(text):
            lost.append(text)
        return value

    hooks: dict[str, Any] = {"object_pairs_hook": pairs, "parse_int": integer, "parse_float": number}
    value = json.loads(source, strict=False, parse_constant=lost.append, **hooks)
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        lost.append("a lone surrogate, or a byte that is not UTF-8")
    try:
        json.loads(source)
    except json.JSONDecodeError:
        lost.append("a raw control character")
    is_small = len(to_bytes(source)) <= MAX_SOURCE
    return not lost and is_small and not value.keys() & {"_source", "_source_base64"} and depth(value) <= 128


def source_form(source: str, entry_id: int) -> dict[str, Any]:
    """What the line of an entry holds that is not carried."""
    if re.search("[^\t\n\r\x20-\ud7ff\ue000-\U0010ffff]", source):
        return {"_source_base64": b64encode(to_bytes(source)).decode(), "id": entry_id}
    return {"_source": source, "id": entry_id}


def to_bytes(source: str) -> bytes:
    """A source text as it stands in the export."""
    return source.encode("utf-8", "surrogateescape")


def depth(value: object) -> int:
    """How many levels the value has; a scalar has none."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0
