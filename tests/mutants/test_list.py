"""The list of mutants fits the product as it is, and docs/mutants.md fits the list."""

from functools import cache
from pathlib import Path

import pytest

from tests.mutants.mutant import ROOT, ListError, Mutant
from tests.mutants.page import rows_of
from tests.mutants.tables import MUTANTS

ROWS = rows_of()
FEWEST = 35


def test_there_are_enough_each_with_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= FEWEST


def test_each_takes_something_out_of_the_product_as_it_is() -> None:
    for mutant in MUTANTS:
        source = text_of(ROOT / mutant.path)
        assert mutant.of(source) != source, mutant.name


def test_every_suspect_exists() -> None:
    for mutant in MUTANTS:
        assert is_there(mutant.suspect), mutant.name


def test_the_page_lists_the_mutants_and_no_other() -> None:
    assert [(name, rule) for name, rule, _ in ROWS] == [(mutant.name, mutant.rule) for mutant in MUTANTS]


def test_every_rule_has_a_test_that_holds_it() -> None:
    for name, _, killer in ROWS:
        assert killer, f"no test would miss {name}"
        assert is_there(killer), f"{killer} is gone: python -m tests.mutants --write-docs"


def is_there(test: str) -> bool:
    """Whether there is a file of tests, or in it the test that is named."""
    path, _, name = test.partition("::")
    file = ROOT / path
    return file.is_file() and (not name or f"def {name.rpartition('::')[2]}(" in text_of(file))


@cache
def text_of(file: Path) -> str:
    return file.read_text()


def taking_out(text: str, replacement: str) -> Mutant:
    return Mutant("a-name", "A rule", "a_module.py", text, replacement, "")


def test_a_text_must_be_there_exactly_once() -> None:
    assert taking_out("two", "deux").of("one + two") == "one + deux"
    for source in ("one", "two + two"):
        with pytest.raises(ListError, match=r"a-name: .*a_module\.py holds its text [02] times"):
            taking_out("two", "deux").of(source)


def test_what_is_left_must_be_python() -> None:
    with pytest.raises(ListError, match=r"a-name: .* no Python"):
        taking_out("return", "").of("def f():\n    return\n")
