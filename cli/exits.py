"""How the command ends: its exit statuses, and the lines that say what went wrong and what to do."""

from typing import IO, Any

import click

from audit_archive.errors import AuditArchiveError, PageError, RequestError, command_url
from audit_archive.format.display import visible


class Exit:
    """The exit statuses."""

    DONE = 0  # also where a search found nothing: a sentence says so
    FAULTS = 1  # what was asked for was looked at, and something is wrong with it
    USAGE = 2  # the command can't be carried out as written
    FAILED = 3  # AWS, the Console or this machine failed or refused: this says nothing about the archive
    PAGE = 4  # the archive, or the Console's trail, is in doubt: a person must look
    NOT_THERE = 5  # the one thing that was asked for by its name, id or date is not there, or no longer
    INTERNAL = 70  # a fault of the command itself: EX_SOFTWARE of sysexits.h
    ABANDONED = 130  # Ctrl-C, or a question that was answered with no
    PIPE = 141  # whoever read our output stopped reading


PAGES = {Exit.USAGE: command_url(), Exit.NOT_THERE: command_url("exit-statuses")}
"""What to read about an end that the runbook has no section for, by its status."""


def show_page(url: str, file: IO[Any] | None = None) -> None:
    """Say where to read on: the last line of an error."""
    click.echo(f"What to do: {url}", err=True, file=file)


class Misused(click.UsageError):
    """A command that click does not take: its sentence, and the address of the page."""

    def __init__(self, error: click.UsageError) -> None:
        super().__init__(error.format_message(), error.ctx)

    def show(self, file: IO[Any] | None = None) -> None:
        """As click does, and a line more."""
        super().show(file)
        show_page(PAGES[Exit.USAGE], file)


class Failure(click.ClickException):
    """What ends the command: a sentence on stderr, and with --json the same as an object on stdout.

    `url`: where a page says what to do; the message may end with it already. `has_answer`: whether the
    answer of the command is on stdout already, in place of that object. Unless told, it is if the status is
    that of faults, or of what is not there.
    """

    def __init__(
        self, name: str, message: str, status: int, url: str | None = None, *, has_answer: bool | None = None
    ) -> None:
        super().__init__(" ".join(message.split()).removesuffix(f". See {url}"))
        self.name = name
        self.exit_code = status
        self.url = PAGES.get(status) if url is None else url
        self.has_answer = status in {Exit.FAULTS, Exit.NOT_THERE} if has_answer is None else has_answer

    def show(self, file: IO[Any] | None = None) -> None:
        """Print lines that can't control the terminal: they may hold a name that others chose."""
        click.echo(f"Error: {visible(self.message)}", err=True, file=file)
        if self.url is not None:
            show_page(self.url, file)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        where = {"what_to_do": self.url} if self.url is not None else {}
        told = {"class": self.name, "message": self.message, "exit_status": self.exit_code}
        return {"error": told | where}


OPTIONS = {
    "console": "CONSOLE",
    "zone": "--tz",
    "action_type": "--action",
    "first_id": "--from-id",
    "last_id": "--to-id",
    "trusted_keys": "--key",
    "known_checkpoint": "--known",
}
"""What the fields of an event are called here; the rest are options of the same name."""


def failure_of(error: AuditArchiveError) -> Failure:
    """How the command ends for an error of ours."""
    name = type(error).__name__
    if isinstance(error, RequestError):
        option = OPTIONS.get(error.field, f"--{error.field.replace('_', '-')}")
        return Failure(name, f"{option}: {str(error).removeprefix(f'{error.field}: ')}", Exit.USAGE)
    return Failure(name, str(error), status_of(type(error)), error.url)


def status_of(kind: type[BaseException]) -> int:
    """The exit status for a class of errors."""
    if issubclass(kind, RequestError):
        return Exit.USAGE
    return Exit.PAGE if issubclass(kind, PageError) else Exit.FAILED
