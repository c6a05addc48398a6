"""The screen: headings, sentences, tables, and the ticks of finished steps."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table


class Screen:
    """Prints to the terminal. Data can't bring markup in."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)

    def title(self, text: str) -> None:
        """Begin a part."""
        self.console.print()
        self.console.rule(f"[bold]{escape(text)}", align="left", style="cyan")

    def say(self, text: str, bold: str = "") -> None:
        """A sentence, of which `bold` stands out."""
        marked = escape(text)
        self.console.print(marked.replace(escape(bold), f"[bold]{escape(bold)}[/]", 1) if bold else marked)

    def lines(self, text: str) -> None:
        """Text as it is, never wrapped, so that it can be copied."""
        self.console.print(text, markup=False, soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table; long cells are folded."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        self.console.print(table)

    def tick(self, text: str, passed: bool = True) -> None:
        """A line with a green tick, or a red cross."""
        mark = "[green]✓[/]" if passed else "[bold red]✗[/]"
        self.console.print(f"  {mark} {escape(text)}")

    def failure(self, text: str, log: str) -> None:
        """What went wrong, and the log lines that say why."""
        self.console.print(f"\n[bold red]It failed.[/] {escape(text)}", soft_wrap=True)
        if log:
            self.console.rule("[red]log", align="left", style="red")
            self.lines(log)


class Progress:
    """Says which step is under way, and ticks it off when the next begins."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._status = screen.console.status("")
        self._step = ""
        self._began = 0.0

    def begin(self, step: str) -> None:
        """Tick off the step before, and begin this one."""
        self.end()
        self._step, self._began = step, time.monotonic()
        self._status.update(f"{step} ...")
        self._status.start()

    def end(self) -> None:
        """Tick off the step under way."""
        self._status.stop()
        if self._step:
            self._screen.tick(f"{self._step}  {time.monotonic() - self._began:.1f} s")
        self._step = ""

    def abandon(self) -> None:
        """Stop the step under way without a tick."""
        self._step = ""
        self._status.stop()
