"""A world in which anything goes wrong, and a witness to every purge that we send."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from audit_archive.errors import AuditArchiveError, IntegrityError
from audit_archive.format.facts import Action, IdSpan, ObjectRef
from audit_archive.format.head import Head, KnownReceipt
from audit_archive.format.head_digest import head_sha256
from audit_archive.format.statement import Statement
from audit_archive.format.times import rfc3339
from audit_archive.run.context import Order
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from audit_archive.run.result import Result
from tests.support.fakes import CallLog, CrashError
from tests.support.fakes.console import zip_of
from tests.support.fakes.trail import Entry
from tests.support.reading import Reading, moment
from tests.support.world import CONSOLE, DAY, HOUR, World
from tests.torture.console import ConsoleClock, HostileConsole

FLOCK = "flock:default"
MOST_UNAUDITED = 3 * DAY

LIES: dict[str, Callable[[Head, int], Head] | None] = {
    "unreadable": None,
    "archived": lambda head, number: replace(head, highest_archived_id=number),
    "purged": lambda head, number: replace(head, highest_purged_id=number),
    "latch": lambda head, _: replace(head, is_latched=not head.is_latched),
    "holes": lambda head, _: replace(head, holes=()),
    "intents": lambda head, _: replace(head, intents=()),
    "receipts": lambda head, number: replace(head, receipts=(KnownReceipt(number, 1, number),)),
    "late": lambda head, number: replace(head, late_ids=(number,)),
    "due": lambda head, _: replace(head, next_due_at=None),
    "epoch": lambda head, number: replace(head, epoch=number),
    "anchor": lambda head, _: replace(head, anchor=None),
    "live": lambda head, number: replace(head, first_live_id=number, live_count=number),
}
"""What somebody writes into the ledger's head; None: what can't be read."""


def is_receipt(entry: Entry) -> bool:
    """Whether the Console wrote an entry about a purge."""
    return entry["action_type"] == "audit_trail_purge" or "purged" in (entry["message"] or "")


@dataclass(frozen=True)
class Ended:
    """How an invocation ended: with a result, with an error of ours, or dead."""

    result: Result | None = None
    error: AuditArchiveError | None = None

    @property
    def outcome(self) -> str:
        """The outcome, the error's class, or `dead`."""
        if self.result is not None:
            return self.result.outcome
        return type(self.error).__name__ if self.error is not None else "dead"


class HostileWorld(World):
    """A World with a Console clock of its own, a purging key that misbehaves, and a reading of the bucket.

    `checked` are the ids that were live when the purging key last counted; `blinked` holds entries that were
    written after that, or that no key could see where an archived one had been, and destroyed by our purge: a
    window that only the count can close.
    """

    def __init__(self) -> None:
        super().__init__()
        self.console_clock = ConsoleClock(self.clock)
        self.trail.clock = self.console_clock
        self.hostile = HostileConsole(self.trail)
        self.purger = self.hostile
        self.reader.export = self._export
        self.retention_days = 2555
        self.is_stale = self.exports_nothing = False
        self.reading = Reading(self.store)
        self.unissued: set[int] = set()
        self.checked: set[int] = set()
        self.left_then = 0.0
        self.blinked: list[Entry] = []
        self.runs = 0
        self.foreign: list[tuple[Entry, int]] = []
        self.excused: set[str] = set()
        self.allows_retelling = self.is_muted = self.was_latched = self.has_decided = False
        self._judged = 0
        self.seen_destroyed = 0
        self._same_request: str | None = None
        self._last_request = ""
        self.hostile.hooks["peek"] = self._look

    def _look(self) -> None:
        self.checked = set(self.trail.ids)
        self.reading.catch_up(lenient=True)
        self.was_latched = self.reading.is_latched
        self.left_then = self.clock.left

    def _export(self, entries: list[Entry]) -> bytes:
        if self.exports_nothing:
            return zip_of([])
        return self.served[-1] if self.is_stale and self.served else self._serve(entries)

    # -------------------------------------------------------------------------------- what happens

    def skip(self, count: int) -> None:
        """Ids that nobody wrote yet."""
        self.unissued |= set(range(self.trail.last_id + 1, self.trail.last_id + count + 1))
        self.trail.skip(count)

    def fill(self, choice: int) -> None:
        """A late writer fills one of them, if there is any."""
        free = sorted(self.unissued - set(self.trail.ids))
        if free:
            entry_id = free[choice % len(free)]
            self.unissued.discard(entry_id)
            self.trail.put(entry_id)
            self.excused |= {"AcceptedIdsLive"}

    def foreign_purge(self, boundary: int) -> None:
        """Somebody else purges; `foreign` keeps the receipt and its boundary."""
        self.trail.purge(boundary)
        self.foreign.append((self.trail.entries[0], boundary))

    def replace_console(self, entries: dict[int, Entry]) -> None:
        """Another Console, or an older state of it, stands there now."""
        self.trail.reset(entries)
        self.hostile.forget()
        self.unissued.clear()
        self.foreign.clear()
        self.is_stale = False
        self._see_everything()

    def _see_everything(self) -> None:
        for key in (self.reader, self.hostile):
            key.sees, key.export_limit, key.miscounts = (lambda entry: True), None, 0
        self.hostile.purge_limit = None
        self.exports_nothing = False

    def show_everything(self) -> None:
        """Both keys see all that there is."""
        self._see_everything()

    def is_seen(self, entry: Entry) -> bool:
        """Whether either key sees an entry."""
        return self.reader.sees(entry) or self.hostile.sees(entry)

    def limit_views(self, newest: int) -> None:
        """Whatever the Console shows to either key are the newest entries; a purge destroys all."""
        for key in (self.reader, self.hostile):
            key.sees = lambda entry: entry["id"] > self.trail.last_id - newest

    def hidden(self, span: IdSpan) -> list[int]:
        """The live ids in a range: what a person who looks into it finds."""
        return [entry_id for entry_id in self.trail.ids if span.first <= entry_id <= span.last]

    def behave(self) -> None:
        """The Console, both keys, the clocks and the owner do what one hopes for."""
        self.hostile.catch_up()
        for what in ("answers", "carries_out", "writes_receipt", "deletes", "can_purge", "tells_population"):
            setattr(self.hostile, what, True)
        self.hostile.is_late = self.is_stale = False
        self.hostile.report = self.hostile.answer = lambda count: count
        self.reader.tells_time = True
        self._see_everything()
        self.console_clock.skew = 0
        self.mode, self.keep, self.settle = "on", 0, HOUR
        self.is_audited = True
        self._copied_index: dict[tuple[str, int], tuple[Statement, ObjectRef]] = {}

    @property
    def is_well(self) -> bool:
        """Whether the daily audit's notes let entries die: it found the archive well, and not long ago.

        Before its first, the archive must be young.
        """
        notes = self.notes.rotations()
        if CONSOLE not in notes:
            began = self.reading.statements[0]["run"]["started_at"]
            return self.clock.now() - moment(began) <= MOST_UNAUDITED
        note = notes[CONSOLE]
        if note is None or note.last_result != "valid":
            return False
        return self.clock.now() - note.last_completed_at <= MOST_UNAUDITED

    def judge(self, ended: Ended, errors: Iterable[str] = ()) -> None:
        """Neither error nor announcement may come of nothing; `errors` are those that were asked for."""
        if ended.error is not None and ended.outcome not in self.excused | set(errors):
            raise AssertionError(f"of nothing: {ended.error!r}") from ended.error
        new, self._judged = self.alerts.published[self._judged :], len(self.alerts.published)
        asked = {"OperatorDecision"} if self.has_decided else set()
        waits = {"PurgeHeldBack"} if any(not is_receipt(e) for e in self.trail.entries) else set()
        if unasked := {finding.kind for finding in new} - self.excused - waits - asked:
            raise AssertionError(f"a false alarm: {unasked}: {new}")

    def order(self) -> Order:
        order = super().order()
        if self._same_request is not None:
            facts = replace(order.facts, id=self._same_request, started_at=rfc3339(self.clock.now()))
            order = replace(order, facts=facts)
        self._last_request = order.facts.id
        return order

    def invoke(self, log: CallLog | None = None, *, again: bool = False) -> Ended:
        """One invocation to whatever end; `again`: the last request is delivered once more."""
        self.runs += 1
        self._same_request = self._last_request if again and self._last_request else None
        left = self.clock.left
        try:
            return Ended(self.run(log))
        except AuditArchiveError as error:
            return Ended(error=error)
        except CrashError:
            return Ended()
        finally:
            self._same_request = None
            self.clock.left = left  # a run inside a run has a clock of its own

    def operate(self, action: str, log: CallLog | None = None, span: IdSpan | None = None) -> Ended:
        """An operator states something."""
        self.has_decided = True
        self.clock.left = self.time_left
        try:
            ids = () if span is None else (span.first, span.last)
            decision = OperatorRequest(CONSOLE, Action(action), "somebody", "looked", *ids)
            return Ended(state_decision(self.bound(log), decision))
        except AuditArchiveError as error:
            return Ended(error=error)
        except CrashError:
            return Ended()

    def lose_ledger(self, older: tuple[Head, int] | None = None) -> None:
        """The table is lost, or stands at an older head (`remember`) again."""
        self.ledger.forget(CONSOLE)
        if older is not None and older[1]:
            self.ledger.index |= self._copied_index
            self.ledger.record(older[0], self.chain()[older[1] - 1])

    def remember(self) -> tuple[Head, int]:
        """A copy of the ledger, as long as nobody wrote into it. The world keeps its index."""
        self._copied_index = dict(self.ledger.index)
        return (self.head, self.head.seq) if self.has_true_head else (Head(CONSOLE), 0)

    @property
    def has_true_head(self) -> bool:
        """Whether there is a head in the ledger, and it is the chain's."""
        if self.head_is_damaged:
            return False
        head = self.head
        return bool(head.seq) and head_sha256(head) == self.chain()[head.seq - 1].head_sha256

    @property
    def head_is_damaged(self) -> bool:
        """Whether the head in the ledger can't be read."""
        try:
            self.ledger.head(CONSOLE)
        except IntegrityError:
            return True
        return False

    def write_ledger(self, what: str, number: int) -> None:
        """Somebody alters one thing in the ledger's head, or makes it unreadable."""
        lie = LIES[what]
        if lie is None:
            self.ledger.damage(CONSOLE)
        else:
            self.ledger.overwrite(CONSOLE, lie(self.head, number))
