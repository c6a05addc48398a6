"""The one module that writes HTML."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.display import is_visible
from audit_archive.html_page import markup
from audit_archive.html_page.markup import ODD_RUNS, around, element, exact, joined, program
from tests.unit.evidence.page_reading import read

PACKAGE = Path(markup.__file__).parents[1]


def test_nobody_else_makes_markup() -> None:
    made = {path.name for path in PACKAGE.rglob("*.py") if "Markup(" in path.read_text()}
    assert made == {"markup.py"}


def test_a_text_is_escaped_and_shows_only() -> None:
    assert joined("<b> & \"'\u202e").html == "&lt;b&gt; &amp; &quot;&#x27;\\u202e"


def test_an_attribute_is_too() -> None:
    made = element("a", "x", href='"><b>\n', class_="a", aria_label="l", hidden=True, id=False)
    assert made.html == '<a href="&quot;&gt;&lt;b&gt;\\n" class="a" aria-label="l" hidden>x</a>'


def test_an_element_in_pieces() -> None:
    begin, end = around("p", "<", class_="k")
    assert begin.html + end.html == '<p class="k">&lt;</p>'


@given(st.text(st.characters(exclude_characters="\x00\r", codec="utf-8")))
def test_an_exact_text_comes_out_of_a_parser_as_it_went_in(text: str) -> None:
    page = element("html", element("code", exact(text))).html.encode()
    code = read(page).one("code")
    assert code.text == text
    assert all(each.tag == "span" and not is_visible(each.text) for each in code.all())


def test_a_text_full_of_what_does_not_print_stays_small() -> None:
    text = "a\u202e" * 100_000
    page = element("html", element("code", exact(text))).html
    code = read(page.encode()).one("code")
    assert code.text == text
    assert len(list(code.all())) == ODD_RUNS
    assert len(page) < 300_000


@pytest.mark.parametrize("text", ["</script>", "</", "<!--", "a\rb"])
def test_a_script_can_not_end_early(text: str) -> None:
    with pytest.raises(ValueError, match="must not hold"):
        program("script", text)
