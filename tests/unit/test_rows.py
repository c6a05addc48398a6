"""Rows of one test: each is tried, and the one that fails is told."""

import pytest

from tests.support.rows import all_rows


def test_each_row_is_tried_with_every_other() -> None:
    tried = []

    @all_rows("letter", "ab")
    @all_rows(("number", "word"), [(1, "one"), (2, "two")])
    def test(letter: str, number: int, word: str) -> None:
        tried.append((letter, number, word))

    test()
    assert tried == [("a", 1, "one"), ("a", 2, "two"), ("b", 1, "one"), ("b", 2, "two")]


def test_the_row_that_fails_is_told_and_the_error_is_its_own() -> None:
    @all_rows("number", [1, 2, 3])
    def test(number: int) -> None:
        assert number != 2

    with pytest.raises(AssertionError) as failed:
        test()
    assert failed.value.__notes__ == ["In the row {'number': 2}"]


@pytest.mark.parametrize(
    ("names", "rows", "why"),
    [
        ("number", [], "no row"),
        ("numbers", [1], "does not take"),
        ("number, other", [(1, 2)], "does not take"),
    ],
)
def test_what_can_not_fail_is_no_test(names: str, rows: list[object], why: str) -> None:
    with pytest.raises(ValueError, match=why):

        @all_rows(names, rows)
        def test(number: int) -> None: ...


def test_fixtures_are_still_asked_for(request: pytest.FixtureRequest) -> None:
    seen = []

    @all_rows("number", [1, 2])
    def test(number: int, request: pytest.FixtureRequest) -> None:
        seen.append((number, request))

    test(request=request)
    assert seen == [(1, request), (2, request)]
