"""Every outside call of a run, every fault, every interesting byte; `sweep` is one row of the torture."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from tests.network.cases import ALWAYS, DOWN, SCENARIOS, calls_of, suffer
from tests.network.faults import PLACES, Fault, Stage
from tests.network.proxy import Order
from tests.network.world import SILENCE, Aws, behind_a_proxy
from tests.support.aws import ministack_server

STAGES = (Stage.REFUSED, Stage.HALF, Stage.SWALLOWED)
FAULTS = (
    *(Fault("close", at) for at in PLACES),
    *(Fault("reset", at) for at in PLACES),
    *(Fault("hang", at) for at in ("nothing", "headers", "body", "middle", "whole")),
    *(Fault("garble", at, mask=mask) for at in PLACES for mask in (0xFF, 0x01)),
    *(Fault("noise", at) for at in ("nothing", "first header", "body", "middle", "whole")),
    *(Fault("reset", stage=stage) for stage in STAGES),
    Fault("hang", stage=Stage.SWALLOWED),
    Fault("trickle", seconds=0.0005),
    Fault("delay", "middle", seconds=SILENCE / 5),
)


def sweep(deadline: float, seed: int = 1) -> Counter[str]:
    """Case after case, in an order that the seed makes, until all are done or `monotonic()` is the deadline.

    Returns how many `cases` there were, and how often the struck run ended in which way. Raises an
    ExceptionGroup of all that went wrong, each with its case in a note.
    """
    counts: Counter[str] = Counter()
    failures: list[Exception] = []
    with (
        TemporaryDirectory() as folder,
        ministack_server(Path(folder)) as endpoint,
        behind_a_proxy(endpoint) as account,
    ):
        cases = [(name, order) for name in SCENARIOS for order in _orders(account, name)]
        random.Random(seed).shuffle(cases)  # noqa: S311 - an order to go in, no secret
        for name, order in cases:
            if monotonic() > deadline:
                break
            counts["cases"] += 1
            try:
                counts[suffer(account, SCENARIOS[name], order).ended] += 1
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
                error.add_note(_told(name, order))
                failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {counts['cases']} network faults did harm", failures)
    return counts


def _orders(account: Aws, scenario: str) -> Iterator[Order]:
    for name, nth, lines in calls_of(account, SCENARIOS[scenario]):
        heads = (Fault("close", f"line {line}") for line in range(1, lines))
        yield from (Order(fault, name, nth) for fault in (*FAULTS, *heads))
        yield Order(DOWN, name, nth, ALWAYS)
        yield Order(Fault("reset"), name, nth, ALWAYS)


def _told(scenario: str, order: Order) -> str:
    times = " and ever after" if order.times > 1 else ""
    return f"{scenario}: {order.fault}, call {order.name} number {order.nth}{times}"
