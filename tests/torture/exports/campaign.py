"""Many hostile exports from one seed."""

from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.support.forge import Member
from tests.torture.exports.big import BIG, check
from tests.torture.exports.judge import judge
from tests.torture.exports.texts import texts
from tests.torture.exports.web import Web
from tests.torture.exports.zips import cases, members

QUIET = settings(
    deadline=None,
    database=None,
    phases=[Phase.generate],
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)
OVER_HTTP = 0.1
"""The share of exports that come over HTTP, which takes longer."""


def fuzz(number: int, count: int) -> None:
    """So many texts from a seed, each in about eight exports. What is raised has the export in its notes."""
    with Web() as web:

        @seed(number)
        @settings(QUIET, max_examples=count)
        @given(texts().flatmap(members), st.integers(0, 2**32))
        def one(member: Member, wounds: int) -> None:
            random = Random(f"{wounds}{member}")  # noqa: S311 - it must come out the same again
            for case in cases(member, random):
                judge(case, web.world() if random.random() < OVER_HTTP else None)

        one()


def fuzz_and_unfold(number: int) -> None:
    """What one seed of the long torture does: a hundred texts, and the next of the big exports."""
    fuzz(number, 100)
    check(sorted(BIG)[number % len(BIG)])
