"""docs/attacks.md tells of each attack what is found today, in the bucket and in a copy."""

from pathlib import Path

import pytest

from tests.attacks.table import ATTACKS, HEAD, PAGE, Attack, row_of


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.words)
def test_an_attack_is_found_as_the_page_tells(attack: Attack, tmp_path: Path) -> None:
    told = PAGE.read_text().partition(HEAD)[2].splitlines(keepends=True)
    assert len(told) == len(ATTACKS)
    assert row_of(attack, tmp_path) == told[ATTACKS.index(attack)]
