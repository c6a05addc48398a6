#!/usr/bin/env python3
"""The auditor's copy: checks an archive of Canary audit trails, or a bundle of evidence, on nobody's word.

    python3 verify.py PLACE [--key KEY.pem] [--checkpoint FILE]

PLACE is a folder made by `aws s3 sync`, or a bundle (zip or folder). It takes Python 3.9, and the package
`cryptography` for signatures. The project's docs/archive-format.md describes what is checked:

- the chain: each statement names the hash of the one before, and goes on from its ids, counts and tree;
- signatures: from the first named key on each statement has a signed checkpoint;
- entry files: the lines in them, the tree over the lines, and that there are no other files;
- exports: their bytes, and that they hold the entries, gaps and purge receipts that are stated;
- a bundle: its hashes, and that each line is proven, by a proof of its own, to be in a statement's tree.

It can't show that an export was true when the Console served it; who made it all, unless you give a key that
you have from elsewhere (--key); that nothing is cut off at the end, unless you kept a checkpoint
(--checkpoint); versions and locks, which a copy lacks; that a bundle is the whole answer to its question.
Exit status: 0 VALID, 1 FAULT, 2 NOT CHECKED.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import tempfile
import zipfile
import zlib
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False

Json = dict[str, Any]
Dated = dict[int, tuple[Json, str]]
UNREADABLE = (OSError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)
NONSENSE = (*UNREADABLE, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
NOTE = re.compile(r"(canary-audit-archive/(.+)\n(\d+)\n(.+)\nstatement (.+)\n)\n((?:— [^\s+]+ \S+\n)+)", re.A)
PROOF = re.compile(r"c2sp\.org/tlog-proof@v1\nindex (\d+)((?:\n\S{44})*)\n\n(.*)", re.A | re.S)
PARTS = ("report.html", "entries.ndjson", "entries.csv", "manifest.json", "verify.py")  # of every bundle
PURGE = re.compile(
    r"\s*successfully\s+purged\s+(\d{1,19})\s+logs?\s+before\s+id\s*:\s*(\d{1,19})\s*\.?\s*", re.A | re.I
)
CAUSES = {"purged", "foreign_purge", "before_archive", "unexplained"}
RECEIPT = ("entry_id", "before_id", "count", "user", "user_ip", "timestamp")
NOTHING = {"first_id": None, "last_id": None, "count": 0}
TIME, FIRST_YEAR = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC[+-](?:[01]\d|2[0-3])[0-5]\d", re.A), 1970
DER = 91  # bytes of a P-256 key
FORMAT, KINDS = "canary-audit-archive/1", ("archive", "purge", "operator")
EMPTY = {"size": 0, "root": sha256().hexdigest(), "frontier": list[str]()}
START = {"seq": 0, "epoch": 1, "tree": EMPTY, "highest_archived_id": 0, "highest_purged_id": 0}


def number(digits: str) -> tuple[Any]:
    """A number by its exact value, apart from true and false; by its digits, if no Decimal is so large."""
    try:
        return (Decimal(digits),)
    except ArithmeticError:
        return (digits if digits.lower().split("e")[0].strip("-0.") else Decimal(0),)


def members(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """An object; one with a key that comes twice is like no other."""
    return dict(pairs) if len(dict(pairs)) == len(pairs) else {**dict(pairs), None: pairs}


# Reads JSON by what it means, so that lines need not be spelled as they were in the export.
MEANING = json.JSONDecoder(
    object_pairs_hook=members, parse_int=number, parse_float=number, parse_constant=lambda name: (name,)
).decode


def node(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def grown(tree: Json, lines: list[bytes]) -> Json:
    """A tree with more leaves. Its frontier are the roots of the perfect subtrees that it is made of."""
    frontier = [bytes.fromhex(each) for each in tree["frontier"]]
    for size, line in enumerate(lines, tree["size"]):
        frontier.append(node(b"\x00", line))
        rest = size
        while rest & 1:
            rest >>= 1
            frontier[-2:] = [node(b"\x01", *frontier[-2:])]
    root = frontier[-1] if frontier else node()
    for left in frontier[-2::-1]:
        root = node(b"\x01", left, root)
    stated = [each.hex() for each in frontier]
    return {"size": tree["size"] + len(lines), "root": root.hex(), "frontier": stated}


def root_above(leaf: bytes, index: int, size: int, way: list[bytes]) -> bytes:
    """The root to which a leaf and its neighbours on the way up lead. Raises IndexError if too few."""
    if size == 1 and not way:
        return leaf
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        return node(b"\x01", root_above(leaf, index, half, way[:-1]), way[-1])
    return node(b"\x01", way[-1], root_above(leaf, index - half, size - half, way[:-1]))


def parts_of(form: re.Pattern[str], data: bytes) -> tuple[Any, ...]:
    """The parts of a text that has a form. Raises ValueError if it has another."""
    found = form.fullmatch(data.decode())
    if not found:
        raise ValueError(f"{data[:80]!r} is none")
    return found.groups()


def open_checkpoint(data: bytes, console: str, keys: list[bytes], checks: bool) -> tuple[Any, ...]:
    """Statement, tree size, root and signer of a checkpoint. Raises KeyError if none of the keys signed."""
    text, of, size, root, statement, lines = parts_of(NOTE, data)
    signatures = [(name, blob, b64decode(blob)) for name, blob in re.findall("— (.*) (.*)\n", lines)]
    ids = [raw[:4] for _, _, raw in signatures]
    signer = {node(key)[:4]: key for key in keys if node(key)[:4] in ids}.popitem()[1]
    for name, blob, raw in signatures:
        if raw[:4] == node(signer)[:4]:
            is_ours = (name, of, blob) == (
                f"canary-audit-archive/{console}",
                console,
                b64encode(raw).decode(),
            )
            if not is_ours or (checks and not is_signed(signer, text.encode(), raw[4:])):
                raise ValueError("falsely signed")
    return statement, int(size), b64decode(root).hex(), signer


def is_signed(key: bytes, text: bytes, signature: bytes) -> bool:
    """Whether a signature (ECDSA on P-256, SHA-256) is a key's."""
    try:
        point = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), key[26:])
        point.verify(signature, text, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def read_statement(data: bytes) -> Json:
    """What a statement says; nothing if it is none of this format."""
    try:
        said: Json = json.loads(data.decode())
        is_one = said["format"] == FORMAT and said["kind"] in KINDS and said["seq"] > 0 and "console" in said
        is_linked = said["previous"] is None or isinstance(said["previous"]["sha256"], str)
    except NONSENSE:
        return {}
    return said if is_one and is_linked else {}


def key_named_by(said: Json) -> bytes:
    """The key (DER) that signs from this statement on; none if it names none."""
    try:
        return b64decode(said.get("public_key") or "")
    except NONSENSE:
        return b""


def read_export(data: bytes, served: str) -> tuple[dict[int, tuple[Json, str]], list[int]]:
    """The entries of an export with their dates, by id; and its first and last id, rows and entries."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        (member,) = archive.namelist()
        text = archive.read(member).decode("utf-8-sig")
    try:
        found = MEANING(text)
    except ValueError:  # one entry a line
        found = [MEANING(line) for line in text.split("\n") if line.strip()]
    if isinstance(found, dict):
        found = (found["audit_trail"] or []) if "audit_trail" in found else [found]
    entries: dict[int, Json] = {}
    for fields in found:
        if not 0 < fields["id"][0] < 1 << 63 or entries.setdefault(int(fields["id"][0]), fields) != fields:
            raise ValueError(f"the id {fields['id'][0]} is none, or two entries have it")
    days = {entry_id: day_of(entries[entry_id].get("timestamp")) for entry_id in sorted(entries)}
    day, dated = next(filter(None, days.values()), served), {}
    for entry_id, own in days.items():
        day = own or day
        dated[entry_id] = (entries[entry_id], day)
    return dated, [min(entries), max(entries), len(found), len(entries)]


def day_of(timestamp: Any) -> str | None:
    """The date (UTC) of an entry, if its timestamp is one."""
    found = TIME.fullmatch(timestamp) if isinstance(timestamp, str) else None
    try:
        moment = found and datetime.strptime(found[0], "%Y-%m-%d %H:%M:%S UTC%z").astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
    return str(moment.date()) if moment and moment.year >= FIRST_YEAR else None


def is_open(holes: list[int], entry_id: int) -> bool:
    """Whether an id is missing. Holes: where ids that are missing, and ids that are not, begin in turn."""
    return bisect_right(holes, entry_id) % 2 == 1


def holes_after(holes: list[int] | None, said: Json) -> list[int] | None:
    """The holes once a statement has told of more, or filled some; None if nobody knows."""
    if holes is None or said.get("action") == "epoch":
        return None if said.get("action") != "epoch" else []
    ranges = [(hole["first"], hole["last"]) for hole in said.get("missing", []) if hole["cause"] != "purged"]
    ranges += [(entry_id, entry_id) for entry_id in said.get("filled", [])]
    return sorted([*holes, *(edge for first, last in ranges for edge in (first, last + 1))])


def keys_of(said: Json) -> list[str]:
    """The keys of the objects that a statement names, as they must be. Raises ValueError for no moment."""
    export, home = said["export"], f"console={said['console']}"
    moments = [
        datetime.strptime(export[name], "%Y-%m-%dT%H:%M:%S%z") for name in ("served_at", "retain_until")
    ]
    ids = f"{export['first_id']:019}-{export['last_id']:019}-{export['sha256'][:16]}"
    files = [f"entries/{home}/dt={file['date']}/{said['seq']:010}.ndjson.gz" for file in said["entries"]]
    return [f"exports/{home}/{moments[0]:%Y/%m/%d}/{ids}.json.zip", *files]


def receipt_of(entry_id: int, fields: Json) -> list[Any]:
    """What a receipt says: its id, up to which id was purged, how many entries, by whom, whence, when."""
    message, told = fields.get("message"), map(fields.get, ("user", "user_ip", "timestamp"))
    found = PURGE.fullmatch(message) if isinstance(message, str) else None
    purged = [int(found[2]), int(found[1])] if found and int(found[2]) < 1 << 63 else [None, None]
    texts = (re.sub("[\ud800-\udfff]", "\ufffd", each) if isinstance(each, str) else None for each in told)
    return [entry_id, *purged, *texts]


def misfits(console: str, before: Json, holes: list[int] | None, said: Json) -> Iterator[tuple[str, str]]:
    """In what a statement does not go on from the one before it."""
    is_epoch, tree, missing = said.get("action") == "epoch", said["tree"], said.get("missing", [])
    part, filled = said.get("slice", NOTHING), said.get("filled", [])
    start, purged = (0, 0) if is_epoch else (before["highest_archived_id"], before["highest_purged_id"])
    last, count = max(start, part["last_id"] or 0), part["count"]
    place = [console, before["seq"] + 1, before["epoch"] + is_epoch]
    if [said["console"], said["seq"], said["epoch"]] != place:
        yield "broken", f"is not (Console, number, epoch) {place}"
    if said["highest_archived_id"] != last or said["highest_purged_id"] < purged:
        yield "misdescribed", "states other highest ids than follow"
    is_whole = grown(tree, []) == tree and len(tree["frontier"]) == bin(tree["size"]).count("1")
    if tree["size"] != before["tree"]["size"] + count or not (is_whole if count else tree == before["tree"]):
        yield "misdescribed", "has a tree that does not follow"
    if "export" in said and keys_of(said) != [each["key"] for each in (said["export"], *said["entries"])]:
        yield "misdescribed", "names objects by other keys than theirs"
    ends = [start, *(hole["last"] for hole in missing)]
    are_apart = all(at < hole["first"] <= hole["last"] <= last for at, hole in zip(ends, missing))
    are_apart = are_apart and all(hole["cause"] in CAUSES for hole in missing)
    are_open = all(i <= start and (holes is None or is_open(holes, i)) for i in filled)
    stated = sum(hole["last"] - hole["first"] + 1 for hole in missing) + count - len(filled)
    if not are_apart or not are_open or stated != last - start:
        yield "gap", f"leaves out ids, or has them twice: from {start + 1} to {last}, or below"


def differences(said: Json, archived: int, due: Dated, lines: dict[int, tuple[bytes, str]]) -> Iterator[str]:
    """In what a statement and its lines differ from the entries of its export that it must archive."""
    ids = sorted(due)
    if ids != sorted(lines) or [i for i in ids if i <= archived] != said["filled"]:
        yield "archives other ids than its export holds"
        return
    for entry_id, (line, day) in lines.items():
        fields = MEANING(line.decode())
        if (MEANING(fields["_source"]) if "_source" in fields else fields, day) != due[entry_id]:
            yield f"archives the entry {entry_id} otherwise than its export has it"
    seen = [[each[name] for name in RECEIPT] for each in said["receipts_seen"]]
    if seen != [receipt_of(i, due[i][0]) for i in ids if due[i][0].get("action_type") == "audit_trail_purge"]:
        yield "states other purge receipts than its export holds"
    known = [archived, *(i for i in ids if i > archived), said["highest_archived_id"] + 1]
    absent = [edge for a, b in zip(known, known[1:]) if b - a > 1 for edge in (a + 1, b)]
    stated = Counter(edge for hole in said["missing"] for edge in (hole["first"], hole["last"] + 1))
    if absent != sorted(edge for edge in stated if stated[edge] == 1):  # ranges that touch are one
        yield "states other ids as missing than its export lacks"
    if ids and ids[-1] > archived:
        newest = json.loads(lines[ids[-1]][0])
        texts = {name: newest.get(name) for name in ("timestamp", "action_type")}
        texts = {name: each if isinstance(each, str) else None for name, each in texts.items()}
        if said["anchor"] != {"id": ids[-1], **texts}:
            yield "states another entry as the highest"


@dataclass
class Audit:
    """One Console: what is wrong with it, what was checked, and what was not."""

    place: Path
    names: set[str]  # of all files there
    console: str
    trusted: list[bytes]  # keys
    checks: bool  # signatures
    faults: dict[tuple[str, str], str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)  # ids that statements list so, by cause
    checked: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    lacking: dict[str, str] = field(default_factory=dict)  # what could have been checked
    good: dict[str, tuple[int, int, int, str]] = field(default_factory=dict)  # number, epoch, size, root
    end: int = 0  # the last number
    before: Json | None = field(default_factory=lambda: {**START})  # the statement before; None: nobody knows
    holes: list[int] | None = field(default_factory=list)
    link: str | None = ""  # the hash that the next statement must name, if that matters
    signer: bytes = b""  # the key that was named last
    newest_signed: tuple[str, bytes] = ("", b"")  # the newest good checkpoint, and whose it is
    unsigned: list[int] = field(default_factory=list)  # the last ones, as far as they have no checkpoint
    told: dict[str, int] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    export: tuple[Json, Dated | None] = ({}, None)

    def key(self, number: int, kind: str = "statements", suffix: str = "json") -> str:
        return f"{kind}/console={self.console}/{number:010}.{suffix}"

    def fault(self, verdict: str, key: str, clause: str) -> None:
        self.faults.setdefault((verdict, key), clause)

    def fault_in_a_row(self, verdict: str, number: int, key: str, clause: str) -> None:
        """A fault of a statement. If the one right before it has the same, it is told already."""
        if self.told.get(verdict) != number - 1:
            self.fault(verdict, key, clause)
        self.told[verdict] = number

    def read(self, name: str) -> bytes:
        return (self.place / name).read_bytes() if name in self.names else b""

    def load(self, number: int) -> tuple[str, Json]:
        """A statement's hash, and what it says."""
        data = self.read(self.key(number))
        return sha256(data).hexdigest(), read_statement(data)

    def checkpoint(self, number: int, said: Json) -> tuple[Any, ...]:
        """Statement, size, root and signer of a statement's checkpoint; or only the verdict on it."""
        key, named = self.key(number, "checkpoints", "txt"), key_named_by(said) or self.signer
        if key not in self.names:
            return ("missing",)
        try:
            keys = [named] if named else self.trusted
            return open_checkpoint(self.read(key), said["console"], keys, self.checks)
        except KeyError:
            return ("unsigned",)
        except NONSENSE:
            return ("altered",)

    def signed(self, number: int) -> list[str]:
        """A statement's hash by its checkpoint, unless that is an earlier statement's."""
        mine, said = self.load(number)
        found = self.checkpoint(number, said) if said else ("missing",)
        return [found[0]] if len(found) > 1 and (found[0] == mine or found[0] not in self.good) else []

    def following(self, number: int) -> list[str]:
        """A statement's hash by the next one, unless that belongs elsewhere."""
        said, after = self.load(number)[1], self.load(number + 1)[1]
        is_here = after.get("seq", 0) - 1 in (number, said.get("seq"))
        return [after["previous"]["sha256"]] if is_here and after["previous"] else []

    def confirmed(self, number: int, mine: str, said: Json, is_odd: bool) -> tuple[bool, bool]:
        """Whether somebody confirms a statement's hash, and whether nobody contradicts it.

        The next statement may itself be the altered one: then its word does not count.
        """
        words, following = self.signed(number), self.following(number)
        of_next = set(self.signed(number + 1) + self.following(number + 1))
        if mine in following or is_odd or of_next == {self.load(number + 1)[0]}:
            words += following
        is_confirmed, is_agreed, key = mine in words, set(words) <= {mine}, self.key(number)
        if not is_agreed and is_confirmed:
            self.fault_in_a_row("forked", number, key, f"is named by some, but not by others: {words}")
        elif not is_agreed:
            self.fault("altered", key, f"does not have the hash that others name: {words}")
        elif not said:
            self.fault("misdescribed" if is_confirmed else "altered", key, "is no statement of this format")
        return is_confirmed, is_agreed

    def walk(self) -> None:
        """Judge every statement, and what it names."""
        form = re.compile(rf"statements/console={re.escape(self.console)}/([0-9]{{10}})\.json")
        for number in sorted(int(found[1]) for found in map(form.fullmatch, self.names) if found):
            if number > self.end + 1:
                self.fault("missing", self.key(self.end + 1), "is missing")
                self.before = self.holes = None
            self.end = number
            try:
                self.step(number)
            except NONSENSE as error:
                self.fault("misdescribed", self.key(number), f"makes no sense: {error!r}")
                self.before = self.holes = None
        if not self.end:
            self.fault("missing", self.key(1), "is missing, and so is every other statement")

    def step(self, number: int) -> None:
        """Judge a statement by what others say of it, and by the one before."""
        key, (mine, said) = self.key(number), self.load(number)
        before, holes, self.before, self.holes = self.before, self.holes, None, None
        try:
            wrong = list(misfits(self.console, before, holes, said)) if said and before else []
        except NONSENSE:
            said, wrong = {}, []
        is_confirmed, is_agreed = self.confirmed(number, mine, said, not said or bool(wrong))
        if not said or not (is_agreed or is_confirmed):
            return
        named = said["previous"]["sha256"] if said["previous"] else ""
        if before and self.link not in (None, named):
            self.fault("broken", key, f"names {named or 'none'} before it, which is {self.link or 'none'}")
            before = holes = None
            if said["seq"] != number and not is_confirmed:
                return
        if not before and said["seq"] != number:
            self.fault("broken", key, f"has the number {said['seq']}")
        for verdict, clause in wrong if before else []:
            self.fault(verdict, key, clause)
        self.good[mine] = (number, said["epoch"], said["tree"]["size"], said["tree"]["root"])
        self.signature(number, mine, said)
        if said["kind"] == "archive":
            self.objects(key, said, before, holes)
        self.before, self.link = said, mine if is_agreed else None
        self.holes = holes_after(holes if before else None, said)

    def signature(self, number: int, mine: str, said: Json) -> None:
        """Judge the checkpoint of a statement."""
        key, named = self.key(number, "checkpoints", "txt"), key_named_by(said)
        found = self.checkpoint(number, said)
        if named and named != self.signer:
            self.signer, self.unsigned = named, []  # what a dead run left unsigned, nobody can sign any more
        if found == ("missing",) and self.signer:
            self.unsigned.append(number)
            return
        self.tell_unsigned()
        if not self.signer and len(found) == 1:
            self.skipped["signatures: signing had not begun"] += 1
        elif found == ("unsigned",):
            self.fault_in_a_row("unsigned", number, key, "is not signed by the key that counts")
        elif len(found) == 1:
            self.fault("altered", key, "is no checkpoint with a good signature")
        elif found[0] != mine:
            if found[0] in self.good:  # else it was held against the statement
                self.fault("misdescribed", key, "is over an earlier statement")
        elif found[1:3] != self.good[mine][2:]:
            self.fault("misdescribed", key, "is over another tree than the statement has")
        else:
            self.checked["signatures" if self.checks else "checkpoints, without their signatures"] += 1
            self.newest_signed = (key, found[3])

    def tell_unsigned(self) -> None:
        for number in self.unsigned:
            key = self.key(number, "checkpoints", "txt")
            self.fault_in_a_row("unsigned", number, key, "is missing, though signing had begun")
        self.unsigned = []

    def fetch(self, stated: Json, sha: str, until: str, read: Callable[[bytes], bytes]) -> bytes | None:
        """What an object holds, if its hash is the stated one; None if not, and why is told."""
        key, kind = stated["key"], "exports" if stated["key"].startswith("exports/") else "entry files"
        soon = datetime.now(timezone.utc) + timedelta(days=1)  # copies lose it a day before its lock ends
        self.named.add(key)
        if key in self.names:
            try:
                content = read(self.read(key))
            except NONSENSE:
                content = b""
            if sha256(content).hexdigest() == sha:
                self.checked[kind] += 1
                return content
            self.fault("altered", key, "does not hold what is stated")
        elif "manifest.json" in self.names:
            self.skipped[f"{kind}: bundles have none"] += 1
        elif until <= soon.strftime("%Y-%m-%dT%H:%M:%SZ"):
            self.skipped[f"{kind}: expired"] += 1
        else:
            self.fault("missing", key, "is missing")
        return None

    def open_export(self, key: str, export: Json) -> Dated | None:
        """The entries of the export that a statement rests on."""
        data = self.fetch(export, export["sha256"], export["retain_until"], bytes)
        try:
            entries, facts = read_export(data, export["served_at"][:10]) if data is not None else (None, [])
        except NONSENSE as error:
            self.fault("misdescribed", key, f"rests on an export that can't be read: {error!r}")
            return None
        if facts and facts != [export[name] for name in ("first_id", "last_id", "rows", "entry_count")]:
            self.fault("misdescribed", key, f"states other ids or counts of its export, which has {facts}")
        return entries

    def objects(self, key: str, said: Json, before: Json | None, holes: list[int] | None) -> None:
        """Judge the export and the entry files of a statement, and whether both hold the same."""
        export, part, files = said["export"], said["slice"], said["entries"]
        if export != self.export[0]:
            self.export = (export, self.open_export(key, export))
        for hole in said["missing"]:
            self.missing[hole["cause"]] += hole["last"] - hole["first"] + 1
        for seen in said["receipts_seen"]:
            if seen["intent_seq"] is None:
                who = f"{seen['user']} from {seen['user_ip']} at {seen['timestamp']}"
                self.notes.append(
                    f"foreign purge: up to id {seen['before_id']}, {seen['count']} entries, by {who}"
                )
        until = export["retain_until"]
        contents = [self.fetch(file, file["content_sha256"], until, gzip.decompress) for file in files]
        if before is None or None in contents:
            self.skipped["statements against what they name: it is not there, or not to be trusted"] += 1
            return
        found = [(content or b"").split(b"\n")[:-1] for content in contents]
        dated = [(line, file["date"]) for file, each in zip(files, found) for line in each]
        lines = {json.loads(line)["id"]: (line, date) for line, date in dated}
        facts = [[json.loads(each[0])["id"], json.loads(each[-1])["id"], len(each)] for each in found]
        tree = grown(before["tree"], [lines[i][0] for i in sorted(lines)])
        if tree != said["tree"] or facts != [[f["first_id"], f["last_id"], f["count"]] for f in files]:
            self.fault("misdescribed", key, "states another tree, or other ids, than its entry files give")
        entries, archived = self.export[1], before["highest_archived_id"]
        if entries is None:
            self.skipped["statements against their exports: not there, or not to be trusted"] += 1
            return
        open_ids = set(said["filled"]) if holes is None else {i for i in entries if is_open(holes, i)}
        within = range(part["first_id"] or 0, (part["last_id"] or -1) + 1)
        due = {i: each for i, each in entries.items() if i in within and (i > archived or i in open_ids)}
        for clause in differences(said, archived, due, lines):
            self.fault("misdescribed", key, clause)
        self.checked["entries"] += len(lines)

    def finish(self, kept: list[Any]) -> None:
        """Judge what only the whole chain shows; and find what lies beside it."""
        self.tell_unsigned()
        end, next_one = self.key(self.end), self.key(self.end + 1)
        most = max((size for _, _, size, _ in self.good.values()), default=0)
        if self.trusted and self.newest_signed[1] not in self.trusted:
            clause = "is the newest, and no good checkpoint is by a key that you trust"
            self.fault("unsigned", self.newest_signed[0] or end, clause)
        for statement, *tree in kept:
            if statement not in self.good and tree[0] > most:
                self.fault("missing", next_one, "is missing: the checkpoint that you kept covers more")
            elif statement not in self.good or list(self.good[statement][2:]) != tree:
                self.fault("forked", end, "ends another history than that of the checkpoint that you kept")
        sure = {number for number, *_ in self.good.values()}
        for name in sorted(self.names - self.named):
            folder, _, rest = name.partition(f"/console={self.console}/")
            found = re.fullmatch(r"(?:.*/)?([0-9]{10})\.[a-z.]+", rest)
            number = int(found[1]) if found else 0
            if folder == "entries" and 0 < number <= self.end and number not in sure:
                self.skipped["entry files: their statement can't be trusted"] += 1
            elif folder == "entries" and rest:
                self.fault("misdescribed", name, "is an entry file that no statement names")
            elif folder == "checkpoints" and number > self.end:
                self.fault("missing", next_one, f"is missing: {name} is there")
            elif rest and (folder == "exports" or not number):
                self.notes.append(f"orphaned: {name} is named by no statement")

    def proves(self, name: str, line: bytes) -> bool:
        """Whether a proof (c2sp.org/tlog-proof) leads from a line to the tree of a good statement."""
        try:
            index, way, note = parts_of(PROOF, self.read(name))
            number, epoch, size, root = self.good[parts_of(NOTE, note.encode())[4]]
            neighbours = [b64decode(each) for each in way.split()]
            above = root_above(node(b"\x00", line), int(index), size, neighbours).hex()
        except NONSENSE:
            return False
        is_here = note.encode() == self.read(self.key(number, "checkpoints", "txt"))
        return is_here and name.startswith(f"proofs/{epoch}-") and int(index) < size and above == root

    def bundle(self) -> None:
        """Judge what a bundle has beside the chain: the hashes of its files."""
        pairs = [line.split("  ", 1) for line in self.read("SHA256SUMS").decode().splitlines()]
        sums = {name: sha for sha, name in pairs}
        for name in sorted({*sums, *self.names, *PARTS} - {"SHA256SUMS"}):
            if name not in self.names:
                self.fault("missing", name, "is missing")
            elif name not in sums and name not in PARTS and "/" not in name:
                self.notes.append(f"orphaned: {name} is not in SHA256SUMS")
            elif sums.get(name) != sha256(self.read(name)).hexdigest():
                self.fault("altered", name, "does not have the hash that SHA256SUMS has, or is not in it")

    def proofs(self, limit: Any) -> None:
        """Judge the lines of a bundle, each by a proof of its own; it says how many it has at most."""
        proofs: dict[str, list[str]] = {}
        for name in sorted(name for name in self.names if name.startswith("proofs/")):
            proofs.setdefault(name.partition("-")[2], []).append(name)
        lines, unproven = re.findall(rb"[^\n]+", self.read("entries.ndjson")), 0
        for line in lines:
            named = proofs.get(f"{id_of(line)}.tlog-proof", [])
            proof = next((name for name in named if self.proves(name, line)), None)
            if proof:
                named.remove(proof)
                self.checked["proven lines"] += 1
            elif named:
                self.fault(
                    "altered", "entries.ndjson", f"has a line that {named[0]} does not prove: {line[:200]!r}"
                )
            unproven += not proof and not named
        for name in (name for names in proofs.values() for name in names):
            self.fault("misdescribed", name, "proves no line of entries.ndjson")
        if isinstance(limit, int) and 0 < unproven <= len(lines) - limit:
            self.lacking["proofs"] = f"the bundle has none for {unproven} of {len(lines)} lines, and says so"
        elif unproven:
            self.fault("missing", "proofs", f"are there for all but {unproven} of {len(lines)} lines")


def id_of(line: bytes) -> Any:
    """The id in a line; None if it has none."""
    try:
        return json.loads(line)["id"]
    except NONSENSE:
        return None


def audits_of(place: Path, options: argparse.Namespace) -> Iterator[Audit]:
    """The audit of every Console in a folder."""
    trusted = [b64decode("".join(path.read_text().split("-----")[2].split())) for path in options.key]
    kept = [parts_of(NOTE, path.read_bytes()) for path in options.checkpoint]
    points = [(of, (statement, int(size), b64decode(root).hex())) for _, of, size, root, statement, _ in kept]
    if not all(len(der) == DER for der in trusted):
        raise ValueError("a --key is no P-256 key in a PEM file")
    paths = [path for path in place.rglob("*") if path.is_file() and not path.is_symlink()]
    names = {path.relative_to(place).as_posix() for path in paths}
    manifest = json.loads((place / "manifest.json").read_bytes()) if "manifest.json" in names else {}
    home = re.compile(r"(?:exports|entries|statements|checkpoints)/console=([a-z0-9-]+)/.*")
    consoles = {found[1] for found in map(home.fullmatch, names) if found} | {of for of, _ in points}
    if options.console or manifest:
        consoles = {options.console or manifest["console"]}
    if not consoles:
        raise ValueError(f"there is neither an archive nor a bundle in {place}")
    for console in sorted(consoles):
        audit = Audit(place, names, console, trusted, HAS_CRYPTOGRAPHY and not options.without_signatures)
        audit.walk()
        audit.finish([tree for of, tree in points if of == console])
        if manifest:
            audit.bundle()
            audit.proofs(manifest.get("proof_limit"))
        if audit.checked["checkpoints, without their signatures"]:
            audit.lacking["signatures"] = "install the package `cryptography`, or use --without-signatures"
        yield audit


def report(audit: Audit) -> Json:
    """What was found, as JSON."""
    (key, signer), faults = audit.newest_signed, audit.faults.items()
    by = f"{node(signer)[:4].hex()}, which {'you trust' if signer in audit.trusted else 'the archive names'}"
    return {
        "console": audit.console,
        "statements": audit.end,
        "newest_statement": [*audit.good][-1] if audit.good else None,
        "signed_by_the_key": by if key and audit.checks else None,
        "checked": audit.checked,
        "stated_as_missing": audit.missing,
        "not_checked": audit.skipped,
        "notes": audit.notes,
        "faults": [{"verdict": v, "key": key, "sentence": f"{key} {clause}"} for (v, key), clause in faults],
    }


def tell(one: Json) -> None:
    """Tell people the same."""
    print(f"Console {one['console']}: {one['statements']} statements, the newest {one['newest_statement']}")
    print(f"  signed by the key {one['signed_by_the_key']}")
    for name in ("checked", "stated_as_missing", "not_checked"):
        for what, count in one[name].items():
            print(f"  {name.replace('_', ' ')}: {count} {what}")
    for note in one["notes"]:
        print(f"  note: {note}")
    for fault in one["faults"]:
        print(f"  FAULT, {fault['verdict']}: {fault['sentence']}")


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line names, and tell. Returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("place", type=Path, help="a folder made by `aws s3 sync`, or a bundle")
    several: Json = {"type": Path, "action": "append", "default": [], "metavar": "FILE"}
    parser.add_argument("--key", help="a public key (PEM) that you trust; repeatable", **several)
    parser.add_argument("--checkpoint", help="one that you kept from before; repeatable", **several)
    parser.add_argument("--console", help="only this one")
    for option, told in (
        ("--without-signatures", "do not check signatures, and say so"),
        ("--without-proofs", "accept lines that a bundle says it can't prove, and say so"),
        ("--json", "tell it as JSON"),
    ):
        parser.add_argument(option, action="store_true", help=told)
    options = parser.parse_args(arguments)
    audits, lacking, status = list[Audit](), dict[str, str](), 2
    try:
        with tempfile.TemporaryDirectory() as folder:
            if options.place.is_file():
                zipfile.ZipFile(options.place).extractall(folder)
            audits = list(audits_of(Path(folder) if options.place.is_file() else options.place, options))
    except (*NONSENSE, RuntimeError, MemoryError) as error:
        lacking = {"PLACE": f"{type(error).__name__}: {error}"}
    faults = sum(len(audit.faults) for audit in audits)
    lacking.update((what, why) for audit in audits for what, why in audit.lacking.items())
    asked = [what for what in lacking if getattr(options, f"without_{what}", False)]
    if faults:
        status, verdict = 1, f"FAULT: {faults} of them"
    elif len(asked) < len(lacking):
        verdict = "NOT CHECKED: " + "; ".join(f"{what}: {why}" for what, why in lacking.items())
    else:
        status, verdict = 0, "VALID" + "".join(f", without {what}, as you asked" for what in asked)
    if options.json:
        print(json.dumps({"verdict": verdict, "consoles": [report(audit) for audit in audits]}, indent=1))
        return status
    for audit in audits:
        tell(report(audit))
    print(f"Never checked here: versions and locks, which a copy does not have.\n{verdict}")
    return status


if __name__ == "__main__":
    sys.exit(main())
