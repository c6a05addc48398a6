"""docs/style.md: the patterns that it bans stand in no page, and in no string of the code."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.rows import all_rows

ROOT = Path(__file__).resolve().parents[2]
STYLE = ROOT / "docs/style.md"

BANNED = {
    "is none": r"(?-i:\b(is|are|was|were) none\b)",
    "nobody": r"\bnobody\b",
    "otherwise than": r"\botherwise than\b",
    "another … than": r"\banother (\w+ ){0,4}than\b",
    "whose the": r"\bwhose the\b",
    "As the port says": r"\bas the port says\b",
    "not well signed": r"\bnot well signed\b",
}
"""By the name that docs/style.md gives it: a regular expression, for text on one line."""

RULES = ROOT / "docs/mutants.md"
"""A page of strings from the code: tests/mutants/tables."""

PAGES = [
    page
    for page in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    if page not in {STYLE, RULES}  # the one quotes what is banned
]
CODE = [
    RULES,
    *(
        file
        for folder in ("layers/core/audit_archive", "cli", "functions", "local")
        for file in sorted((ROOT / folder).rglob("*.py"))
    ),
]


def prose_of(file: Path) -> list[str]:
    """What a person reads in a file, each text on one line."""
    if file.suffix == ".md":
        text = re.sub(r"^```.*?^```", "", file.read_text(), flags=re.MULTILINE | re.DOTALL)
        texts: Iterable[str] = [re.sub(r"`[^`\n]*`", "…", text)]
    else:
        texts = strings_of(file.read_text())
    return [" ".join(text.split()) for text in texts]


def strings_of(code: str) -> list[str]:
    """The docstrings and the other texts in Python code; of an f-string, what stands between its fields."""
    nodes = list(ast.walk(ast.parse(code)))
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    texts = []
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            texts.append("".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            texts.append(node.value)
    return texts


def found_in(texts: Iterable[str]) -> list[str]:
    """Every banned pattern in some texts, with the words around it."""
    text = "\n".join(texts)  # each is one line, and no pattern goes beyond it
    return [
        f"{name}: … {text[max(0, match.start() - 40) : match.end() + 40]} …"
        for name, pattern in BANNED.items()
        for match in re.finditer(pattern, text, re.IGNORECASE)
    ]


def test_no_banned_pattern_is_written() -> None:
    found = {str(file.relative_to(ROOT)): found_in(prose_of(file)) for file in [*PAGES, *CODE]}
    assert len(found) > 300
    assert {file: patterns for file, patterns in found.items() if patterns} == {}


def test_the_page_names_every_banned_pattern() -> None:
    listed = re.findall(r"^- “([^”]+)”", STYLE.read_text(), re.MULTILINE)
    assert listed == list(BANNED)


@pytest.mark.parametrize(
    "text", ["A lock in a weaker mode is none", "Nobody has\n looked", "not well signed"]
)
def test_a_banned_pattern_is_found_in_a_page_and_in_code(text: str, tmp_path: Path) -> None:
    page, module = tmp_path / "page.md", tmp_path / "module.py"
    page.write_text(f"# Title\n\n{text}.\n")
    module.write_text(f'def f(x):\n    """{text}."""\n    return f"""{{x}} {text} {{x}}"""\n')
    assert len(found_in(prose_of(page))) == 1
    assert len(found_in(prose_of(module))) == 2


def test_commands_in_a_page_are_not_prose(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\necho nobody\n```\nThe user `nobody` runs it.\n")
    assert found_in(prose_of(page)) == []


@all_rows(
    ("name", "text"),
    [
        ("is none", "such checkpoints are none"),
        ("nobody", "nobody purges it"),
        ("otherwise than", "entries that read otherwise than before"),
        ("another … than", "another version of it than the ledger recorded"),
        ("whose the", "whose the entries are that name no user"),
        ("As the port says", "As the port says: it retries"),
        ("not well signed", "a checkpoint that is not well signed"),
    ],
)
def test_each_pattern_finds_what_it_bans(name: str, text: str) -> None:
    assert [each.partition(":")[0] for each in found_in([text])] == [name]
