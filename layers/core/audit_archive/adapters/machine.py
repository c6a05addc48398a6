"""The machine that the program runs on: its clock, temporary files, time zones, and files of this package."""

import math
import secrets
import tempfile
import time
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import BinaryIO, Protocol, cast

import pytz

from audit_archive.answer_ports import FleetLooks, Handouts
from audit_archive.errors import SettingsError
from audit_archive.format.times import OffsetAt

_FIRST, _LAST = -3 * 86_400, 253_402_214_400  # 1969-12-29 to 9999-12-31: datetime has these in any zone

_SEEDS = 10**12

_PACKAGE = "audit_archive"


class LambdaContext(Protocol):
    """What we need of the context that Lambda hands to a handler."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
        ...


class SystemClock:
    """A Clock without a deadline, for a command at a terminal."""

    def now(self) -> int:
        """Epoch seconds."""
        return int(time.time())

    def remaining(self) -> float:
        """Infinity: a command at a terminal has no deadline."""
        return math.inf

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class LambdaClock(SystemClock):
    """The Clock of one Lambda invocation."""

    def __init__(self, context: LambdaContext) -> None:
        self._context = context

    def remaining(self) -> float:
        """Seconds until Lambda ends the invocation."""
        return self._context.get_remaining_time_in_millis() / 1000


def scratch_file() -> BinaryIO:
    """An empty file without a name in the temporary directory (`/tmp` in a Lambda).

    It vanishes when it is closed, or when the process ends. Raises SettingsError if the disk is full.
    """
    try:
        # The type stub's wrapper class has all methods of a BinaryIO, and does not say so.
        return cast("BinaryIO", tempfile.TemporaryFile())
    except OSError as error:
        raise SettingsError(
            f"A temporary file can't be made ({error.strerror}): give the function more ephemeral storage."
        ) from error


def find_zone(name: str) -> OffsetAt | None:
    """The zone of a name of the IANA database, as pytz has it; None if there is no such zone.

    A zone is a function: its offset from UTC (seconds) at an instant (epoch seconds). pytz has no
    daylight-saving changes after 2037.
    """
    try:
        zone = pytz.timezone(name)
    except pytz.UnknownTimeZoneError:
        return None

    def offset_at(instant: int) -> int:
        offset = datetime.fromtimestamp(min(max(instant, _FIRST), _LAST), zone).utcoffset()
        return int(offset.total_seconds()) if offset is not None else 0

    return offset_at


def zone_names() -> list[str]:
    """The names of the zones that people use today."""
    return [*pytz.common_timezones]


def draw_seed() -> int:
    """A seed of 12 digits at most, which a person can type."""
    return secrets.randbelow(_SEEDS)


@cache
def fleet_looks() -> FleetLooks:
    """The style and the script of the page of the fleet: the looks of the report, and its own."""
    package = files(_PACKAGE)
    report, own = package / "evidence" / "handout" / "report.css", package / "html_page"
    styles = (report.read_text("utf-8"), (own / "fleet.css").read_text("utf-8"))
    return FleetLooks("".join(styles), (own / "fleet.js").read_text("utf-8"))


@cache
def handouts() -> Handouts:
    """The files of this package that every bundle of evidence carries."""
    handout = files(_PACKAGE) / "evidence" / "handout"
    return Handouts(
        verifier=(handout / "verify.py").read_bytes(),
        style=(handout / "report.css").read_text("utf-8"),
        script="".join((handout / name).read_text("utf-8") for name in ("report.js", "check.js")),
    )
