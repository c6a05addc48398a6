"""How the demo looks: plain words first, then the facts, readable by somebody who was just woken up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from local.aws.stack import ArchivedObject
from local.demo.chain import Check

LONG = 24
HELD_BACK = {
    "settle_window": "younger than the settle window: a late writer may still fill an id below them",
    "keep_window": "inside the keep window: the owner wants them left on the Console",
}


class Screen:
    """Prints the demo's parts."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)

    def title(self, text: str) -> None:
        """Begin a part."""
        self.console.print()
        self.console.rule(f"[bold]{escape(text)}", align="left", style="cyan")

    def say(self, text: str) -> None:
        """A sentence."""
        self.console.print(escape(text))

    def step_done(self, text: str, seconds: float) -> None:
        """A step that is over, and what it took."""
        self.console.print(f"  [green]✓[/] {escape(text)} [dim]{seconds:.1f} s[/]")

    def trail(self, held: int, newest: Sequence[Mapping[str, Any]]) -> None:
        """What the Console holds."""
        self.console.print(f"The Console holds [bold]{held:,}[/] entries. The newest:")
        table = _table("id", "when", "who", "what")
        for entry in newest:
            who = entry.get("user") or "-"
            table.add_row(
                str(entry["id"]), str(entry.get("timestamp")), escape(str(who)), escape(_what(entry))
            )
        self.console.print(table)

    def result(self, result: Mapping[str, Any], seconds: float) -> None:
        """What a run answered."""
        archived, purged = result.get("new_entries", 0), result.get("purged_entries", 0)
        self.console.print(
            f"Outcome [bold]{escape(str(result['outcome']))}[/] in {seconds:.1f} s: "
            f"archived [bold]{archived:,}[/] new entries, purged [bold]{purged:,}[/]."
        )
        table = _table("field", "value")
        for name in ("highest_archived_id", "highest_purged_id", "boundary", "held_back_by", "holes"):
            table.add_row(name, escape(str(result.get(name))))
        self.console.print(table)
        held = result.get("held_back_by")
        if held:
            self.console.print(f"Not purged yet: what is {escape(HELD_BACK.get(held, str(held)))}.")

    def objects(self, objects: Sequence[ArchivedObject]) -> None:
        """What is in the bucket; the many entry files as one line."""
        table = _table("object", "version", "bytes", "locked until")
        for found in objects:
            if not found.key.startswith("entries/"):
                until = f"{found.retain_until:%Y-%m-%d}" if found.retain_until else "[red]not locked"
                table.add_row(
                    _folded(found.key),
                    found.version_id[:8] + "…",
                    f"{found.size:,}",
                    f"{until} {found.lock_mode}",
                )
        entries = [found for found in objects if found.key.startswith("entries/")]
        if entries:
            size = sum(found.size for found in entries)
            first, last = entries[0].key.split("/")[2], entries[-1].key.split("/")[2]
            table.add_row(
                f"entries/… {len(entries)} files, {first} … {last}", "", f"{size:,}", "each as long"
            )
        self.console.print(table)

    def ledger(self, items: Iterable[Mapping[str, Any]]) -> None:
        """What DynamoDB holds for the Console."""
        table = _table("item", "what it says")
        for item in items:
            shown = {k: v for k, v in item.items() if k not in {"console", "item", "body"}}
            text = ", ".join(f"{name} {_short(value)}" for name, value in shown.items())
            table.add_row(escape(str(item["item"])), escape(text))
        self.console.print(table)

    def receipt(self, entry: Mapping[str, Any] | None) -> None:
        """The Console's own word for the purge."""
        if entry is None:
            self.say("The Console wrote no receipt.")
            return
        self.console.print(
            f"The Console's own receipt, entry [bold]{entry['id']}[/]: "
            f"“{escape(str(entry.get('message')))}”, {escape(str(entry.get('timestamp')))}."
        )

    def checks(self, checks: Iterable[Check]) -> bool:
        """What was checked from the outside; True if all of it passed."""
        all_passed = True
        for check in checks:
            all_passed &= check.passed
            mark = "[green]✓[/]" if check.passed else "[bold red]✗[/]"
            self.console.print(f"  {mark} [bold]{escape(check.name):<8}[/] {escape(check.detail)}")
        return all_passed

    def failure(self, text: str, log: str) -> None:
        """What went wrong, and the log lines that say why."""
        self.console.print(f"\n[bold red]It failed.[/] {escape(text)}")
        if log:
            self.console.rule("[red]log", align="left", style="red")
            self.console.print(escape(log))


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _what(entry: Mapping[str, Any]) -> str:
    return f"{entry.get('action_type')}: {entry.get('message')}"


def _folded(key: str) -> str:
    return escape(key.replace("/", "/\u200b"))


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONG else text[:16] + "…"
