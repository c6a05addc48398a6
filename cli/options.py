"""Options that commands share, and the values of the global ones."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from audit_archive.errors import RequestError
from cli.exits import Exit, Failure

if TYPE_CHECKING:
    from audit_archive.retrieve.statements import Reader
    from cli.stack import Stack

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_STACK = "canary-audit-archive"
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
"""In the order of the AWS CLI, which makes the secrets. boto3 knows the second one only, and would look for a
stack elsewhere."""


@dataclass
class Chosen:
    """The values of the global options."""

    stack_name: str = DEFAULT_STACK
    profile: str | None = None
    region: str | None = None
    is_json: bool = False

    @cached_property
    def stack(self) -> "Stack":
        """The stack. No request is sent to AWS before a value of it is needed."""
        from cli.stack import Stack

        return Stack(self.stack_name, self.profile, self.region)

    def reader(self, folder: Path | None) -> "Reader":
        """The archive in the stack's bucket, or a copy of one in a folder."""
        from cli.stack import folder_reader

        return folder_reader(folder) if folder is not None else self.stack.reader


class ConsoleId(click.ParamType):
    """A Console: its id, in any case, or an address of it."""

    name = "console"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The id. It is checked, so that nothing else ever becomes part of a path."""
        from cli.console_keys import any_id_of

        chosen = ctx.ensure_object(Chosen) if ctx is not None else Chosen()
        try:
            return any_id_of(value, lambda: chosen.stack.settings.console_url_template)
        except RequestError as error:
            return self.fail(str(error).partition(": ")[2], param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The Consoles with an archive."""
        del param
        from cli.completing import consoles

        chosen, folder = ctx.ensure_object(Chosen), ctx.params.get("folder")
        return [CompletionItem(name) for name in consoles(lambda: chosen.reader(folder), incomplete)]


def complete_zone(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of time zones."""
    del ctx, param
    from cli.completing import zones

    return zones(incomplete)


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def keep(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        del param
        if value:
            setattr(ctx.ensure_object(Chosen), name, value)
        return value

    return keep


def global_options(*, hidden: bool) -> Callable[[F], F]:
    """The options that every command takes, before its name or after it.

    The help of `main` alone lists them.
    """
    options = [
        click.option(
            "--json", is_flag=True, expose_value=False, is_eager=True, hidden=hidden,
            callback=_keep("is_json"), help="Print JSON, for programs. Errors are JSON too."
        ),
        click.option(
            "--region", metavar="REGION", expose_value=False, is_eager=True, hidden=hidden,
            envvar=None if hidden else REGION_VARIABLES, callback=_keep("region"),
            help="The AWS region of the stack. [env: AWS_REGION, AWS_DEFAULT_REGION; default: the profile's]"
        ),
        click.option(
            "--profile", metavar="PROFILE", expose_value=False, is_eager=True, hidden=hidden,
            callback=_keep("profile"), help="Use the credentials of this AWS profile."
        ),
        click.option(
            "--stack", metavar="NAME", expose_value=False, is_eager=True, hidden=hidden,
            envvar=None if hidden else "CANARY_AUDIT_STACK", callback=_keep("stack_name"),
            help=f"The name of the stack. [env: CANARY_AUDIT_STACK; default: {DEFAULT_STACK}]"
        ),
    ]  # fmt: skip

    def decorate(function: F) -> F:
        for option in options:
            function = option(function)
        return function

    return decorate


console_argument = click.argument("console", type=ConsoleId(), metavar="CONSOLE")
chosen = click.make_pass_decorator(Chosen, ensure=True)
yes_option = click.option("--yes", is_flag=True, help="Do it without asking.")
folder_option = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Read a copy of the bucket in this folder, without AWS. `aws s3 sync` makes one.",
)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is done that is hard to undo.

    Raises click.Abort for a no, Failure if there is no answer, as without a terminal.
    """
    if yes:
        return
    if sys.stdin is None:
        raise _no_answer()
    try:
        is_wanted = click.confirm(question, err=True)
    except click.Abort as error:
        if isinstance(error.__context__, EOFError):
            click.echo(err=True)
            raise _no_answer() from error
        raise
    if not is_wanted:
        raise click.Abort


def _no_answer() -> Failure:
    return Failure(
        "NoAnswer",
        "The question has no answer, so nothing further was done. Without a terminal give --yes.",
        Exit.USAGE,
    )
