"""The judge: yes, no, or a field that can't be read."""

import json
from typing import Any

import pytest

from audit_archive.domain.canonical import canonical_bytes, source_line
from audit_archive.domain.judge import MATCH, NO, Judge
from audit_archive.domain.query import Query
from audit_archive.domain.ranges import IdRange
from audit_archive.retrieve_fields import network

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


def verdict(query: Query, **fields: Any) -> str:
    entry = {name: value for name, value in (ENTRY | fields).items() if value is not ...}
    return Judge(query).verdict(canonical_bytes(entry))


@pytest.mark.parametrize(
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
    assert Judge(query).verdict(source_line(source.encode(), 17)) == (MATCH if expected else NO)


@pytest.mark.parametrize(
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
    assert Judge(Query("c", users=("\ufffdX",))).verdict(line) == MATCH
    assert Judge(Query("c", text="\ufffd")).verdict(line) == MATCH


def test_a_source_is_read_leniently() -> None:
    """The last of two equal keys counts, as elsewhere; numbers that no double carries are no texts."""
    line = source_line(rb'{"id":3,"user":"a","user":"b","user_ip":1e999,"message":"caf\u00e9"}', 3)
    assert Judge(Query("c", users=("b",))).verdict(line) == MATCH
    assert Judge(Query("c", users=("a",))).verdict(line) == NO
    assert Judge(Query("c", text="CAFÉ")).verdict(line) == MATCH
    assert Judge(Query("c", networks=(network("::/0"),))).verdict(line) == "user_ip"
