"""The judge: yes, no, or a field that can't be read."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.export.json_reader import read_entries
from audit_archive.format.canonical import canonical_bytes, source_line
from audit_archive.format.entry import read_receipt
from audit_archive.format.ids import IdRange
from audit_archive.retrieve.fields import network
from audit_archive.retrieve.match import MATCH, NO, EntryMatcher, Prefilter
from audit_archive.retrieve.ocsf import ocsf_event
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.rows import LineOrigin, csv_row
from tests.support.rows import all_rows

ENTRY: dict[str, Any] = {
    "id": 17,
    "timestamp": "2026-11-20 08:14:02 UTC+0000",
    "user": "Jürgen Groß",
    "user_ip": "192.0.2.7",
    "action_type": "user_login",
    "message": 'Said "hello"\nand left',
    "flock_id": "flock:1",
    "flock_name": "Zürich",
    "additional_information": {"node": ["deep", {"deeper": "Ärger"}], "count": 4711},
}
EIGHT = 1_795_162_442
"""2026-11-20 08:14:02 UTC."""


def verdict_of(query: Query, line: bytes) -> str:
    (told,) = EntryMatcher(query).verdicts([line])
    return told


def verdict(query: Query, **fields: Any) -> str:
    entry = {name: value for name, value in (ENTRY | fields).items() if value is not ...}
    return verdict_of(query, canonical_bytes(entry))


@all_rows(
    ("query", "expected"),
    [
        (Query("c"), True),
        (Query("c", start=EIGHT), True),
        (Query("c", start=EIGHT + 1), False),
        (Query("c", end=EIGHT), False),
        (Query("c", end=EIGHT + 1), True),
        (Query("c", users=("JÜRGEN GROSS",)), True),
        (Query("c", users=("Jürgen",)), False),
        (Query("c", users=("nobody", "jürgen groß")), True),
        (Query("c", action_types=("USER_LOGIN",)), True),
        (Query("c", action_types=("user_log",)), False),
        (Query("c", flocks=("flock:1",)), True),
        (Query("c", flocks=("zürich",)), True),
        (Query("c", flocks=("flock:2",)), False),
        (Query("c", networks=(network("192.0.2.7"),)), True),
        (Query("c", networks=(network("192.0.2.0/29"),)), True),
        (Query("c", networks=(network("192.0.2.8/29"), network("::/0"))), False),
        (Query("c", text="hello"), True),
        (Query("c", text='"HELLO"\nAND'), True),
        (Query("c", text="ärger"), True),
        (Query("c", text="deeper"), False),  # the name of a member
        (Query("c", text="4711"), False),  # a number
        (Query("c", ids=IdRange(17, 17)), True),
        (Query("c", ids=IdRange(18, 99)), False),
        (Query("c", users=("jürgen groß",), text="hello", ids=IdRange(1, 17), start=EIGHT), True),
        (Query("c", users=("jürgen groß",), text="no such text"), False),
    ],
)
def test_each_filter_alone_and_all_together(query: Query, expected: bool) -> None:
    assert verdict(query) == (MATCH if expected else NO)
    source = json.dumps(ENTRY, indent=1)
    assert verdict_of(query, source_line(source.encode(), 17)) == (MATCH if expected else NO)


@all_rows(
    ("address", "block", "expected"),
    [
        ("::ffff:192.0.2.7", "192.0.2.0/24", True),
        ("192.0.2.7", "::ffff:192.0.2.0/120", True),
        ("::ffff:c000:207", "192.0.2.7", True),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::/32", True),
        ("fe80::1%eth0", "fe80::/10", True),
        ("192.0.2.7", "::/0", False),
        ("::ffff:192.0.2.7", "::/0", True),
    ],
)
def test_an_address_is_its_number_however_it_is_spelled(address: str, block: str, expected: bool) -> None:
    query = Query("c", networks=(network(block),))
    assert verdict(query, user_ip=address) == (MATCH if expected else NO)


@pytest.mark.parametrize(
    ("query", "field", "values"),
    [
        (Query("c", start=1), "timestamp", [..., None, 5, "no time", "2026-11-20 08:14:60 UTC+0000"]),
        (Query("c", networks=(network("::/0"),)), "user_ip", [5, "", "a host", "1.2.3", "1.2.3.4, 5.6.7.8"]),
        (Query("c", users=("a",)), "user", [5, ["a"], {"name": "a"}, False]),
        (Query("c", action_types=("a",)), "action_type", [5, ["a"]]),
        (Query("c", flocks=("a",)), "flock_id", [5, ["a"]]),
    ],
)
def test_what_can_t_be_read_is_neither_in_nor_out(query: Query, field: str, values: list[Any]) -> None:
    for value in values:
        assert verdict(query, **{field: value}) == field, value


def test_another_filter_that_says_no_is_no() -> None:
    assert verdict(Query("c", start=1, users=("nobody",)), timestamp="no time") == NO
    assert verdict(Query("c", users=("a",), text="no such text"), user=5) == NO
    assert verdict(Query("c", flocks=("zürich",)), flock_id=5) == MATCH


@pytest.mark.parametrize("field", ["user", "user_ip", "action_type", "flock_id", "flock_name"])
def test_nothing_is_not_what_is_asked_for(field: str) -> None:
    query = Query("c", users=("x",), action_types=("x",), flocks=("x",), networks=(network("::/0"),))
    assert verdict(query, **{field: None}) == verdict(query, **{field: ...}) == NO


def test_half_a_surrogate_pair_is_read_as_the_replacement_character() -> None:
    line = source_line(rb'{"id":3,"user":"\ud800x","message":"\udfff"}', 3)
    assert verdict_of(Query("c", users=("\ufffdX",)), line) == MATCH
    assert verdict_of(Query("c", text="\ufffd"), line) == MATCH


@pytest.mark.parametrize("levels", [127, 254, 990, 1024, 20_000])
def test_no_depth_is_too_deep_to_be_read(levels: int) -> None:
    source = b'{"id":3,"user":"a","x":%b"deep"%b,"message":"b"}' % (b"[" * levels, b"]" * levels)
    ((entry,),) = read_entries([b"[" + source + b"]"])
    assert verdict_of(Query("c", users=("a",), text="DEEP"), entry.line) == MATCH
    assert ocsf_event(entry.line, "c", 1)["message"] == "b"
    assert b'"a"' in csv_row(entry.line, LineOrigin("c", 1))
    assert read_receipt(entry).user == "a"


@pytest.mark.parametrize(
    ("bad", "read"), [(b"\xff", "\ufffd"), (b"\xe2\x82", "\ufffd" * 2), (b"\x01", "\x01"), (b"\n", "\n")]
)
def test_a_bad_byte_hides_an_entry_from_no_question(bad: bytes, read: str) -> None:
    source = b'{"id":3,"user":"Zo%b","user_ip":"192.0.2.7","x":["caf\xc3\xa9","%b end"],' % (bad, bad)
    line = source_line(source + b'"timestamp":"2026-11-20T08:14:02Z","flock_id":"flock:1"}', 3)
    day = 86_400
    for query in (
        Query("c", users=(f"zo{read}",)),
        Query("c", text=f"{read} END"),
        Query("c", text="CAFÉ"),
        Query("c", networks=(network("192.0.2.0/24"),)),
        Query("c", flocks=("flock:1",)),
        Query("c", start=EIGHT - day, end=EIGHT + day),
    ):
        assert verdict_of(query, line) == MATCH
        text = canonical_bytes({"id": 2}) + b"\n" + line + b"\n"
        assert line in Prefilter(query).candidates(text)
    assert verdict_of(Query("c", users=("zo",)), line) == NO


def test_a_source_is_read_leniently() -> None:
    """The last of two equal keys counts, as elsewhere; numbers that no double carries are no texts."""
    line = source_line(rb'{"id":3,"user":"a","user":"b","user_ip":1e999,"message":"caf\u00e9"}', 3)
    assert verdict_of(Query("c", users=("b",)), line) == MATCH
    assert verdict_of(Query("c", users=("a",)), line) == NO
    assert verdict_of(Query("c", text="CAFÉ"), line) == MATCH
    assert verdict_of(Query("c", networks=(network("::/0"),)), line) == "user_ip"


STAMPS = ["2026-11-20 08:14:02 UTC+0000"] * 8 + [
    "2026-11-20 24:14:02 UTC+0000",
    "2026-11-20 08:14:02 UTC+0100",
]
STAMPS += ["2026-11-21 08:14:02 UTC+0000", "no time"]
OBJECT = {"timestamp": "2026-11-20 08:14:02 UTC+0000"}
TIMED = st.fixed_dictionaries(
    {"id": st.integers(1, 9)},
    optional={
        "timestamp": st.sampled_from(STAMPS),
        "additional_information": st.sampled_from(
            [None, OBJECT, [OBJECT], '"timestamp":"2026-11-20 08:14:02 UTC+0000"']
        ),
        "user": st.sampled_from(["a", '"}\n', "{", OBJECT, "timestamp"]),
    },
)


@given(st.lists(st.tuples(TIMED, st.booleans()), min_size=1, max_size=3))
def test_what_passes_at_a_glance_passes_a_look_at_each_line(entries: list[tuple[Any, bool]]) -> None:
    lines = [
        source_line(json.dumps(entry).encode(), entry["id"]) if is_source else canonical_bytes(entry)
        for entry, is_source in entries
    ]
    judge = EntryMatcher(Query("c", start=EIGHT - 86_400, end=EIGHT + 86_400))
    is_all = judge.verdicts(lines) == [MATCH] * len(lines)
    assert is_all or not judge.passes_all(b"".join(line + b"\n" for line in lines), "2026-11-20")


def test_nothing_passes_at_a_glance_that_another_filter_must_see() -> None:
    line = canonical_bytes(ENTRY) + b"\n"
    wide = Query("c", start=0, end=2 * EIGHT)
    assert EntryMatcher(wide).passes_all(line, "2026-11-20")
    assert not EntryMatcher(wide).passes_all(line, "2026-11-21")
    assert not EntryMatcher(replace(wide, users=("a",))).passes_all(line, "2026-11-20")
    assert not EntryMatcher(replace(wide, text="a")).passes_all(line, "2026-11-20")
    assert not EntryMatcher(replace(wide, ids=IdRange(1, 2))).passes_all(line, "2026-11-20")
    assert not EntryMatcher(replace(wide, end=EIGHT + 1)).passes_all(line, "2026-11-20")
    assert not EntryMatcher(Query("c")).passes_all(line, "2026-11-20")
