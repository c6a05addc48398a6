"""The head of a page that needs no network and no other file."""

from hashlib import sha256

from audit_archive.format.keys import to_base64
from audit_archive.html_page.markup import Markup, element, program


def sealed_head(title: str, style: str, script: str) -> Markup:
    """A head with its style. Its policy forbids all loading, and every style and script but these two.

    The page itself holds the script as `program("script", script)`, at its end.
    """
    policy = (
        f"default-src 'none'; style-src '{_source(style)}'; script-src '{_source(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("link", rel="icon", href="data:,"),  # else a browser asks a server for one
        program("style", style),
    )


def _source(text: str) -> str:
    """The hash of a text as a source of a Content-Security-Policy (CSP Level 3, section 2.3.1)."""
    return f"sha256-{to_base64(sha256(text.encode()).digest())}"
