"""`help`: the help of the whole, or of one command."""

import click

from cli.groups import Group
from cli.options import global_options


@click.command("help")
@click.argument("command", nargs=-1)
@global_options(hidden=True)
@click.pass_context
def help_(ctx: click.Context, command: tuple[str, ...]) -> None:
    """Show the help of the whole, or of one command.

    \b
    canary-audit help run
    canary-audit help console add
    """
    shown = ctx.find_root()
    for name in command:
        group = shown.command
        if not isinstance(group, Group):
            raise click.UsageError(f"{shown.command_path} has no commands: leave out {name!r}.")
        _, found, _ = group.resolve_command(shown, [name])
        assert found is not None  # noqa: S101 - resolve_command fails for an unknown name
        shown = click.Context(found, shown, name)
    click.echo(shown.get_help())
