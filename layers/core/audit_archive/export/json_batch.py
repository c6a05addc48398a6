"""Source text of many entries into a batch: the fast path, which gives what `read_exact` gives, or nothing.

orjson is strict about grammar and UTF-8. But it turns integers beyond 64 bits into floats, rounds numbers,
and keeps the last of two equal keys, silently. So a parse is trusted only if it shows that nothing was lost.

**By length.** Canonical JSON spells every token in as few bytes as JSON can, without white space; a float
only if it is a short one (`_is_short`). So if all floats are short, and the canonical lines are as long as
the source without what stands between two entries, then each token of the source is as it must be: no key was
dropped, and no number was rounded.

**By marks.** Otherwise the marks of keys, `":`, are counted in the source and in the canonical lines. A
string may hold that mark too, but then it holds it in both, unless the source spells it with an escape or has
white space before a colon. So without those, equal counts show that no key was dropped. If a batch does not
pass, each of its entries is asked by itself, and the strings before a colon are counted.

**Numbers.** If the length does not settle it, each number in the source with a fraction, an exponent or many
digits must be one that canonical JSON carries. What looks like such a number in a string must be, too.

`read_fast` parses the whole batch at once, and takes it or leaves it. `read_apart` parses entry by entry, and
leaves single entries to the exact path.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import orjson

from audit_archive.export.json_entry import read_exact
from audit_archive.format.batch import Batch, text_of_lines
from audit_archive.format.canonical import OPTIONS, SOURCE_KEYS
from audit_archive.format.entry import Entry, column, marks_of_all
from audit_archive.format.ids import MAX_ID
from audit_archive.format.json_scan import MAX_CARRIED, MAX_DEPTH, NoTokenError, is_exact_number
from audit_archive.format.times import read_timestamps

Object: TypeAlias = dict[str, Any]

_CONTAINERS = frozenset({dict, list})
_RARE = _CONTAINERS | {float}
_OFTEN_NESTED = "additional_information"
_SPACES = (b" ", b"\t", b"\n", b"\r")
_MARK = b'":'
_ESCAPED_MARKS = (b"\\u0022", b"\\u003a", b"\\u003A")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"[ \t\n\r]*+(:?)')
# A number that may be a float, between what must stand before and after one.
_NUMBER = re.compile(
    rb"[:,\[ \t\n\r](-?[0-9]++(?:(?<=[0-9]{19})|\.[0-9]++(?:[eE][-+]?[0-9]++)?|[eE][-+]?[0-9]++))"
    rb"(?=[,}\] \t\n\r])"
)
_FLOAT = re.compile(rb"[0-9][.e][-+0-9]")
_SHORT = re.compile(rb"(?!.{17})-?(?:[1-9][0-9]*\.[0-9]*[1-9]|0\.0?[1-9](?:[0-9]*[1-9])?|[0-9]*[1-9]\.0)")


class Joint(NamedTuple):
    """What stands between the entries of an export: from the `}` of one up to the first key of the next.

    `between`: how many bytes of it belong to neither entry. `is_feed`: they are no comma, but a line feed.
    """

    separator: bytes
    between: int
    is_feed: bool


def read_fast(source: bytes, joint: Joint) -> Batch | None:
    """The entries of a batch of source text, or None if they must be read apart.

    The batch begins where an entry begins and ends with a `}` that looks like the end of one. If that `}` is
    in a string or in a nested value, the batch can't parse: reading from the left, the string or the entry's
    own object is still open there, and the one `]` that is added closes neither. Nor does a text parse that
    closes the array early: something follows its `]`. A batch with descending ids is turned around.
    """
    if len(source) > MAX_CARRIED:
        return None
    try:
        values = _parse(source, joint)
    except orjson.JSONDecodeError:
        return None
    if not _are_entries(values):
        return None
    if is_turned := values[0]["id"] > values[-1]["id"]:  # newest first, as a rule: later it would take longer
        values.reverse()
    inside = _Inside.of(values)
    if inside.is_too_deep:
        return None
    text = _canonical(values)
    is_even = _stands_between(source, joint, text)
    # A batch is cut at each feed. But a comma may have less white space around it than the learned one.
    apart = (len(values) - 1) * (joint.between if is_even or joint.is_feed else 1)
    is_whole = len(source) - apart == len(text) - len(values) and all(map(_is_short, inside.floats))
    if not is_whole and _has_same_marks(source, text):
        pieces = _cut(source, joint)[:: -1 if is_turned else 1]
        is_whole = not inside.floats or (is_even and _has_exact_numbers(values, pieces))
    return _batch(values, text, inside) if is_whole else None


def _parse(source: bytes, joint: Joint) -> list[Any]:
    if joint.is_feed:  # each entry must parse by itself
        return list(map(orjson.loads, source.split(joint.separator[1 : 1 + joint.between])))
    values: list[Any] = orjson.loads(b"[%b]" % source)
    return values


def read_apart(source: bytes, joint: Joint, offset: int) -> tuple[Batch | None, int]:
    """The entries of a batch of source text, as far as it is cut right, and where what is left begins.

    The batch is cut at each separator. The first piece begins where an entry begins. So does each further
    one, if the piece before it is one whole entry, by orjson or by the exact path. `offset` is where
    `source[0]` stands in the export. Raises InvalidExportError as `read_exact` does.
    """
    pieces = _cut(source, joint)
    values, exact, at = _carried(pieces), dict[int, Entry](), 0
    for place, (piece, value) in enumerate(zip(pieces, values, strict=True)):
        if value is None:
            entry = _read_whole(source, at, at + len(piece), offset)
            if entry is None:
                values = values[:place]
                break
            exact[place] = entry
        at += len(piece) + joint.between
    return _with(exact, [value for value in values if value is not None]), min(at, len(source))


def _cut(source: bytes, joint: Joint) -> list[bytes]:
    """The source between the separators, with what belongs to the entry before and the one behind."""
    first, *others = source.split(joint.separator)
    if not others:
        return [first]
    begin, last = joint.separator[1 + joint.between :], others.pop()
    return [first + b"}", *(begin + piece + b"}" for piece in others), begin + last]


def _carried(pieces: list[bytes]) -> list[Object | None]:
    """The entries that pieces of text are. None instead of one that canonical JSON may not carry exactly."""
    values = [_parsed(piece) if len(piece) <= MAX_CARRIED else None for piece in pieces]
    known = [value for value in values if value is not None]
    inside = _Inside.of(known) if _are_entries(known) else None
    if inside is None or inside.is_too_deep:
        values = [v if v is not None and _is_entry(v) else None for v in values]
    has_floats = inside is None or inside.is_too_deep or bool(inside.floats)
    for place, (value, piece) in enumerate(zip(values, pieces, strict=True)):
        if value is not None and not _is_carried(value, piece, has_floats=has_floats):
            values[place] = None
    return values


def _is_carried(value: Object, piece: bytes, *, has_floats: bool) -> bool:
    """Whether an entry is all that its text says. `has_floats`: it may hold floats."""
    line = orjson.dumps(value, None, OPTIONS)
    if has_floats and _holds_float(value):
        if not all(map(is_exact_number, _NUMBER.findall(piece))):
            return False
    elif len(piece) == len(line):
        return True
    return _has_same_marks(piece, line) or _count_keys(piece) == _count_keys(line)


def _is_entry(value: Object) -> bool:
    """Whether a value is an object with a valid id, and not nested too deep."""
    return _are_entries((value,)) and not _Inside.of((value,)).is_too_deep


def _parsed(piece: bytes) -> Any:
    try:
        return orjson.loads(piece)
    except orjson.JSONDecodeError:
        return None


def _read_whole(source: bytes, start: int, end: int, offset: int) -> Entry | None:
    """The entry that a piece of source text is; None if it is less than an entry, or more."""
    try:
        entry, found_end = read_exact(source, start, offset)
    except NoTokenError:
        return None
    return entry if found_end == end else None


def _with(exact: dict[int, Entry], values: list[Object]) -> Batch | None:
    """The batch of some objects, among which some entries stand at given places."""
    if not values:
        return Batch.of(exact.values()) if exact else None
    batch = _batch(values, _canonical(values), _Inside.of(values))
    if not exact:
        return batch
    rows = list(batch)
    for place, entry in exact.items():  # ascending
        rows.insert(place, entry)
    return Batch.of(rows)


def _are_entries(values: Sequence[Any]) -> bool:
    """Whether all are objects with a valid id, and no member that would make them look like a `_source`."""
    if set(map(type, values)) != {dict}:
        return False
    try:
        ids = list(map(itemgetter("id"), values))
    except KeyError:
        return False
    if set(map(type, ids)) != {int} or min(ids) < 1 or max(ids) > MAX_ID:
        return False
    return SOURCE_KEYS.isdisjoint(set().union(*values))


def _has_same_marks(source: bytes, lines: bytes) -> bool:
    """Whether marks of keys, which nothing in the source can hide, stand as often in the canonical lines."""
    if any(space in source and space + b":" in source for space in _SPACES):
        return False
    if b"\\u" in source and any(escape in source for escape in _ESCAPED_MARKS):
        return False
    return source.count(_MARK) == lines.count(_MARK)


def _count_keys(text: bytes) -> int:
    """How many keys a whole JSON value has: strings before a colon."""
    return sum(map(bool, _STRING.findall(text)))


def _stands_between(source: bytes, joint: Joint, text: bytes) -> bool:
    """Whether the separator stands between each two entries, and nowhere else. `text`: their lines.

    A separator ends with a whole key, which begins with a letter or a digit. So in JSON it neither begins nor
    ends in a string: it stands between two objects of an array. If no array in an entry has two objects in a
    row, that array is the export's own. If that is not certain, the answer is no.
    """
    return source.count(joint.separator) == text.count(b"\n") - 1 and b"},{" not in text


def _has_exact_numbers(values: list[Object], pieces: list[bytes]) -> bool:
    """Whether canonical JSON carries every number of entries, each with its piece of source text."""
    rows = (piece for value, piece in zip(values, pieces, strict=True) if _holds_float(value))
    return all(is_exact_number(number) for piece in rows for number in _NUMBER.findall(piece))


def _holds_float(value: Object) -> bool:
    """Whether an entry may hold a float. In canonical JSON each has a dot or an exponent."""
    kinds = set(map(type, value.values()))
    if float in kinds:
        return True
    nested = (m for m in value.values() if type(m) in _CONTAINERS) if kinds & _CONTAINERS else ()
    return any(_FLOAT.search(orjson.dumps(member)) for member in nested)


def _is_short(number: float) -> bool:
    """Whether no JSON is shorter for a float, and none that is as long stands for another decimal number.

    Two decimal numbers of at most 15 digits are never the same double.
    """
    return _SHORT.fullmatch(orjson.dumps(number)) is not None


@dataclass(frozen=True)
class _Inside:
    """What objects hold: the places of those with an object or an array as a member, and all floats.

    `is_too_deep`: there are more than MAX_DEPTH levels, and not all floats are known.
    """

    nested: list[int]
    floats: list[float]
    is_too_deep: bool

    @classmethod
    def of(cls, values: Sequence[Object]) -> "_Inside":
        """Look at all objects at once, level by level."""
        kinds = list(map(type, chain.from_iterable(map(dict.values, values))))
        found, floats, rare = list[tuple[int, Any]](), list[float](), _RARE & set(kinds)
        if float in rare:
            floats = [m for v in values for m in v.values() if type(m) is float]
        if rare & _CONTAINERS:
            found = _nested(values, kinds.count(dict) + kinds.count(list))
        level = [member for _, member in found]
        for _ in range(MAX_DEPTH - 1):
            if not level:
                break
            below = list(chain.from_iterable(v.values() if type(v) is dict else v for v in level))
            floats += [each for each in below if type(each) is float]
            level = [each for each in below if type(each) in _CONTAINERS]
        return cls([place for place, _ in found], floats, is_too_deep=bool(level))


def _nested(values: Sequence[Object], count: int) -> list[tuple[int, Any]]:
    """The objects and arrays that are members of objects, each with the object's place; `count`: so many."""
    often = enumerate(column(values, _OFTEN_NESTED))
    found = [(place, member) for place, member in often if type(member) in _CONTAINERS]
    if len(found) < count:  # another member is nested, too
        found = [(i, m) for i, v in enumerate(values) for m in v.values() if type(m) in _CONTAINERS]
    return found


def _canonical(values: list[Object]) -> bytes:
    """The lines of objects, each with its line feed."""
    # Put together, because each result of orjson's holds on to several kilobytes, however short it is.
    return text_of_lines(list(map(orjson.dumps, values, repeat(None), repeat(OPTIONS))))


def _batch(values: list[Object], text: bytes, inside: _Inside) -> Batch:
    """The batch of objects that canonical JSON carries exactly; `text`: their lines."""
    seconds = read_timestamps(column(values, "timestamp"))
    marks = marks_of_all(values, set().union(*values), seconds, inside.nested)
    return Batch(list(map(itemgetter("id"), values)), text, seconds, marks)
