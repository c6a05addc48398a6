"""What is worth noting about an entry: whether it is a receipt, and drift."""

from collections.abc import Mapping

from audit_archive.domain.entry import RECEIPT_ACTION, Mark, read_receipt_message
from audit_archive.domain.json_scan import FIELDS

ACTIONS = frozenset(
    {"user_login", "device_schedule_reboot", "device_push_settings", "flock_move", "user_assign_to_flock"}
    | {"canarytoken_create", RECEIPT_ACTION}
)


def marks_of(members: Mapping[str, object], seconds: int | None) -> int:
    """The `Mark` bits of an entry with these members and this event time."""
    marks = _action_marks(members)
    if not members.keys() <= FIELDS:
        marks |= Mark.UNKNOWN_FIELD.value
    if any(isinstance(value, dict | list) for value in members.values()):
        marks |= Mark.NESTED_VALUE.value
    if seconds is None and members.get("timestamp") is not None:
        marks |= Mark.UNREADABLE_TIMESTAMP.value
    return marks


def _action_marks(members: Mapping[str, object]) -> int:
    action = members.get("action_type")
    if action is None:
        return 0
    if not isinstance(action, str) or action not in ACTIONS:
        return Mark.UNKNOWN_ACTION.value
    if action != RECEIPT_ACTION:
        return 0
    unreadable = read_receipt_message(members.get("message"))[0] is None
    return Mark.RECEIPT.value | (Mark.UNREADABLE_RECEIPT.value if unreadable else 0)
