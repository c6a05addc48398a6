"""Where a Console may live."""

import pytest

from audit_archive.adapters.console.transport import checked_base_url
from audit_archive.errors import SettingsError
from tests.support.rows import all_rows


@all_rows(
    ("url", "base"),
    [
        ("https://abc123.canary.tools", "https://abc123.canary.tools"),
        ("https://ABC123.canary.tools/", "https://abc123.canary.tools"),
        ("https://abc123.canary.tools:8443", "https://abc123.canary.tools:8443"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("http://127.9.8.7", "http://127.9.8.7"),
        ("http://localhost:5000/", "http://localhost:5000"),
        ("http://[::1]:5000", "http://[::1]:5000"),
    ],
)
def test_https_anywhere_and_http_on_this_machine(url: str, base: str) -> None:
    assert checked_base_url(url) == base


@all_rows(
    "url",
    [
        "http://abc123.canary.tools",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://[2001:db8::1]",
        "http://2130706433",
        "https://127.0.0.1\\@evil.example",
        "https://evil.example#@abc123.canary.tools",
        "https://abc123.canary.tools/api/v1",
        "https://abc123.canary.tools/?auth_token=secret",
        "https://secret@abc123.canary.tools",
        "https://abc123.canary.tools:port",
        "https://abc123.canary.tools:70000",
        "https://abc 123.canary.tools",
        "https://abc123.canary.tools\r\nX-Evil: 1",
        "https://ab\u0441123.canary.tools",
        "https://",
        "https:abc123.canary.tools",
        "abc123.canary.tools",
        "ftp://abc123.canary.tools",
        "file:///etc/passwd",
        "",
    ],
)
def test_anything_else_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        checked_base_url(url)
    assert "secret" not in str(caught.value)
