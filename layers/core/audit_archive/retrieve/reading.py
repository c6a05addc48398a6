"""Texts and addresses as a person reads them, however they are spelled. Pure.

Two texts are the same to a person if they look the same: letters with their accents as one character or as
two (Unicode canonical equivalence), in any case, with or without characters that no screen shows. So they are
compared by `as_read`, on both sides. The saved queries of the template do the same in SQL (docs/queries.md).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias
from unicodedata import normalize

from audit_archive.format.display import INVISIBLE

Address: TypeAlias = IPv4Address | IPv6Address

NO_BREAK = "\u00a0\u2007\u202f"
"""Spaces at which a line does not break: a person reads a space."""

_READ = {ord(space): " " for space in NO_BREAK} | {ord(each): None for each in INVISIBLE}


def as_read(text: str) -> str:
    """A text in the form in which two that look the same are equal (Unicode 15.0, section 3.13, D145).

    It is in NFC, so that `e` is no part of an `e` with an accent.
    """
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFD", text.translate(_READ)).casefold())


def as_name(text: str) -> str:
    """The same for a value that is compared as a whole: spaces around it do not count."""
    return as_read(text).strip(" ")


_ADDRESS = re.compile(r"[0-9A-Fa-f:.]*[0-9A-Fa-f][0-9A-Fa-f:.]*(?:%[0-9A-Za-z]+)?")
_WITH_PORT = re.compile(r"([0-9.]+):[0-9]+")
MOST_READ = 4096
"""Characters of a forwarding header that are read: an attacker may choose them."""


@lru_cache(maxsize=1 << 14)
def forwarded_addresses(route: str) -> tuple[Address, ...]:
    """The addresses in a `user_access_route`, in order: those that proxies on the way say they forwarded for.

    The vendor documents no form. Read are lists as in `X-Forwarded-For` and pairs as in `Forwarded` (RFC
    7239), with ports and brackets or without.
    """
    return tuple(_addresses_in(route[:MOST_READ]))


def _addresses_in(route: str) -> Iterator[Address]:
    for found in _ADDRESS.finditer(route):
        with_port = _WITH_PORT.fullmatch(found[0])
        try:
            yield ip_address(with_port[1] if with_port else found[0].strip("."))
        except ValueError:
            continue
