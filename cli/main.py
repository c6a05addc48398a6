"""`canary-audit`: the commands, and how every one of them ends."""

import os
import sys
from typing import Any

import click

from audit_archive import __version__
from audit_archive.errors import AuditArchiveError
from cli.adopt import adopt
from cli.console import console
from cli.docs import docs
from cli.entries import entries
from cli.evidence import evidence
from cli.exits import Exit, Failure, failure_of
from cli.export import export
from cli.hold import hold
from cli.keys import keys
from cli.live import live
from cli.locks import locks
from cli.options import Chosen, global_options
from cli.proof import proof
from cli.run import accept, bundle_key, epoch, ledger, resume, run
from cli.show import show_json
from cli.status import status
from cli.verify import verify


class _Program(click.Group):
    """Ends every command alike: no traceback for expected errors, and errors as JSON with --json."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            raise _shown(ctx, error) from error
        except AuditArchiveError as error:
            raise _shown(ctx, failure_of(error)) from error
        except (click.Abort, KeyboardInterrupt) as error:
            failure = Failure("Abandoned", "Abandoned: nothing further is done.", Exit.ABANDONED)
            raise _shown(ctx, failure) from error
        except BrokenPipeError:
            # What is still buffered would be written, and fail, when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(Exit.PIPE)
        except OSError as error:
            failure = Failure(type(error).__name__, f"This machine refused: {error}", Exit.FAILED)
            raise _shown(ctx, failure) from error


def _shown(ctx: click.Context, error: click.ClickException) -> click.ClickException:
    """The same error, after it was printed on stdout if --json asks for that."""
    usage = Failure("UsageError", error.format_message(), Exit.USAGE)
    failure = error if isinstance(error, Failure) else usage
    # Faults, and what is not there, are the answer of a command, which is on stdout already.
    if ctx.ensure_object(Chosen).is_json and failure.exit_code not in {Exit.FAULTS, Exit.NOT_THERE}:
        show_json(failure.as_dict())
    return error


@click.group(
    cls=_Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit statuses: 0 done, 1 faults found, 2 wrong usage, 3 AWS or the Console failed or refused, "
    "4 a person must look at the archive, 5 the one thing asked for is not there, 130 abandoned. "
    "docs/command-line.md has examples.",
)
@global_options(hidden=False)
@click.version_option(__version__, prog_name="canary-audit")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Show, search, verify and run a Canary Audit Archive.

    The command uses your own AWS credentials, and can do only what they allow.
    """
    ctx.ensure_object(Chosen)


for _command in (
    *(status, entries, export, proof, evidence, verify, keys),
    *(run, live, resume, accept, bundle_key, epoch, ledger, console, hold, locks, adopt, docs),
):
    main.add_command(_command)
