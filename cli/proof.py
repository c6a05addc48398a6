"""`proof`: makes the proof that one entry was archived, or checks one offline."""

from pathlib import Path
from typing import Any, cast

import click

from audit_archive.answers import proofs_answer
from audit_archive.retrieve.proofs import ProvenLine, find_proofs
from audit_archive.retrieve.request import ProofRequest
from cli.exits import Exit, Failure
from cli.options import Chosen, ConsoleId, chosen, folder_option, global_options
from cli.outputs import check_free, written
from cli.proof_check import check
from cli.questions import asked_now, check_presence, event_of, show_coverage
from cli.show import binary_stdout, say, show_json
from cli.stack import is_signed, question


@click.command()
@click.argument("console", type=ConsoleId(), metavar="[CONSOLE]", required=False)
@click.option("--id", "id_", type=int, metavar="ID", help="The entry to prove.")
@click.option("--epoch", type=int, metavar="N", help="Only this epoch, if the Console was ever reset.")
@click.option(
    "--output",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Write the line and its proof into two files in this folder.",
)
@click.option("--check", metavar="FILE", help="Check this proof, offline, instead of making one; - is stdin.")
@click.option("--line", metavar="LINE", help="With --check: the line that you hold, or a file with it, or -.")
@click.option("--key", "keys", multiple=True, metavar="PEM", help="With --check: trust this key; repeatable.")
@folder_option
@global_options(hidden=True)
@chosen
def proof(chosen: Chosen, /, console: str | None, folder: Path | None, **asked: Any) -> None:
    """Prove that one entry was archived, or check such a proof with a public key.

    The proof is a text (c2sp.org/tlog-proof): the hashes that lead from the archived line to a signed
    checkpoint. If the entry is archived and can't be proven, the exit status is 1.

    --check takes that text, or what --json gave, and needs no AWS and no archive. Without
    --line it takes the line from the answer, or from the file .line beside the proof. With CONSOLE the
    checkpoint must be of that Console. If the proof does not hold, the exit status is 1.

    \b
    canary-audit proof 1234abcd --id 1200 --output .
    canary-audit proof --check 1-1200.tlog-proof --key signing-key.pem --line 1-1200.line
    """
    place, line, keys = (asked.pop(name) for name in ("check", "line", "keys"))
    if place is None:
        if line is not None or keys:
            raise click.UsageError("--line and --key go with --check.")
        if console is None or asked["id_"] is None:
            raise click.UsageError("Say which entry to prove: CONSOLE and --id. Or check a proof: --check.")
        _prove(chosen, console, folder, **asked)
        return
    if folder is not None or any(value is not None for value in asked.values()):
        raise click.UsageError("--id, --epoch, --output and --folder don't go with --check.")
    check(place, line, keys, console, is_json=chosen.is_json)


def _prove(
    chosen: Chosen, console: str, folder: Path | None, id_: int, output: Path | None, **asked: Any
) -> None:
    """Prove an entry of the archive. Raises Failure if it is archived and can't be proven."""
    request = cast("ProofRequest", question(event_of("proof", console, {"id": id_, **asked})))
    reader = chosen.reader(folder)
    asked_by = asked_now(request, reader)
    found = find_proofs(reader, request.query, is_signed)
    written_to = (
        [path for each in found.proofs for path in _write(each, output)] if output is not None else []
    )
    if chosen.is_json:
        show_json(proofs_answer(request, asked_by, found) | {"files": written_to})
    else:
        if output is None:
            binary_stdout().write(b"\n".join(each.proven.proof.encode() for each in found.proofs))
        show_coverage(found.outcome, found.sentence, found.coverage)
        for path in written_to:
            say(f"Written: {path}")
    if found.reasons:
        raise Failure("NotProven", found.sentence, Exit.FAULTS)
    check_presence(found.outcome, found.sentence, request.query)


def _write(each: ProvenLine, output: Path) -> list[str]:
    """Put a line, as it was hashed, and its proof into two files."""
    path = output / f"{each.proven.epoch}-{each.proven.entry_id}"
    line, proof = (path.with_name(path.name + suffix) for suffix in (".line", ".tlog-proof"))
    check_free(line, proof)
    for file, data in ((line, each.line), (proof, each.proven.proof.encode())):
        with written(file) as target:
            target.write(data)
    return [str(line), str(proof)]
