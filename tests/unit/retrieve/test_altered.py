"""Whatever somebody puts in the place of an object that a question reads: an answer, or an error of ours."""

import gzip
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters import ledger_items as items
from audit_archive.adapters.signing import is_signed
from audit_archive.errors import AuditArchiveError, IntegrityError
from audit_archive.format.entry import members_of, source_of
from audit_archive.format.facts import EntryFile
from audit_archive.format.ids import MAX_ID, IdRange
from audit_archive.format.statement import ArchiveStatement, Statement
from audit_archive.retrieve.exports import find_exports
from audit_archive.retrieve.fields import network
from audit_archive.retrieve.formats import CSV, NDJSON, OCSF, Form
from audit_archive.retrieve.proofs import find_proofs
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.search import find_entries
from audit_archive.retrieve.statements import Reader
from audit_archive.retrieve.status import statuses
from audit_archive.storage import entry_files
from tests.support.asking import assert_nothing_open, reader_of
from tests.support.attacker import Victim
from tests.support.bundles import make
from tests.support.examples import examples
from tests.support.fakes import FakeStore
from tests.support.rows import all_rows
from tests.support.world import CONSOLE

Ask = Callable[[Reader], object]
NO_ENTRIES: tuple[bytes, ...] = (
    b"5",
    b"null",
    b"[]",
    b"{}",
    b'{"id":0}',
    b'{"id":"1"}',
    b'{"id":true}',
    b"{not json}",
    b"\xff",
)
NO_ENTRIES += (b'{"_source":5,"id":1}', b'{"_source":"{","id":1}', b'{"_source_base64":"?","id":1}', b"")


def entries(form: Form = NDJSON, *, with_forms: bool = False, **filters: Any) -> Ask:
    """Ask for entries, and close what is found."""

    def ask(reader: Reader) -> None:
        found = find_entries(reader, Query(CONSOLE, **filters), form, with_forms=with_forms)
        if found.body is not None:
            found.body.file.close()

    return ask


QUESTIONS: Mapping[str, Ask] = {
    "all": entries(with_forms=True),
    "of a time": entries(CSV, start=1, end=4_000_000_000),
    "of a user": entries(OCSF, users=("alice@example.com",)),
    "of an address": entries(networks=(network("0.0.0.0/0"),)),
    "with a text": entries(CSV, text="a"),
    "export": lambda reader: find_exports(reader, Query(CONSOLE, start=1)),
    "proof": lambda reader: find_proofs(reader, Query(CONSOLE, ids=IdRange(4, 4)), is_signed),
    "evidence": make,
    "status": lambda reader: list(statuses(reader, None)),
}


def ask_all(victim: Victim, *, ledger: bool) -> set[str]:
    """Ask every question. Returns those that ended in an IntegrityError; other errors are ours as well."""
    refused = set()
    for name, question in QUESTIONS.items():
        reader = reader_of(victim.world, ledger=ledger)
        try:
            question(reader)
        except IntegrityError:
            refused.add(name)
        except AuditArchiveError:
            pass
        assert_nothing_open(reader)
    return refused


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def edited(draw: st.DrawFn, value: Any) -> Any:
    """The value with another one somewhere in it."""
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 3)) == 0:
        return draw(json_values)
    inside = dict(value) if isinstance(value, dict) else dict(enumerate(value))
    at = draw(st.sampled_from(list(inside)))
    inside[at] = draw(edited(inside[at]))
    return inside if isinstance(value, dict) else list(inside.values())


@st.composite
def other_content(draw: st.DrawFn, data: bytes) -> bytes:
    """Something in the place of a text: noise, JSON, or the same with a piece of it changed."""
    how = draw(st.sampled_from(["noise", "json", "edited", "line"]))
    if how == "noise":
        return draw(st.binary(max_size=80))
    if how == "edited":
        with suppress(ValueError):
            return orjson.dumps(draw(edited(orjson.loads(data))))
    if how == "line" and b"\n" in data:
        lines = data.split(b"\n")
        lines[draw(st.integers(0, len(lines) - 2))] = draw(
            st.sampled_from(NO_ENTRIES) | json_values.map(orjson.dumps) | st.binary(max_size=20)
        )
        return b"\n".join(lines)
    return orjson.dumps(draw(json_values))


@st.composite
def other_bytes(draw: st.DrawFn, key: str, data: bytes) -> bytes:
    """Something in the place of an object; of an entry file mostly another gzip file."""
    if not key.endswith(".gz") or draw(st.integers(0, 4)) == 0:
        return draw(other_content(data))
    return gzip.compress(draw(other_content(gzip.decompress(data)))) + draw(
        st.sampled_from([b"", bytes(512), b"x"])
    )


@cache
def _keys() -> list[str]:
    return Victim().store.keys()


@examples(70)
@given(st.data(), st.sampled_from(["statements/", "checkpoints/", "entries/", "exports/"]), st.booleans())
def test_an_altered_object_never_ends_in_an_error_that_is_not_ours(
    data: st.DataObject, prefix: str, ledger: bool
) -> None:
    victim = Victim()
    key = data.draw(st.sampled_from([key for key in _keys() if key.startswith(prefix)]), "key")
    was = victim.store.data(key)
    now = data.draw(other_bytes(key, was), "bytes")
    if data.draw(st.booleans(), "under its old checksum"):
        victim.store.tamper(key, now)
    else:
        victim.replace(key, now)
    refused = ask_all(victim, ledger=ledger)
    if prefix == "entries/" and not _is_same(now, was):
        assert "all" in refused


def _is_same(now: bytes, was: bytes) -> bool:
    try:
        return gzip.decompress(now) == gzip.decompress(was)
    except (OSError, EOFError):
        return False


def stated(victim: Victim, seq: int, lines: bytes) -> None:
    """The first entry file of a statement holds other lines, which it names. All is signed anew."""
    said = victim.statement(seq)
    assert isinstance(said, ArchiveStatement)
    file, data = said.entries[0], gzip.compress(lines)
    other = replace(
        file,
        sha256=sha256(data).hexdigest(),
        size=len(data),
        content_sha256=sha256(lines).hexdigest(),
    )

    def edit(old: Statement) -> Statement:
        assert isinstance(old, ArchiveStatement)
        return replace(old, entries=(other, *old.entries[1:]))

    victim.replace(file.key, data)
    victim.rewrite(seq, edit, signer=victim.signer)


def first_file(victim: Victim) -> tuple[int, EntryFile]:
    return victim.archives[0].seq, victim.archives[0].entries[0]


@examples(30)
@given(st.data())
def test_lines_that_are_no_entries_are_refused_though_a_signed_statement_names_them(
    data: st.DataObject,
) -> None:
    victim = Victim()
    seq, file = first_file(victim)
    was = gzip.decompress(victim.store.data(file.key))
    stated(victim, seq, data.draw(other_content(was), "lines"))
    ask_all(victim, ledger=False)


@all_rows("line", NO_ENTRIES)
def test_a_question_that_looks_into_such_a_line_ends_in_an_integrity_error(line: bytes) -> None:
    victim = Victim()
    seq, file = first_file(victim)
    was = gzip.decompress(victim.store.data(file.key))
    stated(victim, seq, was[: was.rfind(b"\n", 0, -1) + 1] + line + b"\n")
    refused = ask_all(victim, ledger=False)
    assert refused >= {"of a time", "evidence"} | ({"all"} if line[:1] != b"{" else set())
    with pytest.raises(IntegrityError, match=r"holds a line that is not an entry.*Verify the archive"):
        entries(OCSF)(reader_of(victim.world, ledger=False))


@all_rows("line", NO_ENTRIES)
def test_what_is_no_entry_has_no_members(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"id|source|ase64|JSON|document|str|char"):
        members_of(line)


@given(st.binary(max_size=60) | json_values.map(orjson.dumps))
def test_members_and_source_are_read_or_refused_as_a_value(line: bytes) -> None:
    with suppress(ValueError):
        assert 0 < members_of(line)["id"] <= MAX_ID
    with suppress(ValueError):
        source_of(line)


class Watched(FakeStore):
    """A bucket that says of each read whether it came to its end."""

    ended = 0

    def read(self, key: str, version_id: str) -> Any:
        yield from super().read(key, version_id)
        self.ended += 1


@pytest.mark.parametrize("held", [0, 1 << 25])
def test_no_line_is_handed_out_before_its_file_was_read_and_judged(held: int) -> None:
    victim = Victim()
    _, file = first_file(victim)
    store = Watched(victim.world.clock)
    store.become(victim.store)
    found = entry_files.find_version(store, file)
    assert found is not None
    lines = entry_files.read_lines(store, file, found.version_id, held)
    first = next(lines)
    assert store.ended == 1
    whole = first + b"".join(lines)
    assert whole == gzip.decompress(store.data(file.key))
    store.tamper(file.key, gzip.compress(whole.replace(b"a", b"b", 1)))
    with pytest.raises(IntegrityError, match="the file was altered"):
        next(entry_files.read_lines(store, file, found.version_id, held))


def test_a_line_without_an_end_does_not_fill_the_memory() -> None:
    victim = Victim()
    _, file = first_file(victim)
    victim.replace(file.key, gzip.compress(b"{" + bytes(entry_files.MOST_OF_A_LINE + (1 << 20))))
    with pytest.raises(IntegrityError, match="longer than any entry"):
        entries()(reader_of(victim.world))


attributes: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries({"S": st.text(max_size=12)}),
    st.fixed_dictionaries({"N": st.sampled_from(["0", "-1", "1.5", "1E+2", "9" * 38])}),
    st.fixed_dictionaries({"B": st.binary(max_size=8)}),
    st.just({"NULL": True}),
    st.just({"L": []}),
)


@given(st.data())
def test_an_item_of_the_index_is_read_or_refused_as_the_ledger_expects(data: st.DataObject) -> None:
    item = items.statement_item(Victim().statement(2), Victim().world.refs()[1])
    others = data.draw(st.dictionaries(st.sampled_from(items.INDEX_ATTRIBUTES), attributes | st.none()))
    changed = {name: value for name, value in (item | others).items() if value is not None}
    with suppress(KeyError, ValueError):
        items.indexed_of(cast("Any", changed))


@examples(40)
@given(st.data(), st.integers(1, 9))
def test_an_index_that_says_anything_hides_nothing_and_breaks_nothing(data: st.DataObject, seq: int) -> None:
    victim = Victim()
    seq = min(seq, victim.head.seq)
    item = items.statement_item(victim.statement(seq), victim.world.refs()[seq - 1])
    others = data.draw(st.dictionaries(st.sampled_from(items.INDEX_ATTRIBUTES[1:]), attributes, min_size=1))
    try:
        victim.world.ledger.lies[CONSOLE, seq] = items.indexed_of(cast("Any", item | others))
    except (KeyError, ValueError):
        return
    assert ask_all(victim, ledger=True) == set()
