"""`canary-audit`: the list of its commands."""

import click

from audit_archive import __version__
from cli.groups import Named
from cli.options import Chosen, global_options
from cli.program import Program

COMMANDS = {
    "accept": Named(
        "cli.run", "accept", "Decide that missing ids are gone, so that a purge may go above them."
    ),
    "adopt": Named("cli.adopt", "adopt", "Begin a new stack with what a deleted stack left."),
    "bundle-key": Named("cli.run", "bundle_key", "State in the chain which key signs bundles of evidence."),
    "completion": Named("cli.completion", "completion", "Print what makes a shell complete the command."),
    "console": Named(
        "cli.console", "console", "Add, list, pause, sync and remove the Consoles that the stack archives."
    ),
    "docs": Named("cli.docs", "docs", "Show a page of this version, or list the pages."),
    "entries": Named(
        "cli.entries", "entries", "Find archived entries: by time, user, action, address, text or id."
    ),
    "env": Named("cli.env", "env", "Print the variables that the commands of the pages need, for a shell."),
    "epoch": Named("cli.run", "epoch", "Decide that a Console was reset or replaced on purpose."),
    "evidence": Named(
        "cli.evidence",
        "evidence",
        "Make a bundle of evidence: the answer to a question, for anyone to check.",
    ),
    "export": Named(
        "cli.export", "export", "Find the original exports that hold an entry, or the entries of a day."
    ),
    "faults": Named(
        "cli.faults", "faults", "Show the faults that hold purging back, and decide that they no longer do."
    ),
    "fleet": Named("cli.fleet", "fleet", "Show how all Consoles are, as the daily fleet check found them."),
    "help": Named("cli.help", "help_", "Show the help of the whole, or of one command."),
    "hold": Named(
        "cli.hold",
        "hold",
        "Set, list or release legal holds, which keep objects whatever their retention.",
    ),
    "init": Named(
        "cli.init",
        "init",
        "Set up the archive of a first Console: keys, stack, and a dry run to look at.",
    ),
    "keys": Named("cli.keys", "keys", "Export the public keys that verify the signatures."),
    "ledger": Named("cli.run", "ledger", "Repair the ledger, the index of the archive."),
    "live": Named("cli.live", "live", "Show what the Console itself holds now, newest last."),
    "locks": Named(
        "cli.locks",
        "locks",
        "Extend the locks of a Console's archive that end soon, as the stack's schedule does.",
    ),
    "proof": Named(
        "cli.proof", "proof", "Prove that one entry was archived, or check such a proof with a public key."
    ),
    "purging": Named(
        "cli.purging",
        "purging",
        "Set how far purging may go: off, dry-run or on.",
    ),
    "resume": Named("cli.run", "resume", "Decide that purging goes on, after you looked into a mismatch."),
    "run": Named(
        "cli.run",
        "run",
        "Make a run over a Console now: archive, prove, and purge as far as the stack allows.",
    ),
    "status": Named(
        "cli.status", "status", "Show how each Console is and where its archive stands, or of one."
    ),
    "verify": Named(
        "cli.verify", "verify", "Verify the archive of a Console; exit status 1 if anything is wrong with it."
    ),
}
"""By name: where each command is, and the first sentence of its help, which a test compares with it."""


@click.group(
    cls=Program,
    late=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit statuses: 0 done, 1 faults found, 2 wrong usage, 3 AWS or the Console failed or refused, "
    "4 a person must look at the archive, 5 the one thing asked for is not there, 70 the command has a "
    "fault, 130 abandoned. docs/command-line.md has examples.",
)
@global_options(hidden=False)
@click.version_option(__version__, prog_name="canary-audit")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Show, search, verify and run a Canary Audit Archive.

    The command uses your own AWS credentials, and can do only what they allow.
    """
    ctx.ensure_object(Chosen)
