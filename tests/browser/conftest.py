"""A real browser: Debian's Chromium, headless, with a folder of its own, and no way to the network."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, Request, expect, sync_playwright

from tests.support.report_samples import Sample

OPTIONS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),  # no sandbox: CI may be root
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--proxy-server=127.0.0.1:9",  # whatever it would load fails
)
NAMES = ("chromium", "chromium-browser", "google-chrome")


def found_chromium() -> str:
    """Where Chromium is. Without one the tests are skipped, but not in CI."""
    found = next((path for path in map(shutil.which, NAMES) if path is not None), None)
    if found is not None:
        return found
    why = "no Chromium is installed (Debian: apt-get install chromium fonts-dejavu-core)"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a module; each has a profile of its own in it."""
    chromium = found_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page in the browser, and what came of it that nobody wants."""

    page: Page
    file: Path
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def assert_quiet(self) -> None:
        """No word on the console (a breach of the policy is one), no dialog, no request but for itself."""
        assert self.said == []
        assert self.asked == [self.file.as_uri()]
        assert self.page.evaluate("window.owned") is None

    def check(self) -> str:
        """What the page's check of its entries says, once it is done."""
        status = self.page.locator("#check")
        expect(status).to_have_text(re.compile("^[✓✕]"))  # waiting in the page would take an eval
        return status.inner_text()


Open = Callable[..., Opened]


def overflow(page: Page) -> int:
    """By how many pixels a page is wider than the window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return wider


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a report from a file, as a reader does. `script` runs before the page's own."""
    contexts = []

    def open_it(report: Sample | bytes, *, script: str = "", width: int = 1280, **options: Any) -> Opened:
        file = tmp_path / "report.html"
        file.write_bytes(report.page() if isinstance(report, Sample) else report)
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        if script:
            page.add_init_script(script)
        made = Opened(page, file)
        _listen(made)
        page.goto(file.as_uri())
        return made

    yield open_it
    for context in contexts:
        context.close()


def _listen(opened: Opened) -> None:
    page = opened.page

    def note(request: Request) -> None:
        if not request.url.startswith("data:,"):
            opened.asked.append(request.url)

    def refuse(dialog: Dialog) -> None:
        opened.said.append(dialog.message)
        dialog.dismiss()

    page.on("request", note)
    page.on("console", lambda message: opened.said.append(message.text))
    page.on("pageerror", lambda error: opened.said.append(str(error)))
    page.on("dialog", refuse)
