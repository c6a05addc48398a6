"""The fields of a question: for each a check, which gives its value or says what it accepts."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

from audit_archive.errors import RequestError
from audit_archive.events import MAX_EVENT_TEXT, one_of, shown, whole
from audit_archive.format.ids import MAX_ID, IdRange
from audit_archive.format.times import DAY
from audit_archive.retrieve.dates import MOMENT_FORMS, Moment, read_moment
from audit_archive.retrieve.formats import FORMATS, Form
from audit_archive.retrieve.query import EntryPlace, Network
from audit_archive.retrieve.reading import as_read
from audit_archive.retrieve.relative import RELATIVE_FORMS, Relative, read_relative

MAX_ALTERNATIVES = 100
MAX_ADDRESS = 64


def positive(name: str) -> Callable[[object], int]:
    """A check for an id, or for the number of an epoch."""
    return whole(name, 1, MAX_ID)


def text(name: str) -> Callable[[object], str]:
    """A check for any text of 1 to MAX_EVENT_TEXT characters: an entry may hold any."""

    def check(value: object) -> str:
        if isinstance(value, str) and 0 < len(value) <= MAX_EVENT_TEXT and not _has_surrogate(value):
            if as_read(value):
                return value
            raise RequestError(name, "this text has nothing but characters that no person sees")
        raise RequestError(name, f"{shown(value)} is not a text of 1 to {MAX_EVENT_TEXT} characters")

    return check


def flag(name: str) -> Callable[[object], bool]:
    """A check for true or false."""

    def check(value: object) -> bool:
        if not isinstance(value, bool):
            raise RequestError(name, f"{shown(value)} is not true or false")
        return value

    return check


def one_or_more(name: str, check: Callable[[object], Any]) -> Callable[[object], tuple[Any, ...]]:
    """A check for one value, or for a list of alternatives."""

    def each(value: object) -> tuple[Any, ...]:
        values = value if isinstance(value, list) else [value]
        if not 1 <= len(values) <= MAX_ALTERNATIVES:
            raise RequestError(name, f"must be one value, or a list of 1 to {MAX_ALTERNATIVES}")
        return tuple(map(check, values))

    return each


def moment(name: str) -> Callable[[object], Moment | Relative]:
    """A check for a date or a time, also by the time of asking, which `query_of` puts in."""

    def check(value: object) -> Moment | Relative:
        text = value if isinstance(value, str) and len(value) <= MAX_EVENT_TEXT else ""
        found = read_moment(text) or read_relative(text)
        if found is None:
            raise RequestError(name, f"{shown(value)} is not {MOMENT_FORMS}; or {RELATIVE_FORMS}")
        return found

    return check


def day(name: str) -> Callable[[object], Moment]:
    """A check for a date."""

    def check(value: object) -> Moment:
        found = read_moment(value) if isinstance(value, str) else None
        if found is None or found.length != DAY:
            raise RequestError(name, f"{shown(value)} is not a date such as 2026-03-01")
        return found

    return check


_SPAN = re.compile(r"([1-9][0-9]{0,18})?-([1-9][0-9]{0,18})?|([1-9][0-9]{0,18})")


def span_of_ids(value: object) -> IdRange:
    """A range of ids, such as `100-200`, `100-` or `-200`; or one id."""
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None or value == "-":
        raise RequestError("ids", f"{shown(value)} is not a range of ids such as 100-200, 100-, -200 or 100")
    first, last = found[1] or found[3] or "1", found[2] or found[3] or str(MAX_ID)
    if not int(first) <= int(last) <= MAX_ID:
        raise RequestError("ids", f"{shown(value)} ends before it begins, or is beyond {MAX_ID}")
    return IdRange(int(first), int(last))


def network(value: object) -> Network:
    """An address or a block of addresses (CIDR). A block of IPv4-mapped addresses becomes the IPv4 block."""
    example = "an address or a block, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32"
    if not isinstance(value, str) or len(value) > MAX_ADDRESS:
        raise RequestError("address", f"{shown(value)} is not {example}")
    try:
        block = ip_network(value)
    except ValueError as error:
        raise RequestError("address", f"{error}. Give {example}") from error
    mapped = getattr(block.network_address, "ipv4_mapped", None)
    return ip_network((mapped, block.prefixlen - 96)) if mapped and block.prefixlen >= 96 else block  # noqa: PLR2004 - RFC 4291, section 2.5.5.2


_CURSOR = re.compile(r"([1-9][0-9]{0,9})-([1-9][0-9]{0,18})")


def cursor(value: object) -> EntryPlace:
    """Where an answer with a limit ended: the epoch and the id of its last entry."""
    found = _CURSOR.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[2]) > MAX_ID:
        raise RequestError("cursor", f"{shown(value)} is not the cursor of an answer, such as 1-5000")
    return EntryPlace(int(found[1]), int(found[2]))


def form(value: object) -> Form:
    """The form of the entries in an answer."""
    return FORMATS[one_of("format", tuple(FORMATS))(value)]


def _has_surrogate(value: str) -> bool:
    """Whether a text has half of a surrogate pair, which UTF-8 can't encode."""
    return any("\ud800" <= character <= "\udfff" for character in value)
