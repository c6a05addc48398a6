"""Every path in the bucket. Numbers are zero-padded, so that a listing has them in order."""

from audit_archive.format.times import rfc3339, utc_date

ARCHIVE_FORMAT = "canary-audit-archive/1"
ID_DIGITS = 19
SEQ_DIGITS = 10
MAX_SEQ = 10**SEQ_DIGITS - 1
HASH_DIGITS = 16


def exports_prefix(console: str) -> str:
    """The folder of a Console's exports."""
    return f"exports/console={console}/"


def export_key(console: str, served_at: int, first_id: int, last_id: int, sha256: str) -> str:
    """The key of an export, by the UTC date on which the Console served it."""
    date = utc_date(served_at).replace("-", "/")
    ids = f"{first_id:0{ID_DIGITS}d}-{last_id:0{ID_DIGITS}d}"
    return f"{exports_prefix(console)}{date}/{ids}-{sha256[:HASH_DIGITS]}.json.zip"


def entries_prefix(console: str) -> str:
    """The folder of a Console's entry files."""
    return f"entries/console={console}/"


def entries_key(console: str, date: str, seq: int) -> str:
    """The key of the entry file of one event date that statement `seq` archived."""
    return f"{entries_prefix(console)}dt={date}/{seq:0{SEQ_DIGITS}d}.ndjson.gz"


def statements_prefix(console: str) -> str:
    """The folder of a Console's hash chain."""
    return f"statements/console={console}/"


def statement_key(console: str, seq: int) -> str:
    """The key of statement `seq` of a Console; `seq` counts from 1."""
    return f"{statements_prefix(console)}{seq:0{SEQ_DIGITS}d}.json"


def statement_number(console: str, key: str) -> int | None:
    """The number of the statement with a key; None if the key is not a statement's."""
    digits = key.removeprefix(statements_prefix(console)).removesuffix(".json")
    is_numbered = len(digits) == SEQ_DIGITS and digits.isascii() and digits.isdecimal()
    return int(digits) if is_numbered and key == statement_key(console, int(digits)) else None


def checkpoints_prefix(console: str) -> str:
    """The folder of a Console's signed checkpoints."""
    return f"checkpoints/console={console}/"


def checkpoint_key(console: str, seq: int) -> str:
    """The key of the signed checkpoint of statement `seq`."""
    return f"{checkpoints_prefix(console)}{seq:0{SEQ_DIGITS}d}.txt"


def rejected_key(console: str, served_at: int, sha256: str) -> str:
    """The key of an export that was refused, and is kept for a person to look at."""
    moment = rfc3339(served_at).replace("-", "").replace(":", "")
    return f"rejected/console={console}/{moment}-{sha256[:HASH_DIGITS]}"


def report_key(console: str, asked_at: int, sha256: str, suffix: str) -> str:
    """The key of an answer in the reports bucket, by the moment of the question; `suffix` is like `.csv`."""
    moment = rfc3339(asked_at).replace("-", "").replace(":", "")
    return f"reports/console={console}/{moment}-{sha256[:HASH_DIGITS]}{suffix}"


def consoles_after(console: str) -> str:
    """A key that sorts after every statement of a Console, and before those of the next one."""
    return statements_prefix(console) + "~"
