"""The Consoles of `status` as a person looks at them: rows, an order, a choice, a line of counts. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit_archive.health import HEALTH_WORDS, NEVER_ARCHIVED, WELL
from cli.tables import Column, Record, Shape

NOT_KNOWN = "?"
NEVER = "never"

COLUMNS = (
    Column("Console", "console"),
    Column("name", "name", 1, Shape.NAME),
    Column("health", "health", 0, Shape.WORDS),
    Column("last run", "completed_at", 2, Shape.MOMENT),
    Column("verified", "verified_at", 3, Shape.MOMENT),
    Column("archived id", "highest_archived_id", 4),
    Column("purged id", "highest_purged_id", 5),
    Column("missing", "missing_ids", 6),
    Column("unpurged", "unpurged_entries", 7),
    Column("lag (h)", "lag_hours", 8),
    Column("up to", "up_to", 9, Shape.MOMENT),
    Column("tags", "tags", 10, Shape.NAME),
    Column("note", "state", 0, Shape.SENTENCE),
)

SORTS: Mapping[str, Callable[[Record], Any]] = {
    "console": lambda each: each["console"],
    "name": lambda each: (each["name"] is None, str(each["name"]).casefold(), each["console"]),
    "health": lambda each: (HEALTH_WORDS.index(word_of(each)), each["console"]),
    "last-run": lambda each: (each["completed_at"] or "", each["console"]),
    "verified": lambda each: (each["verified_at"] or "", each["console"]),
    "lag": lambda each: (-_number(each["lag_hours"]), each["console"]),
    "unpurged": lambda each: (-_number(each["unpurged_entries"]), each["console"]),
    "missing": lambda each: (-_number(each["missing_ids"]), each["console"]),
}
"""The orders of `--sort`, what needs somebody first: what is not known counts as the worst."""


def word_of(record: Record) -> str:
    """The word of health of a Console, without what narrows it down."""
    return str(record["health"]).partition(": ")[0]


@dataclass(frozen=True)
class Choice:
    """Which Consoles are shown: those with all of the tags, or those that need a person; in which order."""

    sort: str = "console"
    only_problems: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    def of(self, records: Sequence[Record]) -> list[Record]:
        """The Consoles that were asked for, in the order that was asked for."""
        return sorted(filter(self._is_shown, records), key=SORTS[self.sort])

    def _is_shown(self, record: Record) -> bool:
        is_problem = record["needs_person"] is not False
        return (is_problem or not self.only_problems) and self.tags.items() <= record["tags"].items()


def columns_of(records: Sequence[Record], columns: Sequence[Column] = COLUMNS) -> list[Column]:
    """The columns without names and tags, if no Console has any."""
    optional = {"name", "tags"}
    return [each for each in columns if each.field not in optional or any(r[each.field] for r in records)]


def row_of(record: Record) -> dict[str, Any]:
    """A Console as a table shows it: `?` for what is not known, `never` for what never was."""
    is_told = record["fault"] is None and record["problems"] is not None
    nothing = {"completed_at": NEVER, "verified_at": NEVER} if is_told and _is_judged(record) else {}
    row = {name: nothing.get(name, NOT_KNOWN) if value is None else value for name, value in record.items()}
    says_more = record["state"] not in {WELL, record["health"]} and word_of(record) != NEVER_ARCHIVED
    return row | {
        "name": record["name"],
        "tags": ", ".join(f"{key}={value}" for key, value in sorted(record["tags"].items())) or None,
        "state": record["state"] if says_more else None,
    }


def summary(records: Sequence[Record]) -> str:
    """How many Consoles are how: `497 ok, 2 late, 1 failing`."""
    counts = Counter(map(word_of, records))
    told = [WELL, *(each for each in HEALTH_WORDS if each != WELL)]
    return ", ".join(f"{counts[word]} {word}" for word in told if counts[word])


def _is_judged(record: Record) -> bool:
    return record["needs_person"] is not None


def _number(value: Any) -> float:
    return float("inf") if value is None else float(value)
