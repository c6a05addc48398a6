"""The auditor's copy: checks an archive of Canary audit trails, or a bundle of evidence, on nobody's word.

    python3 -I verify.py PLACE [--archive | --bundle] [--key KEY.pem] [--checkpoint FILE]

PLACE is a folder made by `aws s3 sync`, or a bundle (zip or folder). It takes Python 3.9, and the package
`cryptography` for signatures. It checks what docs/archive-format.md describes: each statement names the hash
of the one before, and goes on from its ids and tree; from the first named key on each has a signed
checkpoint; entry files and exports hold what is stated; the lines of a bundle are proven.
It can't show that an export was true when the Console served it; who made it all, without a key from
elsewhere (--key); that nothing is cut off at the end, and that the key signed no other history, without a
checkpoint that you kept (--checkpoint); versions and locks, which a copy lacks; that a bundle is the whole
answer to its question.
Exit status: 0 VALID, 1 FAULT, 2 NOT CHECKED.
"""

import argparse
import json
import re
import struct
import tempfile
import zipfile
import zlib
from base64 import b64decode, b64encode
from bisect import bisect_right
from codecs import iterdecode
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from hashlib import sha256
from itertools import islice, takewhile
from pathlib import Path
from shutil import disk_usage
from typing import IO, Any, NoReturn

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
except ImportError:
    InvalidSignature = None  # type: ignore[assignment,misc]

Json = dict[str, Any]
Entries = dict[int, tuple[bytes, str, Any]]  # a hash of what each means, its date, its purge receipt, by id
NONSENSE: Any = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, OSError, EOFError)
NONSENSE += (NotImplementedError, RecursionError, struct.error, zlib.error, zipfile.BadZipFile)
NONSENSE += tuple(filter(None, [InvalidSignature]))
CHUNK, MOST_BYTES, MOST_OF_AN_ENTRY = 1 << 18, 1 << 28, 1 << 24  # bytes at once, of a small file, of an entry
MOST_OF_A_LINE, MOST_INFLATED, MOST_OF_A_NOTE = 2 * MOST_OF_AN_ENTRY + CHUNK, 1 << 35, 1 << 17  # bytes
MOST_LEVELS = 254  # of canonical JSON
MARKS, VALUE = set("{}[],:"), "0{["  # of JSON; what a value begins with, 0 for what is no mark
NO_SPACE = re.compile(r"[^ \t\r\n]")
SIGNATURE = re.compile(r"— ([^\s+]+) (\S+)")
CHECKPOINT = re.compile(
    r"canary-audit-archive/([a-z0-9-]{1,63})\n(0|[1-9]\d{0,17})\n(.{44})\nstatement ([0-9a-f]{64})\n", re.A
)
PEM = re.compile(r"\A\s*-----BEGIN PUBLIC KEY-----\s([\w+/=\s]+)-----END PUBLIC KEY-----\s*\Z", re.A)
P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")  # and two coordinates
MOST_TOLD = 20  # faults that people are told: the first is the cause of most others
PROOF = re.compile(r"\Ac2sp\.org/tlog-proof@v1\nindex (\d+)((?:\n\S{44})*)\n\n(.*)\Z", re.A | re.S)
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,]\d+)?(?:(?: UTC)?([+-]\d\d):?([0-5]\d)|[Zz])", re.A
)
PURGE = r"\s*successfully\s+purged\s+([\d,]+)\s+logs?\s+before\s+id\s*:\s*([\d,]+)(?:\s*\.)?\s*"
COUNT = r"0|[1-9]\d{0,18}|[1-9]\d{0,2}(?:,\d{3}){1,6}"
MAX_ID, MAX_TEXT, FORMAT = (1 << 63) - 1, 1000, "canary-audit-archive/1"
PLAIN = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
CAUSES = {"purged", "foreign_purge", "before_archive", "unexplained"}
PARTS = {"report.html", "entries.ndjson", "entries.csv", "manifest.json", "verify.py"}  # of every bundle
VERDICTS = {"console": "broken", "seq": "broken", "epoch": "broken", "missing": "gap"}  # others: misdescribed
KINDS_OF_PLACES = {"bundle": "a bundle of evidence", "archive": "a copy of an archive"}
UNCHECKED = "checkpoints, without their signatures"

# The fields of every record, and what each holds: a type, a record, or [many]; with `?` after that, or null.
COMMON = "format:str kind:str console:str epoch:int seq:int previous:ref? run:run tree:tree "
COMMON += "highest_archived_id:int highest_purged_id:int head_format:str head_sha256:str "
TYPES = {"int": int, "str": str, "dict": dict}
RECORDS = {
    "archive": COMMON + "export:export slice:slice entries:[file] missing:[hole] filled:[int] "
    "receipts_seen:[receipt] drift:drift plan:plan anchor:anchor? covered_until:str population:population "
    "stale:unexported? amended:[span] respelled:[respelled] not_compared:int vanished:[span]",
    "purge": COMMON + "intent_seq:int boundary:int expected_count:int reported_count:int? answer:str? "
    "receipt:dict? outcome:str",
    "operator": COMMON + "action:str who:str reason:str public_key:str? accepted:span? lost:lost?",
    "ref": "key:str version_id:str sha256:str",
    "run": "id:str version:str started_at:str invoked_by:str reason:str?",
    "tree": "size:int root:str frontier:[str]",
    "export": "key:str version_id:str sha256:str size:int lock_mode:str retain_until:str served_at:str "
    "first_id:int last_id:int rows:int entry_count:int lines_sha256:str",
    "slice": "first_id:int? last_id:int? count:int",
    "file": "key:str sha256:str size:int content_sha256:str date:str first_id:int last_id:int count:int",
    "hole": "first:int last:int cause:str receipt_id:int?",
    "receipt": "entry_id:int before_id:int? count:int? user:str? user_ip:str? timestamp:str? intent_seq:int? "
    "surplus:int?",
    "plan": "mode:str window:int boundary:int? expected_count:int held_back_by:str? next_due_at:str? "
    "waiting_id:int?",
    "population": "counted:int? accounted:int offset:int? unexported:[span]",
    "unexported": "id:int timestamp:str?",
    "respelled": "key:str sha256:str last_id:int",
    "span": "first:int last:int",
    "lost": "seq:int sha256:str",
    "anchor": "id:int timestamp:str? action_type:str?",
}
KINDS = {"archive", "purge", "operator"}
FIELDS = {name: dict(each.split(":") for each in fields.split()) for name, fields in RECORDS.items()}
# What a statement says that has no such field.
NOTHING: Json = {"slice": {"first_id": None, "last_id": None, "count": 0}, "export": None, "plan": {}}
NOTHING |= {"missing": [], "filled": [], "entries": [], "action": None, "public_key": None}
EMPTY = {"size": 0, "root": sha256().hexdigest(), "frontier": list[str]()}
START = {"seq": 0, "epoch": 1, "tree": EMPTY, "highest_archived_id": 0, "highest_purged_id": 0}


def fits(value: Any, kind: str) -> bool:
    """Whether a value is of a type, or has exactly the fields of a record."""
    if kind[-1] == "?":
        return value is None or fits(value, kind[:-1])
    if kind[0] == "[":
        return type(value) is list and all(fits(each, kind[1:-1]) for each in value)
    if kind in TYPES or type(value) is not dict:
        return type(value) is TYPES.get(kind)
    if kind == "drift":
        return all(type(count) is int for count in value.values())
    holds = FIELDS[kind]
    return value.keys() == holds.keys() and all(fits(each, holds[name]) for name, each in value.items())


def base64_of(text: str) -> bytes:
    """The bytes of a base64 text. Raises ValueError unless it is their one canonical spelling."""
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:
        raise ValueError(f"no canonical base64: {text[:100]}")
    return data


def whole(digits: str) -> int:
    """An integer of at most 64 bits: a longer one is in no statement."""
    if len(digits) > len(str(1 << 64)) or not -1 << 63 <= int(digits) < 1 << 64:
        raise ValueError("an integer of more than 64 bits")
    return int(digits)


STRICT = json.JSONDecoder(parse_int=whole, parse_constant=whole).decode
SPELL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def without_floats(text: str) -> str:
    """JSON with one number in place of all floats: the shortest decimal has several spellings."""
    return re.sub(r'("(?:[^"\\]|\\.)*")|-?\d+[.eE][-+.eE\d]*', lambda found: found[1] or "0.0", text)


def canonical(data: bytes) -> Any:
    """What canonical JSON says. Raises ValueError for any other spelling, and for too many levels."""
    text = data.decode()
    value = STRICT(text)
    inside, levels = [value], 0
    while inside := [each for each in inside if isinstance(each, (dict, list))]:
        inside = [more for each in inside for more in (each.values() if isinstance(each, dict) else each)]
        levels += 1
    spelled = SPELL(value)
    if levels > MOST_LEVELS or (spelled != text and without_floats(spelled) != without_floats(text)):
        raise ValueError("not canonical JSON")
    return value


def number(digits: str) -> tuple[str, ...]:
    """A number by its exact value, apart from any text; by its digits, if no Decimal is so large."""
    is_zero = not digits.lower().partition("e")[0].strip("-0.")
    with suppress(ArithmeticError):
        return (str(EXACT.normalize(Decimal(0 if is_zero else digits))),)
    return (digits,)


# Reads what has no members, by what it means, so that lines need not be spelled as they were in the export;
# there a text may have raw control characters.
SCALAR = json.JSONDecoder(
    strict=False,
    parse_int=number,
    parse_float=lambda digits: ("float", *number(digits)),
    parse_constant=lambda name: (name,),
).raw_decode
EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


def tokens_in(pieces: Iterable[bytes]) -> Iterator[tuple[str, Any]]:
    """The tokens of a JSON text: a mark, or no mark and a scalar. No more is in memory than one may have."""
    texts, text, at, is_more = iterdecode(pieces, "utf-8-sig", "surrogateescape"), "", 0, True
    while True:
        found = NO_SPACE.search(text, at)
        at = found.start() if found else len(text)
        mark = text[at : at + 1]
        if mark in MARKS:
            yield mark, None
            at += 1
            continue
        try:
            value, end = SCALAR(text, at)
        except ValueError:
            value, end = None, -1
        if 0 < end < len(text) or (end > 0 and not is_more):
            yield "", value
            at = end
        elif is_more and len(text) - at <= MOST_OF_AN_ENTRY:  # it may go on
            more = "".join(islice(texts, 1 + (len(text) - at) // CHUNK))
            text, at, is_more = text[at:] + more, 0, more != ""
        elif mark:
            raise ValueError(f"the JSON is broken, or cut off, at {text[at : at + 20]!r}")
        else:
            return


def folded(mark: str, items: list[Any]) -> bytes:
    """A hash of what an array or an object means. With a name that comes twice an object is like no other."""
    if mark == "{":
        pairs = list(zip(items[::2], items[1::2]))
        items = sorted(pairs, key=lambda pair: str(pair[0])) if len(dict(pairs)) == len(pairs) else pairs
    return sha256(repr((mark, items)).encode()).digest()


def is_envelope(items: list[Any]) -> bool:
    """Whether an object of an export has the entries in its member `audit_trail`, and is not one itself."""
    names = items[::2]
    early = names[: names.index("id")] if "id" in names else names
    if "audit_trail" in early and (
        names.count("audit_trail") > 1 or items[2 * early.index("audit_trail") + 1]
    ):
        raise ValueError("`audit_trail` is there twice, or it is not an array")
    return "audit_trail" in early


def need(is_so: bool, why: str) -> None:
    """Raise ValueError unless something is so."""
    if not is_so:
        raise ValueError(why)


def is_trail_next(within: list[tuple[str, list[Any]]]) -> bool:
    """Whether the member `audit_trail` of an export's object is next, by what is open: it is no entry's."""
    names = within[-1][1][::2] if len(within) == 2 else []  # noqa: PLR2004 - the text and the object
    return names[-1:] == ["audit_trail"] and "id" not in names


def entries_in(pieces: Iterable[bytes], is_export: bool = False) -> Iterator[list[Any]]:
    """The entries of a JSON text, each as its names and values in turn, with a hash of what is nested.

    There may be one a line; in an export also an array of them, or an object with that as `audit_trail`.
    However deep they are, it takes no recursion. Raises ValueError if the text is anything else.
    """
    within: list[tuple[str, list[Any]]] = [("", [])]  # what is open, and what is in it so far
    # `depth`: how many are open around each entry of an array. `size`: bytes since the last entry.
    due, depth, size = "{[" if is_export else "{", 0, 0
    for mark, value in tokens_in(pieces):
        (outer, items), size = within[-1], size + (len(value) if isinstance(value, str) else 1)
        is_name = due[0] == '"' and isinstance(value, str)
        need(size <= MOST_OF_AN_ENTRY, "an entry is longer than 16 MiB")
        need(is_name or (mark or "0") in due, "the JSON has something else than is due")
        if is_name or mark == ":":
            items += [value] if is_name else []
            due = ":" if is_name else VALUE
        elif mark == ",":
            due = '"' if outer == "{" else VALUE
        elif mark in ("{", "["):
            if is_export and mark == "[" and (not outer or is_trail_next(within)):
                depth = len(within) + 1
            within.append((mark, []))
            due = '"}' if mark == "{" else f"{VALUE}]"
        else:  # a value has ended
            within[-1:] = [] if mark else within[-1:]
            level, kind = len(within), within[-1][0]
            is_entry = level == depth or (
                level == 1 and mark == "}" and not (is_export and is_envelope(items))
            )
            need(not is_entry or mark == "}", "the JSON has something else in place of an entry")
            if is_entry:
                yield items
                size, is_export = 0, is_export and level > 1  # if one was on a line, so are the others
            else:
                is_trail = mark == "]" and level + 1 == depth
                depth *= not is_trail
                within[-1][1].append(None if is_trail else folded(outer, items) if mark else value)
            due = (",}" if kind == "{" else ",]") if kind else "{" if is_entry else "$"
    need(len(within) == 1, "the JSON is cut off")


def entry_of(items: list[Any]) -> tuple[int, bytes, Json]:
    """The id of an entry, a hash of what it means, and its fields."""
    fields = dict(zip(items[::2], items[1::2]))
    (digits,) = fields["id"]
    entry_id = Decimal(digits)
    if items[::2].count("id") != 1 or not 0 < entry_id <= MAX_ID:
        raise ValueError(f"an entry has the id {digits[:40]}")
    return int(entry_id), folded("{", items), fields


def read_line(line: bytes) -> tuple[int, bytes, Json]:
    """The id of an archived line, a hash of what the entry in it means, and the line's own fields."""
    canonical(line)
    ((entry_id, meaning, fields),) = map(entry_of, entries_in([line]))
    for name, source_of in (("_source", str.encode), ("_source_base64", base64_of)):
        if fields.keys() == {name, "id"}:
            ((_, meaning, _),) = map(entry_of, entries_in([source_of(fields[name])]))
    return entry_id, meaning, fields


def chunks_of(file: IO[bytes], size: int = -1) -> Iterator[bytes]:
    """The next bytes of a file, or all that are left."""
    while piece := file.read(CHUNK if size < 0 else min(CHUNK, size)):
        size -= len(piece) if size >= 0 else 0
        yield piece


def inflated(pieces: Iterator[bytes], window: int) -> Iterator[bytes]:
    """What was compressed, some at a time: a gzip of one member or more, or the one deflated of a zip."""
    member, total = zlib.decompressobj(window), 0
    for piece in pieces:
        left, out = piece, b""
        while left or (len(out) == CHUNK and not member.eof):
            if member.eof and window < 0:
                raise ValueError("something follows the compressed data")
            member = zlib.decompressobj(window) if member.eof else member
            out = member.decompress(left, CHUNK)
            left, total = member.unused_data if member.eof else member.unconsumed_tail, total + len(out)
            if total > MOST_INFLATED:
                raise ValueError(f"it holds more than {MOST_INFLATED} bytes")
            yield out
    if not member.eof:
        raise EOFError("the compressed data is cut off")


def members_of(archive: zipfile.ZipFile, file: IO[bytes]) -> list[tuple[zipfile.ZipInfo, int]]:
    """The members of a zip, and where the data of each begins. Raises ValueError unless all read it alike.

    So nothing is before, between or after its members, its directory and its one end; and what stands
    before the data of a member says of it what the directory says.
    """
    members = sorted(archive.infolist(), key=lambda each: each.header_offset)
    size, found = file.seek(0, 2), list[tuple[zipfile.ZipInfo, int]]()
    file.seek(max(0, size - 65_557))
    tail = file.read()
    ends = [end.start() for end in re.finditer(b"PK\x05\x06", tail)]
    ends = [at for at in ends if tail[at + 20 : at + 22] == (len(tail) - at - 22).to_bytes(2, "little")]
    stated = [struct.unpack("<H4xI", tail[at + 10 : at + 20]) for at in ends]
    starts, here = [each.header_offset for each in members] + [archive.start_dir], 0
    is_sane = all(a in {len(members), 0xFFFF} and b in {starts[-1], 0xFFFFFFFF} for a, b in stated)
    for each, start, end in zip(members, starts, starts[1:]):
        file.seek(start)
        mark, flags, *local, name, extra = struct.unpack("<4s2xHH4x3I2H", file.read(30))
        here, is_later = start + 30 + name + extra, flags & 8
        central = [each.compress_type, each.CRC, each.compress_size, each.file_size]
        is_sane &= (mark, flags) == (b"PK\x03\x04", each.flag_bits) and not flags & ~0x80E
        is_sane &= file.read(name) == each.orig_filename.encode("utf-8" if flags & 0x800 else "cp437")
        is_sane &= all(a in {b, 0xFFFFFFFF} or (is_later and not a) for a, b in zip(local, central))
        file.seek(here + each.compress_size)
        sizes = [struct.pack(form, *(n % (1 << 32) for n in central[1:])) for form in ("<3I", "<I2Q")]
        forms = {mark + each for mark in (b"", b"PK\x07\x08") for each in sizes} if is_later else {b""}
        is_sane &= here + each.compress_size <= end
        is_sane = is_sane and file.read(min(30, end - here - each.compress_size)) in forms
        found.append((each, here))
    if not is_sane or len(ends) != 1 or starts[0]:
        raise ValueError("this zip can be read in more than one way, or something else is in the file")
    return found


def unzipped(file: IO[bytes]) -> Iterator[bytes]:
    """What the one member of an export's zip holds, some at a time, and no more of it than is stated."""
    with zipfile.ZipFile(file) as archive:
        inside = members_of(archive, file)  # maybe with the folder of the one file, in which nothing is
        ((member, start),) = [each for each in inside if not each[0].is_dir() or each[0].file_size]
        if member.compress_type not in PLAIN or member.file_size > MOST_INFLATED:
            raise ValueError("an export is stored or deflated, and not this large")
        file.seek(start)
        pieces, crc, size = chunks_of(file, member.compress_size), 0, 0
        for piece in inflated(pieces, -15) if member.compress_type == zipfile.ZIP_DEFLATED else pieces:
            crc, size = zlib.crc32(piece, crc), size + len(piece)
            if size > member.file_size:
                break
            yield piece
        if (crc, size) != (member.CRC, member.file_size):
            raise ValueError("an export does not hold as much as is stated, or has another CRC-32")


def date_of(timestamp: Any) -> str:
    """The date (UTC) of an entry; none if its time can't be read."""
    with suppress(*NONSENSE):
        found: Any = TIME.fullmatch(timestamp)
        at = datetime.fromisoformat(f"{found[1]} {found[2]}{found[3] or '+00'}:{found[4] or '00'}")
        at = at.astimezone(timezone.utc)
        return str(at.date()) if at.timestamp() >= 0 else ""
    return ""


def read_export(file: IO[bytes], day: str) -> tuple[Entries, Json]:
    """The entries of an export, and what is stated of them. `day`: of serving, for want of any date."""
    found, rows = Entries(), 0
    for items in entries_in(unzipped(file), is_export=True):
        rows += 1
        entry_id, meaning, fields = entry_of(items)
        entry = (meaning, date_of(fields.get("timestamp")), receipt_of(entry_id, fields))
        if found.setdefault(entry_id, entry) != entry:
            raise ValueError(f"two entries have the id {entry_id}")
    entries, day = Entries(), next(filter(None, (found[i][1] for i in sorted(found))), day)
    for entry_id in sorted(found):
        meaning, own, receipt = found[entry_id]
        day = own or day  # that of the entry before, if it has none
        entries[entry_id] = (meaning, day, receipt)
    facts = {"first_id": min(entries), "last_id": max(entries)}
    return entries, {**facts, "rows": rows, "entry_count": len(entries)}


UNSEEN: Json = {"intent_seq": None, "surplus": None}  # of a receipt: what only the statements before can tell


def texts_of(fields: Json, *names: str) -> Json:
    """Some fields as statements have them: only what is a text."""
    texts = {name: fields.get(name) if isinstance(fields.get(name), str) else None for name in names}
    return {name: text and re.sub("[\ud800-\udfff]", "\ufffd", text) for name, text in texts.items()}


def key_named_by(said: Json) -> bytes:
    """The key that signs from a statement on; none if it names none that can be one."""
    with suppress(*NONSENSE):
        key = base64_of(said["public_key"]) if said["action"] == "key" else b""
        return key if is_key(key) else b""
    return b""


def is_key(der: bytes) -> bool:
    """Whether this is how a public key on the curve P-256 looks; not whether its point is on it."""
    return der.startswith(P256) and len(der) == len(P256) + 64


def receipt_of(entry_id: int, fields: Json) -> Json | None:
    """What is stated of a purge receipt, known by its action type or else by its message; None for others."""
    message, texts = fields.get("message"), texts_of(fields, "user", "user_ip", "timestamp")
    found = re.fullmatch(PURGE, message, re.A | re.I) if isinstance(message, str) else None
    told = [int(n.replace(",", "")) for n in found.groups() if re.fullmatch(COUNT, n, re.A)] if found else []
    count, before_id = told if told[1:] and max(told) <= MAX_ID else (None, None)
    if before_id is None and fields.get("action_type") != "audit_trail_purge":
        return None
    texts = {name: text and text[:MAX_TEXT] for name, text in texts.items()}
    return {"entry_id": entry_id, "before_id": before_id, "count": count, **texts, **UNSEEN}


def node(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def grown(tree: Json, leaves: list[bytes]) -> Json:
    """A tree (RFC 6962) with more leaves. Its frontier are the roots of its perfect subtrees."""
    frontier = [bytes.fromhex(each) for each in tree["frontier"]]
    if tree["size"] < 0 or len(frontier) != bin(tree["size"]).count("1"):
        raise ValueError("a tree has another number of perfect subtrees than its frontier")
    for size, leaf in enumerate(leaves, tree["size"] + 1):
        frontier.append(leaf)
        for _ in range((size & -size).bit_length() - 1):  # as often as it can be halved
            frontier[-2:] = [node(b"\x01", *frontier[-2:])]
    root = frontier[-1] if frontier else node()
    for left in frontier[-2::-1]:
        root = node(b"\x01", left, root)
    return {"size": tree["size"] + len(leaves), "root": root.hex(), "frontier": [n.hex() for n in frontier]}


def root_above(leaf: bytes, index: int, size: int, way: list[bytes]) -> bytes:
    """The root to which a leaf and its neighbours on the way up lead. Raises LookupError or ValueError."""
    if size == 1 and not index and not way:
        return leaf
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        return node(b"\x01", root_above(leaf, index, half, way[:-1]), way[-1])
    return node(b"\x01", way[-1], root_above(leaf, index - half, size - half, way[:-1]))


def edges_of(ranges: list[tuple[int, int]]) -> list[int]:
    """Where ids that are in ranges, and ids that are not, begin in turn."""
    return [edge for first, last in ranges for edge in (first, last + 1)]


def holes_after(before: Json | None, said: Json) -> list[int] | None:
    """Where missing ids begin and end that may be filled, after a statement; None if nobody knows."""
    if before is None or before["holes"] is None or said["action"] == "epoch":
        return [] if said["action"] == "epoch" else None
    ranges = [(hole["first"], hole["last"]) for hole in said["missing"] if hole["cause"] != "purged"]
    return sorted([*before["holes"], *edges_of([*ranges, *((i, i) for i in said["filled"])])])


def moment(text: str) -> datetime:
    """A moment as statements have it. Raises ValueError for any other text."""
    return datetime.strptime(f"{text}+0000", "%Y-%m-%dT%H:%M:%SZ%z")


def subtrees(tree: Json) -> dict[int, str]:
    """The hashes in a frontier, by how many leaves each is over."""
    sizes = [1 << at for at in range(tree["size"].bit_length()) if tree["size"] >> at & 1]
    return dict(zip(sizes[::-1], tree["frontier"]))


def due_after(before: Json, said: Json, console: str) -> Json:
    """What a statement must say after the one before it."""
    is_epoch, tree, part, missing = said["action"] == "epoch", said["tree"], said["slice"], said["missing"]
    start, purged = (0, 0) if is_epoch else (before["highest_archived_id"], before["highest_purged_id"])
    last, holes, filled = max(start, part["last_id"] or 0), before["holes"], said["filled"]
    due = {"console": console, "seq": before["seq"] + 1, "epoch": before["epoch"] + is_epoch}
    due |= {"highest_archived_id": last, "highest_purged_id": max(purged, said["highest_purged_id"])}
    due["highest_purged_id"] *= not is_epoch
    # 1. The tree goes on by so many leaves, and its frontier gives its root.
    shared = zip(subtrees(before["tree"]).items(), subtrees(tree).items())
    goes_on = all(new == old for old, new in takewhile(lambda pair: pair[0][0] == pair[1][0], shared))
    is_whole = goes_on and grown(tree, []) == tree
    longer = {**tree, "size": before["tree"]["size"] + part["count"]} if is_whole else None
    due["tree"] = longer if part["count"] else before["tree"]
    # 2. Every new id is archived or listed as missing, once; those that are filled were missing until now.
    ends = [start, *(hole["last"] for hole in missing)]
    sane = [at < hole["first"] <= hole["last"] <= last for at, hole in zip(ends, missing)]
    sane += [hole["cause"] in CAUSES for hole in missing]
    sane += [i <= start and (holes is None or bisect_right(holes, i) % 2 == 1) for i in filled]
    told = part["count"] - len(filled) + sum(hole["last"] - hole["first"] + 1 for hole in missing)
    is_told = all(sane) and filled == sorted(set(filled)) and told == last - start
    due["missing"] = missing if is_told else None
    # 3. Moments can be read, and a receipt has an id.
    for at in (said["run"]["started_at"], said["plan"].get("next_due_at") or said["run"]["started_at"]):
        moment(at)
    if said.get("receipt") is not None:
        due["receipt"] = {**said["receipt"], "id": int(said["receipt"]["id"])}
    return {**due, **(due_of_objects(said) if said["kind"] == "archive" else {})}


def due_of_objects(said: Json) -> Json:
    """What an archive statement must say of its objects: their keys, and a slice that is their sum."""
    export, files, home = said["export"], said["entries"], f"console={said['console']}"
    served, _ = moment(export["served_at"]), moment(export["retain_until"])
    name = f"{export['first_id']:019}-{export['last_id']:019}-{export['sha256'][:16]}.json.zip"
    dates, ids = (
        [each["date"] for each in files],
        [each[at] for each in files for at in ("first_id", "last_id")],
    )
    first, last = min(ids, default=None), max(ids, default=None)
    is_sane = dates == sorted(set(dates)) and export["first_id"] <= export["last_id"]
    is_sane &= all(export["first_id"] <= i <= export["last_id"] for i in ids)
    is_sane &= all(0 < each["count"] <= each["last_id"] - each["first_id"] + 1 for each in files)
    keys = [f"entries/{home}/dt={date}/{said['seq']:010}.ndjson.gz" for date in dates]
    count = sum(each["count"] for each in files) if is_sane else None
    return {
        "keys": [f"exports/{home}/{served:%Y/%m/%d}/{name}", *keys],
        "slice": {"first_id": first, "last_id": last, "count": count},
    }


def due_by_content(before: Json, said: Json, leaves: dict[int, bytes], entries: Entries | None) -> Json:
    """What a statement must say by the lines in its entry files, and by the entries of its export."""
    ids, archived, holes = sorted(leaves), before["highest_archived_id"], before["holes"]
    new, missing = ids[bisect_right(ids, archived) :], said["missing"]
    edges = edges_of([(hole["first"], hole["last"]) for hole in missing])
    is_all = sum(edges[1::2]) - sum(edges[::2]) + len(new) == said["highest_archived_id"] - archived
    is_all = is_all and not any(bisect_right(edges, i) % 2 for i in new)
    due: Json = {"filled": ids[: len(ids) - len(new)], "holes": missing if is_all else None}
    due["tree"] = grown(before["tree"], [leaves[i] for i in ids])
    if entries is not None:
        first, last = said["slice"]["first_id"] or 0, said["slice"]["last_id"] or -1
        within = [i for i in entries if first <= i <= last]
        open_ids = said["filled"] if holes is None else [i for i in within if bisect_right(holes, i) % 2]
        due["ids"] = sorted({*open_ids, *(i for i in within if i > archived)})
        due["receipts_seen"] = [entries[i][2] for i in due["ids"] if entries[i][2]]
    return due


def note_of(data: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a signed note (c2sp.org/signed-note); of each signature the name, and key id and bytes.

    Raises ValueError unless every line is well formed, whoever signed it.
    """
    if len(data) > MOST_OF_A_NOTE or re.search(rb"[\x00-\x09\x0b-\x1f]", data):
        raise ValueError("no signed note: too long, or with control characters")
    text, between, lines = data.decode().rpartition("\n\n")
    found = [SIGNATURE.fullmatch(line) for line in lines.split("\n")[:-1]]
    signed = [(each[1], base64_of(each[2])) for each in found if each]
    if not between or lines[-1:] != "\n" or None in found or not all(raw[4:] for _, raw in signed):
        raise ValueError("no signed note: a line of it is malformed")
    return f"{text}\n", signed


def checkpoint_in(text: str) -> tuple[str, str, int, str]:
    """Of which Console a checkpoint is, over which statement, and of which tree: its size and root."""
    found = CHECKPOINT.fullmatch(text)
    if not found:
        raise ValueError("no checkpoint of this format")
    console, size, root, statement = found.groups()
    return console, statement, int(size), base64_of(root).hex()


def lines_in(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Each line, without its line feed. Raises ValueError if one is too long, or the last has none."""
    parts, size = list[bytes](), 0
    for piece in pieces:
        *ends, rest = piece.split(b"\n")
        for end in ends:
            yield b"".join([*parts, end])
            parts, size = [], 0
        parts, size = [*parts, rest], size + len(rest)
        need(size <= MOST_OF_A_LINE, "a line is longer than that of any entry")
    need(not size, "the last line has no line feed")


class Audit:
    """One Console: what is wrong with it, what was checked, and what was not."""

    def __init__(self, place: Path, names: set[str], console: str, trusted: list[bytes], checks: bool):
        """The names are those of all files there; the trusted keys are DER; `checks`: signatures."""
        self.place, self.names, self.unread = place, names, set(names)
        self.console, self.trusted, self.checks = console, trusted, checks
        parts = PARTS - {"verify.py"}  # that may lie beside an archive too
        self.is_bundle = any(name in names or (place / name).is_symlink() for name in parts)
        self.kind = "bundle" if self.is_bundle else "archive"
        self.faults: dict[tuple[str, str], str] = {}  # why, by verdict and object
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.lacking: dict[str, str] = {}  # what could have been checked, and why it was not
        self.good: dict[str, tuple[int, int, str]] = {}  # number, tree size and root, by the statement's hash
        self.notes: dict[str, tuple[int, int, int, str]] = {}  # epoch, its first leaf, tree size and root
        self.first = 0  # the number of the first leaf of the epoch
        self.before: Json | None = {**START, "sha256": "", "holes": []}  # the statement before, if known
        self.end = 0  # the number of the last statement
        self.signer = b""  # the key that was named last
        self.newest = ("", b"")  # the newest good checkpoint, and whose it is
        self.absent: list[str] = []  # the last checkpoints, as far as they are missing
        self.export: tuple[Json, Entries | None] = ({}, None)  # as stated last, and what it holds

    def key(self, number: int, kind: str = "statements", suffix: str = "json") -> str:
        return f"{kind}/console={self.console}/{number:010}.{suffix}"

    def fault(self, verdict: str, key: str, why: str) -> None:
        self.faults.setdefault((verdict, key), why)

    def compare(self, key: str, said: Json, due: Json) -> None:
        """Blame a statement for each field that is not as it is due."""
        for name in (name for name, value in due.items() if said[name] != value):
            self.fault(VERDICTS.get(name, "misdescribed"), key, f"states another `{name}` than follows")

    def read(self, name: str) -> bytes:
        """A small file, or as much of it as a small one may have."""
        self.unread.discard(name)
        if name not in self.names:
            return b""
        with (self.place / name).open("rb") as file:
            return file.read(min(MOST_BYTES, (self.place / name).stat().st_size))

    def chunks(self, name: str) -> Iterator[bytes]:
        """What a file holds, inflated if it is an entry file, some at a time."""
        self.unread.discard(name)
        if name not in self.names:
            return
        with (self.place / name).open("rb") as file:
            yield from inflated(chunks_of(file), 31) if name.endswith(".gz") else chunks_of(file)

    def fetch(self, name: str, sha: str, excuse: str = "") -> bool:
        """Whether an object is there and has the stated hash; if not, why is told."""
        kind, digest = name.partition("/")[0], sha256()
        if name not in self.names and excuse:
            self.counts["not_checked"][f"{kind}: {excuse}"] += 1
            return False
        if name not in self.names:
            self.fault("missing", name, "is missing")
            return False
        with suppress(*NONSENSE):
            for chunk in self.chunks(name):
                digest.update(chunk)
            if digest.hexdigest() == sha:
                self.counts["checked"][f"objects: {kind}"] += 1
                return True
        self.fault("altered", name, "does not have the hash that is stated")
        return False

    def load(self, number: int) -> tuple[str, Json]:
        """A statement's hash, and what it says; nothing if it is none of this format."""
        data = self.read(self.key(number))
        with suppress(*NONSENSE):
            said = canonical(data)
            if said["format"] == FORMAT and said["kind"] in KINDS and fits(said, said["kind"]):
                said = {**NOTHING, **said}
                said["previous"] = (said["previous"] or {"sha256": ""})["sha256"]
                said["public_key"] = key_named_by(said)
                said["keys"] = [each["key"] for each in (said["export"], *said["entries"]) if each]
                return sha256(data).hexdigest(), said
        return sha256(data).hexdigest(), {}

    def checkpoint(self, number: int, said: Json) -> tuple[str, tuple[str, int, str], bytes]:
        """The verdict on a statement's checkpoint, if bad; statement and tree in it; who signed it."""
        key, named = self.key(number, "checkpoints", "txt"), said.get("public_key") or self.signer
        keys = {node(der)[:4]: der for der in ([named] if named else self.trusted)}
        verdict = "altered" if key in self.names else "unsigned"
        with suppress(*NONSENSE):
            text, signed = note_of(self.read(key))
            known = [(name, keys[raw[:4]], raw[4:]) for name, raw in signed if raw[:4] in keys]
            verdict = "altered" if known else "unsigned"  # others may have signed it too: that says nothing
            origin = f"canary-audit-archive/{said['console']}"
            ours = [(der, raw) for name, der, raw in known if name == origin]
            for der, raw in ours if self.checks else ():
                point = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), der[26:])
                point.verify(raw, text.encode(), ECDSA(SHA256()))
            console, statement, size, root = checkpoint_in(text)
            if ours and console == said["console"]:
                return "", (statement, size, root), ours[0][0]
        return verdict, ("", 0, ""), b""

    def words_on(self, number: int) -> tuple[set[str], set[str]]:
        """A statement's hash by its checkpoint, and by the next statement; not if they belong elsewhere."""
        (mine, said), after, signed = self.load(number), self.load(number + 1)[1], ""
        if said:
            _, (signed, _, _), _ = self.checkpoint(number, said)
        signed = "" if signed in self.good and signed != mine else signed
        named = after["previous"] if after and after["seq"] - 1 in (number, said.get("seq")) else ""
        return {signed} - {""}, {named} - {""}

    def judge_hash(self, number: int, said: Json, is_odd: bool) -> tuple[bool, bool]:
        """Judge a statement's hash: whether somebody confirms it, and whether nobody contradicts it."""
        key, mine, (words, following) = self.key(number), self.load(number)[0], self.words_on(number)
        is_next_sure = set[str]().union(*self.words_on(number + 1)) == {self.load(number + 1)[0]}
        if mine in following or is_odd or is_next_sure:  # else it may be the next one that was altered
            words |= following
        is_confirmed, is_agreed = mine in words, words <= {mine}
        if not is_agreed:
            self.fault("forked" if is_confirmed else "altered", key, "has another hash than others name")
        elif not said:
            self.fault("misdescribed" if is_confirmed else "altered", key, "is no statement of this format")
        return is_confirmed, is_agreed

    def walk(self) -> None:
        """Judge every statement in turn, and what it names."""
        form = re.compile(rf"statements/console={re.escape(self.console)}/([0-9]{{10}})\.json")
        for number in sorted(int(found[1]) for found in map(form.fullmatch, self.names) if found):
            if number > self.end + 1:
                self.fault("missing", self.key(self.end + 1), "is missing")
                self.before = None
            self.end = number
            try:
                self.step(number)
            except NONSENSE as error:
                self.fault("misdescribed", self.key(number), f"makes no sense: {error!r}")
        if not self.end:
            self.fault("missing", self.key(1), "is missing, and so is every other statement")

    def step(self, number: int) -> None:
        """Judge a statement by what others say of it, and by the one before."""
        key, (mine, said), before, due = self.key(number), self.load(number), self.before, Json()
        self.before = None  # until this one was found to be sane
        try:
            grown(said["tree"] if said else EMPTY, [])  # if its frontier is no hashes, nothing can go on
            due = due_after(before, said, self.console) if said and before else due
            is_odd = any(said[name] != value for name, value in due.items())
        except NONSENSE:
            said, is_odd = {}, True
        is_confirmed, is_agreed = self.judge_hash(number, said, is_odd or not said)
        if not said or not (is_confirmed or is_agreed):
            return
        if before and before["sha256"] not in (None, said["previous"]):
            self.fault("broken", key, f"names {said['previous']} before it, which is {before['sha256']}")
            before = None
            if said["seq"] != number and not is_confirmed:
                return  # it belongs elsewhere
        self.compare(key, said, due if before else {"seq": number})
        self.first = said["tree"]["size"] if said["action"] == "epoch" else self.first
        self.good[mine] = (number, said["tree"]["size"], said["tree"]["root"])
        self.signature(number, mine, said)
        self.before = {**said, "sha256": mine if is_agreed else None, "holes": holes_after(before, said)}
        if said["kind"] == "archive":
            self.objects(key, said, before)

    def signature(self, number: int, mine: str, said: Json) -> None:
        """Judge the checkpoint of a statement of the chain."""
        key, named = self.key(number, "checkpoints", "txt"), said["public_key"]
        verdict, stated, signer = self.checkpoint(number, said)
        if named and named != self.signer:
            for each in self.absent:  # a run died before it signed them, and now nobody can
                del self.faults["unsigned", each]
            self.signer, self.absent = named, []
        if key in self.names:
            self.absent = []
        if verdict == "unsigned" and not (self.signer or self.newest[1]):
            self.counts["not_checked"]["signatures: signing had not begun"] += 1
        elif verdict:
            self.fault(verdict, key, "is missing, or not well signed by the key that counts")
            self.absent += [key] if key not in self.names else []
        elif stated == (mine, *self.good[mine][1:]):
            self.counts["checked"]["signatures" if self.checks else UNCHECKED] += 1
            self.newest = (key, signer)
            self.notes[self.read(key).decode()] = (said["epoch"], self.first, *stated[1:])
        elif stated[0] in self.good:  # else it speaks against the statement, which was told
            self.fault("misdescribed", key, "is over another statement, or another tree, than is beside it")

    def objects(self, key: str, said: Json, before: Json | None) -> None:
        """Judge an archive statement by the export and the entry files that it names."""
        # Copies lose an object a day before its lock ends.
        soon = f"{datetime.now(timezone.utc) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
        export, is_expired = said["export"], said["export"]["retain_until"] <= soon
        excuse = "bundles have none" if self.is_bundle else "expired" if is_expired else ""
        is_there = [self.fetch(file["key"], file["content_sha256"], excuse) for file in said["entries"]]
        for hole in said["missing"]:
            self.counts["stated_as_missing"][hole["cause"]] += hole["last"] - hole["first"] + 1
        for seen in said["receipts_seen"]:
            if seen["intent_seq"] is None:
                self.counts["notes"][f"foreign purge: {json.dumps(seen)}"] += 1
        if export != self.export[0]:
            self.export = (export, None)
            if self.fetch(export["key"], export["sha256"], excuse):
                with (self.place / export["key"]).open("rb") as file:
                    entries, facts = read_export(file, export["served_at"][:10])
                    facts["size"] = file.seek(0, 2)
                self.export = (export, entries)
                self.compare(key, said, {"export": {**export, **facts}})
        if before is None or not all(is_there):
            why = excuse or "not there, or not to be trusted"
            self.counts["not_checked"][f"statements against what they name: {why}"] += 1
        else:
            self.contents(key, said, before)

    def contents(self, key: str, said: Json, before: Json) -> None:
        """Judge an archive statement by what its entry files and its export hold."""
        entries, leaves, files = self.export[1], dict[int, bytes](), list[Json]()
        highest: tuple[int, Json] = (before["highest_archived_id"], {})
        for file in said["entries"]:
            ids = list[int]()
            for line in islice(lines_in(self.chunks(file["key"])), file["count"] + 1):
                entry_id, meaning, fields = read_line(line)
                if ids and entry_id <= ids[-1]:
                    self.fault("misdescribed", key, f"has the entry {entry_id} out of order")
                ids.append(entry_id)
                leaves[entry_id] = node(b"\x00", line)
                highest = max(highest, (entry_id, fields), key=lambda each: each[0])
                if entries is not None and entries.get(entry_id, ())[:2] != (meaning, file["date"]):
                    self.fault("misdescribed", key, f"has the entry {entry_id} otherwise than its export")
            files.append({**file, "first_id": ids[0], "last_id": ids[-1], "count": len(ids)})
        seen = [{**receipt, **UNSEEN} for receipt in said["receipts_seen"]]
        told = {**said, "ids": sorted(leaves), "holes": said["missing"], "receipts_seen": seen}
        due = {"entries": files, **due_by_content(before, said, leaves, entries)}
        if highest[1]:
            due["anchor"] = {"id": highest[0], **texts_of(highest[1], "timestamp", "action_type")}
        self.compare(key, told, due)
        self.counts["checked"]["entries"] += len(leaves)
        if entries is None:
            self.counts["not_checked"]["statements against their exports"] += 1

    def finish(self, kept: list[tuple[str, int, str]]) -> None:
        """Judge the end of the chain by what is known from elsewhere, and find what nothing names."""
        end, beyond = self.key(self.end), self.key(self.end + 1)
        if self.trusted and self.newest[1] not in self.trusted:
            self.fault("unsigned", self.newest[0] or end, "is the newest, and by no key that you trust")
        most = max((size for _, size, _ in self.good.values()), default=0)
        for statement, size, root in kept:
            if statement not in self.good and size > most:
                self.fault("missing", beyond, "is missing: the checkpoint that you kept covers more")
            elif self.good.get(statement, (0, 0, ""))[1:] != (size, root):
                self.fault("forked", end, "ends another history than that of the checkpoint that you kept")
        sure = {number for number, _, _ in self.good.values()}
        for name in sorted(self.names):
            kind, _, rest = name.partition(f"/console={self.console}/")
            number = int([*re.findall(r"(?:^|/)([0-9]{10})\.[a-z.]+$", rest), 0][0])
            if kind == "checkpoints" and number > self.end:
                self.fault("missing", beyond, f"is missing: {name} is there")
            elif name not in self.unread or (not rest and "/console=" in name):
                continue  # it was judged, or is another Console's
            elif kind == "entries" and 0 < number <= self.end and number not in sure:
                self.counts["not_checked"]["entries: their statement can't be trusted"] += 1
            elif kind == "entries":
                self.fault("misdescribed", name, "is an entry file that no statement names")
            else:
                self.counts["notes"][f"orphaned: nothing names {name}"] += 1

    def leaf_of(self, name: str, leaves: list[bytes]) -> bytes | None:
        """From which line's hash a proof (c2sp.org/tlog-proof) leads to the tree of a good checkpoint."""
        with suppress(*NONSENSE):
            ((index, text, note),) = PROOF.findall(self.read(name).decode())
            (epoch, first, size, root), way = self.notes[note], [*map(base64_of, text.split())]
            if name.startswith(f"proofs/{epoch}-") and (at := int(index)) >= first:
                ends = (root_above(leaf, at, size, way).hex() for leaf in leaves)
                return next((leaf for leaf, end in zip(leaves, ends) if end == root), None)
        return None

    def hashed(self) -> None:
        """Judge every file of a bundle by SHA256SUMS, and what lies beside that which is proven."""
        pairs = [line.split("  ", 1) for line in self.read("SHA256SUMS").decode().split("\n")[:-1]]
        sums, inside = {name: sha for sha, name in pairs}, {name for name in self.names if "/" in name}
        unnamed = {name for name in self.unread if "/console=" in name}  # by any statement
        for name in sorted(PARTS | sums.keys() | inside):
            self.fetch(name, sums.get(name, ""))
        self.unread |= unnamed
        for name in sorted(inside):
            if not name.startswith("proofs/") and f"/console={self.console}/" not in name:
                self.fault("misdescribed", name, "is nothing of this Console, and nobody looks at it")
        key = PEM.findall(self.read("public-key.pem").decode("utf-8", "replace"))
        if self.signer and self.signer not in map(b64decode, key):
            self.counts["notes"]["public-key.pem is not the key that the chain names last"] += 1

    def leaves_in(self, name: str) -> Iterator[tuple[int, bytes]]:
        """Of each line of a bundle the id, 0 if it has none, and the hash; as far as there are lines."""
        try:
            for line in lines_in(self.chunks(name)):
                entry_id = 0
                with suppress(*NONSENSE):
                    entry_id, _, _ = read_line(line)
                yield entry_id, node(b"\x00", line)
        except NONSENSE as error:
            self.fault("misdescribed", name, f"makes no sense: {error!r}")

    def proven(self, manifest: Json) -> None:
        """Judge the lines of a bundle, each by a proof of its own: it says how many it has at most."""
        waiting, count, unproven = defaultdict[str, list[bytes]](list), 0, 0
        for entry_id, leaf in self.leaves_in("entries.ndjson"):
            count += 1
            candidates = waiting[f"{entry_id}.tlog-proof"]
            if len(candidates) < len(self.good):
                candidates.append(leaf)
            else:  # each epoch has an id once, and there are no more epochs than statements
                unproven += 1
        if (manifest.get("coverage") or {}).get("matched", count) != count:
            self.fault("misdescribed", "manifest.json", f"tells another number of entries than {count}")
        self.counts["not_checked"]["report.html, entries.csv, manifest.json: only hashed, not proven"] += 1
        if not count:
            self.lacking["lines"] = (
                "the bundle has none, so it proves nothing of any entry. If you know that its question found "
                "nothing, accept that with --without-lines"
            )
        for name in sorted(name for name in self.names if name.startswith("proofs/")):
            candidates = waiting[name.partition("-")[2]]
            proven = self.leaf_of(name, candidates)
            if proven is not None:
                candidates.remove(proven)
                self.counts["checked"]["proven lines"] += 1
                continue
            self.fault("misdescribed", name, "proves no line of entries.ndjson")
            if candidates:
                self.fault("altered", "entries.ndjson", f"has a line that {name} does not prove")
        unproven, limit = unproven + sum(map(len, waiting.values())), manifest.get("proof_limit")
        if unproven and limit == count - unproven:
            self.lacking["proofs"] = f"the bundle has none for {unproven} of {count} lines, and says so"
        elif unproven:
            self.fault("missing", "proofs", f"are there for all but {unproven} of {count} lines")

    def report(self) -> Json:
        """What was found."""
        key, signer = self.newest
        trust = "you trust" if signer in self.trusted else "the archive names"
        return {
            "console": self.console,
            "kind": self.kind,
            "statements": self.end,
            "newest_statement": next(reversed(self.good), None),
            "signed_by_the_key": f"{node(signer)[:4].hex()}, which {trust}" if key and self.checks else None,
            **self.counts,
            "faults": [{"verdict": v, "key": key, "why": why} for (v, key), why in self.faults.items()],
        }


def show(text: str) -> None:
    """Print a line. Whoever chose the names in it could tell a terminal to hide or to rewrite the others."""
    print(re.sub(r"[^ -~]", lambda found: ascii(found[0])[1:-1], text))


def tell(reports: list[Json]) -> None:
    """Tell people what the reports tell programs."""
    for one in reports:
        show(
            f"Console {one['console']}: {one['kind']}, {one['statements']} statements, "
            f"the newest {one['newest_statement']}"
        )
        show(f"  signed by the key: {one['signed_by_the_key']}")
        for name in ("checked", "stated_as_missing", "not_checked", "notes"):
            for what, count in one.get(name, {}).items():
                show(f"  {name.replace('_', ' ')}: {count} {what}")
        for fault in one["faults"][:MOST_TOLD]:
            show(f"  FAULT, {fault['verdict']}: {fault['key']} {fault['why']}")
        if len(one["faults"]) > MOST_TOLD:
            show(f"  and {len(one['faults']) - MOST_TOLD} more, which --json tells")
    show(
        "Never checked here: versions and locks, which a copy does not have; nor whether the same key signed"
    )
    show("another history too. Only a checkpoint that you kept tells: give it with --checkpoint.")


def audits_of(place: Path, options: argparse.Namespace) -> list[Audit]:
    """The audit of every Console in a folder."""
    trusted, kept = [key_in(path) for path in options.key], [kept_in(path) for path in options.checkpoint]
    paths = [path for path in place.rglob("*") if path.is_file() and not path.is_symlink()]
    names = {path.relative_to(place).as_posix() for path in paths}
    manifest = {}
    with suppress(*NONSENSE):  # if it is damaged, its hash tells
        manifest = dict(json.loads((place / "manifest.json").read_bytes()))
    home = re.compile(r"(?:exports|entries|statements|checkpoints)/console=([a-z0-9-]+)/.*")
    consoles = {found[1] for found in map(home.fullmatch, names) if found} | {note[0] for note in kept}
    if manifest.get("console", options.console) != (options.console or manifest.get("console")):
        raise ValueError(f"this is a bundle of Console {manifest['console']}, not of {options.console}")
    if options.console or "console" in manifest:
        consoles = {str(options.console or manifest["console"])}
    if not consoles:
        raise ValueError(f"there is neither an archive nor a bundle in {place}")
    if not {note[0] for note in kept} <= consoles:
        raise ValueError(f"a checkpoint that you kept is of another Console than {sorted(consoles)}")
    checks = InvalidSignature is not None and not options.without_signatures
    audits = [Audit(place, names, console, trusted, checks) for console in sorted(consoles)]
    for audit in audits:
        expected = "bundle" if options.bundle else "archive" if options.archive else audit.kind
        if audit.kind != expected:
            raise ValueError(f"--{expected} was asked for, and this is {KINDS_OF_PLACES[audit.kind]}")
        audit.walk()
        if audit.is_bundle:
            audit.hashed()
            audit.proven(manifest)
        audit.finish([note[1:] for note in kept if note[0] == audit.console])
        if UNCHECKED in audit.counts["checked"]:
            audit.lacking["signatures"] = "install the package `cryptography`, or use --without-signatures"
    return audits


def key_in(path: Path) -> bytes:
    """The public key in a PEM file. Raises ValueError if there is none on the curve P-256."""
    found = PEM.findall(path.read_text("utf-8", errors="replace"))
    key = b64decode(found[0]) if found else b""
    if not is_key(key):
        raise ValueError(f"{path} is not a PEM file with a public key on the curve P-256")
    return key


def kept_in(path: Path) -> tuple[str, str, int, str]:
    """What a checkpoint says that somebody kept. Raises ValueError if the file is none."""
    try:
        return checkpoint_in(note_of(path.read_bytes())[0])
    except ValueError as error:
        raise ValueError(f"{path} is not a signed checkpoint: {error}") from error


def what_was_judged(audits: list[Audit]) -> str:
    """What was looked at, and how much of it there was, as the last line says."""
    told = audits[0].counts["checked"]
    if audits[0].is_bundle:
        return f"a bundle, {counted(told['proven lines'], 'line')} proven"
    lines = sum(audit.counts["checked"]["entries"] for audit in audits)
    size = f"{counted(sum(audit.end for audit in audits), 'statement')}, {counted(lines, 'line')}"
    return f"a copy of {counted(len(audits), 'archive') if audits[1:] else 'an archive'} of {size}"


def counted(count: int, what: str) -> str:
    """A number of things."""
    return f"{count} {what}{'s' * (count != 1)}"


def by_whom(audits: list[Audit]) -> str:
    """By whose key all of it is signed, as the last line says."""
    if not all(audit.newest[1] and audit.checks for audit in audits):
        return ", not signed"
    if all(audit.newest[1] in audit.trusted for audit in audits):
        return ", signed by a key that you trust"
    return ", signed by a key that the archive names: give yours with --key"


def extract(bundle: Path, folder: str) -> None:
    """Unpack a bundle, unless another program could unpack other files from it than this one."""
    with zipfile.ZipFile(bundle) as archive:
        names, size = archive.namelist(), sum(each.file_size for each in archive.infolist())
        if {each.compress_type for each in archive.infolist()} - PLAIN:
            raise ValueError("a bundle is stored or deflated, and this is neither")
        if size > disk_usage(folder).free:
            raise ValueError(f"it unpacks to {size} bytes, and the disk of {folder} has no room for that")
        with bundle.open("rb") as file:
            members_of(archive, file)
        archive.extractall(folder)
    files = sum(path.is_file() for path in Path(folder).rglob("*"))  # ./a is unpacked over a
    if len({name.lower() for name in names}) < len(names) or files < sum(n[-1:] != "/" for n in names):
        raise ValueError("there are several files of one name in it")


class Parser(argparse.ArgumentParser):
    """The command line. A name in it may be of a file that somebody else chose."""

    def error(self, message: str) -> NoReturn:
        """End, as the base class does."""
        show(f"NOT CHECKED: {message}; see --help")
        raise SystemExit(2)


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", type=Path)
    for option in ("--key", "--checkpoint"):
        parser.add_argument(option, type=Path, action="append", default=[], metavar="FILE", help="repeatable")
    parser.add_argument("--console", help="only this one")
    expected = parser.add_mutually_exclusive_group()
    for option in ("--archive", "--bundle"):
        expected.add_argument(option, action="store_true", help="PLACE must be one")
    for option in ("--without-signatures", "--without-proofs", "--without-lines", "--json"):
        parser.add_argument(option, action="store_true")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line names, and tell. Returns the exit status."""
    options = options_of(arguments)
    audits, lacking = list[Audit](), dict[str, str]()
    try:
        with tempfile.TemporaryDirectory() as folder:
            if options.place.is_file():
                extract(options.place, folder)
            audits = audits_of(Path(folder) if options.place.is_file() else options.place, options)
    except (*NONSENSE, RuntimeError, MemoryError) as error:
        is_plain = isinstance(error, (ValueError, OSError, zipfile.BadZipFile))
        lacking = {str(options.place): f"{error}" if is_plain else f"{type(error).__name__}: {error}"}
    for audit in audits:
        lacking |= audit.lacking
    faults = sum(len(audit.faults) for audit in audits)
    left = [f"{what}: {why}" for what, why in lacking.items() if not vars(options).get(f"without_{what}")]
    if faults or left:
        verdict = f"FAULT: {faults} of them" if faults else f"NOT CHECKED: {'; '.join(left)}"
    else:
        verdict = f"VALID: {what_was_judged(audits)}"
        verdict += "".join(f", without {what}, as you asked" for what in lacking)
        verdict += f" ({lacking['proofs']})" if "proofs" in lacking else ""
        verdict += by_whom(audits) if "signatures" not in lacking else ""
    reports = [audit.report() for audit in audits]
    if options.json:
        print(json.dumps({"consoles": reports, "verdict": verdict}, indent=1))
    else:
        tell(reports)
        show(verdict)
    return 1 if faults else 2 if left else 0


if __name__ == "__main__":
    raise SystemExit(main())
