"""A trail that is looked at before every purge, and whose time passes when it is told to."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from local.console import Actor, PurgeTerms, Trail
from tests.support.audit import canonical

LONG_AGO = timedelta(days=60)
"""The Console's clock lies so far behind that hours can pass there while none does here."""

SETTLED = timedelta(hours=2)
"""Longer than the settle window."""


class Watched(Trail):
    """`issued` is every entry that was ever live, as an archived line; `watch` is called before a purge.

    An entry vanishes by a purge only, so that a look before each sees them all.
    """

    def __init__(self) -> None:
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self.now = midnight - LONG_AGO  # whatever the hour, runs have as many dates to write about
        self.issued: dict[int, bytes] = {}
        self.watch: Callable[[int], object] = lambda boundary: None
        super().__init__(clock=lambda: self.now)

    def settle(self) -> None:
        """Everything that is there becomes old enough to purge."""
        self.now += SETTLED

    def live(self) -> dict[int, bytes]:
        """What is there now, as archived lines."""
        snapshot = self.snapshot()
        lines = zip(snapshot.ids, snapshot.lines(snapshot.ids), strict=True)
        found = {entry_id: canonical(json.loads(line)) for entry_id, line in lines}
        self.issued |= found
        return found

    def purge(
        self,
        up_to: int,
        *,
        by: Actor | None = None,
        flock: str | None = None,
        terms: PurgeTerms | None = None,
    ) -> int:
        """As any Console's, once it was looked at."""
        self.watch(up_to)
        return super().purge(up_to, by=by, flock=flock, terms=terms)
