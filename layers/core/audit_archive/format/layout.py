"""Every path in the bucket. Numbers are zero-padded, so that a listing has them in order."""

import re
from collections.abc import Collection, Iterable

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


FLEET_PAGE_KEY = "fleet/index.html"
FLEET_DATA_KEY = "fleet/fleet.json"
"""The keys of the page of the fleet, and of the same for programs, in the reports bucket."""


def consoles_after(console: str) -> str:
    """A key that sorts after every statement of a Console, and before those of the next one."""
    return statements_prefix(console) + "~"


HOMES = frozenset({"exports", "entries", "statements", "checkpoints", "rejected", "proofs"})
"""The folders of an archive, and of a bundle of evidence. `verify.py` has the same."""

_LITTER = re.compile(
    r"(?:.*/)?(?:__MACOSX/.*|\.DS_Store|\._[^/]*|(?i:thumbs\.db|desktop\.ini)"
    r"|[^/]+\.(?:json|txt|gz|zip)\.[0-9A-Fa-f]{8})",
    re.DOTALL,
)
"""macOS and Windows leave the first of these beside the files that a person opens or zips. The last is the
temporary name of a download by the AWS CLI: s3transfer adds a dot and eight digits (`get_temp_filename`)."""


def is_litter(path: str) -> bool:
    """Whether a file in a copy is no part of an archive: other programs leave files of such names.

    No file of an archive has such a name. `verify.py` has the same rule.
    """
    return _LITTER.fullmatch(path) is not None


def only_folder(names: Collection[str]) -> str | None:
    """The one folder among the names in a place, where a folder's name ends in `/`; None if there is more.

    An archive that was packed, or copied, within a folder of its own is found so.
    """
    kept = [name for name in names if not is_litter(name)]
    return kept[0] if len(kept) == 1 and kept[0].endswith("/") else None


def is_home(names: Iterable[str]) -> bool:
    """Whether a place with these names, where a folder's name ends in `/`, is that of an archive."""
    return any(name.removesuffix("/") in HOMES for name in names if name.endswith("/"))
