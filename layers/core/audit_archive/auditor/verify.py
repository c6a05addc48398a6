#!/usr/bin/env python3
"""The auditor's copy: checks an archive of Canary audit trails, or a bundle of evidence, on nobody's word.

    python3 -I verify.py PLACE [--key KEY.pem] [--checkpoint FILE]

PLACE is a folder made by `aws s3 sync`, or a bundle (zip or folder). It takes Python 3.9, and the package
`cryptography` for signatures. It checks what docs/archive-format.md describes: each statement names the hash
of the one before, and goes on from its ids and tree; from the first named key on each has a signed
checkpoint; entry files and exports hold what is stated; the lines of a bundle are proven.
It can't show that an export was true when the Console served it; who made it all, without a key from
elsewhere (--key); that nothing is cut off at the end, without a checkpoint that you kept (--checkpoint);
versions and locks, which a copy lacks; that a bundle is the whole answer to its question.
Exit status: 0 VALID, 1 FAULT, 2 NOT CHECKED.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import tempfile
import zipfile
import zlib
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections import Counter, defaultdict
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
except ImportError:
    InvalidSignature = None  # type: ignore[assignment,misc]

Json = dict[str, Any]
Entries = dict[int, tuple[Json, str]]  # what each means, and its date, by id
NONSENSE: Any = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, OSError, EOFError)
NONSENSE += (NotImplementedError, zlib.error, zipfile.BadZipFile, *filter(None, [InvalidSignature]))
NOTE = re.compile(r"\A((canary-audit-archive/(.+))\n(\d+)\n(.+)\nstatement (.+)\n)\n— \2 (.+)\n\Z", re.A)
PEM = re.compile(r"\A\s*-----BEGIN PUBLIC KEY-----\s([\w+/=\s]+)-----END PUBLIC KEY-----\s*\Z", re.A)
DER = 91  # bytes of a public key on the curve P-256
MOST_TOLD = 20  # faults that people are told: the first is the cause of most others
PROOF = re.compile(r"\Ac2sp\.org/tlog-proof@v1\nindex (\d+)((?:\n\S{44})*)\n\n(.*)\Z", re.A | re.S)
TIME = r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,]\d+)?(?:(?: UTC)?([+-]\d\d):?([0-5]\d)|[Zz])"
PURGE = r"\s*successfully\s+purged\s+([\d,]+)\s+logs?\s+before\s+id\s*:\s*([\d,]+)(?:\s*\.)?\s*"
COUNT = r"0|[1-9]\d{0,18}|[1-9]\d{0,2}(?:,\d{3}){1,6}"
BEGIN = re.compile(r"[ \t\n\r]*(?=[^ \t\n\r])")  # of a value
MAX_ID, MAX_TEXT, FORMAT = (1 << 63) - 1, 1000, "canary-audit-archive/1"
MOMENTS, PLAIN = ("served_at", "retain_until"), {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
CAUSES, KINDS = {"purged", "foreign_purge", "before_archive", "unexplained"}, {"archive", "purge", "operator"}
PARTS = {"report.html", "entries.ndjson", "entries.csv", "manifest.json", "verify.py"}  # of every bundle
VERDICTS = {"console": "broken", "seq": "broken", "epoch": "broken", "missing": "gap"}  # others: misdescribed
UNCHECKED = "checkpoints, without their signatures"
NO_SLICE = {"first_id": None, "last_id": None, "count": 0}
NOTHING: Json = {
    "slice": NO_SLICE,
    "missing": [],
    "filled": [],
    "action": None,
    "public_key": None,
    "export": None,
    "entries": [],
}
EMPTY = {"size": 0, "root": sha256().hexdigest(), "frontier": list[str]()}
START = {"seq": 0, "epoch": 1, "tree": EMPTY, "highest_archived_id": 0, "highest_purged_id": 0}


def number(digits: str) -> tuple[Any]:
    """A number by its exact value, apart from true and false; by its digits, if no Decimal is so large."""
    is_zero = not digits.lower().partition("e")[0].strip("-0.")
    with suppress(ArithmeticError):
        return (Decimal(0 if is_zero else digits),)
    return (digits,)


def members(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """An object; one with a key that comes twice is like no other."""
    return dict(pairs) if len(dict(pairs)) == len(pairs) else {**dict(pairs), None: pairs}


# Reads JSON by what it means, so that lines need not be spelled as they were in the export.
HOOKS: Json = {"object_pairs_hook": members, "parse_int": number, "parse_float": number}
HOOKS["parse_constant"] = lambda name: (name,)
MEANING = json.JSONDecoder(**HOOKS).decode
SOURCE = json.JSONDecoder(**HOOKS, strict=False)  # takes raw control characters in a text


def read_line(line: bytes) -> tuple[int, Json]:
    """The id of an archived line, and what the entry in it means."""
    fields = MEANING(line.decode())
    if not 0 < fields["id"][0] <= MAX_ID:  # an integer of so many digits would take hours to make
        raise ValueError(f"the id {fields['id'][0]} is none")
    source = [fields[name] for name in ("_source", "_source_base64") if name in fields]
    if "_source_base64" in fields:
        source = [b64decode(source[-1], validate=True).decode(errors="surrogateescape")]
    return int(fields["id"][0]), SOURCE.decode(source[0]) if source else fields


def read_export(file: Path | IO[bytes], day: str) -> tuple[Entries, Json]:
    """The entries of an export, and what is stated of them. `day`: of serving, for want of any date."""
    with zipfile.ZipFile(file) as archive:
        (member,) = (each for each in archive.infolist() if each.filename[-1:] != "/")
        if member.compress_type not in PLAIN:
            raise ValueError("an export is stored or deflated, and this is neither")
        text = archive.read(member).decode("utf-8-sig", errors="surrogateescape")
    found, at = list[Any](), 0
    while begin := BEGIN.match(text, at):  # an array or an object, or one entry a line
        value, at = SOURCE.raw_decode(text, begin.end())
        found.append(value)
    if len(found) == 1:
        found = found[0].get("audit_trail", found) or [] if isinstance(found[0], dict) else found[0]
    entries = dict[int, Json]()
    for fields in found:
        if not 0 < fields["id"][0] <= MAX_ID or entries.setdefault(int(fields["id"][0]), fields) != fields:
            raise ValueError(f"the id {fields['id'][0]} is none, or two entries have it")
    dates = dict.fromkeys(sorted(entries), "")
    for entry_id in dates:
        with suppress(*NONSENSE):  # an entry without a readable time
            stamp: Any = re.fullmatch(TIME, entries[entry_id]["timestamp"], re.A)
            moment = datetime.fromisoformat(f"{stamp[1]} {stamp[2]}{stamp[3] or '+00'}:{stamp[4] or '00'}")
            moment = moment.astimezone(timezone.utc)
            dates[entry_id] = str(moment.date()) if moment.timestamp() >= 0 else ""
    day, dated = next(filter(None, dates.values()), day), Entries()
    for entry_id, own in dates.items():
        day = own or day  # that of the entry before, if it has none
        dated[entry_id] = (entries[entry_id], day)
    facts = {"first_id": min(entries), "last_id": max(entries)}
    return dated, {**facts, "rows": len(found), "entry_count": len(entries)}


UNSEEN: Json = {"intent_seq": None, "surplus": None}  # of a receipt: what only the statements before can tell


def texts_of(fields: Json, *names: str) -> Json:
    """Some fields as statements have them: only what is a text."""
    texts = {name: fields.get(name) if isinstance(fields.get(name), str) else None for name in names}
    return {name: text and re.sub("[\ud800-\udfff]", "\ufffd", text) for name, text in texts.items()}


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


def grown(tree: Json, lines: list[bytes]) -> Json:
    """A tree (RFC 6962) with more leaves. Its frontier are the roots of its perfect subtrees."""
    frontier = [bytes.fromhex(each) for each in tree["frontier"]]
    for size, line in enumerate(lines, tree["size"] + 1):
        frontier.append(node(b"\x00", line))
        for _ in range((size & -size).bit_length() - 1):  # as often as it can be halved
            frontier[-2:] = [node(b"\x01", *frontier[-2:])]
    root = frontier[-1] if frontier else node()
    for left in frontier[-2::-1]:
        root = node(b"\x01", left, root)
    return {"size": tree["size"] + len(lines), "root": root.hex(), "frontier": [n.hex() for n in frontier]}


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


def due_after(before: Json, said: Json, console: str) -> Json:
    """What a statement must say after the one before it."""
    is_epoch, tree, part, missing = said["action"] == "epoch", said["tree"], said["slice"], said["missing"]
    start, purged = (0, 0) if is_epoch else (before["highest_archived_id"], before["highest_purged_id"])
    last, holes = max(start, part["last_id"] or 0), before["holes"]
    due = {"console": console, "seq": before["seq"] + 1, "epoch": before["epoch"] + is_epoch}
    due |= {"highest_archived_id": last, "highest_purged_id": max(purged, said["highest_purged_id"])}
    is_whole = grown(tree, []) == tree and len(tree["frontier"]) == bin(tree["size"]).count("1")
    longer = {**tree, "size": before["tree"]["size"] + part["count"]} if is_whole else None
    due["tree"] = longer if part["count"] else before["tree"]
    # Every new id is archived or listed as missing, once; those that are filled were missing until now.
    ends = [start, *(hole["last"] for hole in missing)]
    sane = [at < hole["first"] <= hole["last"] <= last for at, hole in zip(ends, missing)]
    sane += [hole["cause"] in CAUSES for hole in missing]
    sane += [i <= start and (holes is None or bisect_right(holes, i) % 2 == 1) for i in said["filled"]]
    told = part["count"] - len(said["filled"]) + sum(hole["last"] - hole["first"] + 1 for hole in missing)
    due["missing"] = missing if all(sane) and told == last - start else None
    ids = [file[end] for file in said["entries"] for end in ("first_id", "last_id")]
    due["slice"] = {"first_id": min(ids, default=None), "last_id": max(ids, default=None)}
    due["slice"]["count"] = sum(file["count"] for file in said["entries"])
    if said["kind"] == "archive":
        export, home, number = said["export"], f"console={said['console']}", f"{said['seq']:010}"
        served, _ = (datetime.strptime(export[at], "%Y-%m-%dT%H:%M:%S%z") for at in MOMENTS)
        name = f"{export['first_id']:019}-{export['last_id']:019}-{export['sha256'][:16]}.json.zip"
        due["keys"] = [f"exports/{home}/{served:%Y/%m/%d}/{name}"]
        due["keys"] += [f"entries/{home}/dt={file['date']}/{number}.ndjson.gz" for file in said["entries"]]
    return due


def due_by_content(before: Json, said: Json, lines: dict[int, bytes], entries: Entries | None) -> Json:
    """What a statement must say by the lines in its entry files, and by the entries of its export."""
    ids, archived, holes = sorted(lines), before["highest_archived_id"], before["holes"]
    new, missing = ids[bisect_right(ids, archived) :], said["missing"]
    edges = edges_of([(hole["first"], hole["last"]) for hole in missing])
    is_all = sum(edges[1::2]) - sum(edges[::2]) + len(new) == said["highest_archived_id"] - archived
    is_all = is_all and not any(bisect_right(edges, i) % 2 for i in new)
    due: Json = {"filled": ids[: len(ids) - len(new)], "holes": missing if is_all else None}
    due["tree"] = grown(before["tree"], [lines[i] for i in ids])
    if new:
        due["anchor"] = {"id": new[-1], **texts_of(json.loads(lines[new[-1]]), "timestamp", "action_type")}
    if entries is not None:
        first, last = said["slice"]["first_id"] or 0, said["slice"]["last_id"] or -1
        within = [i for i in entries if first <= i <= last]
        open_ids = said["filled"] if holes is None else [i for i in within if bisect_right(holes, i) % 2]
        due["ids"] = sorted({*open_ids, *(i for i in within if i > archived)})
        due["receipts_seen"] = [seen for i in due["ids"] if (seen := receipt_of(i, entries[i][0]))]
    return due


class Audit:
    """One Console: what is wrong with it, what was checked, and what was not."""

    def __init__(self, place: Path, names: set[str], console: str, trusted: list[bytes], checks: bool):
        """The names are those of all files there; the trusted keys are DER; `checks`: signatures."""
        self.place, self.names, self.unread = place, names, set(names)
        self.console, self.trusted, self.checks = console, trusted, checks
        parts = PARTS - {"verify.py"}  # that may lie beside an archive too
        self.is_bundle = any(name in names or (place / name).is_symlink() for name in parts)
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
        self.unread.discard(name)
        return (self.place / name).read_bytes() if name in self.names else b""

    def fetch(self, name: str, sha: str, excuse: str = "") -> bytes | None:
        """What an object holds, if its hash is the stated one; None if not, and why is told."""
        kind, content = name.partition("/")[0], self.read(name)
        with suppress(*NONSENSE):
            content = gzip.decompress(content) if name.endswith(".gz") else content
        if name not in self.names and excuse:
            self.counts["not_checked"][f"{kind}: {excuse}"] += 1
        elif name not in self.names:
            self.fault("missing", name, "is missing")
        elif sha256(content).hexdigest() != sha:
            self.fault("altered", name, "does not have the hash that is stated")
        else:
            self.counts["checked"][f"objects: {kind}"] += 1
            return content
        return None

    def load(self, number: int) -> tuple[str, Json]:
        """A statement's hash, and what it says; nothing if it is none of this format."""
        data = self.read(self.key(number))
        with suppress(*NONSENSE):
            told = json.loads(data.decode(), parse_int=lambda digits: digits if digits[20:] else int(digits))
            said: Json = {**NOTHING, **told}  # no number is longer, and with a text nothing can be reckoned
            said["previous"] = str((said["previous"] or {"sha256": ""})["sha256"])
            said["public_key"] = b64decode(said["public_key"] or "")
            said["keys"] = [each["key"] for each in (said["export"], *said["entries"]) if each]
            grown(said["tree"], [])  # if a frontier is no hashes, nothing can go on from it
            is_one = (said["format"], type(said["console"])) == (FORMAT, str) and said["seq"] > 0
            if is_one and said["kind"] in KINDS:
                return sha256(data).hexdigest(), said
        return sha256(data).hexdigest(), {}

    def checkpoint(self, number: int, said: Json) -> tuple[str, tuple[str, int, str], bytes]:
        """The verdict on a statement's checkpoint, if bad; statement and tree in it; who signed it."""
        key, named = self.key(number, "checkpoints", "txt"), said.get("public_key") or self.signer
        keys = {node(der)[:4]: der for der in ([named] if named else self.trusted)}
        verdict = "altered" if key in self.names else "unsigned"
        with suppress(*NONSENSE):
            ((text, _, console, size, root, statement, blob),) = NOTE.findall(self.read(key).decode())
            raw = b64decode(blob)
            verdict = "altered" if raw[:4] in keys else "unsigned"
            if self.checks:
                point = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), keys[raw[:4]][26:])
                point.verify(raw[4:], text.encode(), ECDSA(SHA256()))
            if (console, blob) == (said["console"], b64encode(raw).decode()):
                return "", (statement, int(size), b64decode(root).hex()), keys[raw[:4]]
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
        contents = [self.fetch(file["key"], file["content_sha256"], excuse) for file in said["entries"]]
        for hole in said["missing"]:
            self.counts["stated_as_missing"][hole["cause"]] += hole["last"] - hole["first"] + 1
        for seen in said["receipts_seen"]:
            if seen["intent_seq"] is None:
                self.counts["notes"][f"foreign purge: {json.dumps(seen)}"] += 1
        if export != self.export[0]:
            self.export = (export, None)
            if self.fetch(export["key"], export["sha256"], excuse) is not None:
                entries, facts = read_export(self.place / export["key"], export["served_at"][:10])
                self.export = (export, entries)
                self.compare(key, said, {"export": {**export, **facts}})
        if before is None or None in contents:
            why = excuse or "not there, or not to be trusted"
            self.counts["not_checked"][f"statements against what they name: {why}"] += 1
        else:
            self.contents(key, said, before, [content or b"" for content in contents])

    def contents(self, key: str, said: Json, before: Json, contents: list[bytes]) -> None:
        """Judge an archive statement by what its entry files and its export hold."""
        entries, lines, files = self.export[1], dict[int, bytes](), list[Json]()
        for file, content in zip(said["entries"], contents):
            ids = []
            for line in re.findall(rb"[^\n]+", content):
                entry_id, meaning = read_line(line)
                ids.append(entry_id)
                lines[entry_id] = line
                if entries is not None and entries.get(entry_id) != (meaning, file["date"]):
                    self.fault("misdescribed", key, f"has the entry {entry_id} otherwise than its export")
            files.append({**file, "first_id": ids[0], "last_id": ids[-1], "count": len(ids)})
        seen = [{**receipt, **UNSEEN} for receipt in said["receipts_seen"]]
        told = {**said, "ids": sorted(lines), "holes": said["missing"], "receipts_seen": seen}
        self.compare(key, told, {"entries": files, **due_by_content(before, said, lines, entries)})
        self.counts["checked"]["entries"] += len(lines)
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

    def line_of(self, name: str, lines: list[bytes]) -> bytes | None:
        """From which line a proof (c2sp.org/tlog-proof) leads to the tree of a good checkpoint."""
        with suppress(*NONSENSE):
            ((index, text, note),) = PROOF.findall(self.read(name).decode())
            (epoch, first, size, root), way = self.notes[note], [*map(b64decode, text.split())]
            if name.startswith(f"proofs/{epoch}-") and (at := int(index)) >= first:
                ends = (root_above(node(b"\x00", line), at, size, way).hex() for line in lines)
                return next((line for line, end in zip(lines, ends) if end == root), None)
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
        key = PEM.findall(self.read("public-key.pem").decode())
        if self.signer and self.signer not in map(b64decode, key):
            self.counts["notes"]["public-key.pem is not the key that the chain names last"] += 1

    def proven(self, manifest: Json) -> None:
        """Judge the lines of a bundle, each by a proof of its own: it says how many it has at most."""
        waiting, lines = defaultdict[str, list[bytes]](list), self.read("entries.ndjson").split(b"\n")
        lines, unproven = [line for line in lines if line], 0
        if (manifest.get("coverage") or {}).get("matched", len(lines)) != len(lines):
            self.fault("misdescribed", "manifest.json", f"tells another number of entries than {len(lines)}")
        self.counts["not_checked"]["report.html, entries.csv, manifest.json: only hashed, not proven"] += 1
        for line in lines:
            entry_id = 0
            with suppress(*NONSENSE):
                entry_id, _ = read_line(line)
            candidates = waiting[f"{entry_id}.tlog-proof"]
            if len(candidates) < len(self.good):
                candidates.append(line)
            else:  # each epoch has an id once, and there are no more epochs than statements
                unproven += 1
        for name in sorted(name for name in self.names if name.startswith("proofs/")):
            candidates = waiting[name.partition("-")[2]]
            proven = self.line_of(name, candidates)
            if proven is not None:
                candidates.remove(proven)
                self.counts["checked"]["proven lines"] += 1
                continue
            self.fault("misdescribed", name, "proves no line of entries.ndjson")
            if candidates:
                self.fault("altered", "entries.ndjson", f"has a line that {name} does not prove")
        unproven, limit = unproven + sum(map(len, waiting.values())), manifest.get("proof_limit")
        if unproven and limit == len(lines) - unproven:
            self.lacking["proofs"] = f"the bundle has none for {unproven} of {len(lines)} lines, and says so"
        elif unproven:
            self.fault("missing", "proofs", f"are there for all but {unproven} of {len(lines)} lines")

    def report(self) -> Json:
        """What was found."""
        key, signer = self.newest
        trust = "you trust" if signer in self.trusted else "the archive names"
        return {
            "console": self.console,
            "kind": "bundle" if self.is_bundle else "archive",
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
    show("Never checked here: versions and locks, which a copy does not have.")


def audits_of(place: Path, options: argparse.Namespace) -> list[Audit]:
    """The audit of every Console in a folder."""
    trusted = [b64decode(only(PEM, path, "PEM file with a public key")) for path in options.key]
    if any(len(key) != DER for key in trusted):
        raise ValueError("a --key is none on the curve P-256")
    kept = [only(NOTE, path, "signed checkpoint") for path in options.checkpoint]
    paths = [path for path in place.rglob("*") if path.is_file() and not path.is_symlink()]
    names = {path.relative_to(place).as_posix() for path in paths}
    manifest = {}
    with suppress(*NONSENSE):  # if it is damaged, its hash tells
        manifest = dict(json.loads((place / "manifest.json").read_bytes()))
    home = re.compile(r"(?:exports|entries|statements|checkpoints)/console=([a-z0-9-]+)/.*")
    consoles = {found[1] for found in map(home.fullmatch, names) if found} | {note[2] for note in kept}
    if manifest.get("console", options.console) != (options.console or manifest.get("console")):
        raise ValueError(f"this is a bundle of Console {manifest['console']}, not of {options.console}")
    if options.console or "console" in manifest:
        consoles = {str(options.console or manifest["console"])}
    if not consoles:
        raise ValueError(f"there is neither an archive nor a bundle in {place}")
    if not {note[2] for note in kept} <= consoles:
        raise ValueError(f"a checkpoint that you kept is of another Console than {sorted(consoles)}")
    checks = InvalidSignature is not None and not options.without_signatures
    audits = [Audit(place, names, console, trusted, checks) for console in sorted(consoles)]
    for audit in audits:
        audit.walk()
        if audit.is_bundle:
            audit.hashed()
            audit.proven(manifest)
        mine = [note[3:6] for note in kept if note[2] == audit.console]
        audit.finish([(statement, int(size), b64decode(root).hex()) for size, root, statement in mine])
        if UNCHECKED in audit.counts["checked"]:
            audit.lacking["signatures"] = "install the package `cryptography`, or use --without-signatures"
    return audits


def only(form: re.Pattern[str], path: Path, what: str) -> Any:
    """What a text of some form says. Raises ValueError if a file is no such text."""
    found = form.findall(path.read_text("utf-8", errors="replace"))
    if not found:
        raise ValueError(f"{path} is no {what}")
    return found[0]


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
        names = archive.namelist()
        if {each.compress_type for each in archive.infolist()} - PLAIN:
            raise ValueError("a bundle is stored or deflated, and this is neither")
        archive.extractall(folder)
    files = sum(path.is_file() for path in Path(folder).rglob("*"))  # ./a is unpacked over a
    if len({name.lower() for name in names}) < len(names) or files < sum(n[-1:] != "/" for n in names):
        raise ValueError("there are several files of one name in it")


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line names, and tell. Returns the exit status."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("place", type=Path)
    for option in ("--key", "--checkpoint"):
        parser.add_argument(option, type=Path, action="append", default=[], metavar="FILE", help="repeatable")
    parser.add_argument("--console", help="only this one")
    for option in ("--without-signatures", "--without-proofs", "--json"):
        parser.add_argument(option, action="store_true")
    options = parser.parse_args(arguments)
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
    verdict = "VALID" + "".join(f", without {what}, as you asked" for what in lacking)
    verdict += f" ({lacking['proofs']})" if "proofs" in lacking else ""
    verdict += by_whom(audits) if "signatures" not in lacking else ""
    verdict = f"FAULT: {faults} of them" if faults else f"NOT CHECKED: {'; '.join(left)}" if left else verdict
    reports = [audit.report() for audit in audits]
    if options.json:
        print(json.dumps({"consoles": reports, "verdict": verdict}, indent=1))
    else:
        tell(reports)
        show(verdict)
    return 1 if faults else 2 if left else 0


if __name__ == "__main__":
    raise SystemExit(main())
