"""The only module that writes HTML: a text stays text on the page, whatever characters it has.

A child of an element is either `Markup`, which only this module makes, or a text. A text is escaped, and
characters in it that do not print are shown by their codes. So no caller can forget either.
"""

from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import TypeAlias

from audit_archive.format.display import is_visible, visible

ODD_RUNS = 1000
"""Runs of characters that do not print that are marked in one line. More would make a page too large to
open."""

_NAMED = 4
_VOID = frozenset({"input", "link", "meta"})


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML that is well-formed on its own."""

    html: str


Node: TypeAlias = Markup | str
Attribute: TypeAlias = str | int | bool


def element(tag: str, *children: Node, **attributes: Attribute) -> Markup:
    """An element. `class_` is written `class`, `aria_label` is `aria-label`; False leaves one out."""
    if tag in _VOID:
        return Markup(_start(tag, attributes))
    return Markup(f"{_start(tag, attributes)}{joined(*children).html}</{tag}>")


def around(tag: str, *before: Node, **attributes: Attribute) -> tuple[Markup, Markup]:
    """An element whose content comes in pieces: its begin with the nodes `before` the rest, and its end."""
    return Markup(_start(tag, attributes) + joined(*before).html), Markup(f"</{tag}>")


def joined(*nodes: Node) -> Markup:
    """Nodes one after the other."""
    return Markup("".join(n.html if isinstance(n, Markup) else escape(visible(n)) for n in nodes))


def exact(text: str) -> Markup:
    """A text that a parser gives back exactly, as `textContent`: for lines that are hashed.

    Characters that do not print stand in an element of their own, which shows their codes and keeps them from
    reordering their neighbours. (A NUL or a carriage return would not survive a parser; no archived line has
    one.)
    """
    if is_visible(text):
        return Markup(escape(text, quote=False))
    pieces, odd = [], 0
    for is_plain, run in groupby(text, is_visible):
        piece = "".join(run)
        if is_plain or odd == ODD_RUNS:
            pieces.append(escape(piece, quote=False))
        else:
            odd += 1
            pieces.append(f"{_start('span', {'class_': 'odd', 'data_code': _codes(piece)})}{piece}</span>")
    return Markup("".join(pieces))


def program(tag: str, text: str) -> Markup:
    """A style or a script of our own, as it is. Raises ValueError if the element would end within it."""
    if "</" in text or "<!--" in text or "\r" in text:
        raise ValueError(f"a {tag} must not hold '</', '<!--' or a carriage return")
    return Markup(f"<{tag}>{text}</{tag}>")


def document(head: Markup, language: str) -> tuple[Markup, Markup]:
    """The begin of a page with this head, and its end."""
    return Markup(f'<!DOCTYPE html>\n<html lang="{escape(language)}">{head.html}'), Markup("</html>\n")


def _start(tag: str, attributes: dict[str, Attribute]) -> str:
    written = "".join(
        f" {_name(name)}" if value is True else f' {_name(name)}="{escape(visible(str(value)))}"'
        for name, value in attributes.items()
        if value is not False
    )
    return f"<{tag}{written}>"


def _name(keyword: str) -> str:
    return keyword.rstrip("_").replace("_", "-")


def _codes(run: str) -> str:
    """Characters by their code points; of a long run only the first ones."""
    codes = " ".join(f"U+{ord(each):04X}" for each in run[:_NAMED])
    return codes if len(run) <= _NAMED else f"{codes} and {len(run) - _NAMED} more"
