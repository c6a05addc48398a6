"""`evidence`: the bundle that an auditor is handed."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from shutil import copyfileobj
from typing import Any, cast

import click

from audit_archive import __version__
from audit_archive.evidence.bundle import PAGE, VERIFIER, Evidence, Workshop, build_evidence
from audit_archive.format.codec import to_json
from audit_archive.format.times import rfc3339
from audit_archive.retrieve.formats import BUNDLE
from audit_archive.retrieve.request import EvidenceRequest
from audit_archive.retrieve.search import Body
from cli.exits import Exit, Failure
from cli.options import Chosen, chosen, console_argument, folder_option, global_options
from cli.outputs import CHUNK, check_free, written
from cli.progress import Bar
from cli.questions import event_of, query_options, tell_coverage
from cli.show import say, show_json
from cli.stack import handouts, is_signed, question


@click.command()
@console_argument
@query_options
@click.option("--who", metavar="NAME", help="Who asks; the bundle says so.")
@click.option("--reason", metavar="TEXT", help="Why; the bundle says so.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The new file. [default: evidence-CONSOLE-MOMENT.zip, here]",
)
@folder_option
@global_options(hidden=True)
@chosen
def evidence(chosen: Chosen, /, console: str, output: Path | None, folder: Path | None, **asked: Any) -> None:
    """Make the bundle of evidence that answers a question, to be checked without AWS or trust.

    It is a zip: a report to read, the entries, a proof of each, the chain of statements with its signatures,
    and a program that checks all of it. The filters are those of `entries`. Exit status 1 if the chain has
    faults; the bundle is made all the same, and tells them.

    \b
    canary-audit evidence 1234abcd --user alice@example.com --from 2026-03-01 --to 2026-03-31
    canary-audit evidence 1234abcd --from-id 1200 --to-id 1200 --who ada --reason "incident 4711"
    """
    event = event_of("evidence", console, asked)
    request = cast("EvidenceRequest", question(event))
    reader = chosen.reader(folder)
    asked_at = rfc3339(reader.clock.now())
    output = output or Path(f"evidence-{console}-{asked_at.replace('-', '').replace(':', '')}{BUNDLE.suffix}")
    check_free(output)
    told = {"at": asked_at, "who": asked["who"], "reason": asked["reason"], "version": __version__}
    with Bar() as bar:
        made = build_evidence(Workshop(reader, is_signed, handouts(), bar.show), request, told)
    if made.body is not None:
        with closing(made.body.file) as file, written(output) as target:
            copyfileobj(file, target, CHUNK)
    if chosen.is_json:
        show_json({"question": event, "asked": told} | _answer(made, output))
    else:
        _tell(made, output)
    found = made.report.verification if made.report is not None else None
    if found is not None and found.faults:
        raise Failure("FaultsFound", f"{found.verdict}: {found.faults[0].sentence}", Exit.FAULTS)


def _answer(made: Evidence, output: Path) -> dict[str, Any]:
    return {
        "outcome": made.outcome,
        "sentence": made.sentence,
        "coverage": to_json(made.coverage),
        **made.summary(),
        "report": _report(made.body, output),
    }


def _report(body: Body | None, output: Path) -> Mapping[str, Any] | None:
    if body is None:
        return None
    return {"file": str(output), "format": BUNDLE.name, "size": body.size, "sha256": body.sha256}


def _tell(made: Evidence, output: Path) -> None:
    tell_coverage(made.sentence, made.coverage)
    if made.report is None or made.body is None:
        return None
    for reason in made.report.reasons:
        say(f"Not proven, each by itself: {made.coverage.matched - made.report.proven} entries; {reason}.")
    say(f"{made.report.verification.summary}.")
    say(f"{output}: {made.body.size} bytes, SHA-256 {made.body.sha256}")
    place, signer = output.with_suffix(""), made.report.signer
    say(f"Look:  unzip -d {place} {output}, and open {place}/{PAGE}")
    if signer is None:
        return say(f"Check: python3 -I {place}/{VERIFIER} {place}")
    key = f"signing-key-{signer.key_id.hex()}.pem"
    say(f"Key:   canary-audit keys {made.report.console} --output . makes {key}; best is one that you have")
    return say(f"Check: python3 -I {place}/{VERIFIER} {place} --key {key}")
