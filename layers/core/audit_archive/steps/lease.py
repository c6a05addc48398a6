"""The Console's lease: it keeps parallel runs quiet; what keeps them safe is the chain."""

from collections.abc import Iterator
from contextlib import contextmanager

from audit_archive.steps.run import Run

MARGIN = 60
"""Seconds that a lease outlives the invocation that took it."""

LONGEST = 900
"""Seconds that a Lambda invocation can last."""


@contextmanager
def lease(run: Run) -> Iterator[bool]:
    """Hold the lease, if nobody else does; whether we do."""
    console, owner, now = run.order.console, run.order.facts.id, run.clock.now()
    expires_at = now + int(min(run.clock.remaining(), LONGEST)) + MARGIN
    is_ours = run.ledger.acquire(console, owner, now, expires_at)
    try:
        yield is_ours
    finally:
        if is_ours:
            run.ledger.release(console, owner)
