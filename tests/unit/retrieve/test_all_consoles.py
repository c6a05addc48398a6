"""One question to every Console, and answers that end at a limit and go on at a cursor."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.machine import find_zone
from audit_archive.errors import RequestError
from audit_archive.format.layout import statement_key
from audit_archive.retrieve.formats import NDJSON
from audit_archive.retrieve.query import EntryPlace, Query
from audit_archive.retrieve.request import EntriesRequest, EveryConsoleRequest, RetrieveRequest, parse_request
from tests.support.archives import archives, queries
from tests.support.asking import ASKED_AT, Plain, find, lines_of, reader_of
from tests.support.examples import examples
from tests.support.fakes import FakeReports
from tests.support.rows import all_rows
from tests.support.world import CONSOLE, World
from tests.unit.retrieve.test_desk import ask, desk

OTHER = "5678efab"


def parse(**event: Any) -> RetrieveRequest:
    return parse_request({"request": "entries", **event}, find_zone, ASKED_AT)


@pytest.fixture
def world() -> World:
    """Two Consoles with the same archive of three entries; that of a third can't be read."""
    world = World()
    world.aged(3)
    world.run()
    lock = world.store.history(statement_key(CONSOLE, 1))[0]
    for key in world.store.files():
        data = world.store.data(key).replace(CONSOLE.encode(), OTHER.encode())
        world.store.add(key.replace(CONSOLE, OTHER), replace(lock, data=data))
    world.store.add(statement_key("broken", 1), replace(lock, data=b"{}"))
    return world


def test_every_console_has_an_answer_with_its_own_coverage_and_file(world: World) -> None:
    at = desk(world)
    answer = ask(at, request="entries", all_consoles=True, who="ada")
    assert answer["question"] == {"request": "entries", "all_consoles": True, "who": "ada"}
    by_name = {each["console"]: each for each in answer["consoles"]}
    assert list(by_name) == [CONSOLE, OTHER, "broken"]
    assert by_name["broken"]["outcome"] == "fault"
    assert by_name["broken"]["fault"].startswith("IntegrityError: statements/console=broken/")
    assert answer["outcome"] == "found"
    alone = ask(at, request="entries", console=CONSOLE)
    for name in ("coverage", "sentence", "outcome", "resolved"):
        assert by_name[CONSOLE][name] == alone[name]
    assert isinstance(at.reports, FakeReports)
    assert len(at.reports.fetch(by_name[CONSOLE]["report"]["link"]).splitlines()) == 3
    assert by_name[CONSOLE]["report"]["key"].startswith(f"reports/console={CONSOLE}/")
    # The copy's statements name the first Console: it is no archive of its own.
    assert by_name[OTHER]["outcome"] == "fault"
    assert answer["sentence"] == (
        "1 of 3 Consoles has matching entries, 3 in all. The archives of 2 could not be read: see fault of "
        "each."
    )


def test_an_empty_bucket_has_no_console() -> None:
    answer = ask(desk(World()), request="entries", all_consoles=True)
    assert (answer["outcome"], answer["consoles"]) == ("nothing_archived", [])


@pytest.mark.parametrize("field", ["console", "forms", "cursor"])
def test_a_question_to_all_is_to_no_one_of_them(field: str) -> None:
    values = {"console": "a", "forms": True, "cursor": "1-2"}
    with pytest.raises(RequestError, match=f"all_consoles: does not go together with {field}"):
        parse(all_consoles=True, **{field: values[field]})
    assert isinstance(parse(all_consoles=True), EveryConsoleRequest)
    assert isinstance(parse(all_consoles=False, console="a"), EntriesRequest)


@all_rows("said", ["", "5", "0-1", "1-0", "1-2-3", 5, "1-9223372036854775808"])
def test_a_cursor_is_what_an_answer_gave(said: object) -> None:
    with pytest.raises(RequestError, match=r"cursor: .* is not the cursor of an answer"):
        parse(console="a", cursor=said)
    request = parse(console="a", cursor="2-500", limit=7)
    assert isinstance(request, EntriesRequest)
    assert (request.query.after, request.query.limit) == (EntryPlace(2, 500), 7)


@examples(40)
@given(archives(), queries, st.integers(1, 4), st.booleans())
def test_pages_are_the_whole_answer_in_its_order(
    world: World, query: Query, limit: int, ledger: bool
) -> None:
    reader, pages = reader_of(world, ledger=ledger), list[bytes]()
    asked: Query | None = replace(query, limit=limit)
    while asked is not None:
        found = find(reader, asked, NDJSON)
        lines = lines_of(found)
        assert found.coverage.matched == len(lines) <= limit
        pages += lines
        cursor = found.coverage.cursor
        assert (cursor is not None) == any("more entries match" in gap for gap in found.coverage.not_covered)
        if cursor is None:
            break
        assert len(lines) == limit
        epoch, entry_id = map(int, cursor.split("-"))
        assert json.loads(lines[-1])["id"] == entry_id
        asked = replace(query, limit=limit, after=EntryPlace(epoch, entry_id))
    assert pages == Plain(world).matching(query)
