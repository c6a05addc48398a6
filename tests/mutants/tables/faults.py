"""Faults hold purging back: nothing dies unless the daily audit found the archive well, and not long ago."""

from tests.mutants.mutant import Mutant

HOLD = "tests/unit/run/test_audit_hold.py"
AUDIT_HOLD = "run/audit_hold.py"

MUTANTS = (
    Mutant(
        "faults-hold",
        "A run purges nothing while the last daily audit found faults",
        AUDIT_HOLD,
        "    if rotation.last_result != AuditResult.VALID:",
        "    if False:",
        f"{HOLD}::test_while_the_audit_finds_faults_all_is_archived_and_nothing_is_purged",
    ),
    Mutant(
        "unknown-result-holds",
        "A result of an audit that this release does not know holds as faults do",
        AUDIT_HOLD,
        "    if rotation.last_result != AuditResult.VALID:",
        "    if rotation.last_result == AuditResult.FAULTS:",
        f"{HOLD}::test_a_result_that_this_release_does_not_know_holds",
    ),
    Mutant(
        "old-audit-holds",
        "An audit that is too old holds as faults do",
        "bookmark.py",
        "        if is_late(self.last_completed_at, oldest):",
        "        if False:",
        f"{HOLD}::test_an_audit_that_is_too_old_holds_as_faults_do",
    ),
    Mutant(
        "audit-of-the-future-holds",
        "An audit of the future does not count",
        "bookmark.py",
        "return not now - within <= at <= now + MOST_AHEAD",
        "return not now - within <= at",
        f"{HOLD}::test_a_note_of_the_future_is_no_audit",
    ),
    Mutant(
        "unreadable-note-holds",
        "A note of the audit that can't be read holds",
        AUDIT_HOLD,
        '        return _not_verified(run, str(error).rstrip("."))',
        "        return None if error else None",
        f"{HOLD}::test_notes_that_cannot_be_read_hold",
    ),
    Mutant(
        "missing-note-holds",
        "Without a note of an audit, an archive that should have been audited by now is not purged",
        AUDIT_HOLD,
        '        return _no_audit(run, head, "no audit is on record")\n',
        "        return None\n",
        f"{HOLD}::test_who_deletes_the_note_of_a_fault_lifts_nothing",
    ),
    Mutant(
        "hidden-first-statement-holds",
        "An archive whose age is unknown counts as one that should have been audited",
        AUDIT_HOLD,
        "    if began is None:\n        return _not_verified(",
        "    if began is None:\n        return None and _not_verified(",
        f"{HOLD}::test_a_first_statement_that_is_gone_holds",
    ),
    Mutant(
        "oldest-first-statement",
        "A later version of the first statement makes the archive no younger",
        AUDIT_HOLD,
        "in first.versions if",
        "in first.versions[::-1] if",
        f"{HOLD}::test_whoever_hides_the_first_statement_makes_the_archive_no_younger",
    ),
    Mutant(
        "audit-hold-bounds-the-plan",
        "What the daily audit found is a limit of the plan",
        "run/plan.py",
        "    if facts.constraints.audits is not None:",
        "    if False:",
        f"{HOLD}::test_while_the_audit_finds_faults_all_is_archived_and_nothing_is_purged",
    ),
    Mutant(
        "audit-hold-is-due-at-once",
        "What faults held back is purged by the next run once they are gone, though nothing new has come",
        "run/plan.py",
        "        yield _Limit(0, facts.constraints.audits, facts.served_at)",
        "        yield _Limit(0, facts.constraints.audits, None)",
        f"{HOLD}::test_once_an_audit_finds_it_well_the_next_run_purges",
    ),
    Mutant(
        "audit-hold-stays-idle",
        "While the daily audit holds, no export is stored again because entries are due",
        "run/plan.py",
        "    if (not is_held and _is_due(head, policy, now)) or",
        "    if _is_due(head, policy, now) or",
        f"{HOLD}::test_while_it_holds_being_due_makes_no_run_store_the_same_export_again",
    ),
    Mutant(
        "audit-is-asked-before-the-post",
        "Before a purge is sent, the daily audit's note is read once more",
        "run/purge.py",
        "    if found is not None:\n        raise HeldError(found)\n",
        "",
        f"{HOLD}::test_a_fault_that_is_found_while_a_run_works_stops_its_purge",
    ),
)
