"""`keys`: the public keys that checkpoints are signed with, by the stack and by the chain."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from audit_archive.errors import IntegrityError
from audit_archive.format.facts import Action
from audit_archive.format.head import Head
from audit_archive.format.keys import PublicKey
from audit_archive.format.statement import OperatorStatement, bundle_key_named_by, key_named_by
from audit_archive.retrieve.statements import Reader
from audit_archive.storage.chain import committed_after
from cli.exits import Exit, Failure
from cli.options import Chosen, chosen, console_argument, folder_option, global_options
from cli.outputs import written
from cli.show import say, show_json


@dataclass(frozen=True)
class Named:
    """A key, and the number of the statement that names it."""

    seq: int
    key: PublicKey


@click.command()
@console_argument
@click.option(
    "--output",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Write each key into a file in this folder: signing-key-<key id>.pem, bundle-key-<key id>.pem.",
)
@folder_option
@global_options(hidden=True)
@chosen
def keys(chosen: Chosen, /, console: str, output: Path | None, folder: Path | None) -> None:
    """Export the public keys that verify the signatures.

    Keep them apart from the archive, and give them to whoever verifies it: `canary-audit verify --key`. The
    command reads the whole chain of statements. If the stack does not sign with the newest key of the
    chain, the exit status is 1. It also tells the key that signs bundles of evidence, by the stack, and
    whether the chain names it: `canary-audit bundle-key`.
    """
    reader = chosen.reader(folder)
    if next(committed_after(reader.source, Head(console)), None) is None:
        raise Failure(
            "NothingArchived", f"Nothing of Console {console} is archived.", Exit.NOT_THERE, has_answer=False
        )
    named = named_keys(reader, console)
    own = chosen.stack.signing_key() if folder is None else None
    agrees = _agrees(named, own) if folder is None else None
    named_last = last_bundle_key(reader, console)
    makes = chosen.stack.bundle_key() if folder is None else named_last
    files = _write(named, makes, output) if output is not None else {}
    if chosen.is_json:
        known = [_record(each.key) | {"seq": each.seq, "file": files.get(each.key)} for each in named]
        stack = {"stack": own and _record(own), "bundles": makes and _record(makes)}
        stack["bundles_named"] = named_last and _record(named_last)
        show_json({"console": console, "chain": known, **stack, "agrees": agrees})
    else:
        _show(named, own, agrees=agrees)
        _show_maker(makes, console, is_named=makes == named_last)
    if agrees is False:
        raise Failure(
            "KeysDiffer",
            "The stack does not sign with the newest key of the chain: find out which is yours.",
            Exit.FAULTS,
        )


def named_keys(reader: Reader, console: str) -> list[Named]:
    """Every key that the chain names, oldest first. Raises IntegrityError for a broken chain."""
    named = []
    for each in committed_after(reader.source, Head(console)):
        statement, ref = each.statement, each.ref
        if isinstance(statement, OperatorStatement) and statement.action == Action.KEY:
            key = key_named_by(statement)
            if key is None:
                raise IntegrityError(f"{ref.key} should name a public key and does not. Verify the archive")
            named.append(Named(statement.seq, key))
    return named


def last_bundle_key(reader: Reader, console: str) -> PublicKey | None:
    """The key that the chain named last to sign bundles. Raises IntegrityError for a broken chain."""
    named = (bundle_key_named_by(each.statement) for each in committed_after(reader.source, Head(console)))
    return next(reversed(list(filter(None, named))), None)


def key_file(key: PublicKey) -> str:
    """What the file of a key is called."""
    return f"signing-key-{key.key_id.hex()}.pem"


def bundle_key_file(key: PublicKey) -> str:
    """What the file of a key is called that signs bundles."""
    return f"bundle-key-{key.key_id.hex()}.pem"


def _agrees(named: list[Named], own: PublicKey | None) -> bool | None:
    """Whether the stack signs with the key that the chain names last; None if neither has one."""
    newest = named[-1].key if named else None
    return None if newest is None and own is None else newest == own


def _write(named: list[Named], makes: PublicKey | None, output: Path) -> dict[PublicKey, str]:
    files = {}
    names = {each.key: key_file(each.key) for each in named}
    names |= {makes: bundle_key_file(makes)} if makes is not None else {}
    for key, name in names.items():
        path = output / name
        with written(path) as file:
            file.write(key.pem().encode())
        files[key] = str(path)
    return files


def _record(key: PublicKey) -> dict[str, Any]:
    return {"key_id": key.key_id.hex(), "sha256": sha256(key.spki).hexdigest(), "pem": key.pem()}


def _show(named: list[Named], own: PublicKey | None, *, agrees: bool | None) -> None:
    for each in named:
        say(f"Statement {each.seq} names the key {each.key.key_id.hex()}:")
        click.echo(each.key.pem(), nl=False)
    if not named:
        say("The chain names no key: nothing in it is signed.")
    if own is not None:
        say(f"The stack signs with the key {own.key_id.hex()}.")
    if agrees:
        say("That is the newest key of the chain.")
    elif agrees is None and named:
        say("These keys come from the archive itself: compare them with copies that you kept elsewhere.")


def _show_maker(key: PublicKey | None, console: str, *, is_named: bool) -> None:
    if key is None:
        return
    digest = sha256(key.spki).hexdigest()
    say(f"Bundles of evidence are signed with the key {key.key_id.hex()}. SHA-256 of its DER: {digest}.")
    say(
        "The chain names it."
        if is_named
        else "The chain does not name it: give it to verify.py with --bundle-key, or state it with "
        f"canary-audit bundle-key {console}"
    )
    click.echo(key.pem(), nl=False)
