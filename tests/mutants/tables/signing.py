"""A checkpoint over tree and statement, before anything is built on it."""

from tests.mutants.mutant import Mutant
from tests.mutants.tables.suspects import SAFETY, SIGNING

MUTANTS = (
    Mutant(
        "signed-before-it-is-recorded",
        "With signing on every statement is signed before the ledger moves to it",
        "run/checkpoints.py",
        "        note = _signed_note(run, signing, committed.head, committed.ref)",
        "        pass",
        SIGNING,
    ),
    Mutant(
        "signing-is-not-forgotten",
        "A signed archive does not go on unsigned because no key is set",
        "run/checkpoints.py",
        "    if run.signing is None and head.public_key is not None:",
        "    if False:",
        SIGNING,
    ),
    Mutant(
        "only-the-named-key-signs",
        "Only the key that the chain names signs",
        "run/checkpoints.py",
        "    if signing is not None and _is_named(signing, committed.head):",
        "    if signing is not None:",
        SIGNING,
    ),
    Mutant(
        "new-key-is-named",
        "A new key is named by a statement before it signs",
        "run/checkpoints.py",
        "    if signing is None or _is_named(signing, head):",
        "    if signing is None or head.public_key is not None:",
        SIGNING,
    ),
    Mutant(
        "found-checkpoint-is-checked",
        "A checkpoint that is there already is taken only if its signature and content are right",
        "run/checkpoints.py",
        "        if _is_of(checkpoint, data, signing):\n",
        "        if data:\n",
        SIGNING,
    ),
    Mutant(
        "checkpoint-of-this-statement",
        "A well signed checkpoint of something else is no checkpoint of this statement",
        "run/checkpoints.py",
        "    return found == checkpoint",
        "    return found.console == checkpoint.console",
        SIGNING,
    ),
    Mutant(
        "checkpoint-lock",
        "A checkpoint that was put is checked to be locked",
        "run/checkpoints.py",
        "    check_lock(key, facts.retention, run.order.lock_mode, retention.until)\n"
        "    return note\n\n\ndef _put_over",
        "    return note\n\n\ndef _put_over",
        SAFETY,
    ),
    Mutant(
        "found-checkpoint-lock",
        "A checkpoint that is there already is taken only if it is locked",
        "run/checkpoints.py",
        "        if facts is None or facts.retention is None or",
        "        if facts is None or",
        SIGNING,
    ),
    Mutant(
        "unknown-console-states-nothing",
        "Nothing is stated of a Console before it has answered once",
        "run/checkpoints.py",
        "    if head.statement is None:\n        run.console.peek()",
        "    if False:\n        run.console.peek()",
        "tests/unit/run/test_signing.py::test_of_a_console_that_does_not_answer_nothing_is_ever_stated",
    ),
)
