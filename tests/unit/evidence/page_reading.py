"""A page as a parser reads it: the standard library's, which knows nothing of how we write one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser

from tests.support.report_samples import SAMPLES

VOID = {"meta", "link", "input"}


@dataclass
class Element:
    """An element: its name, its attributes, what is in it."""

    tag: str
    attributes: dict[str, str | None]
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its `textContent`."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, tag: str | None = None, kind: str | None = None) -> Iterator["Element"]:
        """Every element in it, in order; of a tag, of a class."""
        for child in self.children:
            if isinstance(child, Element):
                kinds = (child.attributes.get("class") or "").split()
                if tag in (None, child.tag) and (kind is None or kind in kinds):
                    yield child
                yield from child.all(tag, kind)

    def one(self, tag: str, kind: str | None = None) -> "Element":
        """The only one."""
        (found,) = self.all(tag, kind)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("", {})]
        self.comments: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names)
        made = Element(tag, dict(attrs))
        self.open[-1].children.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def unknown_decl(self, data: str) -> None:
        self.comments.append(data)

    def handle_pi(self, data: str) -> None:
        self.comments.append(data)


def read(page: bytes) -> Element:
    """The `html` element of a page: well-formed, without comments, each element closed by its own end."""
    reader = _Reader()
    reader.feed(page.decode())
    reader.close()
    assert len(reader.open) == 1
    assert reader.comments == []
    return reader.open[0].one("html")


@cache
def page_of(name: str) -> bytes:
    return SAMPLES[name]().page()


@cache
def tree_of(name: str) -> Element:
    return read(page_of(name))


def section(page: Element, name: str) -> Element:
    (found,) = (each for each in page.all("section") if each.attributes["aria-labelledby"] == name)
    return found


def tables(page: Element) -> dict[str, list[list[str]]]:
    """The rows of every table, by its caption."""
    return {
        table.one("caption").text: [
            [cell.text for cell in row.children if isinstance(cell, Element)]
            for row in table.one("tbody").all("tr")
        ]
        for table in page.all("table")
    }
