"""Is there anything to do? Pure."""

from collections.abc import Mapping
from typing import Any

from audit_archive.domain.entry import is_receipt
from audit_archive.domain.facts import Anchor, Mode
from audit_archive.domain.head import Head
from audit_archive.domain.plan import Policy
from audit_archive.domain.times import DAY
from audit_archive.domain.timestamps import read_timestamp

WHOLE_EVERY = 7 * DAY
"""Seconds after which a run reads the whole export though nothing seems new."""


def is_idle(
    newest: Mapping[str, Any] | None, population: int | None, head: Head, policy: Policy, now: int
) -> bool:
    """Whether a run would find nothing to archive and nothing to purge.

    So it is when every id above the highest archived one is a known receipt of ours (their number equals the
    difference), the Console counts as many entries as should be live, and nothing archived has become due.
    Whatever looks odd is not idle: a whole run looks closer.
    """
    if _is_due(head, policy, now) or not _is_as_expected(population, head, now):
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


def _is_due(head: Head, policy: Policy, now: int) -> bool:
    # An owner who lowers a window need not wait for what the newest plan reckoned with.
    sooner = max(0, head.window - policy.window)
    is_due = head.next_due_at is not None and head.next_due_at - sooner <= now
    return policy.mode == Mode.ON and is_due and not head.is_latched


def _is_as_expected(population: int | None, head: Head, now: int) -> bool:
    """Whether the Console counts what the newest export leads us to expect; a late id raises the count."""
    if head.export is None:
        return True  # never archived: the ids decide
    if head.live_count is None or (head.surveyed_at or 0) + WHOLE_EVERY <= now:
        return False
    return population in {None, head.live_count}


def is_anchor(entry: Mapping[str, Any], anchor: Anchor) -> bool:
    """Whether an entry is the anchor, in as far as the anchor states anything; the instant counts."""
    is_action = anchor.action_type is None or anchor.action_type == entry.get("action_type")
    return is_action and _is_same_moment(anchor.timestamp, entry.get("timestamp"))


def _is_same_moment(stated: str | None, found: object) -> bool:
    if stated is None or stated == found:
        return True
    moment = read_timestamp(stated)
    return moment is not None and moment == read_timestamp(found)
