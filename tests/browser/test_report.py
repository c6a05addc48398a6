"""The report in a real browser: it checks itself, runs nothing of anybody else's, and fits every screen."""

import re
from hashlib import sha256
from io import BytesIO
from typing import Any
from unicodedata import normalize

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from audit_archive.evidence.model import BundleFile
from tests.browser.conftest import Open, Opened, overflow
from tests.support.examples import breadth
from tests.support.report_samples import SAMPLES, digest_of, hostile, one_day, quarter
from tests.support.stack import ROOT

WITHOUT_SUBTLE = "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });"
HASHES = pytest.mark.parametrize("script", ["", WITHOUT_SUBTLE], ids=["crypto.subtle", "plain"])
LINE, RED = b"User logged in", "rgb(255, 0, 0)"


def files_of(opened: Opened, data: bytes, name: str = "entries.ndjson") -> list[str]:
    """What the page says of a file that is chosen."""
    opened.page.evaluate("document.getElementById('chosen').replaceChildren()")
    file = opened.file.with_name(name)
    file.write_bytes(data)
    opened.page.locator("#chooser").set_input_files(file)
    told = opened.page.locator("#chosen li")
    expect(told).to_have_text(re.compile("^[✓✕]"))
    return told.all_inner_texts()


# ---------------------------------------------------------------------------------------- its own check


@pytest.mark.parametrize(
    ("name", "script"),
    [
        *(("one day", ""), ("hostile", ""), ("hostile", WITHOUT_SUBTLE)),
        pytest.param("eight years", "", marks=pytest.mark.wide),
        pytest.param("quarter", "", marks=pytest.mark.wide),
        pytest.param("quarter", WITHOUT_SUBTLE, marks=pytest.mark.wide),
    ],
    ids=lambda each: "plain" if each == WITHOUT_SUBTLE else each or "crypto.subtle",
)
def test_a_true_page_says_ok(opened: Open, name: str, script: str) -> None:
    made = SAMPLES[name]()
    page = opened(made, script=script)
    said = page.check()
    assert said.startswith(f"✓ OK: these {len(made.lines)} lines have the SHA-256")
    assert digest_of(made.lines) in said
    assert said.endswith("The file entries.ndjson has the same SHA-256.") == (name != "eight years")
    page.assert_quiet()


@HASHES
def test_one_altered_character_of_a_line_shows(opened: Open, script: str) -> None:
    true = one_day().page()
    at = true.rindex(LINE)
    said = opened(true[:at] + b"u" + true[at + 1 :], script=script).check()
    assert said.startswith("✕ NOT the entries of this report: 3 lines have the SHA-256")


def test_a_row_that_is_gone_or_comes_twice_shows(opened: Open) -> None:
    true = quarter().page()
    begin = true.index(b"<tr>", true.index(b'class="entries"') + 200)
    end = true.index(b"</tr>", begin) + len(b"</tr>")
    assert opened(true[:begin] + true[end:]).check().startswith("✕ NOT the entries of this report: 233 lines")
    again = true[:end] + true[begin:end] + true[end:]
    assert opened(again).check().startswith("✕ NOT the entries of this report: 235 lines")


def test_the_plain_hash_is_sha256(opened: Open) -> None:
    sizes = (0, 1, 55, 56, 63, 64, 65, 119, 120, 1000)
    files = [bytes(n * 7 % 256 for n in range(size)) for size in sizes]
    made = one_day().but(
        files=tuple(BundleFile(f"file {len(data)}", len(data), sha256(data).hexdigest()) for data in files)
    )
    page = opened(made, script=WITHOUT_SUBTLE)
    for data in files:
        (said,) = files_of(page, data, f"{len(data)}.bin")
        assert said.startswith(f"✓ {len(data)}.bin: OK, this is file {len(data)} of this bundle.")


@HASHES
def test_a_file_of_the_bundle_is_told_from_another(opened: Open, script: str) -> None:
    made = one_day()
    page = opened(made, script=script)
    data = b"".join(line + b"\n" for line in made.lines)
    (said,) = files_of(page, data)
    assert said.startswith("✓ entries.ndjson: OK, this is entries.ndjson of this bundle.")
    (said,) = files_of(page, data[:-2] + b"\n", "other.ndjson")
    assert said.startswith("✕ other.ndjson: NOT one of the files listed here.")
    page.check()
    page.assert_quiet()


# ---------------------------------------------------------------------------------------- hostile entries


def test_nothing_that_an_attacker_wrote_runs_or_is_loaded(opened: Open) -> None:
    page = opened(hostile())
    page.check()
    page.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.page.wait_for_timeout(200)
    page.assert_quiet()
    kinds = page.page.evaluate(
        "[...new Set([...document.querySelectorAll('main *')].map((each) => each.localName))].sort()"
    )
    assert not {"img", "script", "iframe", "link", "meta", "base", "form", "style", "u", "i"} & set(kinds)
    assert page.page.locator("main a:not([href^='#'])").count() == 0


def test_the_policy_stops_what_would_run(opened: Open) -> None:
    """If markup ever got into a page, its script would still not run."""
    true = one_day().page()
    evil = b"<script>window.owned = 1</script><img src=x onerror='window.owned = 1'><p style='color: red'>"
    page = opened(true.replace(b"</main>", evil + b"</main>"))
    page.check()
    assert page.page.evaluate("window.owned") is None
    assert sum("Content Security Policy" in each for each in page.said) >= 3
    assert page.page.evaluate("getComputedStyle(document.querySelector('main > p')).color") != RED


def test_a_change_of_direction_stays_where_it_is(opened: Open) -> None:
    """In the opened line what follows U+202E stands to the right of it, as it is written."""
    page = opened(hostile()).page
    row = page.locator(".entries tbody tr", has_text="abc\\u202edcba").first
    row.locator("summary").click()
    lefts = row.locator(".raw").evaluate(
        """(raw) => {
          const [before, , after] = [...raw.childNodes].slice(0, 3);
          const left = (node, at) => {
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + 1);
            return range.getBoundingClientRect().left;
          };
          return [left(before, before.length - 1), left(after, 0), left(after, 1), left(after, 2)];
        }"""
    )
    assert lefts == sorted(lefts)


# ---------------------------------------------------------------------------------------- every reader


def bare_numbers(page: Page) -> list[str]:
    """The rows that begin with a number, and say not of what. Ranked names may begin so."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('table:not(.ranking) tbody th')]
          .filter((th) => /^[0-9]/.test(th.textContent) && !th.querySelector('time'))
          .filter((th) => getComputedStyle(th, '::before').content === 'none')
          .map((th) => th.closest('table').className + ' ' + th.textContent.slice(0, 20)).slice(0, 9)"""
    )
    return found


@pytest.mark.parametrize("name", breadth(SAMPLES, "sample", "outside"))
def test_nothing_is_wider_than_the_screen(opened: Open, name: str) -> None:
    page, widths = opened(SAMPLES[name](), width=375), (375, 1280)
    for is_open in (False, True):
        page.page.evaluate(
            "(isOpen) => [...document.querySelectorAll('details')].slice(0, 60)"
            ".forEach((each) => { each.open = isOpen; })",
            is_open,
        )
        for width in widths:
            page.page.set_viewport_size({"width": width, "height": 900})
            assert overflow(page.page) <= 0, width
            assert width > 700 or bare_numbers(page.page) == [], "a phone shows no heads of columns"
    page.assert_quiet()


def test_a_keyboard_reaches_all_there_is_to_do(opened: Open) -> None:
    page = opened(quarter()).page
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.className || document.activeElement.id || "
                                     "document.activeElement.localName"))  # fmt: skip
        if reached.count("summary") > 3:
            break
    assert reached[0] == "skip"
    assert {"chooser", "summary"} <= set(reached)
    ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open") is True


def test_the_skip_link_shows_when_it_has_the_focus_and_leads_to_the_answer(opened: Open) -> None:
    page = opened(one_day()).page
    page.keyboard.press("Tab")
    box = page.locator(".skip").bounding_box()
    assert box is not None
    assert box["y"] >= 0
    page.keyboard.press("Enter")
    assert page.url.endswith("#answer")


def test_without_javascript_all_is_there_but_the_check(opened: Open) -> None:
    page = opened(one_day(), java_script_enabled=False).page
    assert page.locator(".entries tbody tr").count() == 3
    page.locator(".entries summary").first.click()
    assert page.locator(".raw").first.is_visible()
    assert "if you turn JavaScript on" in page.locator("#check + noscript").inner_text()
    assert not page.locator("#chooser").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", breadth(["quarter", "faults"], "faults"))
def test_every_text_stands_out_from_its_ground(opened: Open, name: str, scheme: Any) -> None:
    """WCAG 2.2 AA: 4.5 to 1."""
    page = opened(SAMPLES[name](), color_scheme=scheme)
    page.check()
    page.page.evaluate(
        "[...document.querySelectorAll('details')].slice(0, 9).forEach((each) => { each.open = true; })"
    )
    assert page.page.evaluate(CONTRASTS) == []
    assert len(page.page.screenshot(full_page=False)) > 10_000


CONTRASTS = """() => {
  const read = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = read(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return read(getComputedStyle(document.body).backgroundColor);
  };
  const faint = new Set();
  for (const element of document.querySelectorAll("body *")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!hasText || !element.checkVisibility() || element.closest("script, noscript, title, desc")) continue;
    const style = getComputedStyle(element);
    const color = read(element.localName === "text" ? style.fill : style.color);
    const [a, b] = [light(color), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.add(`${element.localName}.${element.getAttribute("class")} ${ratio.toFixed(2)}`);
  }
  return [...faint];
}"""


def printed(page: Page, paper: str) -> list[list[str]]:
    """The lines of each printed page, without those at its foot."""
    reader = PdfReader(BytesIO(page.pdf(format=paper)))
    pages = (normalize("NFKC", each.extract_text()).splitlines() for each in reader.pages)
    return [
        [line for line in lines if "Canary Audit Archive: evidence report" not in line] for lines in pages
    ]


LEADING = """[...document.querySelectorAll("h1, h2, h3, caption, thead tr")].map(
  (each) => [...(each.cells || [each])].map((cell) => cell.innerText).join(" "))"""


@pytest.mark.parametrize(
    ("name", "paper"),
    [
        pytest.param("one day", "A4", marks=pytest.mark.wide),
        ("sample", "Letter"),
        pytest.param("eight years", "A4", marks=pytest.mark.wide),
    ],
)
def test_no_heading_stands_alone_at_the_foot_of_a_page(opened: Open, name: str, paper: str) -> None:
    page = opened(SAMPLES[name]()).page
    leading, pages = set(page.evaluate(LEADING)), printed(page, paper)
    assert [lines[-1] for lines in pages if lines[-1] in leading] == []
    assert sum(line in leading for lines in pages for line in lines) > 20  # the two spell it alike
    if name == "eight years":
        page_of_docs = (ROOT / "docs" / "evidence.md").read_text()
        told = re.search(r"prints the first (\d+): (\d+) pages of A4", page_of_docs)
        assert told is not None
        ids = [line.split()[0] for line in pages[-1] if re.match(r"\d+ 20\d\d-\d\d-\d\d", line)]
        assert (ids[-1], str(len(pages))) == told.groups()


def test_it_prints_in_light_colours_without_controls(opened: Open) -> None:
    page = opened(one_day(), color_scheme="dark").page
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert not page.locator("#chooser").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"


def test_who_wants_no_motion_gets_none(opened: Open) -> None:
    def behaviour(motion: Any) -> object:
        page = opened(one_day(), reduced_motion=motion).page
        return page.evaluate("getComputedStyle(document.documentElement).scrollBehavior")

    assert (behaviour("reduce"), behaviour("no-preference")) == ("auto", "smooth")


def test_a_page_without_entries_is_quiet(opened: Open) -> None:
    page = opened(SAMPLES["nothing found"]())
    assert page.page.locator("#check").count() == 0
    assert page.page.locator("#chooser").is_visible()
    page.assert_quiet()
