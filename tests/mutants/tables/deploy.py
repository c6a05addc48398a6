"""What is refused before it can fail late."""

from tests.mutants.mutant import Mutant
from tests.mutants.tables.suspects import REQUEST

MUTANTS = (
    Mutant(
        "console-id-has-room-for-a-schedule",
        "A Console's id is short enough for the name of every schedule that is made of it",
        "events.py",
        "    return len(name) <= MAX_CONSOLE_ID and _CONSOLE",
        "    return _CONSOLE",
        f"{REQUEST}::test_an_id_that_no_schedule_can_be_named_after_is_refused",
    ),
)
