"""What is worth noting about an entry: whether it is a receipt, and drift."""

from collections.abc import Mapping

from audit_archive.domain.entry import RECEIPT_ACTION, Mark, is_receipt, read_receipt_message
from audit_archive.domain.json_scan import FIELDS

ACTIONS = frozenset(
    {"user_login", "device_schedule_reboot", "device_push_settings", "flock_move", "user_assign_to_flock"}
    | {"canarytoken_create", RECEIPT_ACTION}
)


_CONTAINERS = {dict, list}
# Plain numbers: arithmetic on members of an enumeration takes longer than parsing an entry.
_RECEIPT, _UNREADABLE_RECEIPT = Mark.RECEIPT.value, Mark.UNREADABLE_RECEIPT.value
_UNKNOWN_FIELD, _UNKNOWN_ACTION = Mark.UNKNOWN_FIELD.value, Mark.UNKNOWN_ACTION.value
_NESTED_VALUE, _UNREADABLE_TIMESTAMP = Mark.NESTED_VALUE.value, Mark.UNREADABLE_TIMESTAMP.value


def marks_of(members: Mapping[str, object], seconds: int | None) -> int:
    """The `Mark` bits of an entry with these members and this event time."""
    marks = 0
    action = members.get("action_type")
    if action is not None and (type(action) is not str or action not in ACTIONS):
        marks |= _UNKNOWN_ACTION
    message = members.get("message")
    if is_receipt(action, message):
        marks |= _RECEIPT
        if read_receipt_message(message)[0] is None:
            marks |= _UNREADABLE_RECEIPT
    if not members.keys() <= FIELDS:
        marks |= _UNKNOWN_FIELD
    if not _CONTAINERS.isdisjoint(map(type, members.values())):
        marks |= _NESTED_VALUE
    if seconds is None and members.get("timestamp") is not None:
        marks |= _UNREADABLE_TIMESTAMP
    return marks
