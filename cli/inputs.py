"""Reads files that a person names: each one whole, up to a limit. Errors name the option."""

from collections.abc import Iterable
from pathlib import Path

import click

from audit_archive.format.keys import PublicKey
from cli.exits import Exit, Failure

STDIN = "-"
MAX_NAME = 1000
"""Characters of a file's name that a message repeats."""

MAX_KEY = 1 << 16
"""Bytes of a PEM file; one with a public key has 178."""


def named(place: str) -> str:
    """A file's name in a message. A text in place of a name is not repeated: it may be a secret."""
    is_name = len(place) <= MAX_NAME and "\n" not in place and not place.startswith(("{", "-----"))
    return place if is_name else "what you gave, which is not the name of a file,"


def read_input(option: str, place: str, limit: int) -> bytes:
    """The bytes of a file, or of stdin for `-`. Raises Failure if they can't be read, or are too many."""
    name = named(place)
    try:
        if place == STDIN:
            data = click.get_binary_stream("stdin").read(limit + 1)
        else:
            with Path(place).open("rb") as file:
                data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Failure("UnreadableFile", f"{option}: {name} can't be read: {why}", Exit.USAGE) from error
    if len(data) > limit:
        raise Failure("TooLarge", f"{option}: {name} has more than {limit} bytes", Exit.USAGE)
    return data


def read_text(option: str, place: str, limit: int, what: str) -> str:
    """The text in a file; `what` it should be. Raises Failure if it can't be read, or is not UTF-8."""
    try:
        return read_input(option, place, limit).decode()
    except UnicodeDecodeError as error:
        raise Failure(
            "UnreadableFile", f"{option}: {named(place)} is not the text of {what}", Exit.USAGE
        ) from error


def check_copy(folder: Path, *, is_bare: bool) -> None:
    """Raise Failure if nothing in a folder is of an archive."""
    if is_bare:
        why = "Give the folder that the bucket was copied to, in which there is a folder statements."
        raise Failure("NoArchive", f"--folder: {folder} holds no archive. {why}", Exit.USAGE)


def check_stdin(places: Iterable[tuple[str, str | None]]) -> None:
    """Raise UsageError if two options are to be read from stdin. `places`: each option and its file."""
    options = [option for option, place in places if place == STDIN]
    if len(options) > 1:
        raise click.UsageError(f"{options[0]} and {options[1]} can't both be stdin. Give a file.")


def read_key(place: str) -> PublicKey:
    """The public key in a PEM file. Raises Failure if the file holds no public key."""
    try:
        return PublicKey.from_pem(read_text("--key", place, MAX_KEY, "a PEM file"))
    except ValueError as error:
        raise Failure("NoKey", f"--key: {named(place)} is not a public key: {error}", Exit.USAGE) from error
