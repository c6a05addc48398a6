"""`verify`: the audit of an archive, here, with the caller's own eyes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from audit_archive.audit.question import Audit, AuditQuestion, KnownPoint
from audit_archive.audit.request import parse_verify_request
from audit_archive.audit.verify import verify_archive as audit
from audit_archive.format.verdicts import Depth, Verification
from audit_archive.ports import Rotation
from cli.exits import Exit, Failure
from cli.options import Chosen, chosen, console_argument, folder_option, global_options
from cli.progress import Bar
from cli.show import show_facts, show_json, show_table
from cli.stack import is_signed

SHOWN = 50
"""Faults and notes that a table shows."""

text_file = click.File("r", encoding="utf-8")


@click.command()
@console_argument
@click.option(
    "--depth",
    type=click.Choice(Depth.ORDER),
    default=Depth.OBJECTS,
    show_default=True,
    help="How deep: the statements; that every object is there and locked; or every byte.",
)
@click.option("--from-seq", type=int, metavar="N", help="Look at the objects of this statement and later.")
@click.option("--to-seq", type=int, metavar="N", help="Look at the objects up to this statement.")
@click.option(
    "--key",
    "keys",
    type=text_file,
    multiple=True,
    metavar="PEM",
    help="Trust only this key; repeatable.",
)
@click.option(
    "--known",
    type=text_file,
    metavar="FILE",
    help="A checkpoint that you kept: the chain must still lead through it.",
)
@click.option("--known-sha256", metavar="HEX", help="The same, by the SHA-256 of a statement.")
@folder_option
@global_options(hidden=True)
@chosen
def verify(chosen: Chosen, /, console: str, folder: Path | None, **asked: Any) -> None:
    """Verify the archive of a Console; exit status 1 if anything is wrong with it.

    The whole chain of statements is judged at every depth. What was not looked at is told. Nothing is
    written, and nobody else is told: the stack's own daily audit does that.

    \b
    canary-audit verify 1234abcd --depth content --key signing-key.pem
    canary-audit verify 1234abcd --folder copy-of-the-bucket
    """
    question = question_of(console, asked)
    reader = chosen.reader(folder)
    if folder is None:
        remembered = _remembered(chosen.stack.verifications.last(console))
        question = replace(question, known=(*question.known, *remembered))
    with Bar() as bar:
        ports = Audit(reader.source, reader.clock, reader.scratch, is_signed, bar.show)
        found = audit(ports.beside(reader.ledger, console), question)
    if chosen.is_json:
        show_json(found.as_dict())
    else:
        _tell(found)
    if not found.is_valid:
        raise Failure("FaultsFound", f"{found.verdict}: {found.faults[0].sentence}", Exit.FAULTS)


def question_of(console: str, asked: dict[str, Any]) -> AuditQuestion:
    """The audit that is asked for. Raises RequestError."""
    known, sha256 = asked.pop("known"), asked.pop("known_sha256")
    if known is not None and sha256 is not None:
        raise click.UsageError("--known and --known-sha256: one of the two.")
    keys = [file.read() for file in asked.pop("keys")] or None
    point = known.read() if known is not None else sha256
    request = parse_verify_request(
        {"console": console, "known_checkpoint": point, "trusted_keys": keys} | asked
    )
    if not isinstance(request, AuditQuestion):  # with a depth it always is one
        raise click.UsageError("An audit by hand needs a --depth.")
    return request


def _remembered(last: Rotation | None) -> tuple[KnownPoint, ...]:
    """What the last daily audit without a fault saw: the chain can't do without it."""
    if last is None or last.newest_sha256 is None:
        return ()
    return (KnownPoint("an earlier audit", last.newest_sha256, last.newest_seq),)


def _tell(found: Verification) -> None:
    show_facts(
        [
            ("Verdict", found.verdict),
            ("Depth", found.depth),
            ("Statements", found.newest_seq),
            ("Newest SHA-256", found.newest_sha256),
            ("Dates", f"{found.coverage.first_date or '-'} to {found.coverage.last_date or '-'} (UTC)"),
            ("Keys from", {"caller": "you", "archive": "the archive itself"}.get(found.keys_from or "")),
            *((f"Key {key.key_id}", f"{key.checkpoints} good checkpoints") for key in found.keys),
            *((f"Checked {what}", count) for what, count in found.checked.items()),
        ]
    )
    if found.not_checked:
        rows = ((each.what, each.why, each.count) for each in found.not_checked)
        show_table(["not checked", "why", "how many"], rows)
    if found.faults:
        faults = ((each.verdict, each.key, each.sentence) for each in found.faults[:SHOWN])
        show_table(["fault", "object", "what is wrong"], faults)
    if found.notes:
        notes = ((each.verdict, each.key, each.sentence) for each in found.notes[:SHOWN])
        show_table(["note", "object", "what it is"], notes)
