"""A choice of what `sweep.py` does: the calls and bytes at which a run has most to lose."""

import pytest

from audit_archive.run.result import RunOutcome
from tests.network.cases import ALWAYS, DOWN, Scenario, first, settling, signed, suffer
from tests.network.faults import Fault, Stage
from tests.network.proxy import Order
from tests.network.world import Aws

HEALED = [
    pytest.param(first, Order(Fault("close", "blank line"), "GET fetch"), id="peek cut off in its head"),
    pytest.param(first, Order(Fault("close", "middle"), "GET download/json"), id="export cut off"),
    pytest.param(
        first, Order(Fault("close", "line 1"), "GetSecretValue"), id="secret cut off", marks=pytest.mark.wide
    ),
    pytest.param(
        first, Order(Fault("close", "line 3"), "PUT exports"), id="version cut off", marks=pytest.mark.wide
    ),
    pytest.param(first, Order(Fault("reset", "middle"), "GET exports"), id="reading back reset"),
    pytest.param(
        first, Order(Fault("close", "headers"), "HEAD exports"), id="lock cut off", marks=pytest.mark.wide
    ),
    pytest.param(first, Order(Fault("reset"), "PUT statements"), id="statement put, answer lost"),
    pytest.param(
        first,
        Order(Fault("close", "line 2"), "GET statements"),
        id="statement cut off",
        marks=pytest.mark.wide,
    ),
    pytest.param(first, Order(Fault("close", "line 2"), "GET ?versions", nth=2), id="listing cut off"),
    pytest.param(signed, Order(Fault("reset"), "PUT checkpoints"), id="checkpoint put, answer lost"),
    pytest.param(settling, Order(Fault("close", "middle"), "GET fetch"), id="while settling"),
]


@pytest.mark.parametrize(("scenario", "order"), HEALED)
def test_a_passing_fault_is_not_noticed(account: Aws, scenario: Scenario, order: Order) -> None:
    suffered = suffer(account, scenario, order)
    assert (suffered.ended, suffered.has_struck) == (RunOutcome.PURGED, True)


@pytest.mark.parametrize("fault", [Fault("reset"), Fault("hang", "status line")], ids=str)
def test_a_purge_whose_answer_is_lost_is_known_by_its_receipt(account: Aws, fault: Fault) -> None:
    """And it is never sent again: the world sees to that in every run."""
    suffered = suffer(account, first, Order(fault, "POST purge"))
    assert (suffered.ended, suffered.purges) == (RunOutcome.PURGED, ["confirmed"])


@pytest.mark.parametrize("stage", [Stage.REFUSED, Stage.SWALLOWED])
def test_a_purge_that_never_arrived_is_left_to_the_next_run(account: Aws, stage: str) -> None:
    suffered = suffer(account, first, Order(Fault("reset", stage=stage), "POST purge"))
    assert (suffered.ended, suffered.purges) == (RunOutcome.ARCHIVED, ["unknown", "confirmed"])


@pytest.mark.parametrize(
    ("name", "ended"), [("GET download/json", "ConsoleUnavailableError"), ("PutItem", "LedgerError")]
)
def test_a_network_that_stays_down_is_told(account: Aws, name: str, ended: str) -> None:
    assert suffer(account, first, Order(DOWN, name, times=ALWAYS)).ended == ended
