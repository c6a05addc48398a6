"""A Console and its API keys as a person gives them, checked before anything is stored."""

import re
from collections.abc import Callable, Mapping

from audit_archive.config import DEFAULT_CONSOLE_URL, Settings
from audit_archive.errors import ConsoleAuthError, ConsoleError, ConsoleUnavailableError, RequestError
from audit_archive.events import console_id
from audit_archive.ports import Console
from cli.exits import Exit, Failure

_PLACE = "{console}"
_OF_CONSOLES = {
    "ConsoleUrlTemplate": "CONSOLE_URL_TEMPLATE",
    "AuthStyle": "AUTH_STYLE",
    "SecretPrefix": "SECRET_PREFIX",
    "KeyStore": "KEY_STORE",
}
"""Parameters of the template that say where Consoles and keys are, with the variables that they become."""
Trail = Callable[[str, str], Console]
"""The Console, read with a key: from what the key is called in a sentence, and the key itself."""


def id_of(given: str, template: str) -> str:
    """A Console's id, from the id or from an address of the Console. Raises RequestError.

    `template`: the base URL of Consoles, with {console} in it. A name of a host is taken, too.
    """
    text = given.strip()
    before, _, after = template.partition(_PLACE)
    scheme, _, host = before.rpartition("//")
    address = re.compile(
        rf"({re.escape(scheme)}//)?{re.escape(host)}([a-z0-9-]+){re.escape(after)}([/?#].*)?", re.IGNORECASE
    )
    is_address = "/" in text or "." in text or ":" in text
    found = address.fullmatch(text) if is_address else None
    if is_address and found is None:
        raise RequestError(
            "console",
            f"that is not an address of a Console: give its id, or {template.replace(_PLACE, 'ID')}",
        )
    return console_id(found[2].lower() if found else text.lower())


def any_id_of(given: str, template: Callable[[], str]) -> str:
    """The same, for who may have no stack at hand: `template` is asked for only if the address needs it."""
    text = given.strip()
    if "/" not in text and "." not in text:
        return console_id(text.lower())
    try:
        return id_of(text, DEFAULT_CONSOLE_URL)
    except RequestError:
        if "://" not in text:
            return console_id(text)
    return id_of(text, template())


def check_keys(trail: Trail, keys: dict[str, str]) -> int | None:
    """Ask the Console with each key how much it sees. Returns the number of entries, None if it does not say.

    `keys`: by use, `read` and `purge`. Whether a key may purge, only a purge would tell. Raises Failure,
    ConsoleAuthError, ConsoleUnavailableError, ConsoleError.
    """
    if len(set(keys.values())) < len(keys):
        message = (
            "Both keys are the same. Give a Read-Only key to collect with, and an Admin key to purge with."
        )
        raise Failure("SameKey", message, Exit.USAGE)
    names = {"read": "The Read-Only key", "purge": "The Admin key"}
    seen = {use: _seen(trail(names[use], key), names[use]) for use, key in keys.items()}
    if len(seen) > 1 and None not in seen.values() and not _alike(seen["read"], seen["purge"]):
        raise Failure(
            "DifferentTrails",
            f"The Read-Only key sees {seen['read']} entries, and the Admin key {seen['purge']}. Both must "
            "see the whole trail, not one Flock: make new keys without a Flock.",
            Exit.FAILED,
        )
    return seen.get("read", seen.get("purge"))


def _seen(console: Console, what: str) -> int | None:
    try:
        return console.peek().population
    except ConsoleAuthError as error:
        raise ConsoleAuthError(
            f"{what} was refused by the Console. Make sure that it is a key of this Console, and whole. "
            "A Console that takes keys in the query only needs AuthStyle=query"
        ) from error
    except ConsoleUnavailableError as error:
        sentence = str(error).removesuffix("The next run tries again.").strip()
        raise ConsoleUnavailableError(
            f"{what} can't be checked: {sentence} Look at the Console's id and at your network, and try again"
        ) from error
    except ConsoleError as error:
        raise ConsoleError(f"{what} can't be checked: {error}") from error


def _alike(one: int | None, other: int | None) -> bool:
    """Whether two counts can be of one trail: entries may arrive between the two questions."""
    return one is not None and other is not None and one <= other <= one + max(10, one // 100)


def settings_of(parameters: Mapping[str, str]) -> Settings:
    """What the archive function will be told of Consoles and keys by a stack with these parameters.

    The rest of the settings is not known before the stack is there. Raises SettingsError.
    """
    told = {variable: parameters[name] for name, variable in _OF_CONSOLES.items() if parameters.get(name)}
    unknown = {"ARCHIVE_BUCKET": "not-yet", "LEDGER_TABLE": "not-yet", "PURGE_MODE": "off"}
    return Settings.from_environment({"SECRET_PREFIX": "canary-audit", **unknown, **told})
