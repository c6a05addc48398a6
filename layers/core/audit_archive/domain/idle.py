"""Is there anything to do? Pure."""

from collections.abc import Mapping
from typing import Any

from audit_archive.domain.entry import is_receipt
from audit_archive.domain.facts import Anchor
from audit_archive.domain.head import Head
from audit_archive.domain.plan import Mode, Policy


def is_idle(newest: Mapping[str, Any] | None, head: Head, policy: Policy, now: int) -> bool:
    """Whether a run would find nothing to archive and nothing to purge.

    So it is when every id above the highest archived one is a known receipt of ours (their number equals the
    difference) and nothing archived has become due. Whatever looks odd is not idle: a whole run looks closer.
    """
    # An owner who lowers a window need not wait for what the newest plan reckoned with.
    sooner = max(0, head.window - policy.window)
    is_due = head.next_due_at is not None and head.next_due_at - sooner <= now
    if policy.mode == Mode.ON and is_due and not head.is_latched:
        return False
    if newest is None:
        return head.highest_archived_id == head.highest_purged_id and not head.own_tail
    entry_id, expected = newest.get("id"), head.highest_archived_id + len(head.own_tail)
    # An id of 0 or true is none: on a Console never archived before it must not pass for the expected one.
    if type(entry_id) is not int or entry_id < 1 or entry_id != expected:
        return False
    if head.own_tail:
        # else another Console has come just as far
        return is_receipt(newest.get("action_type"), newest.get("message"))
    return head.anchor is None or is_anchor(newest, head.anchor)


def is_anchor(entry: Mapping[str, Any], anchor: Anchor) -> bool:
    """Whether an entry, as `fetch` gives it, is the anchor, in as far as the anchor states anything."""
    stated = (("timestamp", anchor.timestamp), ("action_type", anchor.action_type))
    return all(value is None or entry.get(name) == value for name, value in stated)
