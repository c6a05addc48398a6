"""The fast path: many entries in one parse, trusted only when nothing can have been lost.

orjson is strict about grammar and UTF-8, but it turns integers beyond 64 bits into floats, rounds
numbers, and keeps the last of two equal keys, silently. So a batch is trusted only if it holds no float,
and as many keys as its source. In the source every key is followed by `":`, unless there is white space
before the colon (then the batch is not trusted); strings may hold that mark too, so the count is never
too low: if it equals the number of keys parsed, no key was dropped.
"""

import re
from collections.abc import Iterable
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

import orjson

from audit_archive.domain.canonical import OPTIONS, SOURCE_KEY
from audit_archive.domain.entry import MAX_ID, RECEIPT_ACTION, Entry
from audit_archive.domain.entry_marks import ACTIONS, marks_of
from audit_archive.domain.json_scan import FIELDS, MAX_CARRIED, MAX_DEPTH
from audit_archive.domain.timestamps import read_timestamp

Object = dict[str, Any]

_SPACED_COLON = re.compile(rb'"[ \t\n\r]++:')
_CONTAINERS = {dict, list}
_USUAL_ACTIONS = ACTIONS - {RECEIPT_ACTION} | {None}


def read_fast(batch: bytes, *, lines: bool) -> list[Entry] | None:
    """The entries of a batch of source text, or None if the exact path must read it.

    The batch begins where an entry begins and ends with a `}` that looks like the end of one. If it is
    not (it is in a string, or in a nested value), the batch can't parse: reading from the left, the string
    or the entry's own object is still open there, and the one `]` that is added closes neither. The same
    goes for a text that closes the array early: something follows the `]`.
    With `lines` the entries stand on lines of their own and each line must parse by itself.
    """
    if len(batch) > MAX_CARRIED:
        return None
    try:
        values = list(map(orjson.loads, batch.split(b"\n"))) if lines else orjson.loads(b"[" + batch + b"]")
    except orjson.JSONDecodeError:
        return None
    if set(map(type, values)) != {dict} or not _is_whole(batch, values):
        return None
    return build_entries(values)


def _is_whole(batch: bytes, values: list[Object]) -> bool:
    """Whether the parsed objects are all that the source says, and have good ids."""
    keys = count_keys(values)
    if keys is None or keys != batch.count(b'":') or _has_spaced_colon(batch):
        return False
    try:
        ids = list(map(itemgetter("id"), values))
    except KeyError:
        return False
    if set(map(type, ids)) != {int} or min(ids) < 1 or max(ids) > MAX_ID:
        return False
    return SOURCE_KEY not in set().union(*values)


def _has_spaced_colon(batch: bytes) -> bool:
    # A raw tab, line feed or carriage return can't be in a string; a blank can, so look closer.
    if b"\t:" in batch or b"\n:" in batch or b"\r:" in batch:
        return True
    return b" :" in batch and _SPACED_COLON.search(batch) is not None


def count_keys(values: list[Object]) -> int | None:
    """How many keys the objects and all objects in them have; None if a float is there, or too deep."""
    keys, level = 0, list[Any](values)
    for _ in range(MAX_DEPTH):
        dicts = [value for value in level if type(value) is dict]
        lists = (value for value in level if type(value) is list)
        keys += sum(map(len, dicts))
        below = list(chain(chain.from_iterable(map(dict.values, dicts)), chain.from_iterable(lists)))
        kinds = set(map(type, below))
        if float in kinds:
            return None
        if kinds.isdisjoint(_CONTAINERS):
            return keys
        level = [value for value in below if type(value) in _CONTAINERS]
    return None


def build_entries(values: list[Object]) -> list[Entry]:
    """The entries of objects that canonical JSON carries exactly."""
    lines = map(orjson.dumps, values, repeat(None), repeat(OPTIONS))
    seconds = [read_timestamp(value.get("timestamp")) for value in values]
    rows = zip(map(itemgetter("id"), values), lines, seconds, _marks(values, seconds), strict=False)
    return list(map(_new_entry, rows))


def _marks(values: list[Object], seconds: list[int | None]) -> Iterable[int]:
    """The marks of each object; a look at all at once spares most batches the look at each."""
    plain = (
        None not in seconds
        and set().union(*values) <= FIELDS
        and _CONTAINERS.isdisjoint(map(type, chain.from_iterable(map(dict.values, values))))
        and {value.get("action_type") for value in values} <= _USUAL_ACTIONS  # hashable: no containers
    )
    return repeat(0) if plain else map(marks_of, values, seconds)


def _new_entry(row: tuple[int, bytes, int | None, int]) -> Entry:
    return tuple.__new__(Entry, row)
