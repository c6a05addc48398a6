"""What others may write hides nothing: moments and heads in the ledger, and the notes of two audits."""

from tests.mutants.mutant import Mutant

DAILY = "tests/unit/audit/test_daily.py"
FLEET = "tests/unit/audit/test_fleet.py"
CHECK = "tests/unit/audit/test_fleet_check.py"
LEDGER = "tests/unit/adapters/test_dynamodb_ledger.py"

MUTANTS = (
    Mutant(
        "older-head-hides-no-content",
        "The contents of what an earlier audit saw are due, whatever head the ledger names",
        "audit/daily.py",
        "    return max(audit.recorded.seq, min(seen, listing.newest))\n",
        "    return audit.recorded.seq\n",
        DAILY,
    ),
    Mutant(
        "cycle-begins-no-later-than-now",
        "Days that are yet to come do not count as left in a cycle",
        "audit/daily.py",
        "min(rotation.cycle_started_at, now))",
        "rotation.cycle_started_at)",
        DAILY,
    ),
    Mutant(
        "two-audits-lose-no-fault",
        "A fault that another audit opened meanwhile stays open",
        "audit/daily.py",
        "    if not others:\n",
        "    if True:\n",
        DAILY,
    ),
    Mutant(
        "completed-run-is-past",
        "A completed run that is yet to come hides nothing from the fleet check",
        "health.py",
        "    known = replace(known, runs=known.runs.until(now))\n",
        "",
        FLEET,
    ),
    Mutant(
        "freshness-is-past",
        "A completed run that is yet to come makes no Console fresh",
        "audit/daily.py",
        "last_runs(console).until(now)",
        "last_runs(console)",
        DAILY,
    ),
    Mutant(
        "audit-is-past",
        "An audit that is yet to end verifies nothing",
        "bookmark.py",
        "<= at <= now + MOST_AHEAD",
        "<= at",
        FLEET,
    ),
    Mutant(
        "message-is-past",
        "A message that is yet to come puts off no reminder",
        "audit/fleet.py",
        " or told.at > now + MOST_AHEAD)\n",
        ")\n",
        FLEET,
    ),
    Mutant(
        "fleet-is-of-consoles",
        "A name in the ledger that is no Console's id gets into no message",
        "audit/fleet_check.py",
        "        if is_console_id(each.console):\n",
        "        if True:\n",
        CHECK,
    ),
    Mutant(
        "failure-has-a-date",
        "A failure at an impossible moment does not stop the fleet check",
        "adapters/fleet_items.py",
        "    if not 0 <= found.at < 10**_MAX_DIGITS:\n",
        "    if False:\n",
        LEDGER,
    ),
    Mutant(
        "failure-is-short",
        "A failure that others wrote does not fill a message",
        "adapters/fleet_items.py",
        "found.error_class[:MAX_SENTENCE], found.sentence[:MAX_SENTENCE]",
        "found.error_class, found.sentence",
        LEDGER,
    ),
)
