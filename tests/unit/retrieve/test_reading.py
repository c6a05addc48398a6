"""Two texts that look the same are the same, and no others; the addresses that proxies forwarded for."""

import sys
from ipaddress import ip_address
from unicodedata import category, decomposition, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.errors import RequestError
from audit_archive.format.canonical import canonical_bytes
from audit_archive.format.display import INVISIBLE
from audit_archive.retrieve.fields import network, text
from audit_archive.retrieve.match import MATCH, NO, EntryMatcher, Prefilter
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.reading import NO_BREAK, as_name, as_read, forwarded_addresses
from tests.support.rows import all_rows
from tests.support.unicode_data import DEFAULT_IGNORABLE, characters

ALIKE = [
    ("José", "Jose\u0301"),
    ("JOSÉ", "jose\u0301"),
    ("Siân Llŷr", "SIA\u0302N LLY\u0302R"),
    ("alice", "al\u200bi\u00adce\ufeff"),
    ("alice", "\u2066ALICE\u2069"),
    ("José García", "José\u00a0Garci\u0301a"),
    ("a b", "a\u202fb"),
    ("groß", "GROSS"),
    ("\u212aelvin", "kelvin"),
    ("a\u0323\u0302", "\u1ead"),
    ("\u037e", ";"),
    ("한", "\u1112\u1161\u11ab"),
]
DIFFERENT = [
    ("e", "é"),
    ("jose", "josé"),
    ("a b", "ab"),
    ("\uff41", "a"),
    ("i", "\u0131"),
    ("o", "ø"),
    ("1", "¹"),
]


@all_rows(("one", "other"), ALIKE)
def test_what_looks_the_same_is_the_same(one: str, other: str) -> None:
    assert as_read(one) == as_read(other)
    line = canonical_bytes({"id": 1, "user": other, "flock_name": other, "message": f"by {other}!"})
    back = canonical_bytes({"id": 1, "user": one, "flock_name": one, "message": f"by {one}!"})
    for asked, stored in ((one, line), (other, back)):
        for query in (Query("c", users=(asked,)), Query("c", flocks=(asked,)), Query("c", text=asked)):
            assert EntryMatcher(query).verdicts([stored]) == [MATCH]
            assert Prefilter(query).candidates(stored + b"\n") == [stored]


@all_rows(("one", "other"), DIFFERENT)
def test_what_looks_different_is_different(one: str, other: str) -> None:
    assert as_read(one) != as_read(other)
    assert EntryMatcher(Query("c", users=(one,))).verdicts([canonical_bytes({"id": 1, "user": other})]) == [
        NO
    ]


def test_spaces_around_a_name_do_not_count_and_spaces_in_a_text_do() -> None:
    line = canonical_bytes({"id": 1, "user": "\u00a0alice ", "message": "x y"})
    for query, verdict in (
        (Query("c", users=(" Alice",)), MATCH),
        (Query("c", users=("ali ce",)), NO),
        (Query("c", text=" y"), MATCH),
        (Query("c", text=" x"), NO),
    ):
        assert EntryMatcher(query).verdicts([line]) == [verdict]
    assert Prefilter(Query("c", users=(" Alice",))).candidates(line + b"\n") == [line]


@given(st.text())
def test_a_text_reads_the_same_however_it_is_composed(value: str) -> None:
    read = as_read(value)
    assert as_read(read) == read
    assert normalize("NFC", read) == read
    assert as_read(normalize("NFD", value)) == as_read(normalize("NFC", value)) == read
    assert as_name(f" {value}\u00a0") == as_name(value)


def test_what_is_not_seen_has_no_width() -> None:
    assert characters(DEFAULT_IGNORABLE) == INVISIBLE
    assert len(INVISIBLE) == 4174
    assert {category(c) for c in NO_BREAK} == {"Zs"}
    every = map(chr, range(sys.maxunicode + 1))
    assert {c for c in every if decomposition(c) == "<noBreak> 0020"} == set(NO_BREAK)


def test_a_text_that_no_person_sees_can_t_be_asked_for() -> None:
    with pytest.raises(RequestError, match=r"user: .* no person sees"):
        text("user")("\u200b\ufeff")


@all_rows(
    ("route", "addresses"),
    [
        ("", []),
        ("api", []),
        ("console", []),
        ("192.0.2.7", ["192.0.2.7"]),
        ("192.0.2.7, 10.0.0.1,2001:db8::1", ["192.0.2.7", "10.0.0.1", "2001:db8::1"]),
        ("192.0.2.7:443", ["192.0.2.7"]),
        ('for=192.0.2.60;proto=http;by=203.0.113.43, For="[2001:db8:cafe::17]:4711"',
         ["192.0.2.60", "203.0.113.43", "2001:db8:cafe::17"]),
        ("unknown, _hidden, 999.1.1.1, 192.0.2.07", []),
        ("fe80::1%eth0", ["fe80::1%eth0"]),
        ("192.0.2.7.", ["192.0.2.7"]),
    ],
)  # fmt: skip
def test_the_addresses_that_proxies_forwarded_for_are_read(route: str, addresses: list[str]) -> None:
    assert list(forwarded_addresses(route)) == list(map(ip_address, addresses))


def test_an_address_is_found_in_the_route_too() -> None:
    entry = {"id": 1, "user_ip": "10.0.0.1", "user_access_route": "192.0.2.7, 10.0.0.1"}
    for asked, verdict in (("192.0.2.0/24", MATCH), ("10.0.0.1", MATCH), ("198.51.100.0/24", NO)):
        query = Query("c", networks=(network(asked),))
        line = canonical_bytes(entry)
        assert EntryMatcher(query).verdicts([line]) == [verdict]
        assert (Prefilter(query).candidates(line + b"\n") == [line]) == (verdict == MATCH)
    mapped = canonical_bytes(entry | {"user_ip": None, "user_access_route": "::ffff:192.0.2.7"})
    assert EntryMatcher(Query("c", networks=(network("192.0.2.7"),))).verdicts([mapped]) == [MATCH]
    odd = canonical_bytes(entry | {"user_access_route": ["192.0.2.7"]})
    assert EntryMatcher(Query("c", networks=(network("192.0.2.7"),))).verdicts([odd]) == ["user_ip"]


@pytest.mark.parametrize("between", ["", " "])
def test_no_character_that_is_not_seen_hides_a_line(between: str) -> None:
    every = NO_BREAK if between else INVISIBLE
    lines = [
        canonical_bytes({"id": at, "user": f"mal{each}lory", "message": f"by mal{each}lory"})
        for at, each in enumerate(every, 1)
    ]
    for query in (Query("c", users=(f"mal{between}lory",)), Query("c", text=f"MAL{between}LORY")):
        assert EntryMatcher(query).verdicts(lines) == [MATCH] * len(every)
        assert Prefilter(query).candidates(b"".join(line + b"\n" for line in lines)) == lines
