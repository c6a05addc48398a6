"""Legal holds: the chain never claims less than is held, and a release frees what no other hold covers."""

from tests.mutants.mutant import Mutant

HOLD = "tests/unit/run/test_legal_holds.py"
COMMAND = "tests/cli/test_cli_hold.py"
CLI = "../../../cli/hold.py"

MUTANTS = (
    Mutant(
        "hold-stated-before-it-is-set",
        "A legal hold is stated in the chain before S3 sets it",
        CLI,
        "    if stated is None:\n        _state(chosen, event)\n",
        "    if stated is None:\n        put(stack, versions, OnOff.ON)\n        _state(chosen, event)\n",
        f"{COMMAND}::test_a_hold_is_stated_before_s3_sets_it_and_ends_after_s3_took_it_off",
    ),
    Mutant(
        "hold-ends-after-it-is-off",
        "The end of a legal hold is stated only after S3 took it off",
        CLI,
        "    failed = put(stack, versions, OnOff.OFF)\n",
        "    _state(chosen, event) if is_open else None\n    is_open = False\n"
        "    failed = put(stack, versions, OnOff.OFF)\n",
        f"{COMMAND}::test_a_hold_is_stated_before_s3_sets_it_and_ends_after_s3_took_it_off",
    ),
    Mutant(
        "hold-stays-open-if-not-all-is-off",
        "The end of a legal hold is not stated while S3 still holds a part of what it covers",
        CLI,
        "    if not failed and is_open:\n",
        "    if is_open:\n",
        f"{COMMAND}::test_a_release_that_is_broken_off_leaves_the_hold_open_and_goes_on",
    ),
    Mutant(
        "other-holds-keep",
        "A release frees nothing that another open hold covers",
        "retrieve/legal_holds.py",
        "    return tuple(key for key in free if key not in kept)\n",
        "    return tuple(free)\n",
        f"{COMMAND}::test_of_two_holds_that_overlap_the_release_of_one_frees_only_what_the_other_lacks",
    ),
    Mutant(
        "shared-export-is-kept",
        "An export of several statements is kept by a hold on any of them",
        "retrieve/legal_holds.py",
        "        if _has(others, statement.seq):\n",
        "        if _has(others, statement.seq) and _has(hold.held, statement.seq):\n",
        f"{HOLD}::test_an_export_of_two_statements_is_kept_by_a_hold_on_either",
    ),
    Mutant(
        "hold-set-meanwhile-stays",
        "What a hold covers that was stated during a release is held again",
        CLI,
        "        failed = _hold_again(chosen, console, head, versions)\n",
        "        failed = []\n",
        f"{COMMAND}::test_a_hold_that_is_set_while_another_is_released_stays_held",
    ),
    Mutant(
        "hold-outlives-an-epoch",
        "A new epoch ends no legal hold",
        "format/head.py",
        ', "legal_holds"),',
        "),",
        f"{HOLD}::test_holds_outlive_an_epoch_and_a_lost_ledger",
    ),
    Mutant(
        "hold-ends-by-its-number",
        "The end of one legal hold ends no other",
        "format/decisions.py",
        "if each.seq != statement.released)",
        "if False)",
        f"{HOLD}::test_what_another_open_hold_covers_is_not_freed",
    ),
    Mutant(
        "hold-names-what-there-is",
        "A legal hold names no statement that the chain does not have",
        "run/operate.py",
        "    if decision.held and decision.held[-1].last > head.seq:\n",
        "    if False:\n",
        f"{HOLD}::test_what_can_not_be_held_or_released_is_refused",
    ),
    Mutant(
        "only-open-holds-end",
        "Only a legal hold that is open can end",
        "run/operate.py",
        "    if decision.released not in {each.seq for each in head.legal_holds}:\n",
        "    if False:\n",
        f"{HOLD}::test_a_hold_ends_once",
    ),
)
