"""Two lines of one entry: what is an amendment, and what is not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.canonical import canonical_bytes, source_line
from audit_archive.run.comparison import OTHER_TEXT, Change, difference
from tests.support.examples import examples
from tests.support.rows import all_rows

ENTRY: dict[str, Any] = {
    "id": 17,
    "timestamp": "2026-11-23 06:00:00 UTC+0000",
    "action_type": "user_login",
    "message": "User logged in",
    "user": "a@example.com",
    "user_ip": "192.0.2.7",
    "user_browser_agent": "Mozilla/5.0",
    "user_browser_language": "en",
    "user_access_route": "203.0.113.9",
    "flock_id": "flock:default",
    "flock_name": "Default",
    "additional_information": {"device": ["x", 1]},
}
DOCUMENTED = sorted(ENTRY.keys() - {"id", "flock_name"})
LINE = canonical_bytes(ENTRY)


def line(**fields: Any) -> bytes:
    return canonical_bytes(ENTRY | fields)


def without(*names: str) -> bytes:
    return canonical_bytes({name: value for name, value in ENTRY.items() if name not in names})


def source(text: str) -> bytes:
    return source_line(text.encode(), 17)


# ---------------------------------------------------------------------------- amended


@all_rows("member", DOCUMENTED)
@all_rows("value", ["another", "", None, 1, {"device": ["x", 2]}])
def test_another_value_of_a_documented_member_is_an_amendment(member: str, value: object) -> None:
    found = difference(LINE, line(**{member: value}))
    assert found.changes == (Change(member, canonical_bytes(ENTRY[member]), canonical_bytes(value)),)
    assert (found.is_respelled, found.drift) == (False, ())


@all_rows("member", DOCUMENTED)
def test_a_documented_member_that_is_gone_or_new_is_an_amendment(member: str) -> None:
    value = canonical_bytes(ENTRY[member])
    assert difference(LINE, without(member)).changes == (Change(member, value, None),)
    assert difference(without(member), LINE).changes == (Change(member, None, value),)


@pytest.mark.parametrize(("old", "new"), [(1, True), (1, 1.0), (0, False), ("1", 1), ([1], [True])])
def test_values_that_python_takes_for_equal_are_not_the_same(old: object, new: object) -> None:
    assert difference(line(flock_id=old), line(flock_id=new)).changes != ()


def test_an_entry_may_be_amended_in_all_at_once() -> None:
    live = line(user="b", flock_name="New", timestamp="2026-11-23 07:00:00 UTC+0100", surprise=1)
    found = difference(LINE, live)
    assert [change.member for change in found.changes] == ["user"]
    assert (found.is_respelled, found.drift) == (True, ("flock_name", "surprise"))


# ---------------------------------------------------------------------------- not amended


def test_the_same_line_does_not_differ() -> None:
    found = difference(LINE, LINE)
    assert (found.changes, found.is_respelled, found.drift) == ((), False, ())


@pytest.mark.parametrize("text", ["2026-11-23 07:00:00 UTC+0100", "2026-11-22 20:30:00 UTC-0930"])
def test_another_spelling_of_the_same_moment_is_no_amendment(text: str) -> None:
    found = difference(LINE, line(timestamp=text))
    assert (found.changes, found.is_respelled, found.drift) == ((), True, ())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2026-11-23 06:00:00 UTC+0000", "2026-11-23 06:00:01 UTC+0000"),
        ("2026-11-23 06:00:00 UTC+0000", "2026-11-23 06:00:00 UTC+0100"),
        ("2026-11-23 06:00:00 UTC+0000", "yesterday"),
        ("yesterday", "Yesterday"),
        ("yesterday", None),
    ],
)
def test_another_moment_or_one_that_cannot_be_read_is_an_amendment(old: object, new: object) -> None:
    found = difference(line(timestamp=old), line(timestamp=new))
    assert [change.member for change in found.changes] == ["timestamp"]
    assert not found.is_respelled


@pytest.mark.parametrize("name", ["flock_name", "surprise", "timestamp_std", "_std", "User"])
def test_a_member_that_is_not_documented_only_drifts(name: str) -> None:
    for before, after in [(LINE, line(**{name: "new"})), (line(**{name: "new"}), line(**{name: ["old"]}))]:
        found = difference(before, after)
        assert (found.changes, found.is_respelled, found.drift) == ((), False, (name,))


@all_rows("member", DOCUMENTED)
def test_nothing_said_in_another_way_only_drifts(member: str) -> None:
    nothing = [without(member), line(**{member: None}), line(**{member: ""})]
    for before in nothing:
        for after in nothing:
            found = difference(before, after)
            assert (found.changes, found.is_respelled) == ((), False)
            assert found.drift == (() if before == after else (member,))


# ---------------------------------------------------------------------------- the `_source` form


def test_a_source_that_says_the_same_in_known_members_is_compared_by_them() -> None:
    before = source(
        '{"id":17,"timestamp":"2026-11-23 06:00:00 UTC+0000","user":"a","flock_name":"x","n":1e999}'
    )
    after = source(
        '{"id":17,"timestamp":"2026-11-23 07:00:00 UTC+0100","user":"a","flock_name":"y","n":1e999}'
    )
    found = difference(before, after)
    assert (found.changes, found.is_respelled, found.drift) == ((), True, ("flock_name",))


def test_a_known_member_of_a_source_that_changed_is_an_amendment() -> None:
    found = difference(source('{"id":17,"user":"a","n":1e999}'), source('{"id":17,"user":"b","n":1e999}'))
    assert found.changes == (Change("user", b'"a"', b'"b"'),)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"id":17,"n":1e999}', '{"id":17,"n":1e998}'),  # no member that we know: by the bytes
        ('{"id":17,"user":"a","user":"b"}', '{"id":17,"user":"x","user":"b"}'),  # the last of two is the same
        ('{"id":17,"user":"\\ud800"}', '{"id":17,"user":"\\ud801"}'),  # both read as U+FFFD
        ('{"id":17,"user":1e999}', '{"id":17,"user":1e998}'),  # both read as 0
        ('{"id":17,"user":[1e999]}', '{"id":17,"user":[1e998]}'),  # both read as []
    ],
)
def test_sources_that_differ_in_what_is_not_read_are_amended(before: str, after: str) -> None:
    assert difference(source(before), source(after)).changes != ()


def test_an_entry_that_takes_the_source_form_is_amended_in_what_stands_around() -> None:
    found = difference(LINE, source('{"id":17,"user":"a@example.com","n":1e999}'))
    assert OTHER_TEXT in {change.member for change in found.changes}
    assert "user" not in {change.member for change in found.changes}


def test_an_escape_is_another_spelling_of_the_same_text() -> None:
    before = source('{"id":17,"user":"\\u00e9","n":1e999}')
    assert difference(before, source('{"id":17,"user":"é","n":1e999}')).changes == ()


# ---------------------------------------------------------------------------- whatever they are

VALUES: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text("ab\x1b\\é") | st.just([{}])
)
NAMES = st.sampled_from([*DOCUMENTED, "flock_name", "x_std", "other"])
MEMBERS = st.dictionaries(NAMES, VALUES)


@examples(200)
@given(MEMBERS, MEMBERS)
def test_every_member_that_differs_is_told_once_and_no_other(
    before: dict[str, object], after: dict[str, object]
) -> None:
    found = difference(canonical_bytes(before | {"id": 17}), canonical_bytes(after | {"id": 17}))
    told = [change.member for change in found.changes] + list(found.drift)
    other = [
        name
        for name in sorted(before.keys() | after.keys())
        if (name in before, canonical_bytes(before.get(name)))
        != (name in after, canonical_bytes(after.get(name)))
    ]
    assert sorted(told) == other
    assert {change.member for change in found.changes} <= set(DOCUMENTED)
