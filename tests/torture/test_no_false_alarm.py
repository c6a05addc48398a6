"""No false alarm: whatever befalls runs, an audit finds no fault in what they leave.

Crashes, rivals, resets, lost ledgers, new keys: all that the machine of the torture does. After each of its
steps there is an audit of every byte, and the next of the daily audits, which goes on from the one before.
"""

from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from audit_archive.audit.question import UNFINISHED
from audit_archive.format.times import from_rfc3339
from audit_archive.format.verdicts import Checked, Depth, Why
from tests.support.attacker import Victim
from tests.support.watch import Watch
from tests.torture.hostile import HostileWorld
from tests.torture.machine import Torture


class AuditedTorture(Torture):
    """The same, and after each step two audits."""

    watch: Watch | None = None

    @invariant()
    def no_fault_is_found(self) -> None:
        if has_nothing_unfinished(self.world):
            found = Victim(self.world).audit(Depth.CONTENT, must_exist=False)
            assert found.faults == ()
            left = {each.why for each in found.not_checked if each.what != Checked.SETTINGS}
            assert left <= {Why.UNRECORDED}

    @invariant()
    def no_daily_audit_finds_a_fault(self) -> None:
        if has_nothing_unfinished(self.world):
            self.watch = self.watch or Watch(Victim(self.world), days=3)
            self.watch.daily = replace(self.watch.daily, trusted_keys=())
            found = self.watch.invocation().verification
            assert (found.faults, found.unexpectedly_unchecked) == ((), 0)

    def teardown(self) -> None:
        is_sound = self.is_sound
        super().teardown()
        if is_sound:
            found = Victim(self.world).audit(Depth.CONTENT, has_ledger=False)
            left = {each.what for each in found.not_checked}
            assert (found.faults, left) == ((), {Checked.SETTINGS})


def has_nothing_unfinished(world: HostileWorld) -> bool:
    """Whether no statement is left unfinished longer than any schedule would leave it.

    A head that somebody made unreadable is a fault, until the next run makes it anew.
    """
    if world.head_is_damaged:
        return False
    since = world.clock.now() - UNFINISHED
    return all(from_rfc3339(said.run.started_at) >= since for said in world.chain()[world.head.seq :])


AuditedTorture.TestCase.settings = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=5,
    stateful_step_count=15,
    suppress_health_check=list(HealthCheck),
)

TestNoFalseAlarm = AuditedTorture.TestCase
