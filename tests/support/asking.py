"""Questions to an archive that real runs made, and a slow, plain reader of it to hold the answers to."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from ipaddress import ip_address
from math import floor
from typing import Any, TypeAlias
from unicodedata import category, normalize

from audit_archive.format.times import from_rfc3339
from audit_archive.ports import ArchiveSource, Ledger
from audit_archive.retrieve.formats import NDJSON, Form
from audit_archive.retrieve.query import ALL_IDS, Query
from audit_archive.retrieve.search import FoundEntries, find_entries
from audit_archive.retrieve.statements import Reader
from tests.support.fakes import FakeScratch
from tests.support.world import CONSOLE, World

Json: TypeAlias = dict[str, Any]
ASKED_AT = from_rfc3339("2026-11-23T08:00:00Z")
"""When a question is asked, where that matters."""


def stamp(text: str) -> str:
    """A moment (`2026-11-23T06:00:00Z`) as the Console writes it."""
    return text.replace("T", " ").replace("Z", " UTC+0000")


def at(text: str) -> int:
    """Epoch seconds of RFC 3339 text, or of a date's first instant in UTC."""
    return from_rfc3339(text if "T" in text else f"{text}T00:00:00Z")


def reader_of(world: World, source: ArchiveSource | None = None, *, ledger: bool = True) -> Reader:
    """What reads a world's archive; `source` instead of its bucket, or without its ledger."""
    world.clock.left = world.time_left
    known: Ledger | None = world.ledger if ledger else None
    return Reader(source or world.store, known, world.clock, FakeScratch())


def find(reader: Reader, query: Query, form: Form = NDJSON) -> FoundEntries:
    """The answer to a query; of an answer without entries nothing stays open."""
    found = find_entries(reader, query, form)
    assert isinstance(reader.scratch, FakeScratch)
    assert len(reader.scratch.open_files) == (found.body is not None)
    return found


def assert_nothing_open(reader: Reader) -> None:
    """Every temporary file was closed."""
    assert isinstance(reader.scratch, FakeScratch)
    assert reader.scratch.open_files == []


def ask(world: World, form: Form = NDJSON, **filters: Any) -> FoundEntries:
    """The answer to a question about the world's Console."""
    return find(reader_of(world), Query(CONSOLE, **filters), form)


def body_of(found: FoundEntries) -> bytes:
    """The entries of an answer; an empty text for none."""
    if found.body is None:
        return b""
    with found.body.file as file:
        data = file.read()
    assert len(data) == found.body.size
    return data


def lines_of(found: FoundEntries) -> list[bytes]:
    """The lines of an answer in NDJSON."""
    return body_of(found).splitlines()


def ids_of(found: FoundEntries) -> list[int]:
    """The ids of the entries of an answer, in its order."""
    return [json.loads(line)["id"] for line in lines_of(found)]


class Plain:
    """All archived lines, read with gzip and json, and filtered one by one; no code of the product's.

    `lines` by epoch and id; `filed` is under which date each was.
    """

    def __init__(self, world: World) -> None:
        self.lines: dict[tuple[int, int], bytes] = {}
        self.filed: dict[tuple[int, int], str] = {}
        self.late = {(said.epoch, i) for said in world.archives() for i in said.filled}
        for key in world.store.keys("statements/"):
            said = json.loads(world.store.data(key))
            for file in said.get("entries", ()):
                for line in gzip.decompress(world.store.data(file["key"])).splitlines():
                    place = said["epoch"], json.loads(line)["id"]
                    self.lines[place], self.filed[place] = line, file["date"]

    def matching(self, query: Query) -> list[bytes]:
        """The lines that a query asks for, by epoch and id."""
        return [line for place, line in sorted(self.lines.items()) if all(_judged(place, line, query))]

    def missing(self, query: Query) -> set[tuple[int, int]]:
        """Every id below the highest archived one, of the epochs and ids asked for, that is not archived."""
        highest: dict[int, int] = {}
        for epoch, entry_id in self.lines:
            highest[epoch] = max(highest.get(epoch, 0), entry_id)
        ids = ((epoch, i) for epoch, last in highest.items() for i in range(1, last) if i in _range(query))
        return {place for place in ids if place not in self.lines and query.epoch in (None, place[0])}

    def holes(self, query: Query) -> set[tuple[int, int]]:
        """Those of them whose neighbours' dates enclose one that is asked for; late ids are no neighbours."""
        first, last = query.dates
        found = set()
        for epoch, entry_id in self.missing(query):
            there = [i for e, i in self.lines if e == epoch and (e, i) not in self.late]
            below = max((i for i in there if i < entry_id), default=None)
            above = min(i for i in there if i > entry_id)
            if (below is None or self.filed[epoch, below] <= last) and self.filed[epoch, above] >= first:
                found.add((epoch, entry_id))
        return found

    def undecided(self, query: Query) -> set[int]:
        """The ids of entries without a readable time that nothing else rules out, and that may be asked for.

        That is so if a time asked for lies between those of the next entries that have one. (Where none has
        one below, or late ids were filled in, an entry may be filed anywhere: not looked at here.)
        """
        if not query.is_timed or self.late:
            return set()
        timeless = replace(query, start=None, end=None)
        found = (place for place, line in self.lines.items() if all(_judged(place, line, timeless)))
        return {i for e, i in found if self._time((e, i)) is None and self._may_be(e, i, query)}

    def _may_be(self, epoch: int, entry_id: int, query: Query) -> bool:
        others = [(i, self._time((e, i))) for e, i in sorted(self.lines) if e == epoch]
        below = [time for i, time in others if i < entry_id and time is not None]
        above = [time for i, time in others if i > entry_id and time is not None]
        if not below:
            return False
        is_late = query.start is not None and above and above[0] < query.start
        return not is_late and (query.end is None or below[-1] < query.end)

    def _time(self, place: tuple[int, int]) -> int | None:
        entry = json.loads(self.lines[place])
        entry = json.loads(entry["_source"]) if "_source" in entry else entry
        return _moment(entry.get("timestamp"))


def _range(query: Query) -> range:
    return range(query.ids.first, query.ids.last + 1)


def _judged(place: tuple[int, int], line: bytes, query: Query) -> Iterator[bool]:
    epoch, entry_id = place
    entry = json.loads(line)
    entry = json.loads(entry["_source"]) if "_source" in entry else entry
    yield query.epoch in (None, epoch)
    yield query.ids == ALL_IDS or query.ids.first <= entry_id <= query.ids.last
    if query.start is not None or query.end is not None:
        moment = _moment(entry.get("timestamp"))
        yield moment is not None
        yield query.start is None or (moment or 0) >= query.start
        yield query.end is None or (moment or 0) < query.end
    if query.users:
        yield _is_one_of([entry.get("user")], query.users)
    if query.action_types:
        yield _is_one_of([entry.get("action_type")], query.action_types)
    if query.flocks:
        yield _is_one_of([entry.get("flock_id"), entry.get("flock_name")], query.flocks)
    if query.networks:
        yield _is_in(entry.get("user_ip"), query) or _is_forwarded(entry.get("user_access_route"), query)
    if query.text is not None:
        wanted = _fold(query.text)
        yield any(wanted in _fold(text) for text in _texts(entry))


def _moment(value: object) -> int | None:
    form = r"[-0-9]{10}[Tt ][:0-9]{8}([.,][0-9]+)?(( UTC)?[-+][0-9]{2}:?[0-5][0-9]|[Zz])"
    if not isinstance(value, str) or not re.fullmatch(form, value):
        return None
    try:
        return floor(datetime.fromisoformat(value.replace(" UTC", "").upper()).timestamp())
    except ValueError:
        return None


def _fold(text: str) -> str:
    """As it is read: letters composed, in any case, without what is not seen. Of a surrogate half, U+FFFD."""
    seen = (" " if c in "\xa0\u2007\u202f" else c for c in re.sub("[\ud800-\udfff]", "\ufffd", text))
    shown = "".join(c for c in seen if category(c) != "Cf")
    return normalize("NFC", normalize("NFD", shown).casefold())


def _is_one_of(values: list[object], wanted: tuple[str, ...]) -> bool:
    return any(
        isinstance(v, str) and _fold(v).strip(" ") == _fold(w).strip(" ") for v in values for w in wanted
    )


def _is_forwarded(value: object, query: Query) -> bool:
    """Whether one of the addresses in a list is asked for."""
    words = re.split("[^0-9a-fA-F:.]", value) if isinstance(value, str) else []
    return any(_is_in(word, query) for word in words)


def _is_in(value: object, query: Query) -> bool:
    if not isinstance(value, str):
        return False
    try:
        address = ip_address(value)
    except ValueError:
        return False
    forms = [address, getattr(address, "ipv4_mapped", None) or address]
    return any(form in network for form in forms for network in query.networks)


def _texts(value: object) -> Iterator[str]:
    """Every text in a value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
