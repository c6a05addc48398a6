"""Pages of `fetch` that are not as they should be."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from audit_archive.errors import ConsoleError
from audit_archive.ports import Peek
from tests.support.rows import all_rows
from tests.support.scripted import answer, console, scripted


def page(ids: list[Any], following: Any = None, **more: Any) -> bytes:
    entries = [{"id": each} for each in ids]
    cursor = {"next": following, "prev": None}
    return answer(json.dumps({"result": "success", "audit_trail": entries, "cursor": cursor} | more))


@all_rows("kind", ["0", "-1", str(2**63), str(2**70), "true", '"7"', "7.0", "null", "[7]", "huge"])
def test_an_id_that_is_none_is_refused(kind: str) -> None:
    text = "9" * 5_000 if kind == "huge" else kind
    said = answer(f'{{"result": "success", "audit_trail": [{{"id": {text}}}]}}')
    with scripted(said) as server, pytest.raises(ConsoleError, match=r"below 2\*\*63"):
        list(console(server).entries_above(0))


@all_rows(
    "entries",
    ["[7]", "[null]", "[[]]", '[{"no_id": 1}]', "7", '"text"', '{"id": 1}', "0", "false", '""', "{}"],
)
def test_entries_that_are_none_are_refused(entries: str) -> None:
    said = answer(f'{{"result": "success", "audit_trail": {entries}}}')
    with scripted(said) as server, pytest.raises(ConsoleError):
        list(console(server).entries_above(0))


@all_rows("entry", ["7", "null", "[]", '{"no_id": 1}', '{"id": "7"}', '{"id": 0}'])
def test_a_look_at_the_newest_entry_leaves_its_id_to_the_export(entry: str) -> None:
    with scripted(answer(f'{{"result": "success", "audit_trail": [{entry}], "page_count": 1}}')) as server:
        newest = console(server).peek().newest
    assert newest is not None
    assert type(newest.get("id")) is not int or newest["id"] == 0


def test_an_answer_without_a_list_of_entries_is_no_empty_trail() -> None:
    said = answer('{"result": "success", "message": "The audit trail is switched off", "page_count": 0}')
    with scripted(said) as server, pytest.raises(ConsoleError, match="no list of entries"):
        console(server).peek()


def test_an_empty_list_may_come_as_null() -> None:
    with scripted(answer('{"result": "success", "audit_trail": null, "page_count": 0}')) as server:
        assert console(server).peek() == Peek(None, 0)
        assert list(console(server).entries_above(0)) == []


@all_rows(
    "cursor", ["7", "[]", '"MDo2"', "0", '{"next": 7}', '{"next": 0}', '{"next": false}', '{"next": ["a"]}']
)
def test_a_cursor_that_is_no_text_is_not_taken_for_the_end(cursor: str) -> None:
    said = answer(f'{{"result": "success", "audit_trail": [{{"id": 2}}], "cursor": {cursor}}}')
    with scripted(said) as server, pytest.raises(ConsoleError, match="cursor"):
        list(console(server).entries_above(0))


@pytest.mark.parametrize("cursor", ["null", "{}", '{"next": null}', '{"next": ""}'])
def test_a_page_without_a_further_cursor_is_the_last(cursor: str) -> None:
    said = answer(f'{{"result": "success", "audit_trail": [{{"id": 2}}], "cursor": {cursor}}}')
    with scripted(said) as server:
        assert [entry["id"] for entry in console(server).entries_above(0)] == [2]
    assert len(server.requests) == 1


def asked(request: str) -> dict[str, list[str]]:
    """The parameters of a GET, as a server reads them: `+` is a space."""
    return parse_qs(urlsplit(request.split()[1]).query)


@pytest.mark.parametrize("style", ["header", "query"])
def test_limit_and_cursor_never_go_together(style: str) -> None:
    with scripted(page([4, 3], "next"), page([2, 1])) as server:
        assert [entry["id"] for entry in console(server, style).entries_above(0)] == [4, 3, 2, 1]
    first, second = ({**asked(text), "auth_token": ["-"]} for text in server.requests)
    assert first == {"limit": ["100"], "auth_token": ["-"]}
    assert second == {"cursor": ["next"], "auth_token": ["-"]}


@pytest.mark.parametrize("cursor", ["MDo2OTo1OjM6MjoxNQ==", "+/+/=", "a&limit=1#b c%2B", "\u00e9"])
def test_a_cursor_comes_back_as_it_was_given(cursor: str) -> None:
    """It is padded base64, whose `+`, `/` and `=` mean something else in a URL."""
    with scripted(page([4], cursor), page([2])) as server:
        assert [entry["id"] for entry in console(server).entries_above(0)] == [4, 2]
    assert asked(server.requests[1]) == {"cursor": [cursor]}


@pytest.mark.parametrize("frozen", [1, 0, 7, None, "3"])
def test_the_count_of_later_pages_is_frozen_and_ends_no_walk(frozen: Any) -> None:
    pages = [page([4, 3], "x", page_count=3), page([2], "y", page_count=frozen), page([1], page_count=frozen)]
    with scripted(*pages) as server:
        assert [entry["id"] for entry in console(server).entries_above(0)] == [4, 3, 2, 1]


def test_every_look_asks_for_a_first_page_whose_count_is_fresh() -> None:
    with scripted(page([4], "x", page_count=4), page([5], "y", page_count=5)) as server:
        subject = console(server)
        assert [subject.peek().population, subject.peek().population] == [4, 5]
    assert [asked(text) for text in server.requests] == [{"limit": ["1"]}] * 2


TOO_BIG = answer(length=64 * 1024**2 + 1)


def test_a_page_that_is_too_big_is_asked_again_with_half_the_limit() -> None:
    with scripted(TOO_BIG, TOO_BIG, page([9, 8], "x"), page([7])) as server:
        assert [entry["id"] for entry in console(server).entries_above(0)] == [9, 8, 7]
    assert [asked(text) for text in server.requests] == [
        {"limit": ["100"]},
        {"limit": ["50"]},
        {"limit": ["25"]},
        {"cursor": ["x"]},
    ]


def test_a_walk_that_begins_anew_gives_no_entry_twice() -> None:
    """Entry 10 arrived meanwhile: as in a walk without a break, it is for the next one. 5 came late."""
    pages = (
        page([9, 8, 7], "x"),
        TOO_BIG,
        page([10, 9], "y"),
        page([8, 7], "z"),
        TOO_BIG,
        page([9, 8, 5, 4]),
    )
    with scripted(*pages) as server:
        assert [entry["id"] for entry in console(server).entries_above(0)] == [9, 8, 7, 5, 4]
    assert [asked(text) for text in server.requests] == [
        {"limit": ["100"]},
        {"cursor": ["x"]},
        {"limit": ["50"]},
        {"cursor": ["y"]},
        {"cursor": ["z"]},
        {"limit": ["25"]},
    ]


def test_a_walk_that_begins_anew_may_not_go_upwards_either() -> None:
    pages = (page([9, 8], "x"), TOO_BIG, page([8, 7], "y"), page([9]))
    with scripted(*pages) as server, pytest.raises(ConsoleError, match="newest first"):
        list(console(server).entries_above(0))


def test_a_single_entry_that_is_too_big_ends_the_walk() -> None:
    with scripted(TOO_BIG) as server, pytest.raises(ConsoleError, match="more than 67108864 bytes") as caught:
        list(console(server).entries_above(0))
    assert type(caught.value) is ConsoleError
    assert [asked(text)["limit"] for text in server.requests] == [
        [limit] for limit in ("100", "50", "25", "12", "6", "3", "1")
    ]


def test_no_page_is_fetched_beyond_the_id() -> None:
    with scripted(page([14, *range(13, 3, -1)], "more")) as server:
        assert [entry["id"] for entry in console(server).entries_above(13)] == [14]
    assert len(server.requests) == 1


@pytest.mark.parametrize("pages", [([9, 7, 8], [6, 5]), ([9, 7], [8, 6, 5]), ([9, 8, 7], [7, 6, 5])])
def test_neighbours_that_are_swapped_or_come_twice_are_each_given_once(pages: tuple[list[int], ...]) -> None:
    """Ids are not strictly monotonic in time, and what arrives meanwhile moves entries to the next page."""
    with scripted(page(pages[0], "x"), page(pages[1])) as server:
        assert sorted(entry["id"] for entry in console(server).entries_above(5)) == [6, 7, 8, 9]


def test_neighbours_may_be_swapped_over_the_end_of_a_page_where_a_walk_would_end() -> None:
    with scripted(page([9, 7], "x"), page([8, 6, 5])) as server:
        assert [entry["id"] for entry in console(server).entries_above(7)] == [9, 8]


def test_the_newest_two_may_be_swapped() -> None:
    with scripted(page([19, 20, *range(18, 0, -1)])) as server:
        assert [entry["id"] for entry in console(server).entries_above(19)] == [20]


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


@pytest.mark.parametrize("second", [[10], [8, 10], [2**62]])
def test_pages_that_go_upwards_are_refused(second: list[int]) -> None:
    with scripted(page([9], "x"), page(second)) as server, pytest.raises(ConsoleError, match="newest first"):
        list(console(server).entries_above(0))


@all_rows(
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
