"""A slow, independent reader of an entry's source text: stdlib json with hooks that see what is lost."""

import json
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

    value = json.loads(
        source, object_pairs_hook=pairs, parse_int=integer, parse_float=number, parse_constant=lost.append
    )
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        lost.append("a lone surrogate")
    is_small = len(source.encode()) <= MAX_SOURCE
    return not lost and is_small and "_source" not in value and depth(value) <= 128


def depth(value: object) -> int:
    """How many levels the value has; a scalar has none."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0
