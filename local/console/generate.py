"""Realistic entries computed from (seed, id): nothing is stored, so ten million cost no more than ten.

The tables are rendered once; an entry is then three look-ups and one formatting, because the benchmark
wants the export to be limited by zip, not by us.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

import orjson

from local.console.calendar import busy_time, stamp
from local.console.vocabulary import AGENTS, DEEDS, DEVICES, FLOCKS, PEOPLE

_MASK = (1 << 64) - 1
_PLACEHOLDER = b"{token}"
# Shares of entries that are unusual in the ways the API allows: fields null, absent, nested.
_SYSTEM, _NO_LANGUAGE, _NO_INFORMATION = 0.04, 0.5, 0.3


@dataclass(frozen=True)
class Segment:
    """`count` entries from id `first` on, written between `start_weeks` and `end_weeks` (calendar.busy_time),
    or, without `start_weeks`, all at the moment `at` (seconds since the epoch)."""

    first: int
    count: int
    at: int
    start_weeks: float | None = None
    end_weeks: float = 0.0

    @property
    def last(self) -> int:
        """The last id."""
        return self.first + self.count - 1

    def written_at(self, entry_id: int) -> int:
        """Seconds since the epoch; never falls with the id, and is at most `at`."""
        if self.start_weeks is None:
            return self.at
        share = (entry_id - self.first + 1) / self.count
        return min(busy_time(self.start_weeks + (self.end_weeks - self.start_weeks) * share), self.at)


@cache
def generator(seed: int = 1, *, extra_fields: bool = False) -> Generator:
    """The generator for a seed, made once: it never changes, and its tables take milliseconds to render."""
    return Generator(seed, extra_fields=extra_fields)


def _inner(fields: dict[str, object]) -> bytes:
    """The fields as JSON without the braces, safe as a part of a % template."""
    return orjson.dumps(fields)[1:-1].replace(b"%", b"%%")


class Generator:
    """Renders entries. The same seed and id always give the same entry.

    `extra_fields` adds `flock_name` and `user_access_route`, as some Consoles do.
    """

    def __init__(self, seed: int = 1, *, extra_fields: bool = False) -> None:
        self.seed = seed
        self.extra_fields = extra_fields
        dice = random.Random(seed)  # noqa: S311 - repeatable test data, nothing secret
        self._salt = dice.getrandbits(64) | 1
        self._people = [self._person(dice) for _ in range(256)]
        deeds = [self._deed(dice) for _ in range(1024)]
        self._deeds = [template for template, _ in deeds]
        self._flocks = [flock for _, flock in deeds]

    def _person(self, dice: random.Random) -> bytes:
        user, address, language = PEOPLE[min(int(dice.expovariate(0.35)), len(PEOPLE) - 1)]
        agent = dice.choice(AGENTS)
        fields: dict[str, object] = {"user": user, "user_ip": address, "user_browser_agent": agent}
        if dice.random() < _SYSTEM:  # the Console itself acts now and then, and such an entry names no user
            fields = {"user": None, "user_ip": None, "user_browser_agent": None}
        elif agent is not None or dice.random() >= _NO_LANGUAGE:  # "may be absent": sometimes it is
            fields["user_browser_language"] = language
        if self.extra_fields:
            fields["user_access_route"] = dice.choice(["", "", "203.0.113.24, 10.20.0.7"])
        return orjson.dumps(fields)[1:-1]

    def _deed(self, dice: random.Random) -> tuple[bytes, str]:
        _, action, message, information = dice.choices(DEEDS, [deed[0] for deed in DEEDS])[0]
        flock_id, flock_name = dice.choice(FLOCKS)
        names = {"{device}": dice.choice(DEVICES), "{flock}": flock_name}
        fields: dict[str, object] = {"action_type": action, "message": message, "flock_id": flock_id}
        if self.extra_fields:
            fields["flock_name"] = flock_name
        fields["additional_information"] = None if dice.random() < _NO_INFORMATION else information
        rendered = _inner(fields)
        for placeholder, name in names.items():
            rendered = rendered.replace(placeholder.encode(), name.encode())
        return self._with_token(rendered), flock_id

    @staticmethod
    def _with_token(rendered: bytes) -> bytes:
        """Exactly one token argument for every template: `%.0b` swallows it where a deed names no token.

        A second mention in one deed becomes a fixed text, so that all templates take the same arguments.
        """
        first, found, rest = rendered.partition(_PLACEHOLDER)
        token = b"%.16b" if found else b"%.0b"
        return b'{"id":%d,"timestamp":"%b",' + first + token + rest.replace(_PLACEHOLDER, b"same") + b",%b}"

    def _mix(self, entry_id: int) -> int:
        mixed = (entry_id * 0x9E3779B97F4A7C15 + self._salt) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        return mixed ^ (mixed >> 31)

    def line(self, entry_id: int, epoch_s: int) -> bytes:
        """The entry as compact JSON, written at `epoch_s`."""
        mixed = self._mix(entry_id)
        person = self._people[mixed & 255]
        return self._deeds[(mixed >> 8) & 1023] % (entry_id, stamp(epoch_s), b"%016x" % mixed, person)

    def flock_of(self, entry_id: int) -> str:
        """The `flock_id` of the entry, without rendering it."""
        return self._flocks[(self._mix(entry_id) >> 8) & 1023]
