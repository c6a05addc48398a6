"""The brake: whoever stops purging stops it, by either witness, up to the last moment."""

from tests.mutants.mutant import Mutant

PAUSE = "tests/unit/run/test_pause.py"
HOLD = "run/standing_hold.py"

MUTANTS = (
    Mutant(
        "pause-in-the-chain-holds",
        "A pause holds by the chain alone, whatever becomes of the ledger",
        HOLD,
        "    if head.pause is not None:",
        "    if False:",
        f"{PAUSE}::test_a_pause_holds_by_the_chain_whatever_becomes_of_the_ledger",
    ),
    Mutant(
        "pause-in-the-ledger-holds",
        "A pause holds by the ledger alone, if the chain could not state it",
        HOLD,
        "    elif restraints.pause is not None:",
        "    elif False:",
        f"{PAUSE}::test_a_pause_holds_by_the_ledger_if_the_chain_could_not_state_it",
    ),
    Mutant(
        "brake-is-looked-at-last",
        "The brake in the ledger is read after the last look at the trail",
        "run/purge.py",
        "    if found is not None:\n        raise HeldError(found)",
        "    if found is None:\n        found = None",
        f"{PAUSE}::test_the_brake_is_looked_at_last_before_a_purge_is_sent",
    ),
    Mutant(
        "chain-is-looked-at-last",
        "The end of the chain is read once more after everything else",
        "run/purge.py",
        "    if has_moved_on(run.store, head):\n        raise SupersededError\n    return purger",
        "    return purger",
        f"{PAUSE}::test_the_brake_is_looked_at_last_before_a_purge_is_sent",
    ),
    Mutant(
        "lowered-mode-holds",
        "A run goes no further than the lowest mode that a person set",
        "restraint.py",
        "lowest.mode.reach < mode.reach else None",
        "False else None",
        f"{PAUSE}::test_a_lowered_mode_is_lifted_an_hour_before_the_first_purge",
    ),
    Mutant(
        "lowest-mode-holds",
        "Of the modes of the stack and of the Console the lower one holds",
        "restraint.py",
        "lowest = min(",
        "lowest = max(",
        f"{PAUSE}::test_the_lower_of_both_modes_holds",
    ),
    Mutant(
        "decision-waits",
        "A purge that a decision makes possible waits for an hour",
        HOLD,
        "    if run.clock.now() >= decided_at + DECISION_WAIT:",
        "    if True:",
        f"{PAUSE}::test_a_purge_that_a_decision_makes_possible_waits_an_hour",
    ),
    Mutant(
        "mode-on-waits",
        "After purging was set to on the first purge waits for an hour",
        HOLD,
        "decided_at = max([*moments, head.decided_at or 0])",
        "decided_at = head.decided_at or 0",
        f"{PAUSE}::test_a_lowered_mode_is_lifted_an_hour_before_the_first_purge",
    ),
    Mutant(
        "epoch-keeps-the-pause",
        "A new epoch does not end a pause",
        "format/head.py",
        "            pause=head.pause,\n",
        "",
        f"{PAUSE}::test_an_epoch_does_not_end_a_pause",
    ),
    Mutant(
        "pause-begins-in-the-ledger",
        "A pause holds before the chain states it",
        "run/pause.py",
        "        if decision.action == Action.PAUSE:\n            ledger",
        "        if False:\n            ledger",
        f"{PAUSE}::test_a_pause_holds_by_the_ledger_if_the_chain_could_not_state_it",
    ),
    Mutant(
        "unreadable-restraint-holds",
        "What can't be read of the brake holds everything back",
        "adapters/restraint_items.py",
        "        return UNREADABLE\n    return",
        '        return Restraint(Mode.ON, "", "", 0, "")\n    return',
        "tests/contracts/test_ledger_contract.py::test_a_restraint_that_can_not_be_read_holds_everything_back",
    ),
    Mutant(
        "operators-door",
        "The archive function states no operator's decision",
        "bootstrap.py",
        "    if is_operator_event(event):\n        raise RequestError(",
        "    if is_operator_event(event):\n        return operate(event, context)\n"
        "        raise RequestError(",
        "tests/functions/test_handler.py::test_every_example_event_does_what_it_says",
    ),
)
