"""When the locks end that an answer rests on."""

from audit_archive.format.facts import LockMode
from audit_archive.format.times import from_rfc3339
from audit_archive.ports import NO_VERSION, ObjectFacts, Retention
from audit_archive.retrieve.locks import NO_LOCKS, LockSpan

EARLY, LATE = "2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z"


def facts(until: str | None, mode: LockMode = LockMode.GOVERNANCE, version_id: str = "v1") -> ObjectFacts:
    retention = Retention(mode, from_rfc3339(until)) if until is not None else None
    return ObjectFacts("key", version_id, 1, None, retention, None)


def test_the_first_and_the_last_end_are_kept_and_what_has_no_lock_is_counted() -> None:
    span = NO_LOCKS.seen(facts(LATE)).seen(facts(EARLY, LockMode.COMPLIANCE)).seen(facts(None))
    assert span == LockSpan(3, 1, 0, ("COMPLIANCE", "GOVERNANCE"), EARLY, LATE)


def test_what_a_copy_does_not_show_is_not_taken_for_no_lock() -> None:
    span = NO_LOCKS.seen(facts(None, version_id=NO_VERSION)).seen(None)
    assert span == LockSpan(objects=2, unseen=2)
