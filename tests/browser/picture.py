"""`python -m tests.browser.picture` makes docs/images/report.png: how a report begins, in a real browser."""

from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.browser.conftest import OPTIONS, found_chromium
from tests.support.report_samples import with_sample
from tests.support.stack import ROOT

PICTURE = ROOT / "docs" / "images" / "report.png"


def main() -> None:
    """Draw the first screen of a report on three months, with a sample."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "report.html"
        file.write_bytes(with_sample().page())
        browser = playwright.chromium.launch(executable_path=found_chromium(), args=OPTIONS)
        page = browser.new_page(viewport={"width": 1200, "height": 1130}, color_scheme="light")
        page.goto(file.as_uri())
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
