"""Records to JSON and back, exactly: whatever does not fit is refused by name."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.codec import UnknownMember, from_json, to_json
from audit_archive.format.head import Head
from audit_archive.format.statement import ArchiveStatement, OperatorStatement, PurgeStatement
from tests.support.rows import all_rows


@dataclass(frozen=True)
class Leaf:
    number: int
    text: str | None


@dataclass(frozen=True)
class Record:
    """Every shape of field that our records have."""

    leaf: Leaf
    maybe: Leaf | None
    leaves: tuple[Leaf, ...]
    numbers: tuple[int, ...]
    counts: dict[str, int]
    free: dict[str, Any]
    is_true: bool


class Colour(StrEnum):
    RED = "red"
    GREEN = "light green"


@dataclass(frozen=True)
class Painted:
    closed: Colour
    open: Colour | UnknownMember
    maybe: Colour | UnknownMember | None
    counts: dict[Colour | UnknownMember, int]


LEAVES = st.builds(Leaf, st.integers(), st.none() | st.text())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
RECORDS = st.builds(
    Record,
    LEAVES,
    st.none() | LEAVES,
    st.lists(LEAVES, max_size=3).map(tuple),
    st.lists(st.integers(), max_size=3).map(tuple),
    st.dictionaries(st.text(), st.integers(), max_size=3),
    st.dictionaries(st.text(), JSON, max_size=3),
    st.booleans(),
)
GOOD: dict[str, Any] = {
    "leaf": {"number": 1, "text": "a"},
    "maybe": None,
    "leaves": [{"number": 2, "text": None}],
    "numbers": [1, 2],
    "counts": {"a": 1},
    "free": {"x": [None, {"y": 1.5}]},
    "is_true": True,
}


@given(RECORDS)
def test_a_record_survives_json(record: Record) -> None:
    assert from_json(Record, json.loads(json.dumps(to_json(record)))) == record


@given(st.builds(Head) | st.from_type(Head))
def test_a_head_survives_json(head: Head) -> None:
    assert from_json(Head, json.loads(json.dumps(to_json(head)))) == head


@pytest.mark.parametrize("kind", [ArchiveStatement, PurgeStatement, OperatorStatement])
def test_every_field_of_a_statement_must_be_there(kind: type) -> None:
    with pytest.raises(ValueError, match=r"missing or unknown fields: .*console"):
        from_json(kind, {})


def test_the_example_fits() -> None:
    assert to_json(from_json(Record, GOOD)) == GOOD


@all_rows("name", GOOD)
def test_a_missing_field_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"Record: missing or unknown fields: {name}$"):
        from_json(Record, {key: value for key, value in GOOD.items() if key != name})


def test_an_unknown_field_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"Record: missing or unknown fields: surplus$"):
        from_json(Record, GOOD | {"surplus": None})


@all_rows(
    ("change", "where"),
    [
        ({"leaf": None}, "Leaf"),
        ({"leaf": []}, "Leaf"),
        ({"leaf": {"number": True, "text": None}}, r"Leaf\.number"),
        ({"leaf": {"number": 1.0, "text": None}}, r"Leaf\.number"),
        ({"leaf": {"number": None, "text": None}}, r"Leaf\.number"),
        ({"leaf": {"number": "1", "text": None}}, r"Leaf\.number"),
        ({"leaf": {"number": 1, "text": 2}}, r"Leaf\.text"),
        ({"leaf": {"number": 1}}, "Leaf.*text"),
        ({"maybe": {"number": 1, "text": None, "z": 0}}, "Leaf.*z"),
        ({"leaves": {}}, r"Record\.leaves"),
        ({"leaves": None}, r"Record\.leaves"),
        ({"leaves": [GOOD["leaf"], None]}, "Leaf"),
        ({"numbers": [1, "2"]}, r"Record\.numbers"),
        ({"numbers": "12"}, r"Record\.numbers"),
        ({"counts": {"a": "1"}}, r"Record\.counts"),
        ({"counts": {"a": None}}, r"Record\.counts"),
        ({"counts": []}, r"Record\.counts"),
        ({"free": []}, r"Record\.free"),
        ({"is_true": 1}, r"Record\.is_true"),
    ],
)
def test_a_field_of_another_type_is_refused_by_name(change: dict[str, Any], where: str) -> None:
    with pytest.raises(ValueError, match=f"^{where}"):
        from_json(Record, GOOD | change)


@pytest.mark.parametrize("value", [None, [], "x", 1, True])
def test_what_is_no_object_is_no_record(value: object) -> None:
    with pytest.raises(ValueError, match="Record: expected an object"):
        from_json(Record, value)


PAINTED = {"closed": "red", "open": "light green", "maybe": None, "counts": {"red": 1}}


def test_a_member_is_read_as_one_and_written_as_its_plain_value() -> None:
    read = from_json(Painted, PAINTED)
    assert (read.closed, read.open) == (Colour.RED, Colour.GREEN)
    assert isinstance(read.closed, Colour)
    assert isinstance(read.open, Colour)
    written = to_json(Painted(Colour.RED, Colour.GREEN, None, {Colour.RED: 1}))
    assert written == PAINTED
    assert {type(text) for text in (written["closed"], written["open"], *written["counts"])} == {str}
    assert orjson.loads(orjson.dumps(written)) == PAINTED


@pytest.mark.parametrize("text", ["blue", "", "RED", "Red", " red"])
def test_a_text_that_is_not_a_member_is_kept_where_a_later_release_may_have_more(text: str) -> None:
    stated = PAINTED | {"open": text, "maybe": text}
    read = from_json(Painted, stated)
    assert type(read.open) is type(read.maybe) is UnknownMember
    assert read.open == text
    assert to_json(read) == stated
    assert type(to_json(read)["open"]) is str
    with pytest.raises(ValueError, match=r"^Painted\.closed: .* is not one of red, light green$"):
        from_json(Painted, PAINTED | {"closed": text})


@all_rows("field", ["closed", "open", "maybe"])
@all_rows("value", [1, True, ["red"], {"red": 1}])
def test_a_member_is_a_text(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^Painted\.{field}: expected str, got {type(value).__name__}$"):
        from_json(Painted, PAINTED | {field: value})
