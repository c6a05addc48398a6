"""The fields of a question to the archive: what each accepts, and what it stands for."""

from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Any

from audit_archive.domain.entry import MAX_ID
from audit_archive.domain.forms import FORMS, Form
from audit_archive.domain.local_time import OffsetAt
from audit_archive.domain.moments import ACCEPTED, Moment, read_moment
from audit_archive.domain.query import Network, Query
from audit_archive.domain.ranges import IdRange
from audit_archive.domain.times import DAY
from audit_archive.errors import RequestError
from audit_archive.event_fields import MAX_TEXT, Fields, console_id
from audit_archive.ports import FindZone

MAX_ALTERNATIVES = 100
MAX_ADDRESS = 64
UTC = "UTC"


def whole(name: str) -> Callable[[object], int]:
    """What takes an id, or a number of an epoch."""

    def check(value: object) -> int:
        if type(value) is not int or not 1 <= value <= MAX_ID:
            raise RequestError(name, f"{value!r:.80} is no whole number from 1 to {MAX_ID}")
        return value

    return check


def text(name: str) -> Callable[[object], str]:
    """What takes any text of at most MAX_TEXT characters: an entry may hold any."""

    def check(value: object) -> str:
        if isinstance(value, str) and 0 < len(value) <= MAX_TEXT and not _has_surrogate(value):
            return value
        raise RequestError(name, f"{value!r:.80} is no text of 1 to {MAX_TEXT} characters")

    return check


def flag(name: str) -> Callable[[object], bool]:
    """What takes true or false."""

    def check(value: object) -> bool:
        if not isinstance(value, bool):
            raise RequestError(name, f"{value!r:.80} is not true or false")
        return value

    return check


def one_or_more(name: str, check: Callable[[object], Any]) -> Callable[[object], tuple[Any, ...]]:
    """What takes one value, or a list of alternatives."""

    def each(value: object) -> tuple[Any, ...]:
        values = value if isinstance(value, list) else [value]
        if not 1 <= len(values) <= MAX_ALTERNATIVES:
            raise RequestError(name, f"must be one value, or a list of 1 to {MAX_ALTERNATIVES}")
        return tuple(map(check, values))

    return each


def moment(name: str, *, days_only: bool = False) -> Callable[[object], Moment]:
    """What takes a date or a time."""

    def check(value: object) -> Moment:
        found = read_moment(value) if isinstance(value, str) else None
        if found is None or (days_only and found.length != DAY):
            raise RequestError(
                name, f"{value!r:.80} is not {'a date such as 2026-03-01' if days_only else ACCEPTED}"
            )
        return found

    return check


def network(value: object) -> Network:
    """An address or a block of addresses (CIDR); one of IPv4-mapped ones is the IPv4 block that it maps."""
    example = "an address or a block, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32"
    if not isinstance(value, str) or len(value) > MAX_ADDRESS:
        raise RequestError("address", f"{value!r:.80} is none: it must be {example}")
    try:
        block = ip_network(value)
    except ValueError as error:
        raise RequestError("address", f"{error}; it must be {example}") from error
    mapped = getattr(block.network_address, "ipv4_mapped", None)
    return ip_network((mapped, block.prefixlen - 96)) if mapped and block.prefixlen >= 96 else block  # noqa: PLR2004 - RFC 4291, section 2.5.5.2


def form(value: object) -> Form:
    """The form in which entries are handed out."""
    if not isinstance(value, str) or value not in FORMS:
        raise RequestError("format", f"{value!r:.80} is none of {', '.join(FORMS)}")
    return FORMS[value]


QUERY_FIELDS: Fields = {
    "console": console_id,
    "from": moment("from"),
    "to": moment("to"),
    "zone": text("zone"),
    "user": one_or_more("user", text("user")),
    "action_type": one_or_more("action_type", text("action_type")),
    "address": one_or_more("address", network),
    "text": text("text"),
    "first_id": whole("first_id"),
    "last_id": whole("last_id"),
    "flock": one_or_more("flock", text("flock")),
    "epoch": whole("epoch"),
}


def query_of(values: Mapping[str, Any], find_zone: FindZone) -> Query:
    """The query that checked QUERY_FIELDS make up. Raises RequestError where they contradict each other."""
    zone = zone_of(values, find_zone)
    start = values["from"].begin(zone) if "from" in values else None
    end = values["to"].end(zone) if "to" in values else None
    if start is not None and end is not None and start >= end:
        raise RequestError("to", "must not lie before `from`")
    ids = IdRange(values.get("first_id", 1), values.get("last_id", MAX_ID))
    if ids.first > ids.last:
        raise RequestError("last_id", f"must not be lower than first_id, which is {ids.first}")
    return Query(
        console=values["console"],
        start=start,
        end=end,
        users=values.get("user", ()),
        action_types=values.get("action_type", ()),
        networks=values.get("address", ()),
        text=values.get("text"),
        ids=ids,
        flocks=values.get("flock", ()),
        epoch=values.get("epoch"),
    )


def zone_of(values: Mapping[str, Any], find_zone: FindZone) -> OffsetAt:
    """The time zone that is named, or UTC."""
    name = values.get("zone", UTC)
    zone = find_zone(name)
    if zone is None:
        raise RequestError("zone", f"{name!r:.80} is no time zone: a name such as Europe/London or UTC")
    return zone


def _has_surrogate(value: str) -> bool:
    """Whether it has half of a surrogate pair, which no UTF-8 can carry."""
    return any("\ud800" <= character <= "\udfff" for character in value)
