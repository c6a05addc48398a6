"""The hunt tells a killed mutant from one that survived, and from a list that is wrong."""

from pathlib import Path

import pytest

from tests.mutants.hunt import Ending, Hunt
from tests.mutants.mutant import PRODUCT, ListError, Mutant
from tests.mutants.page import rows_of, write_page
from tests.mutants.suite import judged

pytestmark = pytest.mark.wide

RULES = """\
def is_old(age):
    return age >= 60


def is_known(name):
    return name in {"a", "b"}
"""
TESTS = """\
import sys
sys.path.insert(0, "layers/core/audit_archive")
import rules


def test_the_young():
    assert not rules.is_old(59)


def test_the_old():
    assert rules.is_old(60)
"""


def taking_out(text: str, replacement: str, suspect: str = "suspect.py") -> Mutant:
    return Mutant("a-rule", "A rule", "rules.py", text, replacement, suspect)


@pytest.fixture
def hunting(tmp_path: Path) -> Hunt:
    (tmp_path / PRODUCT).mkdir(parents=True)
    (tmp_path / PRODUCT / "rules.py").write_text(RULES)
    (tmp_path / "suspect.py").write_text(TESTS)
    (tmp_path / "bystander.py").write_text("def test_nothing():\n    pass\n")
    return Hunt(tmp_path, ("suspect.py",))


def test_a_mutant_is_killed_by_the_first_test_that_fails_of_its_suspect_or_of_every_test(
    hunting: Hunt,
) -> None:
    ending = hunting.ending(taking_out("age >= 60", "True", "bystander.py"))
    assert (ending.killer, ending.problem) == ("suspect.py::test_the_young", None)
    assert RULES in (hunting.pristine / PRODUCT / "rules.py").read_text()


def test_what_no_test_notices_survives(hunting: Hunt) -> None:
    assert hunting.ending(taking_out('name in {"a", "b"}', "True")).survived


def test_code_that_never_could_have_worked_is_no_mutant(hunting: Hunt) -> None:
    ending = hunting.ending(taking_out("age >= 60", "agee"))
    assert "NameError" in (ending.problem or "")
    assert not ending.survived


def test_a_suspect_that_fails_anyhow_proves_nothing(hunting: Hunt) -> None:
    mutant = taking_out("age >= 60", "True")
    (hunting.pristine / "suspect.py").write_text(f"{TESTS}    assert False\n")
    with pytest.raises(ListError, match="test_the_old fails though nothing was taken out"):
        hunting.check_suspects([mutant], jobs=1)


def test_what_killed_is_told_without_its_parameters() -> None:
    told = "FAILED tests/a.py::test_b[x - y] - AssertionError: NameError [1]\nFAILED tests/a.py::test_c"
    assert judged(1, told) == "tests/a.py::test_b"
    assert judged(1, "FAILED tests/a.py::test_c") == "tests/a.py::test_c"


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (1, "ERROR tests/a.py::test_b - fixture"),
        (1, "FAILED tests/a.py::test_b - NameError: name 'x' is not defined"),
        (1, "FAILED tests/a.py::test_b[x - y] - ImportError: cannot import name 'x'"),
        (2, "ERROR tests/a.py - SyntaxError"),
        (4, "ERROR: file or directory not found: tests/a.py"),
        (5, "no tests ran"),
    ],
)
def test_tests_that_did_not_run_judge_nothing(status: int, told: str) -> None:
    with pytest.raises(ListError):
        judged(status, told)


def test_the_page_reads_as_it_was_written(tmp_path: Path) -> None:
    mutant = taking_out("a", "b")
    page = tmp_path / "page.md"
    page.write_text("# Mutants\n\n| a | b | c |\n|---|---|---|\n| `old` | Old | **no test** |\n")
    write_page([Ending(mutant, "tests/a.py::test_b"), Ending(mutant, None)], page)
    assert rows_of(page) == [("a-rule", "A rule", "tests/a.py::test_b"), ("a-rule", "A rule", "")]
    assert page.read_text().startswith("# Mutants\n\n| a | b | c |\n")
