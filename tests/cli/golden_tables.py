"""What a person sees at a terminal of each width, as text files. `-m tests.cli.golden_tables` writes them.

The tables are laid out from fixed records. The commands run over the example archive, in this process, with a
pseudo-terminal as their stdout.
"""

import io
import os
import pty
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from unittest import mock

import click

from audit_archive.format.times import from_rfc3339
from cli import adopt, all_consoles, console, entries, export, fleet, hold, locks, standing, sync
from cli.main import main
from cli.tables import Column, Record, laid
from tests.support.stack import ROOT

GOLDEN = Path(__file__).parent / "golden"
EXAMPLE = ROOT / "docs" / "example-archive"
WIDTHS = (40, 60, 80, 100, 120)
NOW = from_rfc3339("2026-12-01T06:00:00Z")

SHA256 = "0c9a3a5b0f7e43a1b1f8b0f4fbe6f3d3d5a5e7e28f9a1b6cf0a7b7f3f2d10c4e"
KEY = "exports/console=1234abcd/2026/11/24/0000000007-0c9a3a5b0f7e43a1.zip"
CONSOLES: Sequence[Record] = (
    {"console": "1234abcd", "highest_archived_id": 50407, "highest_purged_id": 50391, "unpurged_entries": 16,
     "missing_ids": 4, "up_to": "2026-12-01T05:11:27Z", "lag_hours": 0.8,
     "completed_at": "2026-12-01T05:11:30Z", "verified_at": "2026-11-30T18:20:00Z", "state": "ok",
     "schedule": "rate(1 day)", "schedule_state": "ENABLED",
     "verify_schedule": "cron(17 5 * * ? *)", "locks_schedule": "cron(17 7 1 * ? *)"},
    {"console": "5678efab", "highest_archived_id": 1204876, "highest_purged_id": 0,
     "unpurged_entries": 1204876,
     "missing_ids": 0, "up_to": "2026-09-02T23:59:59Z", "lag_hours": 2142.0, "completed_at": None,
     "verified_at": None, "schedule": "cron(0 3 ? * MON-FRI *)", "schedule_state": "DISABLED",
     "state": "the last audit found 8 faults: `canary-audit verify` lists them"},
)  # fmt: skip
ENTRIES: Sequence[Record] = (
    {"id": 7, "when": "2026-11-20 13:44:02 +05:30", "user": "alice@example.com", "user_ip": "192.0.2.17",
     "action_type": "user_login", "message": "User alice@example.com logged in"},
    {"id": 12045, "when": "2026-11-24 23:59:59 +05:30",
     "user": "bartholomew.o'shaughnessy@subsidiary.example.com",
     "user_ip": "2001:db8:1234:5678:9abc:def0:1234:5678", "action_type": "audit_trail_purge",
     "message": "User purged the audit trail up to entry 12040 by the API, and 11020 entries were deleted"},
    {"id": 12046, "when": "2026-11-25 00:00:00 +05:30", "user": "e\x1b[2Jve" + "!" * 300, "user_ip": None,
     "action_type": "user_login", "message": "東京 " * 12},
)  # fmt: skip
_NOTHING: dict[str, Any] = dict.fromkeys(column.field for column in standing.COLUMNS) | {
    "tags": {}, "fault": None, "problems": [], "needs_person": True,
}  # fmt: skip
STATUSES: Sequence[Record] = (
    _NOTHING
    | dict(CONSOLES[0])
    | {"name": "Factory S\u00fcd", "health": "ok", "needs_person": False, "tags": {"site": "graz"}},
    _NOTHING | dict(CONSOLES[1]) | {"health": "faults"},
    _NOTHING
    | {
        "console": "late",
        "health": "late",
        "highest_archived_id": 7,
        "highest_purged_id": 0,
        "missing_ids": 0,
        "unpurged_entries": 7,
        "completed_at": "2026-11-27T06:00:00Z",
        "state": "its last run was completed at 2026-11-27T06:00:00Z, and one is due every 24 hours",
    },
    _NOTHING
    | {
        "console": "failing",
        "name": "\u6771\u4eac",
        "health": "failing: ConsoleAuthError",
        "highest_archived_id": 7,
        "highest_purged_id": 7,
        "missing_ids": 0,
        "unpurged_entries": 0,
        "completed_at": "2026-11-30T06:00:00Z",
        "verified_at": "2026-11-30T07:00:00Z",
        "state": "the run of 2026-12-01T05:00:00Z failed with ConsoleAuthError",
    },
    _NOTHING
    | {
        "console": "held",
        "health": "held: unexplained_hole",
        "highest_archived_id": 9,
        "highest_purged_id": 3,
        "missing_ids": 2,
        "unpurged_entries": 4,
        "completed_at": "2026-12-01T05:00:00Z",
        "verified_at": "2026-12-01T05:30:00Z",
        "state": "purging waits for `canary-audit accept`: ids 4 to 5",
    },
    _NOTHING
    | {
        "console": "new",
        "health": "never archived",
        "needs_person": False,
        "state": "ok",
        "highest_archived_id": 0,
        "highest_purged_id": 0,
        "missing_ids": 0,
        "unpurged_entries": 0,
    },
    _NOTHING
    | {
        "console": "unread",
        "health": "unknown",
        "fault": "LedgerError: no answer",
        "state": "LedgerError: no answer",
    },
    _NOTHING
    | {
        "console": "removed",
        "health": "removed",
        "needs_person": False,
        "highest_archived_id": 9,
        "highest_purged_id": 9,
        "missing_ids": 0,
        "unpurged_entries": 0,
        "completed_at": "2026-11-01T05:00:00Z",
        "verified_at": "2026-11-01T05:00:00Z",
        "state": "it was taken out of the fleet at 2026-11-02T05:00:00Z",
    },
)
TABLES: Mapping[str, tuple[Sequence[Column], Sequence[Record]]] = {
    "status": (standing.columns_of(STATUSES), [standing.row_of(each) for each in STATUSES]),
    "console-list": (console.COLUMNS, [standing.row_of(each) for each in STATUSES[:2]]),
    "all-consoles": (all_consoles.COLUMNS, [
        {"console": "1234abcd", "name": "Factory Graz", "outcome": "found", "matched": 40,
         "searched": 50407, "missing_ids": 4, "up_to": "2026-12-01T05:11:27Z",
         "file": "march-1234abcd.ocsf.ndjson"},
        {"console": "5678efab", "outcome": "fault"}]),
    "fleet": (fleet.COLUMNS, [
        fleet.row_of({"console": "5678efab", "name": "Cape Town warehouse", "health": "failing",
         "problems": [{"sentence": "the run of 2026-12-01T06:47:00Z failed with ConsoleAuthError: refused"}],
         "completed_at": "2026-11-30T01:47:00Z", "verified_at": "2026-12-01T05:47:00Z",
         "entries": {"entries": [40, 2023]}}),
        fleet.row_of({"console": "1234abcd", "name": None, "health": "ok", "problems": [],
         "completed_at": "2026-12-01T03:47:00Z", "verified_at": "2026-12-01T05:47:00Z", "entries": None})]),
    "entries": (entries.COLUMNS, ENTRIES),
    "export": (export.COLUMNS, [
        {"first_id": 1, "last_id": 7, "entry_count": 7, "served_at": "2026-11-24T05:00:00Z", "size": 1822,
         "sha256": SHA256, "absence": "yes"},
        {"first_id": 1, "last_id": 12045, "entry_count": 12041, "served_at": "2025-02-01T05:00:00Z",
         "size": 1822113, "sha256": SHA256, "absence": "expired"}]),
    "hold-failed": (hold.FAILED, [
        {"key": KEY, "version_id": "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY",
         "error": "was not changed: AccessDenied. Ask for this right, or name another profile."}]),
    "locks-refused": (locks.REFUSED, [
        {"key": KEY, "version_id": "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY", "error": "AccessDenied"}]),
    "sync": (sync.CHANGES, [
        {"schedule": "5678efab_verify", "field": "Target.Arn",
         "was": "arn:aws:lambda:eu-west-1:1:function:old",
         "is": "arn:aws:lambda:eu-west-1:123456789012:function:canary-audit-archive-verify"}]),
    "adopt": (adopt.COLUMNS, [
        {"resource": "ArchiveBucket", "type": "AWS::S3::Bucket", "name": "canary-audit-archive-1234567890"}]),
}  # fmt: skip
COMMANDS = {
    "command-entries": ("entries", "1234abcd", "--tz", "Asia/Kolkata", "--from-id", "3", "--to-id", "8"),
    "command-verify": ("verify", "1234abcd"),
}
"""They run over a copy of the example of which one object was changed."""


def table(name: str) -> str:
    """A table at each width."""
    columns, records = TABLES[name]
    parts = []
    for width in WIDTHS:
        found = laid(columns, records, width, NOW)
        left_out = [f"(left out: {', '.join(found.left_out)})"] if found.left_out else []
        parts += [f"== {width} columns", *found.lines, *left_out, ""]
    return "\n".join(parts)


def command(name: str) -> str:
    """A command at a terminal of each width, then in a pipe."""
    with TemporaryDirectory() as place:
        folder = Path(shutil.copytree(EXAMPLE, Path(place) / "copy"))
        min(folder.glob("exports/**/*.zip")).write_bytes(b"something else")
        arguments = [*COMMANDS[name], "--folder", str(folder)]
        parts = [f"== {width} columns\n{at_a_terminal(arguments, width)}" for width in (60, 80, 120)]
        return "\n".join([*parts, f"== pipe\n{in_a_pipe(arguments)}"])


def at_a_terminal(arguments: Sequence[str], width: int) -> str:
    """What a command writes to a pseudo-terminal of a width."""
    return shown_at_a_terminal(lambda: _run(arguments), width)[0]


def in_a_pipe(arguments: Sequence[str]) -> str:
    """What a command writes into a pipe."""
    return shown_in_a_pipe(lambda: _run(arguments))


def shown_at_a_terminal(act: Callable[[], object], width: int) -> tuple[str, str]:
    """What is written to a pseudo-terminal of a width, and what is said on stderr."""
    with redirect_stderr(io.StringIO()) as said, _terminal(width) as read:
        act()
        sys.stdout.flush()
    return read().replace("\r\n", "\n"), said.getvalue()


def shown_in_a_pipe(act: Callable[[], object]) -> str:
    """What is written into a pipe."""
    data = io.BytesIO()
    with redirect_stderr(io.StringIO()), redirect_stdout(io.TextIOWrapper(data, "utf-8")) as written:
        act()
        written.flush()
        return data.getvalue().decode()


def _run(arguments: Sequence[str]) -> None:
    with suppress(click.ClickException):
        main(arguments, prog_name="canary-audit", standalone_mode=False)


@contextmanager
def _terminal(width: int) -> Iterator[Callable[[], str]]:
    """Stdout at a pseudo-terminal; what it is given can be read after its end."""
    ours, theirs = pty.openpty()
    read = list[bytes]()

    def drain() -> None:
        try:
            while data := os.read(ours, 65536):
                read.append(data)
        except OSError:  # EIO: the other side is closed
            pass

    reader = Thread(target=drain)
    reader.start()
    size = {"COLUMNS": str(width), "LINES": "1000"}
    try:
        with mock.patch.dict(os.environ, size), os.fdopen(theirs, "w") as file, redirect_stdout(file):
            yield lambda: b"".join(read).decode()
    finally:
        reader.join()
        os.close(ours)


def write() -> None:
    """Write the files anew."""
    GOLDEN.mkdir(exist_ok=True)
    for name in TABLES:
        (GOLDEN / f"{name}.txt").write_text(table(name))
    for name in COMMANDS:
        (GOLDEN / f"{name}.txt").write_text(command(name))


if __name__ == "__main__":
    write()
