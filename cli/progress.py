"""The progress of an audit, on stderr, if that is a terminal."""

from audit_archive.audit.question import Done


class Bar:
    """A progress bar for an audit."""

    def __init__(self) -> None:
        # Loaded here, because it takes as long as the rest of a command.
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._statements = self._progress.add_task("statements", total=None)
        self._bytes = self._progress.add_task("bytes", total=None, visible=False)

    def __enter__(self) -> "Bar":
        if self._progress.console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress.live.is_started:
            self._progress.stop()

    def show(self, done: Done) -> None:
        """Show what is done so far."""
        self._progress.update(self._statements, completed=done.statements, total=done.statements_total)
        self._progress.update(
            self._bytes, completed=done.bytes, total=done.bytes_total, visible=done.bytes_total is not None
        )
