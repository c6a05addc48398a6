"""One instant, many spellings of it: rewrites an entry's timestamp and nothing else. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import orjson

from local.console.calendar import read_stamp

_TIMESTAMP = re.compile(rb'("timestamp"\s*:\s*")([^"\\]*)"')


@dataclass(frozen=True)
class Spelling:
    """How a moment is written. `style` is `iso` or `console`, `offset` is in minutes.

    `fraction` and `zulu` are of `iso` only. ValueError for what can't be written.
    """

    style: str = "iso"
    offset: int = 0
    fraction: str = ""
    zulu: bool = False

    def __post_init__(self) -> None:
        if self.style not in {"iso", "console"}:
            raise ValueError(f"style must be iso or console, not {self.style!r}")
        if not isinstance(self.offset, int) or abs(self.offset) >= 24 * 60:
            raise ValueError(f"an offset is minutes of less than a day, not {self.offset!r}")
        if self.fraction and not re.fullmatch("[0-9]{1,9}", self.fraction):
            raise ValueError(f"fraction must be 1 to 9 digits, not {self.fraction!r}")

    def of(self, moment: datetime) -> str:
        """The moment in this spelling, to the second."""
        local = moment.astimezone(timezone(timedelta(minutes=self.offset)))
        if self.style == "console":
            return local.strftime("%Y-%m-%d %H:%M:%S UTC%z")
        zone = "Z" if self.zulu and not self.offset else f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:]
        return f"{local:%Y-%m-%dT%H:%M:%S}{'.' * bool(self.fraction)}{self.fraction}{zone}"


def respelled(text: bytes, spelling: Spelling) -> bytes:
    """The entry with its `timestamp` in this spelling; one without a readable time stays as it is."""
    stated = timestamp_of(text)
    moment = None if stated is None else read_stamp(stated)
    if stated is None or moment is None:
        return text
    written, wanted = stated.encode(), spelling.of(moment).encode()
    return _TIMESTAMP.sub(lambda m: m[1] + wanted + b'"' if m[2] == written else m[0], text)


def timestamp_of(text: bytes) -> str | None:
    """The entry's `timestamp`, if it is a text; None also for what is no entry."""
    try:
        entry = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    stated = entry.get("timestamp") if isinstance(entry, dict) else None
    return stated if isinstance(stated, str) else None
