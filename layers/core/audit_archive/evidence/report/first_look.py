"""The place where a browser checks the whole bundle; `check.js` does it. It is hidden without the script."""

from audit_archive.html_page.markup import Markup, element
from audit_archive.html_page.parts import code

_WHAT = (
    "Choose the bundle, or drop it here. This page reads it on your computer and sends nothing. It hashes "
    "every file, follows the chain of statements, and checks each signature and each proof."
)
_LIMIT = (
    "This is a first look. The page came with the bundle, and whoever altered the bundle could have altered "
    "the page. It compares less than verify.py: not the spreadsheet with the entries, and not every field of "
    "a statement."
)


def first_look() -> tuple[Markup, ...]:
    """The heading, the choosers, and the places for what the script finds."""
    control = element(
        "div",
        element("p", _WHAT),
        *_keys("known-keys", "The archive's key, if you got it from elsewhere"),
        *_keys("known-makers", "The bundle key, if you got it from elsewhere"),
        element(
            "p",
            "The SHA-256 of the DER of each, as ",
            code("canary-audit keys"),
            " tells it, or the key in PEM. Enter them before you choose the bundle.",
            id="known-keys-note",
        ),
        _chooser("bundle-zip", "The bundle as it came (a zip)", accept=".zip,application/zip"),
        _chooser("bundle-folder", "or the folder that you unpacked it into", webkitdirectory=True),
        element("p", "Not checked yet.", id="bundle-verdict", role="status", class_="verdict"),
        element("ul", id="bundle-faults", class_="bad", aria_label="Faults"),
        element("ul", id="bundle-unchecked", aria_label="What was not checked"),
        element("ul", id="bundle-told", aria_label="What was checked"),
        element("p", _LIMIT),
        id="bundle-check",
        class_="checks",
        hidden=True,
    )
    needs = element("p", "With JavaScript this page can check the whole bundle for you.")
    return (
        element("h3", "A first look, in this page", class_="no-print"),
        element("div", control, element("noscript", needs), class_="no-print"),
    )


def _keys(name: str, label: str) -> tuple[Markup, Markup]:
    box = element("textarea", id=name, rows=2, spellcheck="false", aria_describedby="known-keys-note")
    return element("label", label, for_=name), box


def _chooser(name: str, label: str, **more: str | bool) -> Markup:
    chooser = element("input", type="file", id=name, **more)
    return element("p", element("label", label, for_=name), chooser)
