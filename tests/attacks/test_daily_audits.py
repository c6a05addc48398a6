"""What the daily audits make of every attack: in a cycle they find what one audit of the whole finds."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.attacks.table import ATTACKS, Attack
from tests.support.attacker import Victim, blamed, twin_world
from tests.support.watch import Watch
from tests.support.world import CONSOLE


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(attack, id=attack.words)
        for attack in ATTACKS
        if attack.bucket is not None and attack.console == CONSOLE and attack.keeps is None
    ],
)
def test_a_cycle_of_daily_audits_finds_what_one_audit_of_the_whole_finds(attack: Attack) -> None:
    """Within the days of a cycle; and from the day it is found, every day."""
    watch = Watch(Victim(twin_world(is_signed=attack.is_signed)))
    if not attack.trusts:
        watch.daily = replace(watch.daily, trusted_keys=())
    watch.cycle()
    attack.deed(watch.victim)
    expected = blamed(watch.whole())
    days = [blamed(found) for found in watch.cycle()]
    assert days[-1] == expected
    assert all(day <= next_day for day, next_day in pairwise(days))
