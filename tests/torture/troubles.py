"""What can happen in the middle of a run, at any of its outside calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.support.fakes.crash import When
from tests.torture.chaos import Chaos, crash, fault, fault_of
from tests.torture.hostile import HostileWorld

MOST_CALLS = 44
TELLING = frozenset({"FakeLedger.claim", "FakeAlerts.publish", "FakeLedger.announced"})


@dataclass(frozen=True)
class Trouble:
    """At outside call `number`, before or after it, something of this kind happens."""

    kind: str
    number: int
    when: When
    choice: int


class Happening:
    """One trouble in one world: `log` is for the run; afterwards `errors` are those that it accounts for."""

    def __init__(self, world: HostileWorld, trouble: Trouble) -> None:
        self.errors: set[str] = set()
        self._world, self._trouble = world, trouble
        what = _KINDS[trouble.kind]
        is_twice = trouble.kind == "twice"
        self.log = Chaos(trouble.number, trouble.when, lambda name: what(self, name), twice=is_twice)

    def crash(self, name: str) -> None:
        self._world.allows_retelling |= name in TELLING
        crash(name)

    def fault(self, name: str) -> None:
        self._world.allows_retelling |= name in TELLING
        self._world.is_muted |= name == "FakeAlerts.publish"
        self.errors.add(type(fault_of(name)).__name__)
        fault(name)

    def arrive(self, name: str) -> None:
        self._world.trail.arrive(1 + self._trouble.choice % 2)

    def fill(self, name: str) -> None:
        """A late writer in the middle of a run: the population check, or at last the count, stops us."""
        self._world.fill(self._trouble.choice)
        self._world.excused |= {"PopulationMismatchError", "PurgeMismatchError"}

    def purge(self, name: str) -> None:
        """Somebody else purges, more often than not exactly what we planned."""
        world, planned = self._world, self._world.head.intents
        ids = world.trail.ids
        if ids:
            boundary = planned[-1].boundary if planned else ids[self._trouble.choice % len(ids)]
            world.foreign_purge(boundary)
            world.excused |= {"ForeignPurge", "PopulationMismatchError"}

    def purge_and_fill(self, name: str) -> None:
        """Both at once: what one takes from the count, the other gives back."""
        ids = self._world.trail.ids
        if ids and self._world.unissued:
            self._world.foreign_purge(ids[0])
            self.fill(name)
            self._world.excused.add("ForeignPurge")

    def rival(self, name: str) -> None:
        """Another run comes and goes, as if there were no lease."""
        self._meet()
        self._world.free_lease()
        ended = self._world.invoke()
        assert ended.error is None or type(ended.error).__name__ in self._world.excused, ended.error

    def brake(self, name: str) -> None:
        """An operator pauses, unless the run has had its last look: a purge that is on its way is sent."""
        is_last_look = name == "FakeStore.versions" and self._trouble.when == "after"
        if name.endswith(".purge") or is_last_look or not self._world.reading.statements:
            return
        left = self._world.clock.left
        ended = self._world.operate("pause")
        self._world.clock.left = left
        assert ended.error is None or type(ended.error).__name__ in self._world.excused, ended.error

    def _meet(self) -> None:
        """Two runs, one plan and no answers: one receipt may stand for both (see test_found.py)."""
        if not self._world.hostile.answers:
            self._world.excused.add("ForeignPurge")

    def polite_rival(self, name: str) -> None:
        self._world.invoke()

    def twin(self, name: str) -> None:
        """The same request is delivered a second time, while the first is under way."""
        self._meet()
        self._world.invoke(again=True)

    def pause(self, name: str) -> None:
        self._world.later(1 + self._trouble.choice % 120)

    def hurry(self, name: str) -> None:
        """The invocation is nearly over."""
        self._world.clock.left = min(self._world.clock.left, 89.0)
        self.errors |= {"SettingsError", "LedgerError"}

    def nothing(self, name: str) -> None:
        return


_KINDS: Mapping[str, Callable[[Happening, str], None]] = {
    "none": Happening.nothing,
    "twice": Happening.nothing,
    "crash": Happening.crash,
    "fault": Happening.fault,
    "arrive": Happening.arrive,
    "fill": Happening.fill,
    "purge": Happening.purge,
    "purge and fill": Happening.purge_and_fill,
    "rival": Happening.rival,
    "polite rival": Happening.polite_rival,
    "twin": Happening.twin,
    "pause": Happening.pause,
    "brake": Happening.brake,
    "hurry": Happening.hurry,
}

WHENS: tuple[When, ...] = ("before", "after")

troubles: st.SearchStrategy[Trouble] = st.builds(
    Trouble,
    st.sampled_from(list(_KINDS)),
    st.integers(1, MOST_CALLS),
    st.sampled_from(WHENS),
    st.integers(0, 1000),
)
