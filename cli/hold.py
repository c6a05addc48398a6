"""`hold set|release`: S3's legal hold on all archived objects that cover a range."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from itertools import chain
from typing import Any, cast

import click

from audit_archive.format.layout import checkpoint_key
from audit_archive.ports import Version
from audit_archive.retrieve.request import EntriesRequest
from audit_archive.retrieve.selection import Selected, select_statements
from audit_archive.retrieve.statements import Reader, answered
from cli.exits import Exit, Failure
from cli.groups import Group
from cli.options import (
    Chosen,
    F,
    chosen,
    complete_zone,
    confirm,
    console_argument,
    global_options,
    yes_option,
)
from cli.questions import event_of
from cli.show import say, show_json, show_table
from cli.stack import CloudError, Stack, asking, question
from cli.tables import Column, Shape

WORKERS = 8
COVERED = (Column("what", "what"), Column("versions", "versions"))
FAILED = (
    Column("not changed", "key"),
    Column("version", "version_id", 1),
    Column("why", "error", 0, Shape.SENTENCE),
)


class LegalHold(StrEnum):
    """The statuses of S3's legal hold."""

    ON = "ON"
    """The object can't be deleted."""
    OFF = "OFF"
    """It can be deleted once its retention has ended."""


def hold_options(function: F) -> F:
    """The options of a hold: the range, and those that commands share."""
    for option in (
        global_options(hidden=True),
        yes_option,
        click.option(
            "--tz",
            metavar="ZONE",
            shell_complete=complete_zone,
            help="The time zone of --from and --to. [default: UTC]",
        ),
        click.option(
            "--to", metavar="TIME", help="To this date or time, inclusive. A date means its whole day."
        ),
        click.option("--from", "from_", metavar="TIME", help="From this date or time, inclusive."),
        click.option("--to-id", type=int, metavar="ID", help="To this id, inclusive."),
        click.option("--from-id", type=int, metavar="ID", help="From this id, inclusive."),
        console_argument,
    ):
        function = option(function)
    return function


@click.group(cls=Group)
def hold() -> None:
    """Set or release a legal hold: what is held can't be deleted, whatever its retention.

    Give a range of ids or of times. The hold is on the exports, entry files, statements and checkpoints, in
    every version, of each run that archived any of it. So it covers more than the range, never less.
    """


@hold.command("set")
@hold_options
@chosen
def set_(chosen: Chosen, /, console: str, *, yes: bool, **asked: Any) -> None:
    """Hold what covers a range of ids or times, until you release it."""
    _change(chosen, console, LegalHold.ON, asked, yes=yes)


@hold.command()
@hold_options
@chosen
def release(chosen: Chosen, /, console: str, *, yes: bool, **asked: Any) -> None:
    """Release what covers a range of ids or times.

    A hold that was set on the same objects for another reason ends too.
    """
    _change(chosen, console, LegalHold.OFF, asked, yes=yes)


def _change(chosen: Chosen, console: str, status: LegalHold, asked: dict[str, Any], *, yes: bool) -> None:
    if all(value is None for name, value in asked.items() if name != "tz"):
        raise click.UsageError("Give a range: --from-id and --to-id, or --from and --to.")
    if {name for name, value in asked.items() if value is not None} & {"from_id", "to_id"} and (
        asked["from_"] or asked["to"]
    ):
        raise click.UsageError("Give a range of ids or of times, not of both.")
    reader = chosen.stack.reader
    versions = covering(reader, console, asked)
    if not versions:
        raise Failure(
            "NothingCovered",
            f"No archived object of Console {console} covers this range: give another range, or Console.",
            Exit.NOT_THERE,
            has_answer=False,
        )
    if not chosen.is_json:
        counts = {folder: sum(v.key.startswith(f"{folder}/") for v in versions) for folder in _FOLDERS}
        show_table(COVERED, [{"what": name, "versions": count} for name, count in counts.items()])
    verb = "Hold" if status == LegalHold.ON else "Release"
    confirm(f"{verb} these {len(versions)} object versions of Console {console}?", yes=yes)
    failed = _put(chosen.stack, versions, status)
    done = len(versions) - len(failed)
    if chosen.is_json:
        show_json({"console": console, "status": status, "changed": done, "failed": failed})
    else:
        show_table(FAILED, [_in_short(each) for each in failed]) if failed else None
        become = "held" if status == LegalHold.ON else "released"
        say(f"{done} of {len(versions)} object versions are {become}.")
    if failed:
        raise Failure(
            "NotAll", f"{len(failed)} object versions were not changed: run the command again.", Exit.FAULTS
        )


def _in_short(failed: dict[str, str]) -> dict[str, str]:
    """What failed, without the key in the sentence."""
    return failed | {"error": failed["error"].removeprefix(failed["key"]).strip()}


_FOLDERS = ("exports", "entries", "statements", "checkpoints")


def covering(reader: Reader, console: str, asked: dict[str, Any]) -> list[Version]:
    """Every version of every object that covers a range. Raises RequestError, IntegrityError."""
    query = cast("EntriesRequest", question(event_of("entries", console, asked))).query
    selected = answered(reader, console, lambda known: select_statements(reader, known, query))
    keys = dict.fromkeys(chain.from_iterable(_keys(console, each) for each in selected))
    return [version for key in keys for version in _versions(reader, key)]


def _keys(console: str, selected: Selected) -> Iterator[str]:
    for each in selected.read:
        yield each.statement.export.key
        yield from (file.key for file in each.statement.entries)
        yield each.row.statement.key
        yield checkpoint_key(console, each.row.seq)


def _versions(reader: Reader, key: str) -> Iterable[Version]:
    return (v for v in reader.source.versions(key) if v.key == key and not v.is_delete_marker)


def _put(stack: Stack, versions: list[Version], status: LegalHold) -> list[dict[str, str]]:
    """Set the hold's status on each version. Returns those that failed, with the error."""
    from rich.console import Console
    from rich.progress import track

    s3, bucket = stack.client("s3"), stack.output("ArchiveBucket")

    def put(version: Version) -> dict[str, str] | None:
        try:
            with asking(f"{version.key} was not changed"):
                s3.put_object_legal_hold(
                    Bucket=bucket, Key=version.key, VersionId=version.version_id, LegalHold={"Status": status}
                )
        except CloudError as error:
            return {"key": version.key, "version_id": version.version_id, "error": str(error)}
        return None

    terminal = Console(stderr=True)
    with ThreadPoolExecutor(WORKERS) as pool:
        done = track(pool.map(put, versions), "legal hold", len(versions), console=terminal,
                     disable=not terminal.is_terminal, transient=True)  # fmt: skip
        return [failure for failure in done if failure is not None]
