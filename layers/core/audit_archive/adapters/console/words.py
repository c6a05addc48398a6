"""Quotes of a Console's answers, fit for a message: short, on one line, and without an API key."""

import html
import json
import re
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

HIDDEN = "[API key]"
MAX_WORDS = 300
"""Characters of a quote in a message of ours."""

MAX_DESCRIBED = 4096
"""Bytes of a body that its description is made from."""

_MAX_DEPTH = 100
"""Levels of JSON. Python's reader fails at many hundreds. Answers of the API have fewer than ten."""

# Possessive (`*+`): a string of many megabytes takes no memory to go back in, and a fraction of the time.
_BRACKET_OR_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(script|style).*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)


class Scrubber:
    """Removes all API keys that it knows from texts, however they are encoded."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def __repr__(self) -> str:
        return "Scrubber()"

    def learn(self, key: str) -> None:
        """Remove this key, too, from now on."""
        self._keys.add(key)

    def __call__(self, text: str) -> str:
        """The text without keys, on one line, at most MAX_WORDS characters."""
        for form in sorted({form for key in self._keys for form in _forms(key)}, key=len, reverse=True):
            text = re.sub(re.escape(form), HIDDEN, text, flags=re.IGNORECASE)
        squeezed = _squeezed(text)
        if any(_squeezed(key) in squeezed for key in self._keys):
            return "(withheld: it repeats the API key)"
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return text if len(text) <= MAX_WORDS else text[:MAX_WORDS] + "..."


def _forms(key: str) -> set[str]:
    """The ways in which an answer or an exception may repeat a key."""
    return {key, quote(key, safe=""), quote(key), quote_plus(key), html.escape(key), json.dumps(key)[1:-1]}


def _squeezed(text: str) -> str:
    """A text without encodings, spaces and line breaks, so that a key in it is found."""
    plain = unquote_plus(html.unescape(text))
    return "".join(c for c in plain if c.isprintable() and c not in " +\\").casefold()


def json_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a body; None if the body is not a JSON object.

    Values below `_MAX_DEPTH` levels become null. Without that, the depth at which Python's reader fails would
    depend on the depth of our own call stack.
    """
    # Python's own reader accepts what an attacker may put into a user agent: lone surrogates and control
    # characters.
    try:
        value = json.loads(_pruned(body.decode("utf-8", "replace")), parse_int=_integer, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _pruned(text: str) -> str:
    """JSON with null in place of values that are too deep. No value that is used here is so deep."""
    kept: list[str] = []
    depth = start = 0
    for bracket in _BRACKET_OR_STRING.finditer(text):
        if bracket[0] in "[{":
            depth += 1
            if depth == _MAX_DEPTH:
                kept.append(text[start : bracket.start()] + "null")
        elif bracket[0] in "]}":
            if depth == _MAX_DEPTH:
                start = bracket.end()
            depth -= 1
    return "".join(kept) + text[start:]


def _integer(digits: str) -> int | float:
    """An integer. Python can't read one of thousands of digits: that becomes a float, which is not an id."""
    return int(digits) if len(digits) < 100 else float(digits)  # noqa: PLR2004 - any id has 19 digits at most


def message_of(answer: dict[str, Any]) -> str:
    """The text for people in an API answer (`message`, `msg` or `error`); empty if it has no such text."""
    texts = (answer.get(name) for name in ("message", "msg", "error"))
    return next((text for text in texts if isinstance(text, str) and text), "")


def is_html(body: bytes) -> bool:
    """Whether a body is a web page: a maintenance page, a proxy's, a login."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def _beginning(body: bytes) -> str:
    """The beginning of a body. A cut may halve a key, which is not found then: the cut word is removed."""
    text = body[:MAX_DESCRIBED].decode("utf-8", "replace")
    return text if len(body) <= MAX_DESCRIBED else "".join(text.rsplit(maxsplit=1)[:-1]) + " ..."


def description(body: bytes) -> str:
    """What a body is, in a few words. A key in it is not removed yet."""
    answer = json_object(body)
    text = _beginning(body)
    if answer is not None:
        return message_of(answer) or f"JSON with {', '.join(map(str, answer)) or 'nothing in it'}"
    if is_html(body):
        title = _TITLE.search(text)
        return f"an HTML page: {html.unescape(title[1] if title else _TAG.sub(' ', text))}"
    return f"text: {text}" if text.strip() else "nothing"
