"""Live entries against the archive: the same as a look at every line, whatever happened to them."""

import json
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.times import DAY
from tests.support.audit import archived_lines
from tests.support.examples import examples
from tests.support.fakes.trail import stamp
from tests.support.world import HOUR, World
from tests.unit.run.comparing import DOCUMENTED, an_hour_ahead, instant, look

KNOWN = {*DOCUMENTED, "timestamp", "flock_name"}


def naively(world: World) -> tuple[set[int], Counter[str], int]:
    """The amended ids, the drift by name and the number of pairs: by the standard library, line by line."""
    archived = {json.loads(line)["id"]: line for line in archived_lines(world)}
    amended, drift, pairs = set[int](), Counter[str](), 0
    for entry in world.trail.entries:
        if entry["id"] in archived:
            pairs += 1
            line = json.loads(archived[entry["id"]])
            old = json.loads(line["_source"]) if "_source" in line else line
            new = json.loads(json.dumps(entry))
            for name in old.keys() | new.keys():
                verdict = _judged(name, (name in old, old.get(name)), (name in new, new.get(name)))
                if "_source" in line and _is_around(name, old, new):
                    amended.add(entry["id"])
                    verdict = verdict if name in KNOWN else "in no member that can be told"
                if verdict == "amended":
                    amended.add(entry["id"])
                if verdict == "drift":
                    drift[name] += 1
    return amended, drift, pairs


def _is_around(name: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether a change shows in the text around the known members of a source."""
    is_same = (name in old, old.get(name)) == (name in new, new.get(name))
    return not is_same and not (name in KNOWN and name in old and name in new)


def _judged(name: str, old: tuple[bool, Any], new: tuple[bool, Any]) -> str:
    if json.dumps(old) == json.dumps(new):
        return "same"
    if name == "timestamp" and instant(old[1]) is not None and instant(old[1]) == instant(new[1]):
        return "respelled"
    if name not in {*DOCUMENTED, "timestamp"} or (old[1] in {None, ""} and new[1] in {None, ""}):
        return "drift"
    return "amended"


def grow(world: World, random: Random) -> None:
    """A few runs over a trail with holes, late writers, odd dates, and a purge now and then."""
    for _ in range(random.randint(1, 4)):
        for _ in range(random.randint(0, 12)):
            fields: dict[str, Any] = {}
            if random.random() < 0.5:
                fields["timestamp"] = stamp(world.clock.now() - random.randint(0, 4) * DAY)
            if random.random() < 0.1:
                fields["timestamp"] = random.choice([None, "yesterday", ""])
            if random.random() < 0.1:
                fields["additional_information"] = float("inf")
            world.trail.arrive(1, **fields)
            if random.random() < 0.1:
                world.trail.skip()
        for hole in (each for each in world.head.holes if each.first not in world.trail.ids):
            if random.random() < 0.3:
                world.trail.put(hole.first, message="late")
        world.later(random.choice([HOUR, DAY]))
        world.run()
        if world.trail.ids and random.random() < 0.3:
            world.trail.remove(*world.trail.ids[: random.randint(0, len(world.trail.ids) // 2)])


def change(world: World, random: Random) -> None:
    """Something happens to some live entries."""
    for entry in world.trail.entries:
        at = int(instant(entry["timestamp"]) or world.clock.now())
        changes: list[dict[str, Any]] = [
            {random.choice(DOCUMENTED): random.choice(["", None, "new", 7])},
            {random.choice(["flock_name", "new", "timestamp_std"]): random.choice([1, "x"])},
            {"timestamp": stamp(world.clock.now() - random.randint(0, 5) * DAY)},
            {"timestamp": an_hour_ahead(stamp(at))},
            {"timestamp": random.choice([None, "", "tomorrow"])},
        ]
        if random.random() < 0.3:
            world.trail.replace(entry["id"], **random.choice(changes))


@examples(150)
@given(st.integers(0, 2**32))
def test_whatever_happens_it_finds_what_a_look_at_every_line_finds(seed: int) -> None:
    random, world = Random(seed), World()  # noqa: S311 - no secret
    world.mode = "off"
    grow(world, random)
    change(world, random)
    amended, drift, pairs = naively(world)
    compared = look(world)
    assert {i for span in compared.amended for i in range(span.first, span.last + 1)} == amended
    assert compared.drift == {f"changed:{name}": count for name, count in drift.items()}
    assert (compared.compared, compared.not_compared, compared.differing) == (pairs, 0, len(amended))
    assert len(compared.findings) == len(amended)

    again = look(world, replace(world.head, respelled=compared.respelled))
    assert again.amended == compared.amended
    assert again.findings == compared.findings
    assert again.respelled == ()
    assert (again.compared, again.not_compared) == (pairs, 0)
