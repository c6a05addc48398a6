"""Groups of commands: each is loaded when it is named, and a wrong name is answered with a near one."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import NamedTuple

import click
from click.shell_completion import CompletionItem


class Named(NamedTuple):
    """Where a command is, and its line in the list of all: the first sentence of its help."""

    module: str
    name: str
    says: str


class Group(click.Group):
    """A group that says which command may be meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; the error for an unknown name says which one is near."""
        name = click.utils.make_str(args[0])
        near = get_close_matches(name, self.list_commands(ctx), n=1)
        if near and self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            ctx.fail(f"There is no command {name!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)


class LateGroup(Group):
    """A group whose commands are loaded when they are named: all of them together take half a second."""

    def __init__(self, *args: object, late: Mapping[str, Named], **attributes: object) -> None:
        super().__init__(*args, **attributes)  # type: ignore[arg-type]
        self.late = late

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all."""
        del ctx
        return sorted(self.late)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, loaded."""
        del ctx
        if cmd_name not in self.commands and cmd_name in self.late:
            found = self.late[cmd_name]
            self.add_command(getattr(import_module(found.module), found.name), cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of all, without loading one."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted((name, each.says) for name, each in self.late.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands, without loading one."""
        if incomplete and not incomplete[0].isalnum():
            return super().shell_complete(ctx, incomplete)
        return [
            CompletionItem(name, help=each.says)
            for name, each in sorted(self.late.items())
            if name.startswith(incomplete)
        ]
