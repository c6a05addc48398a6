"""Consoles as they may turn out to be: a row each of what happens, and of how the runs end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from local.console import Key, Trail, faults
from local.console.answer import Answer, Endpoint
from local.console.faults import Fault
from tests.functions.world import READ_KEY, Kept
from tests.support.entries import entry

READING: tuple[Endpoint, ...] = ("fetch", "export")
PURGE: Endpoint = "purge"
RUNS = 4
ARRIVALS = 2
FLOCK = "flock:default"
AGE = timedelta(hours=3)

Act = Callable[[Kept], object]


class Settled(Trail):
    """Whatever it writes it dates hours ago, so that it is due for a purge at once; its clock is right.

    It begins with three entries of long ago and three more.
    """

    def __init__(self) -> None:
        super().__init__(seed=11)
        for number in (1, 2, 3):
            self.put(entry(number))
        self.arrive(3)

    def _now(self) -> int:
        return super()._now() - int(AGE.total_seconds())


@dataclass(frozen=True)
class Row:
    """One Console. `ends` is how each of its runs ends: an outcome or the class of an error, or `|` several.

    `begin` happens before the first run, `between` after each but the last, told which that was. Two entries
    arrive after each run as well, unless it is `quiet`. `settings` are the function's, `keys` the Console's.
    With `warns` some run has a warning; `stated` is a member that some statement has, not empty.
    """

    says: str
    ends: str
    begin: Act = lambda world: None
    between: Callable[[Kept, int], object] = lambda world, run: None
    quiet: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    warns: bool = False
    stated: str | None = None


def on(
    fault: Fault, endpoint: Endpoint | None = None, *, key: str | None = None, times: int | None = None
) -> Act:
    """A switch that is on from the beginning."""
    return lambda world: world.console.faults.add(fault, endpoint=endpoint, key=key, times=times)


def both(*acts: Act) -> Act:
    return lambda world: [act(world) for act in acts]


def after(run: int, act: Act) -> Callable[[Kept, int], object]:
    """Something that happens after a run, counted from 1."""
    return lambda world, ended: act(world) if ended == run else None


def frozen(endpoint: Endpoint) -> Act:
    """What an endpoint shows stays as it is now."""
    return lambda world: on(faults.Stale(world.trail.snapshot()), endpoint)(world)


@dataclass(frozen=True)
class Meanwhile(faults.Fault):
    """Somebody does something while a request is on its way, and the request is carried out all the same."""

    act: Callable[[], object]

    def instead(self) -> Answer | None:
        self.act()
        return None


def arrival_before_the_purge(world: Kept) -> None:
    """An entry is written when all checks are done and the purge is on its way."""
    on(Meanwhile(world.trail.arrive), "purge", times=1)(world)


def another_flock_first(world: Kept) -> None:
    """The first two entries are of another Flock."""
    for number in (1, 2):
        world.trail.amend(number, {"flock_id": "flock:other"})


def hole(world: Kept) -> None:
    """Id 7 is not issued for now."""
    world.trail.skip()
    world.trail.arrive(2)


def thousands(*acts: Act) -> Act:
    """So many entries that a count may be written with a separator."""
    return both(lambda world: world.trail.arrive(2500), *acts)


def big_entries(world: Kept) -> None:
    """More than 64 MB arrive, in entries of one."""
    for _ in range(70):
        world.trail.write("settings_change", "Long", additional_information="x" * 1_000_000)


def amended(entry_id: int, **fields: object) -> Callable[[Kept, int], object]:
    """An archived entry says something else after the first run; after the second nothing is kept back."""

    def between(world: Kept, run: int) -> None:
        if run == 1:
            world.trail.amend(entry_id, fields)
        else:
            world.set(KEEP_DAYS="0")

    return between


def retention(world: Kept) -> None:
    """From now on the Console itself drops what is older than a day."""
    world.trail.retention = timedelta(days=1)


GROUPED_RECEIPT = on(faults.ReceiptWords("Successfully purged {count:,} logs before id:{id}"))
GROUPED_ANSWER = on(faults.AnswerWords("{count:,} logs purged successfully"))
LOST_ANSWER = on(faults.ResetAfter(), "purge")
FLOCK_READER = {READ_KEY: Key("local-reader", "read-only", FLOCK)}

PURGES = "purged purged purged purged"
ARCHIVES = "archived archived archived archived"
PURGES_ONCE = "purged idle idle idle"
KEEPS_THE_YOUNG = "purged archived archived archived"
LATCHES = "PurgeMismatchError archived archived archived"
HELD = "PopulationMismatchError|archived " * RUNS
SOON = "ConsoleUnavailableError|ConsoleError|archived purged purged purged"
REFUSED = " ConsoleUnavailableError|ConsoleError|InvalidExportError" * 3
STALE = "archived|stale"

KEEP = {"KEEP_DAYS": "1"}
"""The three entries of long ago are purged, what came later stays."""

ENTRIES = (
    Row("a Console at its best", PURGES),
    Row("a newer Console names the key as the user", PURGES, on(faults.KeyNames())),
    Row(
        "an older Console names the key in the message",
        "purged archived purged archived",
        on(faults.KeyNames(newer=False)),
    ),
    Row("a late writer fills a hole", PURGES, hole, after(1, lambda world: world.trail.arrive_late(7))),
    Row(
        "a purged id is live again",
        "purged RollbackError RollbackError RollbackError",
        between=after(1, lambda world: world.trail.arrive_late(3)),
    ),
    Row("ids are sparse", KEEPS_THE_YOUNG, lambda world: world.trail.arrive(3, skip=2)),
    Row(
        "the Console drops what is old, without a receipt",
        ARCHIVES,
        between=after(1, retention),
        settings={"KEEP_DAYS": "3650", "RETENTION_DAYS": "3710", "EXPIRY_DAYS": "3712"},
    ),
)

VIEWS = (
    Row(
        "every view is capped from the second run on", KEEPS_THE_YOUNG, between=after(1, on(faults.Capped(1)))
    ),
    Row("every view is of one Flock", "purged" + " idle|archived" * 3, on(faults.OneFlock(FLOCK))),
    Row("the export is capped", HELD, on(faults.Capped(3), "export")),
    Row("the export shows the last days", HELD, on(faults.LastDays(30), "export")),
    Row("fetch is capped", "PopulationMismatchError|archived|purged " * RUNS, on(faults.Capped(3), "fetch")),
    Row("the reading key's views are capped", HELD, on(faults.Capped(3), key="local-reader")),
    Row("the reading key sees the last days", HELD, on(faults.LastDays(30), key="local-reader")),
    Row(
        "the reading key is of one Flock",
        "archived" + " idle|archived" * 3,
        another_flock_first,
        keys=FLOCK_READER,
    ),
    Row(
        "the reading key is of one Flock, and counts all",
        HELD,
        both(another_flock_first, on(faults.WholeCount())),
        keys=FLOCK_READER,
    ),
    Row("no page_count", PURGES, on(faults.NoPageCount())),
    Row("fetch comes from a cache", PURGES_ONCE, between=after(1, frozen("fetch"))),
    Row(
        "every view is empty from the second run on",
        "purged RollbackError RollbackError RollbackError",
        between=after(1, on(faults.Capped(0))),
    ),
)

PURGING = (
    Row("a purge deletes two entries at most", PURGES, on(faults.LimitedPurge(2))),
    Row("a purge's answer overstates", LATCHES, on(faults.Misstated(2), times=1)),
    Row("a purge's answer and receipt overstate", LATCHES, on(faults.Miscounted(2), times=1)),
    Row("502 after each purge", PURGES, on(faults.FailsAfter(502), "purge")),
    Row(
        "504 after each purge of a quiet Console",
        PURGES_ONCE,
        on(faults.FailsAfter(504), "purge"),
        quiet=True,
    ),
    Row("no answer to any purge", PURGES, LOST_ANSWER),
    Row(
        "a purge does not arrive", "archived purged purged purged", on(faults.ResetBefore(), "purge", times=1)
    ),
    Row("neither answer nor receipt", ARCHIVES, both(LOST_ANSWER, on(faults.NoReceipt()))),
    Row("no receipts", PURGES, on(faults.NoReceipt())),
    Row("no receipt of a quiet Console", PURGES_ONCE, on(faults.NoReceipt()), quiet=True),
    Row(
        "no receipts, and answers without a count",
        PURGES,
        both(on(faults.NoReceipt()), on(faults.AnswerWords("Done"))),
    ),
    Row(
        "receipts in other words",
        "purged archived purged archived",
        on(faults.ReceiptWords("Removed {count} events up to {id}")),
    ),
    Row("receipts under another action type", PURGES, on(faults.ReceiptWords(action_type="audit_log_purge"))),
    Row("answers count in 2,500", PURGES, thousands(GROUPED_ANSWER)),
)

ANSWERS = (
    Row("429 with Retry-After to fetch", PURGES, on(faults.Status(429, retry_after="0"), "fetch", times=1)),
    *(
        Row(
            f"{status} with Retry-After to a purge",
            SOON,
            on(faults.Status(status, retry_after="0"), "purge", times=1),
        )
        for status in (408, 425, 429)
    ),
    Row(
        "a gzip of the export that was not asked for",
        "ConsoleError|InvalidExportError purged purged purged",
        on(faults.Encoded(), "export", times=1),
    ),
    Row(
        "a gzip of fetch that was not asked for",
        "ConsoleError purged purged purged",
        on(faults.Encoded(), "fetch", times=1),
    ),
)

ODD: tuple[Row, ...] = (
    # Entries die.
    Row("every view is capped", ARCHIVES, on(faults.Capped(3))),
    Row("every view is of the last days", ARCHIVES, on(faults.LastDays(30))),
    Row(
        "every view is of a Flock that begins late",
        "archived" + " idle|archived" * 3,
        both(another_flock_first, on(faults.OneFlock(FLOCK))),
    ),
    Row(
        "a purge destroys everything",
        LATCHES,
        both(arrival_before_the_purge, on(faults.Overreach(), times=1)),
    ),
    Row(
        "a purge destroys everything and does not answer",
        LATCHES,
        both(arrival_before_the_purge, on(faults.Overreach(), times=1), LOST_ANSWER),
    ),
    Row(
        "a purge destroys everything, and 502",
        LATCHES,
        both(arrival_before_the_purge, on(faults.Overreach(), times=1), on(faults.FailsAfter(502), "purge")),
    ),
    # Entries are hidden, or changed, and no run says so.
    Row(
        "the export is a frozen copy",
        f"purged {STALE} {STALE} InvalidExportError",
        between=after(1, frozen("export")),
    ),
    Row(
        "the export is out of a cache that says its age",
        "purged" + REFUSED,
        between=after(1, both(frozen("export"), on(faults.Aged(86_400), "export"))),
    ),
    Row(
        "the export is out of a cache, and dated then",
        "purged" + REFUSED,
        between=after(1, both(frozen("export"), on(faults.Aged(86_400, says_age=False), "export"))),
    ),
    Row(
        "the export is always empty",
        f"{STALE} {STALE} InvalidExportError InvalidExportError",
        on(faults.Capped(0), "export"),
    ),
    Row(
        "the export is empty from the second run on",
        f"purged {STALE} {STALE} InvalidExportError",
        between=after(1, on(faults.Capped(0), "export")),
    ),
    Row(
        "the export is capped and nothing is purged",
        "archived" + " idle|archived" * 3,
        on(faults.Capped(3), "export"),
        quiet=True,
        settings={"PURGE_MODE": "off"},
        warns=True,
    ),
    Row(
        "a purged id is live again on a quiet Console",
        "purged RollbackError RollbackError RollbackError",
        between=after(1, lambda world: world.trail.arrive_late(3)),
        quiet=True,
    ),
    Row(
        "an archived entry is filled in later",
        "purged archived purged purged",
        between=amended(5, additional_information={"late": True}),
        settings=KEEP,
        stated="amended",
    ),
    Row(
        "an archived entry names somebody else",
        "purged archived purged purged",
        between=amended(6, user="mallory@example.com"),
        settings=KEEP,
        stated="amended",
    ),
    # It stops, or cries wolf.
    Row("ISO timestamps", PURGES, on(faults.Timestamps())),
    Row("ISO timestamps, kept for a while", KEEPS_THE_YOUNG, on(faults.Timestamps()), settings=KEEP),
    Row(
        "ISO timestamps from the second run on",
        KEEPS_THE_YOUNG,
        between=after(1, on(faults.Timestamps(zulu=True))),
        settings=KEEP,
    ),
    Row(
        "fractions of a second from the second run on",
        KEEPS_THE_YOUNG,
        between=after(1, on(faults.Timestamps(fraction="250"))),
        settings=KEEP,
    ),
    Row(
        "another offset from the second run on",
        KEEPS_THE_YOUNG,
        between=after(1, on(faults.Timestamps("console", offsets=(60,)))),
        settings=KEEP,
    ),
    Row(
        "another offset in each answer",
        KEEPS_THE_YOUNG,
        on(faults.Timestamps("console", offsets=(0, 60, -150))),
        settings=KEEP,
    ),
    Row("page_count is one too low", PURGES, on(faults.CountOff(-1))),
    Row("page_count is one too high", PURGES, on(faults.CountOff(1))),
    Row("page_count is frozen", PURGES, on(faults.FrozenCount(6))),
    Row(
        "a purge of a quiet Console deletes two entries at most",
        "purged purged idle idle",
        on(faults.LimitedPurge(2), times=1),
        quiet=True,
    ),
    Row("a purge's answer understates", PURGES, on(faults.Misstated(-2))),
    Row("receipts count in 2,500", PURGES, thousands(GROUPED_RECEIPT)),
    Row("answers and receipts count in 2,500", PURGES, thousands(GROUPED_RECEIPT, GROUPED_ANSWER)),
    Row(
        "receipts under another action type on a quiet Console",
        PURGES_ONCE,
        on(faults.ReceiptWords(action_type="audit_log_purge")),
        quiet=True,
    ),
    Row("the export is being prepared, 202", PURGES, on(faults.BeingPrepared(202), times=2)),
    Row("the export is being prepared, 200", PURGES, on(faults.BeingPrepared(200), times=2)),
    *(
        Row(
            f"{status} with Retry-After to fetch",
            PURGES,
            on(faults.Status(status, retry_after="0"), "fetch", times=1),
        )
        for status in (403, 408, 425)
    ),
    Row("403 with Retry-After to a purge", SOON, on(faults.Status(403, retry_after="0"), "purge", times=1)),
    *(
        Row(
            f"a firewall's 403 to {endpoint}",
            "purged|archived|ConsoleError|ConsoleUnavailableError purged purged purged",
            on(faults.HtmlPage(403), endpoint, times=1),
        )
        for endpoint in (*READING, PURGE)
    ),
    Row("a page of more than 64 MB", PURGES, between=after(1, big_entries)),
)

WORLDS: tuple[Row, ...] = (*ENTRIES, *VIEWS, *PURGING, *ANSWERS, *ODD)
