"""What the daily audits make of every attack: in a cycle they find what one audit of the whole finds."""

from copy import deepcopy
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from tests.attacks.table import ATTACKS, ON_THE_PAGE, Attack
from tests.support.attacker import Victim, blamed, twin_world
from tests.support.watch import Watch
from tests.support.world import CONSOLE


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(attack, id=attack.words, marks=() if attack in ON_THE_PAGE else pytest.mark.wide)
        for attack in ATTACKS
        if attack.bucket is not None and attack.console == CONSOLE and attack.keeps is None
    ],
)
def test_a_cycle_of_daily_audits_finds_what_one_audit_of_the_whole_finds(attack: Attack) -> None:
    """Within the days of a cycle; and from the day it is found, every day."""
    watch = watched(is_signed=attack.is_signed, trusts=attack.trusts)
    attack.deed(watch.victim)
    expected = blamed(watch.whole())
    days = [blamed(found) for found in watch.cycle()]
    assert days[-1] == expected
    assert all(day <= next_day for day, next_day in pairwise(days))


def watched(*, is_signed: bool, trusts: bool) -> Watch:
    """Who audited the archive for a cycle before it is attacked."""
    known, watch = (
        _watched_once(is_signed=is_signed, trusts=trusts),
        _watch(is_signed=is_signed, trusts=trusts),
    )
    watch.victim.world.clock.moment = known.victim.world.clock.moment
    lock = known.notes._findings._lock
    watch.notes = deepcopy(known.notes, {id(lock): lock})
    return watch


@cache
def _watched_once(*, is_signed: bool, trusts: bool) -> Watch:
    watch = _watch(is_signed=is_signed, trusts=trusts)
    watch.cycle()
    return watch


def _watch(*, is_signed: bool, trusts: bool) -> Watch:
    watch = Watch(Victim(twin_world(is_signed=is_signed)))
    if not trusts:
        watch.daily = replace(watch.daily, trusted_keys=())
    return watch
