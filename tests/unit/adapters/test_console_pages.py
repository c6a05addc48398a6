"""Pages of `fetch` that are not as they should be."""

import json
from typing import Any

import pytest

from audit_archive.errors import ConsoleError
from audit_archive.ports import Peek
from tests.unit.adapters.scripted import answer, console, scripted


def page(ids: list[Any], following: Any = None, **more: Any) -> bytes:
    entries = [{"id": each} for each in ids]
    cursor = {"next": following, "prev": None}
    return answer(json.dumps({"result": "success", "audit_trail": entries, "cursor": cursor} | more))


@pytest.mark.parametrize(
    "kind", ["0", "-1", str(2**63), str(2**70), "true", '"7"', "7.0", "null", "[7]", "huge"]
)
def test_an_id_that_is_none_is_refused(kind: str) -> None:
    text = "9" * 5_000 if kind == "huge" else kind
    said = answer(f'{{"result": "success", "audit_trail": [{{"id": {text}}}]}}')
    with scripted(said) as server, pytest.raises(ConsoleError, match=r"below 2\*\*63"):
        list(console(server).entries_above(0))


@pytest.mark.parametrize("entries", ["[7]", "[null]", "[[]]", '[{"no_id": 1}]', "7", '"text"', '{"id": 1}'])
def test_entries_that_are_none_are_refused(entries: str) -> None:
    said = answer(f'{{"result": "success", "audit_trail": {entries}}}')
    with scripted(said) as server, pytest.raises(ConsoleError):
        list(console(server).entries_above(0))


@pytest.mark.parametrize("entry", ["7", "null", "[]", '{"no_id": 1}', '{"id": "7"}', '{"id": 0}'])
def test_a_look_at_the_newest_entry_leaves_its_id_to_the_export(entry: str) -> None:
    with scripted(answer(f'{{"result": "success", "audit_trail": [{entry}], "page_count": 1}}')) as server:
        newest = console(server).peek().newest
    assert newest is not None
    assert type(newest.get("id")) is not int or newest["id"] == 0


@pytest.mark.parametrize("cursor", ["null", "{}", '{"next": null}', '{"next": ""}', '{"next": 7}'])
def test_a_page_without_a_further_cursor_is_the_last(cursor: str) -> None:
    said = answer(f'{{"result": "success", "audit_trail": [{{"id": 2}}], "cursor": {cursor}}}')
    with scripted(said) as server:
        assert [entry["id"] for entry in console(server).entries_above(0)] == [2]
    assert len(server.requests) == 1


def test_limit_and_cursor_never_go_together() -> None:
    with scripted(page([4, 3], "a+b"), page([2, 1])) as server:
        assert [entry["id"] for entry in console(server).entries_above(0)] == [4, 3, 2, 1]
    first, second = (text.splitlines()[0] for text in server.requests)
    assert "limit=100" in first
    assert "cursor" not in first
    assert "cursor=a%2Bb" in second
    assert "limit" not in second


def test_no_page_is_fetched_beyond_the_id() -> None:
    with scripted(page([4, 3], "more")) as server:
        assert [entry["id"] for entry in console(server).entries_above(3)] == [4]
    assert len(server.requests) == 1


def test_a_cursor_given_twice_is_a_circle() -> None:
    with (
        scripted(page([9], "x"), page([8], "y"), page([7], "x")) as server,
        pytest.raises(ConsoleError, match="circles"),
    ):
        list(console(server).entries_above(0))


def test_empty_pages_with_new_cursors_end_with_a_repeated_one() -> None:
    pages = (page([9], "x"), page([], "y"), page([], "y"))
    with scripted(*pages) as server, pytest.raises(ConsoleError, match="circles"):
        list(console(server).entries_above(0))
    assert len(server.requests) == 3


@pytest.mark.parametrize("second", [[9], [10], [8, 8], [7, 8]])
def test_ids_that_do_not_fall_are_refused(second: list[int]) -> None:
    with scripted(page([9], "x"), page(second)) as server, pytest.raises(ConsoleError, match="newest first"):
        list(console(server).entries_above(0))


@pytest.mark.parametrize(
    ("ids", "page_count", "peek"),
    [
        ([9], 73, Peek({"id": 9}, 73)),
        ([9], None, Peek({"id": 9}, None)),
        ([9], "73", Peek({"id": 9}, None)),
        ([9], True, Peek({"id": 9}, None)),
        ([9], -1, Peek({"id": 9}, None)),
        ([9, 8], 37, Peek({"id": 9}, None)),
        ([], 0, Peek(None, 0)),
        ([], 1, Peek(None, 0)),
        ([], 5, Peek(None, 5)),
    ],
)
def test_the_population_is_what_the_page_count_says_if_it_says_so(
    ids: list[int], page_count: Any, peek: Peek
) -> None:
    with scripted(page(ids, page_count=page_count)) as server:
        assert console(server).peek() == peek
