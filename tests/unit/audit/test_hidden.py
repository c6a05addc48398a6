"""Entry files under a delete marker: what lies below is audited, and a marker before its time is a fault."""

from collections.abc import Callable

import pytest

from audit_archive.audit.settings import SettingsCheck
from audit_archive.format.bucket_settings import BucketFacts, expected_settings
from audit_archive.format.facts import Action, EntryFile, LockMode
from audit_archive.format.layout import checkpoint_key
from audit_archive.format.times import DAY, from_rfc3339
from audit_archive.format.verdicts import Checked, Verdict, Verification
from audit_archive.ports import Retention
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from tests.support.attacker import Victim
from tests.support.fakes.bucket import Stored
from tests.support.fakes.settings import FakeSettings
from tests.support.world import CONSOLE

ROLE = "arn:aws:iam::111122223333:role/archive"


@pytest.fixture
def victim() -> Victim:
    return Victim()


def hidden(victim: Victim) -> EntryFile:
    """The first entry file, under a delete marker."""
    file = victim.archives[0].entries[0]
    victim.store.mark_deleted(file.key)
    return file


def verdicts(found: Verification, key: str) -> set[Verdict]:
    return {fault.verdict for fault in found.faults if fault.key == key}


def test_a_marker_before_its_time_is_a_fault_and_the_lines_below_are_read(victim: Victim) -> None:
    file = hidden(victim)
    files = sum(len(said.entries) for said in victim.archives)
    found = victim.audit(trusted=victim.keys)
    (fault,) = found.faults
    assert (fault.verdict, fault.key) == (Verdict.MISSING, file.key)
    assert fault.sentence == f"{file.key} is hidden by a delete marker"
    assert found.checked[Checked.FILE_CONTENTS] == files
    assert [each.what for each in found.not_checked] == [Checked.SETTINGS]


def test_what_lies_below_a_marker_is_judged_as_any_other(victim: Victim) -> None:
    file = victim.archives[0].entries[0]
    victim.store.relock(file.key, None)
    victim.store.encrypt(file.key, "aws:kms")
    victim.store.tamper(file.key, b"garbage")
    hidden(victim)
    found = verdicts(victim.audit(trusted=victim.keys), file.key)
    assert found == {Verdict.MISSING, Verdict.UNLOCKED, Verdict.WRONG_ENCRYPTION, Verdict.ALTERED}


def test_of_several_versions_below_a_marker_the_one_with_the_stated_lines_counts(victim: Victim) -> None:
    file = victim.archives[0].entries[0]
    lock = Retention(LockMode.GOVERNANCE, victim.world.clock.now() + 3000 * DAY)
    victim.store.add(file.key, Stored("", b"false content", "00" * 32, lock))
    hidden(victim)
    assert verdicts(victim.audit(trusted=victim.keys), file.key) == {Verdict.MISSING}


def test_a_marker_over_nothing_is_a_fault_too(victim: Victim) -> None:
    file = victim.archives[0].entries[0]
    victim.lose(file.key)
    hidden(victim)
    (fault,) = victim.audit(trusted=victim.keys).faults
    assert fault.sentence == f"{file.key} is missing: there is only a delete marker"


def _now(victim: Victim) -> int:
    return victim.world.clock.now()


def _audited(victim: Victim, expiry_days: int) -> Verification:
    """An audit that knows the expiry of the bucket."""
    facts = BucketFacts("b", ROLE, 2555, expiry_days, LockMode.GOVERNANCE)
    check = SettingsCheck(FakeSettings(expected_settings(facts)), facts)
    return victim.audit(trusted=victim.keys, settings=check)


@pytest.mark.parametrize("is_due", [False, True])
def test_a_marker_of_a_lowered_expiry_is_one_fault_of_the_setting(victim: Victim, is_due: bool) -> None:
    """The files are still locked below it, and their lines are read. Before that time a person put it."""
    victim.world.clock.advance(from_rfc3339(victim.archives[0].run.started_at) + 100 * DAY - _now(victim))
    file = hidden(victim)
    found = _audited(victim, 100 if is_due else 101)
    assert {fault.verdict for fault in found.faults} == {
        Verdict.CHANGED_SETTING,
        *({Verdict.MISSING} if not is_due else ()),
    }
    noted = [note.sentence for note in found.notes if note.verdict == Verdict.EXPIRED]
    version = victim.store.history(file.key)[0].version_id
    assert noted == [f"{file.key} is hidden by its expiry: version {version} is still there"] * is_due
    assert Checked.FILE_CONTENTS not in {each.what for each in found.not_checked}


def test_a_wrong_encryption_is_a_fault_of_every_kind_of_object(victim: Victim) -> None:
    keys = [key for key in victim.store.all_keys() if not key.startswith("rejected/")]
    for key in keys:
        victim.store.encrypt(key, "aws:kms")
    found = victim.audit(trusted=victim.keys)
    assert {(fault.verdict, fault.key) for fault in found.faults} == {
        (Verdict.WRONG_ENCRYPTION, key) for key in keys
    }
    assert all("is stored with aws:kms, not AES256" in fault.sentence for fault in found.faults)


# ------------------------------------------------------------------------------ what the runbook says to do


def rebuild(victim: Victim) -> None:
    """`canary-audit ledger rebuild`, with the retention that the archive was made with."""
    victim.world.retention_days = 2555
    state_decision(victim.world.bound(), OperatorRequest(CONSOLE, Action.REBUILD, "ada", "entry files"))


def alter(victim: Victim, key: str) -> None:
    victim.store.add(key, Stored("", b"false content", "00" * 32))


def hide(victim: Victim, key: str) -> None:
    victim.store.mark_deleted(key)


def lose_and_hide(victim: Victim, key: str) -> None:
    victim.lose(key)
    victim.store.mark_deleted(key)


@pytest.mark.parametrize("harm", [alter, hide, Victim.lose, lose_and_hide])
def test_a_rebuild_mends_an_entry_file_and_deletes_nothing(
    victim: Victim, harm: Callable[[Victim, str], object]
) -> None:
    key = victim.archives[0].entries[0].key
    harm(victim, key)
    before = victim.store.history(key)
    assert verdicts(victim.audit(trusted=victim.keys), key) != set()
    rebuild(victim)
    assert victim.audit(trusted=victim.keys).faults == ()
    assert [each for each in victim.store.history(key) if each not in before] != []
    assert [each for each in before if each not in victim.store.history(key)] == []


def test_a_rebuild_does_not_mend_a_checkpoint_and_removing_its_marker_does(victim: Victim) -> None:
    key = checkpoint_key(CONSOLE, 2)
    victim.store.mark_deleted(key)
    rebuild(victim)
    assert verdicts(victim.audit(trusted=victim.keys), key) == {Verdict.UNSIGNED}
    (marker,) = (each for each in victim.store.history(key) if each.data is None)
    victim.store.delete_version(key, marker.version_id)
    assert victim.audit(trusted=victim.keys).faults == ()
