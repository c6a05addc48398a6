"""The prefilter: it may give a line too many, and never one too few."""

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.canonical import canonical_bytes, source_line
from audit_archive.format.display import INVISIBLE
from audit_archive.retrieve.fields import network
from audit_archive.retrieve.match import LOOSE, NO, UNSEEN, EntryMatcher, Prefilter
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.reading import NO_BREAK, as_read
from tests.support.examples import examples
from tests.support.rows import all_rows

ALPHABET = [*'aAkKsSiI"\\/.:,{}\n\t\x1f19', "ß", "\u017f", "İ", "\u212a", "\ufb01", "é", "É", "王", "🦜", "ǰ"]
ALPHABET += ["\u0301", "\u200b", "\xa0", "\xad", "\u202f", "\u2066", "\ufeff", "\u037e", " ", "e"]
ALPHABET += ["\ufe0f", "\u3164", "\U000e0041"]
WORDS = st.text(st.sampled_from(ALPHABET), max_size=5)
OCTETS = st.sampled_from([0, 1, 9, 10, 19, 99, 100, 127, 128, 199, 200, 249, 250, 255])
ADDRESSES = st.one_of(
    WORDS,
    st.ip_addresses().map(str),
    st.builds("{}.{}.{}.{}".format, OCTETS, OCTETS, OCTETS, OCTETS),
    st.sampled_from(["192.0.2.7", "192.0.2.77", "192.0.2.256", "192.0.2", "192.0.2.07", "::ffff:192.0.2.7"]),
)
ROUTES = st.sampled_from(
    ["for=192.0.2.7:80;proto=http", 'for="[2001:db8::1]:443"', "192.0.2.7:8080", "api", ""]
)
SCALARS = st.one_of(WORDS, st.none(), st.integers(-3, 3), st.booleans(), st.floats(0, 1))
NAMES = st.sampled_from(["user", "user_ip", "flock_id"])
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(NAMES, SCALARS, max_size=2))
ENTRIES = st.fixed_dictionaries(
    {"id": st.integers(1, 99)},
    optional={
        "user": st.one_of(WORDS, VALUES),
        "user_ip": st.one_of(ADDRESSES, ADDRESSES, VALUES),
        "user_access_route": st.one_of(st.lists(ADDRESSES, max_size=2).map(", ".join), ROUTES, VALUES),
        "action_type": VALUES,
        "flock_id": VALUES,
        "flock_name": VALUES,
        "additional_information": VALUES,
    },
)
NETWORKS = ["192.0.2.7", "192.0.2.0/24", "192.0.2.0/25", "192.0.0.0/13", "0.0.0.0/0", "128.0.0.0/1", "::/0"]
SOME = st.lists(WORDS, min_size=1, max_size=2).map(tuple)
CONSOLE = st.just("c")
QUERIES = st.one_of(
    st.builds(Query, CONSOLE, users=SOME),
    st.builds(Query, CONSOLE, flocks=SOME),
    st.builds(Query, CONSOLE, action_types=SOME),
    st.builds(Query, CONSOLE, text=WORDS.filter(bool)),
    st.builds(Query, CONSOLE, networks=st.tuples(st.sampled_from(NETWORKS).map(network))),
    st.builds(Query, CONSOLE, users=SOME, text=WORDS, end=st.just(1)),
    st.builds(Query, CONSOLE, end=st.just(1)),
)


def line_of(entry: dict[str, Any], is_source: bool) -> bytes:
    """The entry's line; in `_source` form, with all that is not ASCII escaped."""
    return source_line(json.dumps(entry).encode(), entry["id"]) if is_source else canonical_bytes(entry)


@examples(120)
@given(st.lists(st.tuples(ENTRIES, st.booleans()), min_size=1, max_size=6), QUERIES)
def test_no_line_is_lost(entries: list[tuple[dict[str, Any], bool]], query: Query) -> None:
    lines = [line_of(*each) for each in entries]
    candidates = Prefilter(query).candidates(b"".join(line + b"\n" for line in lines))
    rest = iter(lines)
    assert all(line in rest for line in candidates), "a line out of order, or none at all"
    assert wanted(query, candidates) == wanted(query, lines)


def wanted(query: Query, lines: list[bytes]) -> list[bytes]:
    """The lines that match, or can't be judged."""
    return [
        line
        for line, verdict in zip(lines, EntryMatcher(query).verdicts(lines), strict=True)
        if verdict != NO
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query("c", users=("Bob",)), [b'{"user":"bob"}']),
        (Query("c", text="OB"), [b'{"message":"bob","user":"al"}', b'{"user":"bob"}']),
        (Query("c", networks=(network("10.1.0.0/16"),)), [b'{"user_ip":"10.1.9.9"}']),
        (Query("c", networks=(network("10.1.2.3"),)), []),
        (Query("c", action_types=("x",)), []),
    ],
)
def test_it_spares_the_parser_most_lines(query: Query, expected: list[bytes]) -> None:
    lines = [b'{"message":"bob","user":"al"}', b'{"user":"bob"}', b'{"user":null}']
    lines += [b'{"user_ip":"10.1.9.9"}', b'{"user_ip":"10.11.9.9"}', b'{"user_ip":null}']
    assert Prefilter(query).candidates(b"".join(line + b"\n" for line in lines)) == expected


@all_rows("address", ["192.0.2.256", "999.1.1.1", "192.0.2.07", "192.0.2", "1.2.3.4.5", "", "host"])
def test_what_is_no_address_is_left_to_the_judge(address: str) -> None:
    line = canonical_bytes({"id": 1, "user_ip": address})
    query = Query("c", networks=(network("10.0.0.0/8"),))
    assert Prefilter(query).candidates(line + b"\n") == [line]
    assert wanted(query, [line]) == [line]


@pytest.mark.wide
def test_the_characters_that_fold_to_ascii_are_all_known() -> None:
    """Every character beyond ASCII that is read as an ASCII character, or is not seen, and no other."""
    beyond = [chr(c) for c in range(0x80, sys.maxunicode + 1) if not 0xD800 <= c <= 0xDFFF]
    loose, unseen = {}, set()
    for c in beyond:
        read = as_read(c)
        if not read or c in NO_BREAK:
            unseen.add(c)
        elif any(map(str.isascii, read)):
            loose[c] = {each for each in read if each.isascii()}
    assert {"ß", "\u212a", "\ufb01", "\u037e", "\u1fef"} < set(loose)
    for c, read_as in loose.items():
        (letters,) = (letters for begin, letters in LOOSE.items() if c.encode().startswith(begin))
        assert set(letters) >= read_as, c
    assert unseen == set(INVISIBLE + NO_BREAK)
    assert {c for c in beyond if UNSEEN.fullmatch(c.encode())} == set(INVISIBLE + NO_BREAK)
