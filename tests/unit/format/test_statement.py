"""A statement's bytes: canonical, and read back exactly, for all three kinds."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import Action, ObjectRef, RunFacts
from audit_archive.format.layout import ARCHIVE_FORMAT
from audit_archive.format.merkle import EMPTY_TREE
from audit_archive.format.statement import (
    ArchiveStatement,
    OperatorStatement,
    PurgeStatement,
    Statement,
    parse_statement,
    statement_bytes,
)
from tests.support.examples import examples
from tests.support.rows import all_rows

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)  # no lone surrogates
INTEGER = st.integers(-(2**63), 2**63 - 1)
KINDS: dict[str, type[Statement]] = {
    "archive": ArchiveStatement,
    "purge": PurgeStatement,
    "operator": OperatorStatement,
}


def statements(kind: str) -> st.SearchStrategy[Statement]:
    given_fields: dict[str, Any] = {"format": st.just(ARCHIVE_FORMAT), "kind": st.just(kind)}
    if kind == "purge":
        values = st.none() | st.booleans() | INTEGER | TEXT | st.lists(TEXT, max_size=2)
        given_fields["receipt"] = st.none() | st.dictionaries(TEXT, values, max_size=4)
    return st.builds(KINDS[kind], **given_fields)


st.register_type_strategy(str, TEXT)
st.register_type_strategy(int, INTEGER)
st.register_type_strategy(UnknownMember, TEXT.map(UnknownMember))
ANY = st.sampled_from(sorted(KINDS)).flatmap(statements)

OPERATOR = OperatorStatement(
    console="1234abcd",
    epoch=1,
    seq=2,
    previous=ObjectRef("statements/console=1234abcd/0000000001.json", "v1", "ab" * 32),
    run=RunFacts("r", "0.1.0", "2026-11-23T06:00:00Z", "somebody", None),
    tree=EMPTY_TREE,
    highest_archived_id=0,
    highest_purged_id=0,
    action=Action.RESUME,
    who="üser",
    reason='looked, "all well"',
    public_key=None,
)


@given(ANY)
def test_a_statement_is_read_back_as_it_was(said: Statement) -> None:
    data = statement_bytes(said)
    assert parse_statement(data) == said
    assert statement_bytes(parse_statement(data)) == data


@given(ANY)
def test_its_bytes_are_canonical_json(said: Statement) -> None:
    value = json.loads(statement_bytes(said))
    plain = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert statement_bytes(said).decode() == plain


def test_the_bytes_of_an_operator_statement_to_the_letter() -> None:
    assert statement_bytes(OPERATOR).decode() == (
        '{"accepted":null,"accepted_faults":[],"action":"resume","console":"1234abcd","epoch":1,'
        '"format":"canary-audit-archive/1","head_format":"","head_sha256":"","held":[],"highest_archived_id":0,"highest_purged_id":0,"kind":"operator","lost":null,"previous":'
        '{"key":"statements/console=1234abcd/0000000001.json","sha256":"'
        + "ab"
        * 32
        + '","version_id":"v1"},'
        '"public_key":null,"reason":"looked, \\"all well\\"","released":null,'
        '"run":{"id":"r","invoked_by":"somebody","reason":null,'
        '"started_at":"2026-11-23T06:00:00Z","version":"0.1.0"},"seq":2,"tree":{"frontier":[],"root":'
        '"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0},"who":"üser"}'
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_kind_says_which_class_it_is(kind: str) -> None:
    @examples(5)
    @given(statements(kind))
    def check(said: Statement) -> None:
        assert type(parse_statement(statement_bytes(said))) is KINDS[kind]

    check()


def changed(**fields: object) -> bytes:
    value = json.loads(statement_bytes(OPERATOR))
    return json.dumps({k: v for k, v in (value | fields).items() if v is not ...}).encode()


@all_rows(
    ("data", "words"),
    [
        (b"", "unexpected|Input|empty|JSON"),
        (b"[]", "unknown statement kind None"),
        (b"7", "unknown statement kind None"),
        (changed(kind="other"), "unknown statement kind 'other'"),
        (changed(kind=...), "unknown statement kind None"),
        (changed(format="canary-audit-archive/2"), "unknown format 'canary-audit-archive/2'"),
        (changed(format=...), "unknown format None"),
        (changed(kind="purge"), "PurgeStatement: missing or unknown fields"),
        (changed(seq="2"), "seq"),
        (changed(surplus=1), "surplus"),
        (changed(who=...), "who"),
        (changed(previous={}), "ObjectRef"),
    ],
)
def test_other_bytes_are_refused_by_name(data: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_statement(data)


@pytest.mark.parametrize("kind", [[], {}, 1.5, True])
def test_a_kind_that_is_no_text_is_refused_and_no_crash(kind: object) -> None:
    with pytest.raises(ValueError, match="kind"):
        parse_statement(orjson.dumps({"kind": kind, "format": ARCHIVE_FORMAT}))


def test_a_word_of_a_later_release_is_kept_as_it_is() -> None:
    data = changed(action="retire")
    said = parse_statement(data)
    assert isinstance(said, OperatorStatement)
    assert type(said.action) is UnknownMember
    assert said.action == "retire"
    assert json.loads(statement_bytes(said)) == json.loads(data)
