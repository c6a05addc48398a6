"""Takes the effect from text that others chose: a Console's entries can put any text into a sentence.

Who reads a mail or a chat clicks what is a link. So no address but those of our runbook stays one: it is
written as analysts write it, `https[:]//evil[.]example`.
"""

import re
from collections.abc import Callable

from audit_archive.errors import SITE
from audit_archive.format.display import visible

_OURS = re.compile(re.escape(SITE) + r"operations/#[a-z0-9_-]+(?=$|[\s.,;:)'`])")
_SCHEME = re.compile(r":(?=//)")
_DOT = re.compile(r"(?<=\w)[.\u3002\uff0e\uff61](?=\w*[^\W\d_])")
"""A dot of a name of a host, and the signs that a browser takes for one. No dot of a number or an address."""

_MARKUP = str.maketrans(
    {"&": "\uff06", "<": "\uff1c", ">": "\uff1e", "*": "\uff0a", "~": "\uff5e", "`": "'"}
    | {"[": "\uff3b", "]": "\uff3d", "|": "\uff5c", "\\": "\uff3c"}
)
"""What Slack and Teams take for markup, and its look-alike. The two share no escape: a backslash stays to be
seen in the one, an entity in the other."""
_AT_A_WORD = re.compile(r"(?<!\w)[@#]|(?<!\w)_|_(?!\w)")
_LOOK_ALIKE = {"@": "\uff20", "#": "\uff03", "_": "\uff3f"}


def linkless(text: str) -> str:
    """A text on one line, of which nothing is a link but our runbook's address."""
    return _outside_of_ours(visible(text), _without_links)


def linkless_in_chat(text: str) -> str:
    """The same for a chat: nothing of it is a link, a mention of somebody, or a style."""
    return _outside_of_ours(visible(text), lambda part: _without_links(_without_markup(part)))


def linkless_json(text: str) -> str:
    """JSON that means the same, in which no reader of mail sees a link."""
    return _DOT.sub(r"\\u002e", text.replace("://", r":\/\/"))


def _without_markup(text: str) -> str:
    return _AT_A_WORD.sub(lambda found: _LOOK_ALIKE[found[0]], text.translate(_MARKUP))


def _without_links(text: str) -> str:
    return _DOT.sub("[.]", _SCHEME.sub("[:]", text))


def _outside_of_ours(text: str, change: Callable[[str], str]) -> str:
    pieces, at = list[str](), 0
    for ours in _OURS.finditer(text):
        pieces += [change(text[at : ours.start()]), ours[0]]
        at = ours.end()
    return "".join([*pieces, change(text[at:])])
