"""Source text into entries, by two paths that give the same lines.

The exact path reads one entry, token by token. It keeps the entry whatever it holds, and refuses one without
a valid id.

The fast path parses many entries at once. orjson is strict about grammar and UTF-8, but it turns integers
beyond 64 bits into floats, rounds numbers, and keeps the last of two equal keys, silently. So the fast path
trusts a parse only if it can tell that nothing was lost:

* A batch with a float in it: every number in the source with a fraction, an exponent or many digits must be
  one that canonical JSON carries. What looks like such a number in a string must be, too.
* Equal keys: canonical JSON spells every token (but floats) in as few bytes as JSON can, without white space.
  So if there is no float, and the canonical lines with a comma for each but one are as long as the source,
  no key was dropped. Otherwise the keys of the source are counted. Where no white space precedes a colon,
  each key is followed by `":`. Strings may hold that mark too, so the count is never too low: if as many keys
  were parsed, none was dropped. If that does not settle it, the strings before a colon are counted from the
  beginning. That is exact, because the text is known to be JSON, but takes longer than the parse.

What the fast path does not trust, the exact path reads.
"""

import re
from collections.abc import Iterable
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

import orjson

from audit_archive.errors import InvalidExportError
from audit_archive.format.canonical import (
    OPTIONS,
    SOURCE_BASE64_KEY,
    SOURCE_KEY,
    SOURCE_KEYS,
    canonical_bytes,
    is_canonical,
    source_in,
    source_line,
)
from audit_archive.format.entry import (
    ACTIONS,
    MAX_ID,
    RECEIPT_ACTION,
    Entry,
    Mark,
    marks_of,
    may_hold_receipt,
    read_members,
)
from audit_archive.format.json_scan import (
    ENTRY_FIELDS,
    MAX_CARRIED,
    MAX_DEPTH,
    NoTokenError,
    Scan,
    is_exact_number,
)
from audit_archive.format.times import read_timestamp, read_timestamps

_ID = re.compile(rb"[1-9][0-9]{0,18}")


def read_exact(data: bytes, start: int, offset: int) -> tuple[Entry, int]:
    """The entry whose source begins at `start`, and the position after it.

    `offset` is where `data[0]` stands in the export. Raises NoTokenError (with a position in `data`) if the
    text ends or is not JSON, InvalidExportError if it is not an entry.
    """
    if start == len(data):
        raise NoTokenError(start, "expected an entry", cut_off=True)
    if data[start : start + 1] != b"{":
        raise InvalidExportError(
            f"What begins at byte {offset + start} of the export's JSON, {data[start : start + 20]!r},"
            " is not an object, so it is not an entry"
        )
    scan = Scan(data, start)
    source = data[start : scan.end]
    entry_id = _read_id(data, scan, offset + start)
    if scan.exact and _is_utf8(source):
        members = orjson.loads(source)
        line, marks = canonical_bytes(members), 0
    else:
        members = read_members(data, scan)
        line, marks = source_line(source, entry_id), Mark.SOURCE_FORM.value
        marks |= Mark.UNKNOWN_FIELD.value if scan.unknown else 0
        marks |= Mark.NESTED_VALUE.value if scan.nested else 0
    seconds = read_timestamp(members.get("timestamp"))
    return Entry(entry_id, line, seconds, marks | marks_of(members, seconds)), scan.end


def check_line(line: bytes) -> None:
    """Raise ValueError, with the reason, unless a line (without its newline) is what an entry becomes.

    That is the canonical JSON of an object with an id, or a `_source` form of a source that is an entry with
    that very id, and that canonical JSON does not carry.
    """
    try:
        members, is_spelled = orjson.loads(line), is_canonical(line)
    except ValueError as error:
        raise ValueError("it is not JSON, or nested too deep") from error
    if not isinstance(members, dict) or "id" not in members:
        raise ValueError("it is not a JSON object with an id")
    if not is_spelled:
        raise ValueError("it is not canonical JSON")
    if type(members["id"]) is not int or not 0 < members["id"] <= MAX_ID:
        raise ValueError("its id is not a whole number from 1 to 2**63 - 1")
    if not SOURCE_KEYS.isdisjoint(members):
        _check_source_form(line, members)


def _check_source_form(line: bytes, members: dict[str, Any]) -> None:
    is_form = members.keys() in ({SOURCE_KEY, "id"}, {SOURCE_BASE64_KEY, "id"})
    if not is_form or not all(isinstance(members[key], str) for key in SOURCE_KEYS & members.keys()):
        raise ValueError("beside the text of its source it has more than an id")
    source = source_in(members) or b""
    try:
        entry, end = read_exact(source, 0, 0)
    except (NoTokenError, InvalidExportError) as error:
        raise ValueError("its source is not an entry with one id") from error
    if entry.id != members["id"] or end != len(source):
        raise ValueError("its id is not that of its source, or its source has more than one entry")
    if entry.line != line:
        raise ValueError("its source has another form in an archive")


def _is_utf8(source: bytes) -> bool:
    try:
        source.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_id(data: bytes, scan: Scan, at: int) -> int:
    """The id of a scanned entry that begins at byte `at` of the export. Raises InvalidExportError."""
    if scan.ids == 0:
        raise InvalidExportError(f"The entry at byte {at} of the export's JSON has no id")
    start, end = scan.members["id"]
    token = data[start:end]
    if scan.ids > 1:
        raise InvalidExportError(
            f"The entry at byte {at} of the export's JSON has {scan.ids} ids; the last is {token[:40]!r}"
        )
    if _ID.fullmatch(token) is None or int(token) > MAX_ID:
        raise InvalidExportError(
            f"The entry at byte {at} of the export's JSON has the id {token[:40]!r},"
            " which is not a positive integer below 2**63"
        )
    return int(token)


Object = dict[str, Any]

_SPACES = (b" ", b"\t", b"\n", b"\r")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"[ \t\n\r]*+(:?)')
# A number that may be a float, between what must stand before and after one. The search takes as long as the
# rest of the fast path, and a twentieth of the exact one.
_NUMBER = re.compile(
    rb"[:,\[ \t\n\r](-?[0-9]++(?:(?<=[0-9]{19})|\.[0-9]++(?:[eE][-+]?[0-9]++)?|[eE][-+]?[0-9]++))"
    rb"(?=[,}\] \t\n\r])"
)
_CONTAINERS = {dict, list}
_SCALARS = {str, int, bool, type(None)}
_USUAL_ACTIONS = ACTIONS - {RECEIPT_ACTION} | {None}


def read_fast(batch: bytes, *, lines: bool) -> list[Entry] | None:
    """The entries of a batch of source text, or None if the exact path must read it.

    The batch begins where an entry begins and ends with a `}` that looks like the end of one. If that `}` is
    in a string or in a nested value, the batch can't parse: reading from the left, the string or the entry's
    own object is still open there, and the one `]` that is added closes neither. Nor does a text parse that
    closes the array early: something follows its `]`.
    With `lines` the entries stand on lines of their own, and each line must parse by itself.
    """
    if len(batch) > MAX_CARRIED:
        return None
    try:
        values = list(map(orjson.loads, batch.split(b"\n"))) if lines else orjson.loads(b"[" + batch + b"]")
    except orjson.JSONDecodeError:
        return None
    if set(map(type, values)) != {dict} or not _has_good_ids(values):
        return None
    kinds = set(map(type, chain.from_iterable(map(dict.values, values))))
    keys, has_float = (sum(map(len, values)), False) if kinds <= _SCALARS else count_keys(values)
    if keys is None or (has_float and not _has_exact_numbers(batch)):
        return None
    # Joined and cut again, because each result of orjson's holds on to several kilobytes, however short it
    # is. A canonical line holds no line feed.
    text = b"\n".join(map(orjson.dumps, values, repeat(None), repeat(OPTIONS)))
    if (has_float or len(text) != len(batch)) and not _has_keys(batch, keys):
        return None
    return _build_entries(values, text.split(b"\n"), nested=not kinds <= _SCALARS)


def _has_good_ids(values: list[Object]) -> bool:
    """Whether all have a valid id, and no member that would make them look like a `_source` form."""
    try:
        ids = list(map(itemgetter("id"), values))
    except KeyError:
        return False
    if set(map(type, ids)) != {int} or min(ids) < 1 or max(ids) > MAX_ID:
        return False
    return SOURCE_KEYS.isdisjoint(set().union(*values))


def _has_keys(batch: bytes, keys: int) -> bool:
    """Whether the source of whole JSON values has exactly this number of keys."""
    # A search for one byte is so much faster than one for two that it pays to begin with it.
    if batch.count(b'":') == keys and not any(space in batch and space + b":" in batch for space in _SPACES):
        return True
    return sum(map(bool, _STRING.findall(batch))) == keys


def _has_exact_numbers(batch: bytes) -> bool:
    """Whether canonical JSON carries every number that orjson may have read as a float."""
    return all(map(is_exact_number, set(_NUMBER.findall(batch))))


def count_keys(values: list[Object]) -> tuple[int | None, bool]:
    """How many keys the objects and all objects in them have, and whether they hold a float.

    None instead of a number: there are more than MAX_DEPTH levels.
    """
    keys, has_float, level = 0, False, list[Any](values)
    for _ in range(MAX_DEPTH):
        dicts = [value for value in level if type(value) is dict]
        lists = (value for value in level if type(value) is list)
        keys += sum(map(len, dicts))
        below = list(chain(chain.from_iterable(map(dict.values, dicts)), chain.from_iterable(lists)))
        kinds = set(map(type, below))
        has_float = has_float or float in kinds
        if kinds.isdisjoint(_CONTAINERS):
            return keys, has_float
        level = [value for value in below if type(value) in _CONTAINERS]
    return None, has_float


def _build_entries(values: list[Object], lines: list[bytes], *, nested: bool) -> list[Entry]:
    """The entries of objects that canonical JSON carries exactly, with their lines."""
    seconds = read_timestamps([value.get("timestamp") for value in values])
    marks = _marks(values, seconds, nested=nested)
    rows = zip(map(itemgetter("id"), values), lines, seconds, marks)  # noqa: B905 - marks may repeat
    return list(map(tuple.__new__, repeat(Entry), rows))


def _marks(values: list[Object], seconds: list[int | None], *, nested: bool) -> Iterable[int]:
    """The marks of each object. One look at all of them spares most batches a look at each."""
    plain = (
        not nested
        and None not in seconds
        and set().union(*values) <= ENTRY_FIELDS
        and {value.get("action_type") for value in values} <= _USUAL_ACTIONS  # hashable: nothing is nested
        and not may_hold_receipt({value.get("message") for value in values})
    )
    return repeat(0) if plain else map(marks_of, values, seconds)
