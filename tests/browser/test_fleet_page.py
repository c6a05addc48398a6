"""The page of the fleet in a real browser: it fits every screen, chooses, searches, and runs nothing else."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Open, overflow
from tests.support.fleet_samples import five_hundred, mixed, page_of

HOSTILE = '"><script>owned=1</script><img src=x onerror=owned=1>'


def shown(page: Page) -> int:
    """How many Consoles are to be seen."""
    seen: int = page.evaluate(
        "Array.from(document.querySelectorAll('.fleet tbody tr')).filter((row) => row.offsetHeight).length"
    )
    return seen


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_it_fits_the_screen_and_runs_nothing_of_others(opened: Open, width: int, scheme: str) -> None:
    page = opened(page_of(mixed(HOSTILE)), width=width, color_scheme=scheme)
    assert overflow(page.page) <= 0
    assert HOSTILE in page.page.locator(".fleet").inner_text()
    page.assert_quiet()


def test_five_hundred_consoles_are_chosen_and_searched(opened: Open) -> None:
    page = opened(page_of(five_hundred()))
    assert shown(page.page) == 500
    page.page.locator("label:has(#show-need-a-person)").click()
    assert shown(page.page) == 6
    page.page.locator("label:has(#show-late)").click()
    assert shown(page.page) == 1
    page.page.locator("label:has(#show-all)").click()
    page.page.locator("#search").fill("site=quito 0013beef")
    assert page.page.locator("#found").inner_text() == f"{shown(page.page)} of 500 Consoles have it"
    assert shown(page.page) == 1
    page.assert_quiet()


def test_without_its_script_it_has_all_rows_and_no_search(opened: Open) -> None:
    page = opened(page_of(mixed()), java_script_enabled=False).page
    assert shown(page) == 7
    assert not page.locator("#searching").is_visible()
    page.locator("label:has(#show-held)").click()
    assert shown(page) == 1
