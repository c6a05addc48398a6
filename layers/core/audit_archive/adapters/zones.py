"""Time zones by their names in the IANA database, as pytz carries it."""

from datetime import datetime

import pytz

from audit_archive.domain.local_time import OffsetAt

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
