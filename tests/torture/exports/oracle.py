"""What an export holds, by `zipfile` and `json` alone, with hooks that see what they would lose.

It shares no code with the product, and it is slow. What the product reads the library must read too, to the
same bytes. What the product refuses although the library reads it must be listed in `STRICTER`.
"""

import json
import re
import struct
import zlib
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from tests.support.json_oracle import is_carried, source_form
from tests.torture.exports.reader import Number, Pairs, entries

MAX_ID = 2**63 - 1

STRICTER = {
    # The file can be read in another way too: by its beginning, by another end, by what lies between.
    r"it begins with": "something stands before the member",
    r"no end record ends where the file ends": "something stands behind the end record",
    r"two end records": "the comment holds another end record",
    r"does not end at byte": "the directory does not lie where the end record says, or before another end",
    r"zip64 (locator|end record)|says \d+ where its zip64 end record says": "the two end records disagree",
    r"split over several files|is on disk": "a part of a larger archive",
    r"longer than its headers can be|not exactly as long": "the directory holds more than its headers",
    r"ends before header|has \d+ members": "the end record counts otherwise than the directory",
    r"its member begins at byte": "the member does not stand at the beginning",
    r"its local header says": "the two headers disagree",
    r"would overlap the next header": "the directory lies inside the data",
    r"between data and next header, don't fit": "a gap, or a descriptor that says something else",
    r"lacks its zip64 sizes|the extra field": "extra fields of the local header that do not fit into it",
    # It is read in one way, but it is no export, or nothing to unpack carelessly.
    r"has the unknown flags": "flags that nobody knows the meaning of",
    r"is encrypted": "flags of an encryption that `zipfile` does not know",
    r"is compressed by method": "a method that not everybody can read",
    r"is not a plain (file|folder)|has no name": "a directory, a link",
    r"is a folder with data": "something where nobody looks",
    r"local header at byte": "a folder's local header, where the library never looks",
    r"stands in the way": "a file where a folder must be",
    r"leads out of the folder|a backslash or a control character": "path tricks",
    r"is stored, yet|has \d+ bytes, not the declared|has more than the declared": "a size that is not true",
    r"something follows the deflated data|goes on where it should end": "a compressed size that is not true",
    r"is longer than 16777216 bytes": "an entry or a member of the envelope over 16 MiB",
}


class UnreadableError(Exception):
    """The standard library can't read it, or it is no export by the rules of the format."""


@dataclass(frozen=True)
class Row:
    """One entry: its id, its source text, and the line that the archive must hold."""

    id: int
    source: str
    line: bytes


_ID = re.compile(r"[1-9][0-9]*")


def read_export(blob: bytes) -> list[Row]:
    """The distinct entries of an export, ascending by id. Raises UnreadableError."""
    try:
        text = from_the_directory(blob).decode("utf-8", "surrogateescape").removeprefix("\ufeff")
        rows = [_row(value, source) for value, source in entries(text)]
    except ValueError as error:  # JSONDecodeError is one
        raise UnreadableError(f"{type(error).__name__}: {error}") from error
    lines = {row.id: row.line for row in rows}
    if any(lines[row.id] != row.line for row in rows):
        raise UnreadableError("two different entries with one id")
    return sorted({row.id: row for row in rows}.values(), key=lambda row: row.id)


def from_the_directory(blob: bytes) -> bytes:
    """The one member, as `zipfile` finds it by the directory. Raises UnreadableError."""
    try:
        with ZipFile(BytesIO(blob)) as archive:
            (member,) = (each for each in archive.infolist() if not each.filename.endswith("/"))
            return archive.read(member)
    except (BadZipFile, NotImplementedError, RuntimeError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from error
    except (ValueError, OSError, EOFError, zlib.error, struct.error, OverflowError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from error


def is_same_from_the_front(blob: bytes, content: bytes) -> bool:
    """Whether one who never looks at the directory finds the same in the first member."""
    (method,) = struct.unpack_from("<H", blob, 8)
    name, extra = struct.unpack_from("<HH", blob, 26)
    if blob[29 + name : 30 + name] == b"/":  # a folder, perhaps with a descriptor
        return is_same_from_the_front(blob[blob.index(b"PK\3\4", 30 + name + extra) :], content)
    data = blob[30 + name + extra :]
    return (
        zlib.decompressobj(-zlib.MAX_WBITS).decompress(data) == content
        if method
        else data.startswith(content)
    )


def _row(value: Any, source: str) -> Row:
    """Raises ValueError if it is no entry."""
    ids = [item for key, item in value if key == "id"] if isinstance(value, Pairs) else []
    if len(ids) != 1 or not isinstance(ids[0], Number) or not _ID.fullmatch(ids[0]):
        raise ValueError(f"no entry with one id that is a positive integer: {source[:80]}")
    if len(ids[0]) > len(str(MAX_ID)) or int(ids[0]) > MAX_ID:
        raise ValueError(f"an id beyond 2**63: {ids[0][:40]}")
    form = source_form(source, int(ids[0]))
    line = (
        _spell(value) if is_carried(source) else json.dumps(form, ensure_ascii=False, separators=(",", ":"))
    )
    return Row(int(ids[0]), source, line.encode())


def _spell(value: Any) -> str:
    """Canonical JSON of a value that it carries exactly."""
    if isinstance(value, Pairs):
        members = (f"{_spell(key)}:{_spell(item)}" for key, item in sorted(value))
        return "{" + ",".join(members) + "}"
    if isinstance(value, Number):
        return str(int(value)) if value.lstrip("-").isdigit() else _shortest(float(value))
    if isinstance(value, list):
        return "[" + ",".join(map(_spell, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _shortest(number: float) -> str:
    """The shortest decimal that reads back as the same double, in the spelling that lines are hashed in.

    As `repr` has it, but that an exponent has no leading zero, and that there is none above 1e-6.
    """
    mantissa, _, exponent = repr(number).partition("e")
    if not exponent:
        return mantissa
    return f"{Decimal(repr(number)):f}" if int(exponent) == -5 else f"{mantissa}e{int(exponent):+d}"
