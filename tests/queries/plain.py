"""What a saved query must answer, told in plain Python over every line: no SQL, no table, no SerDe."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from unicodedata import normalize
from zoneinfo import ZoneInfo

from audit_archive.format.entry import ACTIONS
from audit_archive.format.times import read_timestamp
from tests.queries.archive import Line
from tests.support.unicode_data import DEFAULT_IGNORABLE, characters

Row = tuple[object, ...]
ZERO = datetime(1970, 1, 1)  # noqa: DTZ001 - as the engines give it: UTC, and no zone
BERLIN = ZoneInfo("Europe/Berlin")
UNSEEN = frozenset(characters(DEFAULT_IGNORABLE))


class Plain(NamedTuple):
    """A line's fields as text, as the queries' `entries` have them."""

    id: int
    day: str
    fields: dict[str, Any]
    is_source_form: bool
    line: str

    def text(self, name: str) -> str | None:
        """The field as text; None if it is missing, null, an object or an array."""
        value = self.fields.get(name)
        if value is None or isinstance(value, dict | list):
            return None
        if isinstance(value, str):
            return re.sub("[\ud800-\udfff]", "\ufffd", value)
        return json.dumps(value)

    @property
    def information(self) -> str | None:
        """The additional information as JSON; None if there is none."""
        value = self.fields.get("additional_information")
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    @property
    def happened_at(self) -> datetime | None:
        """The moment in UTC."""
        seconds = read_timestamp(self.fields.get("timestamp"))
        return None if seconds is None else ZERO + timedelta(seconds=seconds)

    @property
    def in_berlin(self) -> datetime | None:
        """The moment as the clocks in Berlin showed it."""
        seconds = read_timestamp(self.fields.get("timestamp"))
        return None if seconds is None else datetime.fromtimestamp(seconds, BERLIN).replace(tzinfo=None)


def read(lines: Sequence[Line]) -> list[Plain]:
    """Every line, by id."""
    return sorted((_read(line) for line in lines), key=lambda plain: plain.id)


def _read(filed: Line) -> Plain:
    members = json.loads(filed.line)
    source = members.get("_source")
    if "_source_base64" in members:
        source = b64decode(members["_source_base64"]).decode("utf-8", "replace")
    fields = members if source is None else json.loads(re.sub("[\x00-\x1f]", " ", source))
    return Plain(members["id"], filed.day, fields, source is not None, filed.line.decode())


def who_did_what(entries: Sequence[Plain], user: str) -> list[Row]:
    texts = ("action_type", "message", "user_ip", "user_browser_agent", "flock_id")
    return [
        (e.id, e.happened_at, *map(e.text, texts), e.information)
        for e in entries
        if (name := e.text("user")) is not None and read_as_a_person(name) == read_as_a_person(user)
    ]


def read_as_a_person(text: str) -> str:
    """Composed, in any case, without what is not seen, and without spaces around it."""
    seen = (" " if c in "\xa0\u2007\u202f" else c for c in text)
    shown = "".join(c for c in seen if c not in UNSEEN)
    return normalize("NFC", shown).casefold().strip()


def from_address(entries: Sequence[Plain], address: str) -> list[Row]:
    texts = ("user", "action_type", "message", "user_ip", "user_access_route")
    found: list[Row] = []
    for e in entries:
        route = re.split("[^0-9a-fA-F:.]", e.text("user_access_route") or "")
        if address in (e.text("user_ip"), *(re.sub(r"^([0-9.]+):[0-9]+$", r"\1", each) for each in route)):
            found.append((e.id, e.happened_at, *map(e.text, texts)))
    return found


def actions(entries: Sequence[Plain]) -> list[Row]:
    rows: list[Any] = []
    for action in {e.text("action_type") for e in entries}:
        ids = [e.id for e in entries if e.text("action_type") == action]
        rows.append((action, len(ids), min(ids), max(ids), action not in ACTIONS))
    return sorted(rows, key=lambda row: (-row[1], row[2]))


def logins_by_address(entries: Sequence[Plain]) -> list[Row]:
    logins = [e for e in entries if e.text("action_type") == "user_login"]
    rows: list[tuple[Any, ...]] = []
    for address in {e.text("user_ip") for e in logins}:
        here = [e for e in logins if e.text("user_ip") == address]
        users = {e.text("user") for e in here} - {None}
        times = [e.happened_at for e in here if e.happened_at is not None]
        rows.append((address, len(here), len(users), min(times), max(times)))
    return sorted(rows, key=lambda row: (-row[1], row[0] is None, row[0]))


def by_api_key(entries: Sequence[Plain]) -> list[Row]:
    texts = ("action_type", "message", "user", "user_ip", "user_browser_agent")
    found: list[Row] = []
    for e in entries:
        said = f"{e.text('user') or ''} {e.text('message') or ''}"
        key = re.search(r"API-Token\[key_id:([0-9A-Za-z-]+)\]", said)
        if key or (e.text("message") or "").startswith("User 'API Token'"):
            found.append((e.id, e.happened_at, *map(e.text, texts), key and key[1]))
    return found


def outside_hours(entries: Sequence[Plain]) -> list[Row]:
    return [
        (e.id, at, *map(e.text, ("user", "action_type", "message", "user_ip")))
        for e in entries
        if (at := e.in_berlin) is not None
        if not 8 <= at.hour <= 17 or at.isoweekday() > 5
    ]


def purges(entries: Sequence[Plain]) -> list[Row]:
    found: list[Row] = []
    for e in entries:
        message = e.text("message") or ""
        if e.text("action_type") != "audit_trail_purge" and not message.startswith("Successfully purged"):
            continue
        numbers = [each.rstrip(".") for each in re.findall("[0-9][0-9,.]*", message)]
        count, up_to = (None if "." in each else int(each.replace(",", "")) for each in numbers)
        who = map(e.text, ("user", "user_ip", "user_browser_agent"))
        found.append((e.id, e.happened_at, *who, up_to, count, e.text("message")))
    return found


def new_addresses(entries: Sequence[Plain], since: str) -> list[Row]:
    pairs = {(e.text("user"), e.text("user_ip")) for e in entries} - {(e.text("user"), None) for e in entries}
    rows: list[Row] = []
    for user, address in pairs:
        here = [e for e in entries if (e.text("user"), e.text("user_ip")) == (user, address)]
        times = [e.happened_at for e in here if e.happened_at is not None]
        if min(e.day for e in here) >= since:
            rows.append((user, address, here[0].id, min(times), len(here)))
    return sorted(rows, key=lambda row: str(row[2]).zfill(19))


def holes(entries: Sequence[Plain]) -> list[Row]:
    ids = [e.id for e in entries]
    return [
        (low + 1, high - 1, high - low - 1)
        for low, high in zip([0, *ids], ids, strict=False)
        if high > low + 1
    ]


def not_judged(entries: Sequence[Plain]) -> list[Row]:
    texts = ("timestamp", "user", "action_type")
    return [
        (e.id, e.day, e.is_source_form, *map(e.text, texts), e.line)
        for e in entries
        if e.is_source_form or e.happened_at is None
    ]
