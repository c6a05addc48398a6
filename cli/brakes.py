"""What persons set to keep purges back, and what may be destroyed all the same. Sentences for a person."""

from collections.abc import Sequence
from typing import Any

from audit_archive.errors import AuditArchiveError
from audit_archive.format.facts import Mode
from audit_archive.restraint import by_whom
from audit_archive.retrieve.pauses import pauses_of
from audit_archive.retrieve.statements import Reader
from audit_archive.retrieve.status import statuses
from cli.options import Chosen
from cli.show import say, show_json
from cli.tables import Record

NAMED = 5
"""As many Consoles are named in a line; the rest is counted."""


def show_under_way(chosen: Chosen, report: Record, console: str | None) -> None:
    """Say which purges were under way when a brake was put on. With --json show them with its report."""
    told: list[dict[str, Any]] | None = None
    try:
        told = under_way([each.as_dict() for each in statuses(chosen.stack.reader, console)])
        lines = sentences(told)
    except AuditArchiveError as error:
        lines = [f"It holds. Whether a purge was under way can't be told: {error}"]
    if chosen.is_json:
        return show_json({**report, "under_way": told})
    for line in lines:
        say(line)
    return None


def show_pauses(reader: Reader, console: str) -> None:
    """Name every pause that would be ended, the newest first."""
    try:
        for each in pauses_of(reader, console):
            by = by_whom(each.run.started_at, each.who, each.reason)
            say(f"Paused {by} (statement {each.seq}).")
    except AuditArchiveError as error:
        say(f"Which pauses there are can't be told: {error}")


def under_way(found: Sequence[Record]) -> list[dict[str, Any]]:
    """Purges that are stated and have no outcome: only these may have been sent.

    One without a boundary: of that Console it is not known.
    """
    unknown = {"seq": None, "boundary": None, "expected_count": None}
    return [
        {"console": each["console"], **intent}
        for each in found
        for intent in (each["open_intents"] or ()) or ([unknown] if each["fault"] is not None else [])
    ]


def sentences(told: Sequence[Record]) -> list[str]:
    """What a purge that was sent already may still destroy, or that nothing is destroyed any more."""
    return [_sentence(each) for each in told] or ["No purge was under way, so nothing more is destroyed."]


def _sentence(intent: Record) -> str:
    if intent["boundary"] is None:
        return f"Console {intent['console']}: whether a purge was under way is not known. Look with `status`."
    return (
        f"Console {intent['console']}: a purge of {intent['expected_count']:,} entries, up to id "
        f"{intent['boundary']}, may have been sent before that. It can't be called back, and it destroys no "
        "more than these, which are archived. The next run finds out how it ended."
    )


def in_force(records: Sequence[Record]) -> list[str]:
    """A line for what is set for all Consoles, and one for those with a brake of their own."""
    lines = []
    for_all = next((each["set_mode"] for each in records if each.get("set_mode")), None)
    if for_all is not None and for_all["mode"] != Mode.ON:
        by = by_whom(for_all["since"], for_all["who"], for_all["reason"])
        undone = " with `canary-audit purging on`" if for_all["since"] is None else ""
        lines.append(f"Purging of every Console is set to {for_all['mode']} {by}{undone}.")
    own = [f"{each['console']} ({word})" for each in records if (word := _own(each)) is not None]
    if own:
        more = f" and {len(own) - NAMED} more" if len(own) > NAMED else ""
        lines.append(f"Purging is stopped for {', '.join(own[:NAMED])}{more}.")
    return lines


def _own(record: Record) -> str | None:
    if record.get("paused"):
        return "paused"
    own = record.get("console_mode")
    return str(own["mode"]) if own and own["mode"] != Mode.ON else None
