"""Time: the machine's clock, and how much of it the caller grants."""

import math
import tempfile
import time
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import BinaryIO, Protocol, cast

import pytz

from audit_archive.errors import SettingsError
from audit_archive.format.times import OffsetAt
from audit_archive.ports import Handouts


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
        """Nobody cuts a terminal off: infinity."""
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


# Temporary files in the system's temporary directory (`/tmp` in a Lambda).


def scratch_file() -> BinaryIO:
    """An empty temporary file without a name: it vanishes when it is closed, or with the process."""
    try:
        # cast: the stub's wrapper class is a BinaryIO in all but name.
        return cast("BinaryIO", tempfile.TemporaryFile())
    except OSError as error:
        raise SettingsError(
            f"No temporary file can be made ({error.strerror}): give the function more ephemeral storage."
        ) from error


# Time zones by their names in the IANA database, as pytz carries it.

_FIRST, _LAST = -3 * 86_400, 253_402_214_400  # 1969-12-29 to 9999-12-31: what datetime can tell in any zone


def find_zone(name: str) -> OffsetAt | None:
    """The zone's offset from UTC in seconds at an instant (epoch seconds); None if there is no such zone.

    pytz knows no daylight-saving change after 2037.
    """
    try:
        zone = pytz.timezone(name)
    except pytz.UnknownTimeZoneError:
        return None

    def offset_at(instant: int) -> int:
        offset = datetime.fromtimestamp(min(max(instant, _FIRST), _LAST), zone).utcoffset()
        return int(offset.total_seconds()) if offset is not None else 0

    return offset_at


# The files of this package that every bundle of evidence carries.

_PACKAGE = "audit_archive"


@cache
def handouts() -> Handouts:
    """Read them from where the package is installed."""
    handout = files(_PACKAGE) / "evidence" / "handout"
    return Handouts(
        verifier=(handout / "verify.py").read_bytes(),
        style=(handout / "report.css").read_text("utf-8"),
        script=(handout / "report.js").read_text("utf-8"),
    )
