"""HTML, and the only module that writes it: what is a text becomes text, whatever stands in it.

A child of an element is either `Markup`, which nobody but this module makes, or a text. A text is escaped,
and what does not print in it is shown by its code. So there is no way to forget either.
"""

from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import TypeAlias

from audit_archive.format.display import is_visible, visible

ODD_RUNS = 1000
"""Runs of characters that don't print, of one line, that are set apart: a megabyte of them stays a page."""

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
    """An element whose content comes in pieces: all that stands before the rest of it, and its end."""
    return Markup(_start(tag, attributes) + joined(*before).html), Markup(f"</{tag}>")


def joined(*nodes: Node) -> Markup:
    """Nodes one after the other."""
    return Markup("".join(n.html if isinstance(n, Markup) else escape(visible(n)) for n in nodes))


def exact(text: str) -> Markup:
    """A text that the page holds to the character, as `textContent`: for what is hashed.

    What does not print stands in an element of its own, which shows its code and keeps it from reordering
    what is beside it. (A NUL or a carriage return would not survive a parser; no archived line has one.)
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
    """Characters by their code points; of a long run the first."""
    codes = " ".join(f"U+{ord(each):04X}" for each in run[:_NAMED])
    return codes if len(run) <= _NAMED else f"{codes} and {len(run) - _NAMED} more"
