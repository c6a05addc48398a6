"""The rotation of the daily audit: each day a share, so that within so many days every byte is read again."""

from dataclasses import dataclass

from audit_archive.domain.times import DAY


@dataclass(frozen=True)
class Rotation:
    """How far the daily audits of a Console are, and how the last one ended.

    `next_seq`: the statement at which the next share begins; `cycle_started_at`: when the first share of this
    cycle was due. `newest_seq`, `newest_sha256`: the newest statement of the last audit without a fault: from
    then on the chain can't do without it. Moments in epoch seconds.
    """

    next_seq: int
    cycle_started_at: int
    last_completed_at: int
    last_result: str
    faults: int
    newest_seq: int
    newest_sha256: str | None


@dataclass(frozen=True)
class Share:
    """The statements whose content is due today. `is_behind`: the cycle takes longer than it should."""

    first: int
    last: int
    cycle_started_at: int
    is_behind: bool


def share_of(rotation: Rotation | None, newest_seq: int, now: int, content_days: int) -> Share:
    """Today's share of `newest_seq` statements: what is left of the cycle, by the days that are left of it.

    So a day that was missed, or a share that was not finished, is made up for by larger shares.
    """
    is_new = rotation is None or rotation.next_seq > newest_seq
    first, started_at = (
        (1, now) if is_new or rotation is None else (rotation.next_seq, rotation.cycle_started_at)
    )
    days_left = content_days - (now - started_at) // DAY
    left = newest_seq - first + 1
    count = -(-left // max(days_left, 1))
    return Share(first, first + count - 1, started_at, is_behind=days_left < 1)
