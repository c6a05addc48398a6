"""Views of the trail that show less than there is, something older, or the same in another spelling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import ClassVar

from local.console.answer import Endpoint
from local.console.faults.fault import READING, Fault
from local.console.snapshot import Snapshot
from local.console.spelling import Spelling, respelled


class View(Fault):
    """A fault of what is shown. A purge is not affected."""

    endpoints: ClassVar[frozenset[Endpoint]] = READING


@dataclass(frozen=True)
class Capped(View):
    """Only the `newest` entries are shown and counted, and nothing says so. 0 shows an empty trail."""

    newest: int = 1000

    def view(self, snapshot: Snapshot, now: datetime) -> Snapshot:  # noqa: ARG002 - not by time
        return snapshot.newest(self.newest)


@dataclass(frozen=True)
class CappedExport(Capped):
    """As `capped`, but of the export only: fetch shows the whole trail."""

    endpoints: ClassVar[frozenset[Endpoint]] = frozenset({"export"})


@dataclass(frozen=True)
class LastDays(View):
    """Only the entries of the last `days` are shown and counted, and nothing says so."""

    days: float = 30.0

    def view(self, snapshot: Snapshot, now: datetime) -> Snapshot:
        return snapshot.since(now - timedelta(days=self.days))


@dataclass(frozen=True)
class OneFlock(View):
    """Every key is shown, and counts, one Flock's entries only."""

    flock: str = "flock:default"

    def view(self, snapshot: Snapshot, now: datetime) -> Snapshot:  # noqa: ARG002 - not by time
        return snapshot.seen_by(self.flock)


@dataclass(frozen=True)
class Stale(View):
    """An earlier state is shown, as from a cache: take `trail.snapshot()` at that time."""

    as_of: Snapshot

    def view(self, snapshot: Snapshot, now: datetime) -> Snapshot:  # noqa: ARG002 - it ignores the present
        return self.as_of


@dataclass(frozen=True)
class Timestamps(View):
    """The same instants in another spelling. `style` is `iso` or `console`; `offsets`, in minutes, take turns
    from one answer to the next or, with `daily`, from one day of the Console's clock to the next."""

    style: str = "iso"
    offsets: tuple[int, ...] = (0,)
    daily: bool = False
    fraction: str = ""
    """Digits behind the second, of `iso`."""
    zulu: bool = False
    """`Z` in place of `+00:00`, of `iso`."""
    _answers: Iterator[int] = field(default_factory=count, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.offsets:
            raise ValueError("offsets must name one offset or more")
        for offset in self.offsets:
            Spelling(self.style, offset, self.fraction, self.zulu)

    def view(self, snapshot: Snapshot, now: datetime) -> Snapshot:
        turn = now.toordinal() if self.daily else next(self._answers)
        offset = self.offsets[turn % len(self.offsets)]
        spelling = Spelling(self.style, offset, self.fraction, self.zulu)
        return replace(snapshot, spell=partial(respelled, spelling=spelling))
