"""Source text of many entries into a batch: the fast path, which gives what `read_exact` gives, or nothing.

orjson is strict about grammar and UTF-8. But it turns integers beyond 64 bits into floats, rounds numbers,
and keeps the last of two equal keys, silently. So an entry is trusted only if its text shows that nothing was
lost.

**By length.** Canonical JSON spells every token in as few bytes as JSON can; a float only if it is a short
one (`_is_short`). A source of nothing but ASCII needs six bytes for what else a string holds, which is known
(`_least`). White space is in strings only. There the source has it as well, or an escape, which is longer.
So if all floats are short, and the lines are as long as the source when the white space of both is left out,
then each token of the source is as it must be: no key was dropped, and no number was rounded.

**By marks.** Otherwise the marks of keys, `":`, are counted in the source and in the lines. A string may hold
that mark too, but then it holds it in both, unless the source spells it with an escape or has white space
before a colon. So without those, equal counts show that no key was dropped.

**Apart.** What shows neither is cut at its entries, and each is asked by itself. Those that canonical JSON
may not carry are read token by token. A float that is not short must be a number that canonical JSON carries;
what looks like a number in a string of its entry must be, too.
"""

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from itertools import accumulate, chain, repeat
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
_Piece: TypeAlias = tuple[bytes, int]
"""The source text of an entry, if its batch was cut right, and where that begins in the export."""

_CONTAINERS = frozenset({dict, list})
_RARE = _CONTAINERS | {float}
_OFTEN_NESTED = "additional_information"
_SPACES = (b" ", b"\t", b"\n", b"\r")
_MARK = b'":'
_ESCAPED_MARKS = (b"\\u0022", b"\\u003a", b"\\u003A")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"[ \t\n\r]*+(:?)')
_COMMA = re.compile(rb"\}[ \t\n\r]*+,[ \t\n\r]*+\{")
# A number that may be a float, between what must stand before and after one.
_NUMBER = re.compile(
    rb"[:,\[ \t\n\r](-?[0-9]++(?:(?<=[0-9]{19})|\.[0-9]++(?:[eE][-+]?[0-9]++)?|[eE][-+]?[0-9]++))"
    rb"(?=[,}\] \t\n\r])"
)
_SHORT = re.compile(rb"(?!.{17})-?(?:[1-9][0-9]*\.[0-9]*[1-9]|0\.0?[1-9](?:[0-9]*[1-9])?|[0-9]*[1-9]\.0)")
_STAND_IN: Object = {"id": 1}
"""Keeps the place of an entry that is read token by token."""


class Joint(NamedTuple):
    """What stands between the entries of an export: from the `}` of one up to the first key of the next.

    `between`: how many bytes of it belong to neither entry. `is_feed`: they are no comma, but a line feed.
    """

    separator: bytes
    between: int
    is_feed: bool


def read_fast(source: bytes, joint: Joint, offset: int) -> Batch | None:
    """The entries of a batch of source text, or None if they must be read apart.

    The batch begins where an entry begins and ends with a `}` that looks like the end of one. If that `}` is
    in a string or in a nested value, the batch can't parse: reading from the left, the string or the entry's
    own object is still open there, and the one `]` that is added closes neither. Nor does a text parse that
    closes the array early: something follows its `]`. A batch with descending ids is turned around. `offset`
    is where `source[0]` stands in the export. Raises InvalidExportError as `read_exact` does.
    """
    values = _parse(source, joint) if len(source) <= MAX_CARRIED else None
    columns = _Columns.of(values) if values else None
    if values is None or columns is None:
        return None
    text, commas = columns.batch.text, 0 if joint.is_feed else len(values) - 1
    spare = len(source) - commas - (_least(text, source) - len(values))  # a line ends with a line feed
    is_as_long = not columns.odd and _is_white(spare, source, text)
    has_all_keys = is_as_long or _has_same_marks(source, text)
    if is_as_long or (has_all_keys and not (columns.floats and _has_odd_number(source))):
        return columns.batch
    pieces = _cut(source, joint, offset)
    # Cut right, if whatever looks like a comma between two objects is one between two entries, and was cut.
    is_cut_right = joint.is_feed or len(_COMMA.findall(source)) == commas
    if len(pieces) != len(values) or not is_cut_right:
        return None
    return columns.judged(pieces, columns.floats if has_all_keys else range(len(pieces)), {})


def _parse(source: bytes, joint: Joint) -> list[Any] | None:
    try:
        if joint.is_feed:  # each entry must parse by itself
            return list(map(orjson.loads, source.split(joint.separator[1 : 1 + joint.between])))
        values: list[Any] = orjson.loads(b"[%b]" % source)
    except orjson.JSONDecodeError:
        return None
    return values


def read_apart(source: bytes, joint: Joint, offset: int) -> tuple[Batch | None, int]:
    """The entries of a batch of source text, as far as it is cut right, and where what is left begins.

    The batch is cut at each separator. The first piece begins where an entry begins. So does each further
    one, if the piece before it is one whole entry, by orjson or by the exact path. `offset` is where
    `source[0]` stands in the export. Raises InvalidExportError as `read_exact` does.
    """
    pieces = _cut(source, joint, offset)
    values, exact = [_parsed(text) for text, _ in pieces], dict[int, Entry]()
    columns = _Columns.of(values)
    if columns is None:
        values = [value if _Columns.of([value]) is not None else _STAND_IN for value in values]
    for place, (text, at) in enumerate(pieces):
        if values[place] is _STAND_IN:
            entry = _read_whole(text, at)
            if entry is None:
                values = values[:place]
                break
            exact[at] = entry
    if columns is None or len(values) < len(pieces):
        columns = _Columns.of(values)
    if columns is None:  # not even the first piece is an entry
        return None, 0
    pieces = pieces[: len(values)]
    text, at = pieces[-1]
    end = at - offset + len(text) + joint.between
    return columns.judged(pieces, range(len(pieces)), exact), min(end, len(source))


def _parsed(text: bytes) -> Any:
    """The value of a piece of source text, or a stand-in if orjson refuses it."""
    if len(text) > MAX_CARRIED:
        return _STAND_IN
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _STAND_IN


def _cut(source: bytes, joint: Joint, offset: int) -> list[_Piece]:
    """A batch, cut at each separator: a piece has what belongs to the entry before and to the one behind."""
    first, *others = source.split(joint.separator)
    if not others:
        return [(first, offset)]
    begin, last = joint.separator[1 + joint.between :], others.pop()
    texts = [first + b"}", *(begin + text + b"}" for text in others), begin + last]
    starts = accumulate((len(text) + joint.between for text in texts), initial=offset)
    return list(zip(texts, starts, strict=False))


def _read_whole(text: bytes, at: int) -> Entry | None:
    """The entry that a piece is; None if it is less than an entry, or more."""
    try:
        entry, end = read_exact(text, 0, at)
    except NoTokenError:
        return None
    return entry if end == len(text) else None


@dataclass(frozen=True)
class _Columns:
    """A batch of objects, which is theirs if nothing was lost when they were parsed.

    `floats`: the places of those that may have a float, `odd`: one that is not short. `is_turned`: their
    order was turned around, because the ids were descending.
    """

    batch: Batch
    floats: Set[int]
    odd: Set[int]
    is_turned: bool

    @classmethod
    def of(cls, values: Sequence[Any]) -> "_Columns | None":
        """The columns of one object or more; None if one of the values is nothing that a line can carry.

        That is no object, one without a valid id or with too many levels, and one with a member that would
        make its line look like what stands for a source.
        """
        ids = _ids_of(values)
        if ids is None:
            return None
        # Newest first, as a rule. To turn the lines later would take longer.
        if is_turned := ids[0] > ids[-1] and values[-1] is not _STAND_IN:
            ids, values = ids[::-1], values[::-1]
        fields = set[str]().union(*values)
        inside = _look_inside(values) if SOURCE_KEYS.isdisjoint(fields) else None
        if inside is None:
            return None
        nested, floats, odd = inside
        seconds = read_timestamps(column(values, "timestamp"))
        marks = marks_of_all(values, fields, seconds, nested)
        return cls(Batch(ids, _lines_of(values), seconds, marks), floats, odd, is_turned)

    def judged(self, pieces: Sequence[_Piece], doubtful: Iterable[int], exact: dict[int, Entry]) -> Batch:
        """The batch with some entries as the exact path reads them: given ones, and what may not be carried.

        `pieces`: the source of the objects, in the order in which they came. `doubtful`: the places of those
        that may have lost something. `exact`: what is read already, by where it begins.
        """
        pieces, lines = pieces[:: -1 if self.is_turned else 1], self.batch.lines
        for place in doubtful:
            (text, at), line, is_odd = pieces[place], lines[place], place in self.odd
            if at in exact or (len(text) == len(line) and not is_odd):
                continue
            if not _is_carried(text, line, is_odd=is_odd):
                exact[at], _ = read_exact(text, 0, at)
        if not exact:
            return self.batch
        return self.batch.replaced({n: exact[at] for n, (_, at) in enumerate(pieces) if at in exact})


def _ids_of(values: Sequence[Any]) -> list[int] | None:
    """The ids of one value or more; None unless all are objects with a valid id."""
    if set(map(type, values)) != {dict}:
        return None
    try:
        ids = list(map(itemgetter("id"), values))
    except KeyError:
        return None
    is_valid = set(map(type, ids)) == {int} and min(ids) > 0 and max(ids) <= MAX_ID
    return ids if is_valid else None


class _Inside(NamedTuple):
    """Places of objects: with an object or an array as a member, with a float, with one that is not short.

    A float below the members counts for all objects with such members.
    """

    nested: list[int]
    floats: set[int]
    odd: set[int]


def _look_inside(values: Sequence[Object]) -> _Inside | None:
    """What objects hold, level by level; None if there are more than MAX_DEPTH levels."""
    kinds = list(map(type, chain.from_iterable(map(dict.values, values))))
    rare, found = _RARE.intersection(kinds), _Inside([], set(), set())
    if float in rare:
        members = [(i, m) for i, v in enumerate(values) for m in v.values() if type(m) is float]
        found.floats.update(place for place, _ in members)
        found.odd.update(place for place, number in members if not _is_short(number))
    if not rare & _CONTAINERS:
        return found
    nested = _nested(values, sum(map(kinds.count, rare & _CONTAINERS)))
    found.nested.extend(place for place, _ in nested)
    level = [member for _, member in nested]
    for _ in range(MAX_DEPTH - 1):
        below = list(chain.from_iterable(v.values() if type(v) is dict else v for v in level))
        rare = _RARE.intersection(map(type, below))
        if float in rare:
            found.floats.update(found.nested)
            is_odd = not all(_is_short(each) for each in below if type(each) is float)
            found.odd.update(found.nested if is_odd else ())
        level = [each for each in below if type(each) in _CONTAINERS] if rare & _CONTAINERS else []
        if not level:
            return found
    return None


def _nested(values: Sequence[Object], count: int) -> list[tuple[int, Any]]:
    """The objects and arrays that are members of objects, each with the object's place; `count`: so many."""
    often = enumerate(column(values, _OFTEN_NESTED))
    found = [(place, member) for place, member in often if type(member) in _CONTAINERS]
    if len(found) < count:  # another member is nested, too
        found = [(i, m) for i, v in enumerate(values) for m in v.values() if type(m) in _CONTAINERS]
    return found


def _lines_of(values: Sequence[Object]) -> bytes:
    """The lines of objects, each with its line feed."""
    # Put together, because each result of orjson's holds on to several kilobytes, however short it is.
    return text_of_lines(list(map(orjson.dumps, values, repeat(None), repeat(OPTIONS))))


def _is_carried(source: bytes, line: bytes, *, is_odd: bool) -> bool:
    """Whether the line of one entry says all that its source does. `is_odd`: it has a float not short."""
    if not is_odd and _is_white(len(source) - _least(line, source), source, line):
        return True
    if _has_odd_number(source):
        return False
    return _has_same_marks(source, line) or _count_keys(source) == _count_keys(line)


def _least(text: bytes, source: bytes) -> int:
    """How many bytes the shortest JSON of canonical JSON has, which is ASCII if a source is."""
    if text.isascii() or not source.isascii():
        return len(text)
    plain = len(text.decode("ascii", "ignore"))
    return plain + 6 * (len(text.decode().encode("utf-16-le")) // 2 - plain)


def _is_white(spare: int, source: bytes, text: bytes) -> bool:
    """Whether all `spare` bytes that a source has more than canonical JSON are white space between tokens."""
    return spare == 0 or spare == _count_white(source) - text.count(b" ")


def _count_white(source: bytes) -> int:
    return sum(source.count(space) for space in _SPACES if space in source)


def _has_same_marks(source: bytes, lines: bytes) -> bool:
    """Whether marks of keys, which nothing in the source can hide, stand as often in the canonical lines."""
    if any(space in source and space + b":" in source for space in _SPACES):
        return False
    if b"\\u" in source and any(escape in source for escape in _ESCAPED_MARKS):
        return False
    return source.count(_MARK) == lines.count(_MARK)


def _has_odd_number(source: bytes) -> bool:
    """Whether a source holds a number that canonical JSON can't carry, or a string what looks like one."""
    return not all(map(is_exact_number, set(_NUMBER.findall(source))))


def _count_keys(text: bytes) -> int:
    """How many keys a whole JSON value has: strings before a colon."""
    return sum(map(bool, _STRING.findall(text)))


def _is_short(number: float) -> bool:
    """Whether no JSON is shorter for a float, and none that is as long stands for another decimal number.

    Two decimal numbers of at most 15 digits are never the same double.
    """
    return _SHORT.fullmatch(orjson.dumps(number)) is not None
