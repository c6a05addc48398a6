"""`evidence`: the bundle that an auditor is handed."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from shutil import copyfileobj
from typing import Any, cast

import click

from audit_archive.answers import evidence_answer
from audit_archive.evidence.bundle import PAGE, VERIFIER, BundleTools, Evidence, build_evidence
from audit_archive.evidence.sampling import SeedFrom
from audit_archive.retrieve.formats import BUNDLE
from audit_archive.retrieve.request import EvidenceRequest
from cli.exits import Exit, Failure
from cli.keys import key_file
from cli.options import Chosen, chosen, console_argument, folder_option, global_options
from cli.outputs import CHUNK, check_free, unused, written
from cli.progress import Bar
from cli.questions import asked_now, check_presence, event_of, query_options, show_coverage
from cli.show import say, show_json
from cli.stack import draw_seed, handouts, is_signed, open_workbook, question


@click.command()
@console_argument
@query_options
@click.option("--who", metavar="NAME", help="Who asks. The bundle names them.")
@click.option("--reason", metavar="TEXT", help="Why they ask. The bundle says it.")
@click.option("--organisation", metavar="NAME", help="Whose report it is; beside the lines for signatures.")
@click.option("--sample", type=int, metavar="N", help="Draw a sample of N of the entries, and mark it.")
@click.option("--seed", type=int, metavar="N", help="What draws the sample. [default: a new one, told]")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the bundle into this new file. [default: evidence-CONSOLE-MOMENT.zip, here]",
)
@folder_option
@global_options(hidden=True)
@chosen
def evidence(chosen: Chosen, /, console: str, output: Path | None, folder: Path | None, **asked: Any) -> None:
    """Make a bundle of evidence: the answer to a question, for anyone to check.

    It is a zip: a report to read, the entries, a proof of each, the chain of statements with its signatures,
    and a program that checks all of it without AWS. The filters are those of `entries`. If the chain has
    faults, the bundle is made and names them, and the exit status is 1.

    \b
    canary-audit evidence 1234abcd --user alice@example.com --from 2026-03-01 --to 2026-03-31
    canary-audit evidence 1234abcd --from-id 1200 --to-id 1200 --who ada --reason "incident 4711"
    """
    request = cast("EvidenceRequest", question(event_of("evidence", console, asked)))
    reader = chosen.reader(folder)
    asked_by = asked_now(request, reader)
    moment = asked_by["at"].replace("-", "").replace(":", "")
    output = output or unused(Path(f"evidence-{console}-{moment}{BUNDLE.suffix}"))
    check_free(output)
    with Bar() as bar:
        tools = BundleTools(reader, is_signed, handouts(), bar.show, open_workbook=open_workbook)
        ask_caller = None if folder is not None else chosen.stack.caller
        tools = replace(tools, ask_caller=ask_caller, draw_seed=draw_seed)
        made = build_evidence(tools, request, asked_by)
    if made.body is not None:
        with closing(made.body.file) as file, written(output) as target:
            copyfileobj(file, target, CHUNK)
    if chosen.is_json:
        show_json(evidence_answer(request, asked_by, made, {"file": str(output)}))
    else:
        _show(made, output)
    found = made.report.verification if made.report is not None else None
    if found is not None and found.faults:
        raise Failure("FaultsFound", f"{found.verdict}: {found.faults[0].sentence}", Exit.FAULTS)
    check_presence(made.outcome, made.sentence, request.query)


SEEDS = {SeedFrom.ASKED: "given", SeedFrom.DRAWN: "drawn by the program"}


def _show(made: Evidence, output: Path) -> None:
    show_coverage(made.outcome, made.sentence, made.coverage)
    if made.report is None or made.body is None:
        return None
    if made.report.reasons:
        unproven = made.coverage.matched - made.report.proven
        say(f"Entries without a proof of their own: {unproven:,}. {'; '.join(made.report.reasons)}.")
    say(f"{made.report.verification.summary}.")
    sample = made.report.sample
    if sample is not None:
        drawn = f"{len(sample.drawn):,} of {made.coverage.matched:,}"
        say(f"Sample: {drawn} entries, drawn with the seed {sample.seed} ({SEEDS[sample.seed_from]}).")
    say(f"{output}: {made.body.size:,} bytes, SHA-256 {made.body.sha256}")
    place, signer = output.with_suffix(""), made.report.signer
    say(f"Read:  unzip -d {place} {output}, then open {place}/{PAGE}")
    if signer is None:
        return say(f"Check: python3 -I {place}/{VERIFIER} {place}")
    key = key_file(signer)
    say(f"Key:   use a copy of {key} that you kept; else canary-audit keys {made.report.console} --output .")
    return say(f"Check: python3 -I {place}/{VERIFIER} {place} --key {key}")
