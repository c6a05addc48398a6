"""How long before its end a lock is extended, and how often an audit must look at each lock. Pure.

The archive function extends locks, and the daily audit tells of those that no run extended. Both go by this.
"""

LEAST_MARGIN_DAYS = 62
"""Two monthly runs come within it, so a lock is extended before an audit tells that it ends soon."""

LONGEST_MONTH = 31
NOTICE_DAYS = 7
"""Before the end of a lock: an audit has told of it by then."""


def lock_margin_days(retention_days: int) -> int:
    """A lock that ends within so many days is extended: a year, or half of a short retention."""
    return min(365, max(retention_days // 2, LEAST_MARGIN_DAYS))


def longest_cycle(retention_days: int) -> int:
    """Within how many days the daily audit must look at each lock.

    Locks are extended once a month. An audit tells of a lock that ends before its next look, so that look
    must come sooner than the end of any lock that the last monthly run left as it was.
    """
    return min(lock_margin_days(retention_days), retention_days) - LONGEST_MONTH - NOTICE_DAYS
