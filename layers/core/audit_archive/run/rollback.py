"""Whether the Console's trail went backwards since the archive's head. Pure."""

from audit_archive.errors import RollbackError
from audit_archive.format.facts import Anchor
from audit_archive.format.head import Head
from audit_archive.run.plan import is_anchor
from audit_archive.run.survey import Survey

_ADVICE = (
    "Nothing was purged, and the export is kept under rejected/. If the Console was reset or replaced on "
    "purpose, state a new epoch with `canary-audit epoch`: all that is live is archived anew. "
    "Do the same if earlier exports were capped, or read with a Flock's key, and now show everything. "
    "Otherwise find out who did it."
)


def check_forward(survey: Survey, head: Head, *, is_another: bool = True) -> None:
    """Check that the trail only went forward since `head`.

    `is_another`: whether most of the live archived entries differ from the archive. If so, a last archived
    entry (the anchor) that differs shows another trail. If not, that entry alone was amended.

    Purged entries may be live only while the anchor is live and the same: then the Console has not finished
    deleting. Raises RollbackError if this is another trail, or an older state of the same trail.
    """
    _check_not_emptied(survey, head)
    if not survey.ids:
        return
    if survey.last_id < head.highest_archived_id:
        raise _rollback(
            head, f"its newest entry is {survey.last_id}, below the archived {head.highest_archived_id}"
        )
    if is_another and survey.anchor is not None and not _is_same(survey.anchor, head.anchor):
        raise _rollback(head, f"its entry {survey.anchor.id} is not the one that was archived")
    risen = head.live_though_purged(survey.ids)
    if risen and survey.anchor is None:
        first, last = risen.ranges[0].first, risen.ranges[-1].last
        raise _rollback(head, f"{risen.size} purged ids are live again, {first} to {last}")
    _check_anchor_not_taken(survey, head)
    reborn = head.live_though_gone(survey.ids)
    if reborn:
        first, last = reborn.ranges[0].first, reborn.ranges[-1].last
        what = f"{reborn.size} ids that the last archived export no longer held are live, {first} to {last}"
        raise _rollback(head, what)


def _is_same(live: Anchor, archived: Anchor | None) -> bool:
    found = {"timestamp": live.timestamp, "action_type": live.action_type}
    return archived is not None and is_anchor(found, archived)


def _check_anchor_not_taken(survey: Survey, head: Head) -> None:
    """Check that the last archived entry is live if older ones are, unless a purge of ours reached it.

    A Console that limits a purge may destroy the newest entries first, and leave older ones to the next
    purge.
    """
    older = head.not_late(survey.ids.within(1, head.highest_archived_id))
    if older and survey.anchor is None and head.anchor is not None and not _is_purged(head.anchor, head):
        first, last = older.ranges[0].first, older.ranges[-1].last
        what = f"its entry {head.anchor.id}, the last archived, is gone, yet older ones are live"
        raise _rollback(head, f"{what}, {first} to {last}")


def _is_purged(anchor: Anchor, head: Head) -> bool:
    boundaries = [*(each.boundary for each in head.receipts), *(each.boundary for each in head.intents)]
    return anchor.id <= max(boundaries, default=0)


def _check_not_emptied(survey: Survey, head: Head) -> None:
    # The Console may have carried out a purge of ours without an answer and without a receipt.
    purged = max([head.highest_purged_id, *(intent.boundary for intent in head.intents)])
    should_live = head.highest_archived_id > purged or bool(head.own_tail)
    if not survey.ids and should_live:
        raise _rollback(
            head, f"its trail is empty, yet entries above {head.highest_purged_id} should be live"
        )


def _rollback(head: Head, what: str) -> RollbackError:
    return RollbackError(f"The trail of Console {head.console} went backwards: {what}. {_ADVICE}")
