"""`proof --check`: checks the proof of an entry offline, with public keys alone."""

from collections.abc import Sequence
from pathlib import Path

import click

from audit_archive.format.codec import to_json
from audit_archive.retrieve.proof_check import CheckedProof, Claim, check_claim, lacks_its_line, read_claims
from cli.exits import Exit, Failure
from cli.inputs import check_stdin, named, read_input, read_key
from cli.show import say, show_facts, show_json
from cli.stack import is_signed

MAX_LINE = 128 << 20
"""Bytes of a line: the longest entry, written as the archive writes those that it can't carry, has 96 MB."""

MAX_PROOF = 16 << 20
"""Bytes of a file with proofs: an answer holds lines of at most 1 MB."""


def check(place: str, line: str | None, keys: Sequence[str], console: str | None, *, is_json: bool) -> None:
    """Check every proof in a file, and show the results. Raises Failure unless all of them hold."""
    if not keys:
        raise click.UsageError("--check needs --key: the public key that you trust, as a PEM file.")
    check_stdin([("--check", place), ("--line", line), *(("--key", key) for key in keys)])
    trusted = [read_key(key) for key in keys]
    found = [check_claim(claim, console, trusted, is_signed) for claim in _claims(place, line)]
    if is_json:
        show_json({"is_proven": all(each.is_proven for each in found), "proofs": [*map(_record, found)]})
    else:
        for each in found:
            _show(each)
    problems = [each.problem for each in found if each.problem is not None]
    if problems:
        raise Failure("NotProven", f"Not proven: {problems[0]}.", Exit.FAULTS)


def _claims(place: str, line: str | None) -> Sequence[Claim]:
    """The claims of a file: with the line that was given, else with their own, else with the line beside it.

    Raises Failure.
    """
    data = read_input("--check", place, MAX_PROOF)
    try:
        claims = read_claims(data)
    except ValueError as error:
        raise Failure("NoProof", f"--check: {place}: {error}", Exit.USAGE) from error
    if line is not None and len(claims) > 1:
        raise Failure("SeveralProofs", f"--line: {place} holds {len(claims)} proofs: give one", Exit.USAGE)
    if line is not None:
        return [claims[0]._replace(line=_line(line))]
    beside = Path(place).with_suffix(".line")
    if lacks_its_line(claims) and place.endswith(".tlog-proof") and beside.is_file():
        say(f"The line is that of {beside}.")
        data = read_input("--check", str(beside), MAX_LINE)
        return [claims[0]._replace(line=_one_line("--check", str(beside), data))]
    return claims


def _line(given: str) -> bytes:
    """The line that a person gave: itself (it begins with a brace), in a named file, or on stdin (`-`)."""
    data = given.encode("utf-8", "surrogateescape")
    if not given.startswith("{"):
        data = read_input("--line", given, MAX_LINE)
    return _one_line("--line", given, data)


def _one_line(option: str, place: str, data: bytes) -> bytes:
    line = data.removesuffix(b"\n")
    if b"\n" in line:
        raise Failure("SeveralLines", f"{option}: {named(place)} holds several lines: give one", Exit.USAGE)
    return line


def _record(found: CheckedProof) -> dict[str, object]:
    fields: dict[str, object] = to_json(found)
    return fields | {
        "is_proven": found.is_proven,
        "proven": [*found.proven()],
        "not_proven": [*found.not_proven()],
    }


def _show(found: CheckedProof) -> None:
    entry = found.entry or {}
    checkpoint = found.checkpoint
    show_facts(
        [
            ("Verdict", "proven" if found.is_proven else "not proven"),
            ("Entry", entry.get("id")),
            ("It says: time", entry.get("timestamp")),
            ("It says: user", entry.get("user")),
            ("It says: action", entry.get("action_type")),
            ("Leaf", found.index),
            ("Console", checkpoint and checkpoint.console),
            ("Entries", checkpoint and checkpoint.size),
            ("Root", checkpoint and checkpoint.root),
            ("Statement", checkpoint and checkpoint.statement_sha256),
            ("Signed by", ", ".join(found.signed_by) or None),
        ]
    )
    for sentence in found.proven():
        say(f"Proven: {sentence}")
    for clause in found.not_proven():
        say(f"Not proven: {clause}.")
