"""The pages as readers meet them: prose without code, commands, anchors, and what the code points to."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
CODE = [*(ROOT / "layers/core/audit_archive").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
POINTER = re.compile(r"docs/[\w./-]+\.md(?:#[\w-]+)?")
"""How a message or a docstring names a page, and a heading of it."""

WORDS = r"""((?:"(?:\\.|[^"])*"|'[^']*'|\$\{[^}]*\}|[^|&;)>\n"'])*)"""
"""The words of a command of a shell, up to the end of its line, its pipe or its bracket."""
_OURS = re.compile(rf"(?:^ *(?:\$ |Next: )?|\$\(|[|&;] *)canary-audit\b(?![-.:]){WORDS}", re.MULTILINE)


@dataclass(frozen=True)
class Shell:
    """What a page says in shell, and its line. `is_inline`: it stands in a sentence, not in a block."""

    line: int
    text: str
    is_inline: bool


@dataclass(frozen=True)
class Typed:
    """A `canary-audit ...` on a page: the words after that name, without a remark.

    `is_mention`: a sentence names the command, and leaves out what it is to be done with.
    """

    page: str
    line: int
    words: tuple[str, ...]
    is_mention: bool

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: canary-audit {shlex.join(self.words)}"


def shell_of(text: str, program: str, languages: str = "sh") -> Iterator[Shell]:
    """The blocks in these languages, and commands of a program in code type in a sentence."""
    for found in re.finditer(rf"^ *```(?:{languages})\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        yield Shell(text.count("\n", 0, found.start(1)) + 1, found[1], is_inline=False)
    prose = re.sub(r"^ *```.*?^ *```", lambda block: "\n" * block[0].count("\n"), text, flags=re.M | re.S)
    for found in re.finditer(rf"`({program}(?: [^`]+)?)`", prose):
        yield Shell(prose.count("\n", 0, found.start()) + 1, found[1], is_inline=True)


def typed_on(page: str, text: str) -> Iterator[Typed]:
    """Each command of ours on a page, the examples of its help among them, but not `... --help`."""
    found = [each for shell in shell_of(text, "canary-audit", "sh|console|text") for each in _in(page, shell)]
    yield from sorted(found, key=lambda each: each.line)


def _in(page: str, shell: Shell) -> Iterator[Typed]:
    for found in _OURS.finditer(shell.text.replace("\\\n", "  ")):
        # A remark in a help stands three blanks away, and one in a shell behind a `#`.
        said = re.sub(r"\s{3,}[^-\s].*", "", found[1]) if shell.text.startswith("$ ") else found[1]
        words = tuple(shlex.split(re.sub(r"\s#\s.*", "", said)))
        if not words or "--help" in words:
            continue
        line = shell.line + shell.text.count("\n", 0, found.start())
        plain = words[: next((n for n, word in enumerate(words) if word.startswith("-")), None)]
        yield Typed(page, line, words, shell.is_inline and not any(map(_IS_OBJECT, plain)))


_IS_OBJECT = re.compile(r".*(\d|[A-Z]|/|\.md)").match
"""Whether a word is what a command is done with: no name of a command has a digit or a capital letter."""


def text_of(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ +(.+)$", text_of(page), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)
