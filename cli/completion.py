"""`completion`: the script that makes a shell complete the command."""

import click
from click.shell_completion import ShellComplete, get_completion_class

from cli.options import global_options

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@global_options(hidden=True)
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete the command.

    It completes commands, options, the Consoles of the stack, and time zones.

    \b
    eval "$(canary-audit completion bash)"         in ~/.bashrc; zsh in ~/.zshrc
    canary-audit completion fish | source          in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click knows these three
    program = ctx.find_root()
    name = program.info_name or "canary-audit"
    made = kind(program.command, {}, name, f"_{name.replace('-', '_').upper()}_COMPLETE")
    # Not `made.source()`: that of bash starts a bash to learn its version.
    click.echo(ShellComplete.source(made))
