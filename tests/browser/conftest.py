"""A real browser: Debian's Chromium, headless, with a folder of its own, and no way to the network."""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, Request, expect, sync_playwright

from tests.support.report_samples import Sample

OPTIONS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),  # no sandbox: CI may be root
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--proxy-server=127.0.0.1:9",  # whatever it would load fails
)
NO_WISHES: dict[str, Any] = {"media": "null", "color_scheme": "light", "reduced_motion": "no-preference"}
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


class Window:
    """A window that shows one report after the other: a new document knows nothing of the one before."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.shown: Opened | None = None
        page.on("request", self._note)
        page.on("console", lambda message: self._hear(message.text))
        page.on("pageerror", lambda error: self._hear(str(error)))
        page.on("dialog", self._refuse)

    def show(self, file: Path, width: int, media: Mapping[str, Any]) -> Opened:
        """Open a file anew, at a width of the window; `media` is how the reader wants it."""
        self.clear()
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(**{**NO_WISHES, **media})
        self.shown = Opened(self.page, file)
        self.page.goto(file.as_uri())
        return self.shown

    def clear(self) -> None:
        """Show nothing. What the last report still says comes first, and is its own."""
        if self.shown is not None:
            self.page.goto("about:blank")
            self.shown = None

    def _note(self, request: Request) -> None:
        if self.shown is not None and not request.url.startswith("data:,"):
            self.shown.asked.append(request.url)

    def _hear(self, text: str) -> None:
        if self.shown is not None:
            self.shown.said.append(text)

    def _refuse(self, dialog: Dialog) -> None:
        self._hear(dialog.message)
        dialog.dismiss()


Windows = Callable[[str, bool], Window]


@pytest.fixture(scope="package")
def windows() -> Iterator[Windows]:
    """One browser for all tests, with a window for each script that runs before a page's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found_chromium(), args=OPTIONS)

        @cache
        def window(script: str, has_scripts: bool) -> Window:
            page = browser.new_page(java_script_enabled=has_scripts)
            if script:
                page.add_init_script(script)
            return Window(page)

        yield window
        browser.close()


@pytest.fixture
def opened(windows: Windows, tmp_path: Path) -> Iterator[Open]:
    """Opens a report from a file, as a reader does, in place of the last. `script` runs before its own."""
    used = set[Window]()

    def open_it(
        report: Sample | bytes,
        *,
        script: str = "",
        width: int = 1280,
        java_script_enabled: bool = True,
        **media: Any,
    ) -> Opened:
        file = tmp_path / "report.html"
        file.write_bytes(report.page() if isinstance(report, Sample) else report)
        window = windows(script, java_script_enabled)
        used.add(window)
        return window.show(file, width, media)

    yield open_it
    for window in used:
        window.clear()
