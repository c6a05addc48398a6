"""How much a campaign tries: examples of a property, seeds, rows. The profile decides it, and is chosen here.

`make test` tries a tenth. `make campaigns` and the hunt for mutants try all, with Hypothesis's own profile:
`--hypothesis-profile=default`. What is no property of Hypothesis has the mark `campaign`.
"""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings

FEW = "few"
_ALL = 100
_LEAST = 5

settings.register_profile("default", max_examples=_ALL, deadline=None)
settings.register_profile(FEW, max_examples=_ALL // 10, deadline=None)


def tries_all() -> bool:
    """Whether the profile in force leaves nothing out."""
    return settings().max_examples >= _ALL


def share(many: int) -> int:
    """So many, or the share of it that the profile in force has: one at least."""
    return max(1, many * settings().max_examples // _ALL)


def examples(many: int) -> settings:
    """So many examples of a property, or a share of them."""
    return settings(max_examples=max(_LEAST, share(many)))


def breadth(rows: Iterable[object], *narrow: object) -> list[Any]:
    """Rows of one rule, of which `make test` has the narrow ones, and `make campaigns` all."""
    return [pytest.param(each, marks=() if each in narrow else pytest.mark.wide) for each in rows]
