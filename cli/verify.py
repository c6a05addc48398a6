"""`verify`: the audit of an archive, on this machine, with the caller's own credentials."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from audit_archive.audit.daily import AuditReport, remembered
from audit_archive.audit.question import Audit, AuditQuestion
from audit_archive.audit.request import parse_verify_request
from audit_archive.audit.verify import verify_archive as audit
from audit_archive.evidence.report.parts import REASONS
from audit_archive.format.checkpoint import MAX_NOTE
from audit_archive.format.verdicts import AuditNote, Depth, Fault, Growth, KeysFrom, Verification, Why
from audit_archive.retrieve.statements import Reader
from cli.exits import Exit, Failure
from cli.inputs import check_stdin, read_key, read_text
from cli.options import Chosen, chosen, console_argument, folder_option, global_options
from cli.progress import Bar
from cli.show import say, show_cards, show_facts, show_json, show_table
from cli.stack import bundle_reader, ignored_in, is_signed
from cli.tables import Column, Shape

SHOWN = 50
"""Faults and notes that a person sees."""
NOT_CHECKED = (
    Column("not checked", "what"),
    Column("why", "why", 0, Shape.WORDS),
    Column("how many", "count"),
)
FAULTS = (
    Column("fault", "verdict"),
    Column("object", "key"),
    Column("what is wrong", "sentence", 0, Shape.WORDS),
)
NOTES = (Column("note", "verdict"), Column("object", "key"), Column("what it is", "sentence", 0, Shape.WORDS))

_KEYS_FROM = {KeysFrom.CALLER: "you", KeysFrom.ARCHIVE: "the archive itself"}


@click.command()
@console_argument
@click.option(
    "--depth",
    type=click.Choice([str(depth) for depth in Depth]),
    default=str(Depth.OBJECTS),
    show_default=True,
    help="What to check: the statements; also that every object is there and locked; or every byte.",
)
@click.option("--from-seq", type=int, metavar="N", help="Check the objects from this statement on.")
@click.option("--to-seq", type=int, metavar="N", help="Check the objects up to this statement.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="PEM",
    help="Trust only this key. Repeat it for more keys.",
)
@click.option(
    "--known",
    metavar="FILE",
    help="A checkpoint that you kept. The chain must still contain it.",
)
@click.option("--known-sha256", metavar="HEX", help="The same, as the SHA-256 of a statement.")
@click.option(
    "--since",
    metavar="FILE",
    help="A signed checkpoint that you kept: prove that the archive only grew since.",
)
@folder_option
@click.option(
    "--bundle",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Verify the chain in this bundle of evidence instead.",
)
@global_options(hidden=True)
@chosen
def verify(chosen: Chosen, /, console: str, folder: Path | None, bundle: Path | None, **asked: Any) -> None:
    """Verify the archive of a Console; exit status 1 if anything is wrong with it.

    Every depth checks the whole chain of statements. The report says what was not checked. The command writes
    nothing and sends no alert: the stack's own daily audit does that.

    --since proves, at every depth, that the archive begins with all that a checkpoint is over: its
    statements, and its entries. Exit status 1 if that can't be proven. A bundle holds the chain and not the
    entries, so of a bundle only the first is proven, and the answer says so.

    \b
    canary-audit verify 1234abcd --depth content --key signing-key.pem
    canary-audit verify 1234abcd --folder copy-of-the-bucket
    canary-audit verify 1234abcd --since kept.txt --key signing-key.pem
    """
    if bundle is not None:
        asked["depth"] = _depth_of_bundle(folder)
    question = question_of(console, asked)
    reader = _open(bundle) if bundle is not None else chosen.reader(folder)
    if folder is bundle is None:
        last = chosen.stack.verifications.last(console)
        question = replace(question, known=(*question.known, *remembered(last)))
    with Bar() as bar:
        ports = Audit(reader.source, reader.clock, reader.scratch, is_signed, bar.show)
        ports = replace(ports, has_lines=bundle is None)
        found = audit(ports.beside(reader.ledger, console), question)
    ignored = ignored_in(reader)
    if chosen.is_json:
        show_json(AuditReport(found).as_dict() | ({} if ignored is None else {"ignored": ignored}))
    else:
        _show(found)
        if ignored:
            files = "file that is" if ignored == 1 else "files that are"
            say(f"Ignored: {ignored} {files} no part of an archive.")
    if not found.is_valid:
        raise Failure("FaultsFound", f"{found.verdict}: {found.faults[0].sentence}", Exit.FAULTS)
    growth = found.growth
    if growth is not None and growth.unproven_because not in {None, Why.BUNDLE}:
        raise Failure("NotProven", f"{growth.sentence}.", Exit.FAULTS)


def _depth_of_bundle(folder: Path | None) -> str:
    """How deep a bundle can be verified. Raises UsageError if more is asked for."""
    if folder is not None:
        raise click.UsageError("--folder and --bundle: one of the two.")
    context = click.get_current_context()
    is_asked = context.get_parameter_source("depth") is ParameterSource.COMMANDLINE
    if is_asked and context.params["depth"] != Depth.CHAIN:
        raise click.UsageError("A bundle holds no exports and no entry files: its --depth is chain.")
    return Depth.CHAIN


def _open(bundle: Path) -> Reader:
    try:
        return bundle_reader(bundle)
    except ValueError as error:
        raise Failure("NoBundle", f"--bundle: {error}", Exit.USAGE) from error


def question_of(console: str, asked: dict[str, Any]) -> AuditQuestion:
    """The audit that is asked for. Raises RequestError."""
    known, sha256 = asked.pop("known"), asked.pop("known_sha256")
    if known is not None and sha256 is not None:
        raise click.UsageError("--known and --known-sha256: one of the two.")
    keys, since = asked.pop("keys"), asked.pop("since")
    check_stdin([("--known", known), ("--since", since), *(("--key", key) for key in keys)])
    pems = [read_key(key).pem() for key in keys] or None
    point = read_text("--known", known, MAX_NOTE, "a checkpoint") if known is not None else sha256
    note = read_text("--since", since, MAX_NOTE, "a checkpoint") if since is not None else None
    request = parse_verify_request(
        {"console": console, "known_checkpoint": point, "since": note, "trusted_keys": pems} | asked
    )
    if not isinstance(request, AuditQuestion):  # with a depth it always is one
        raise click.UsageError("Give a --depth.")
    return request


def _growth(growth: Growth | None) -> str | None:
    """How far the growth of the archive is proven, in a few words."""
    if growth is None:
        return None
    if growth.is_proven:
        return f"proven, since statement {growth.seq} and {growth.size} entries"
    return "only of the statements" if growth.unproven_because == Why.BUNDLE else "not proven"


def _show(found: Verification) -> None:
    show_facts(
        [
            ("Verdict", found.verdict),
            ("Depth", found.depth),
            ("Statements", found.newest_seq),
            ("Newest SHA-256", found.newest_sha256),
            ("Dates", f"{found.coverage.first_date or '-'} to {found.coverage.last_date or '-'} (UTC)"),
            ("Keys from", _KEYS_FROM[found.keys_from] if found.keys_from else None),
            ("Only grew", _growth(found.growth)),
            *((f"Key {key.key_id}", f"{key.checkpoints} valid checkpoints") for key in found.keys),
            *((f"Checked {what}", count) for what, count in found.checked.items()),
        ]
    )
    if found.growth is not None:
        say(f"{found.growth.sentence}.")
    if found.not_checked:
        click.echo()
        show_table(
            NOT_CHECKED, [vars(each) | {"why": REASONS.get(each.why, each.why)} for each in found.not_checked]
        )
    for columns, findings in ((FAULTS, found.faults), (NOTES, found.notes)):
        if findings:
            click.echo()
            show_cards(columns, [_without_its_key(each) for each in findings[:SHOWN]])
        if len(findings) > SHOWN:
            say(f"{SHOWN} of {len(findings)} {columns[0].heading}s are shown: --json has all of them.")


def _without_its_key(found: Fault | AuditNote) -> dict[str, Any]:
    """A fault or a note, whose sentence does not name the object again."""
    return vars(found) | {"sentence": found.sentence.removeprefix(found.key).strip()}
