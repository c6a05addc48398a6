"""When the locks of the objects end that an answer rests on, as the store and the statements say it. Pure."""

from dataclasses import dataclass, replace

from audit_archive.format.times import rfc3339
from audit_archive.ports import NO_VERSION, ObjectFacts


@dataclass(frozen=True)
class LockSpan:
    """The locks of some objects: how many objects there are, and when the first and the last lock ends.

    Moments are RFC 3339. `modes`: the modes of the locks, in order. `unlocked`: objects without a lock.
    `unseen`: objects whose lock was not looked at, or can't be: a copy shows none.
    """

    objects: int = 0
    unlocked: int = 0
    unseen: int = 0
    modes: tuple[str, ...] = ()
    first: str | None = None
    last: str | None = None

    def seen(self, facts: ObjectFacts | None) -> "LockSpan":
        """With one more object, of which the store says this."""
        more = replace(self, objects=self.objects + 1)
        if facts is None or facts.version_id == NO_VERSION:
            return replace(more, unseen=self.unseen + 1)
        if facts.retention is None:
            return replace(more, unlocked=self.unlocked + 1)
        mode = str(facts.retention.mode)
        modes = self.modes if mode in self.modes else tuple(sorted((*self.modes, mode)))
        return replace(more.until(rfc3339(facts.retention.until)), modes=modes)

    def until(self, moment: str) -> "LockSpan":
        """With a lock that ends at that moment."""
        first, last = self.first or moment, self.last or moment
        return replace(self, first=min(first, moment), last=max(last, moment))


NO_LOCKS = LockSpan()
