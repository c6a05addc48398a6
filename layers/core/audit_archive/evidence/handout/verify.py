"""Check a copy of an archive of Canary audit trails, or a bundle of evidence, without trusting who made it.

    python3 -I verify.py PLACE [--archive | --bundle] [--key KEY.pem] [--checkpoint FILE]
        [--bundle-key KEY.pem]

PLACE is a folder made by `aws s3 sync`, or a bundle (zip or folder). This program needs Python 3.9 or newer,
and the package `cryptography` for signatures. It opens no connection, and writes only temporary files.
The format is in docs/archive-format.md. The checks, in the order of this file, and what each proves:

 1. Every statement is present and readable: none is missing before the newest one.
 2. The statements form one chain of hashes: none was changed, removed, inserted or moved afterwards.
 3. Each statement follows from the one before it: each id is archived or listed as missing, once, the Merkle
    tree only grew, and the names of files and the numbers of statements fit.
 4. Each checkpoint is signed and matches its statement: the key in force signed this history. That is the key
    that the archive named last, or yours before it named one.
 5. Files have the hashes that statements name: exports and entry files are those that were archived. One may
    be missing after its lock has ended.
 6. Entry files hold the lines of their statement: the Merkle tree, ids and counts are those of the lines.
 7. Lines say the same as the export: they, their dates, missing ids and purge receipts follow from what the
    Console served. A bundle has no exports.
 8. Files of a bundle have the hashes in SHA256SUMS: nothing was damaged on the way. Whoever changes a file
    can change SHA256SUMS too.
 9. Each line of a bundle has a proof: it was in the archive, exactly so, when its checkpoint was signed.
10. The newest checkpoint is signed by a key that you trust: whoever holds the key that you gave with --key
    made this archive. Get that key another way.
11. The chain contains each checkpoint that you kept: this is the history that you saw then, not a second one,
    and its end was not cut off (--checkpoint).
12. Every entry file and checkpoint belongs to a statement: none was added, and no statement is missing at the
    end if its checkpoint is present.
13. The rows of entries.csv say what the lines say: it is made anew from entries.ndjson, and compared. The
    offset of the time zone in each row is the word of whoever made it.
14. The list of files is signed by the bundle key: whoever holds the key that the archive named last for that,
    or yours (--bundle-key), made this bundle, with each of its files. That a line was archived, check 9 says.
15. The totals and the sample follow from the lines: the control totals in manifest.json are made anew from
    entries.ndjson, and the sample is drawn again with its seed. Who chose the seed, it can't tell. The epoch
    of a line without a proof is the word of entries.csv.

It can't prove: that an export was true or complete when the Console served it; who made the archive, without
--key; that the end was not cut off, or that the key signed no second history, without --checkpoint; versions
and locks, which a copy lacks; that a bundle holds every answer to its question. Of report.html, manifest.json
and entries.xlsx it checks only the hashes, the totals and the sample: the last line names what check 14 must
cover and does not.
It doesn't check these fields of a statement: head_format and head_sha256, which is a digest of what
the archiving software keeps in mind; drift; plan, except that its boundary is archived; sha256 and size of an
entry file, whose content it hashes; cause and receipt_id of missing ids; intent_seq and surplus of receipts;
counts, answer and outcome of a purge; accepted, accepted_faults, lost, held and released; who did
something, when and why;
nor what it says of the Console beside the export: population, stale, covered_until, vanished, amended,
respelled, not_compared.
Exit status: 0 VALID, 1 FAULT, 2 NOT CHECKED.
"""

from __future__ import annotations  # Python 3.9 evaluates them else, and knows no `|` of types

import argparse
import json
import re
import struct
import zipfile
import zlib
from base64 import b64decode, b64encode
from bisect import bisect_right
from codecs import iterdecode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache, partial
from hashlib import sha256
from heapq import merge
from itertools import accumulate, chain, islice, repeat, takewhile
from pathlib import Path
from shutil import disk_usage
from tempfile import SpooledTemporaryFile, TemporaryDirectory
from typing import IO, Any, NoReturn

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
except ImportError:
    InvalidSignature = None  # type: ignore[assignment,misc]

TITLES = {int(n): title for n, title in re.findall(r"^ ?(\d+)\. ([^:]+): ", __doc__ or "", re.M)}
CHECKS = {number: TITLES.get(number, "(python -OO drops the titles)") for number in range(1, 16)}
SOURCES = {3: "the statement before it", 6: "the lines in its entry files", 7: "the content of its export"}
SEVERE = {"console": "broken", "seq": "broken", "epoch": "broken", "missing": "gap"}  # others: misdescribed
NOUNS = {"exports": "export", "entries": "entry file", "statements": "statement"}
NOUNS |= {"checkpoints": "checkpoint", "proofs": "proof"}
KINDS_OF_PLACES = {"bundle": "a bundle of evidence", "archive": "a copy of an archive"}
OF_BUNDLES = (8, 9, 13, 14, 15)
LINES, ROWS, SUMS, NOTE = "entries.ndjson", "entries.csv", "SHA256SUMS", "SHA256SUMS.note"
SUM = re.compile(r"([0-9a-f]{64})  (.+)", re.A | re.S)
PARTS = {"report.html", "entries.ndjson", "entries.csv", "manifest.json", "verify.py"}  # of every bundle
NO_SIGNATURES = "`cryptography` is not installed, or you passed --without-signatures"
NOT_IN_A_BUNDLE = "a bundle holds no exports and no entry files"
EXPIRED = "its lock has ended, so it may have been deleted"
NOT_VALID = "its entry files, or the statement before it, are missing or not valid"
BEYOND = """\
No check covers versions and locks: a copy has none. Only a checkpoint that you kept (--checkpoint) shows
that the end was not cut off, and that the same key signed no second history."""
ADVICE = """\
What to do: get PLACE again, and repeat. If a fault stays, something was damaged or tampered with: tell
whoever is responsible for it. Begin with the first fault: others may follow from it."""

Json = dict[str, Any]
Entry = tuple[int, bytes, bytes, bool]  # id, date, line, and whether it may be the receipt of a purge
Leaf = tuple[int, bytes, bytes]  # of a line: id, date, and hash in the Merkle tree
Checkpoint = tuple[str, int, str]  # the hash of a statement, and the size and root of its tree
# What reading a malformed file raises.
MALFORMED: Any = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, OSError, EOFError)
MALFORMED += (NotImplementedError, RecursionError, struct.error, zlib.error, zipfile.BadZipFile)
MALFORMED += tuple(filter(None, [InvalidSignature]))
MOST_AT_ONCE, MOST_IN_A_RUN = 1 << 10, 1 << 16  # records
RECORD, LEAF = ">QQQ11p?", ">Q11p32s"  # of an entry of an export, and of a leaf: see where they are made
CHUNK, MOST_BYTES, MOST_OF_AN_ENTRY = 1 << 18, 1 << 28, 1 << 24  # bytes at once, of a small file, of an entry
MOST_OF_A_LINE, MOST_INFLATED, MOST_OF_A_NOTE = 2 * MOST_OF_AN_ENTRY + CHUNK, 1 << 35, 1 << 17  # bytes
HOMES, MOST_NESTED = {*NOUNS, "rejected"}, 5  # folders of an archive; how many may be around it
# What other programs leave beside files: macOS, Windows, and a download by the AWS CLI that was broken off.
LITTER = re.compile(
    r"(?:.*/)?(?:__MACOSX/.*|\.DS_Store|\._[^/]*|(?i:thumbs\.db|desktop\.ini)"
    r"|[^/]+\.(?:json|txt|gz|zip)\.[0-9A-Fa-f]{8})",
    re.S,
)
MOST_SHOWN = 20  # faults of one check that are printed: the first is the cause of most others


class NoRoomError(RuntimeError):
    """A temporary file can't be written."""


class Audit:
    """The checks of one Console, in the order of their numbers, and what they found."""

    def __init__(
        self, place: Path, names: set[str], console: str, trusted: list[bytes], checks_signatures: bool
    ):
        """`names`: all files in the place, as paths. `trusted`: public keys, as DER."""
        self.place, self.names, self.unread = place, names, set(names)
        self.console, self.trusted = console, trusted
        self.why_no_signatures = "" if checks_signatures else NO_SIGNATURES
        self.faults: dict[tuple[int, str, str], str] = {}  # why, by check, verdict and object
        self.checked: defaultdict[int, Counter[str]] = defaultdict(Counter)  # by check: what, and how many
        self.not_checked: defaultdict[int, Counter[str]] = defaultdict(Counter)  # with the reason
        self.missing: Counter[str] = Counter()  # ids that statements list as missing, by cause
        self.notes: list[str] = []
        self.ignored = 0  # files in the place that are no part of an archive
        self.left_out: dict[str, str] = {}  # what must be checked or accepted before anything is VALID
        self.chain: dict[str, tuple[int, int, str]] = {}  # by a statement's hash: number, tree size and root
        self.signed: dict[str, tuple[int, int, int, str]] = {}  # by checkpoint: epoch, its first leaf, tree
        self.first_leaf = 0  # of the epoch
        self.before: Json | None = {**START, "sha256": "", "holes": []}  # the statement before, if known
        self.end = 0  # the number of the last statement
        self.key_in_force = b""  # the public key that a statement named last
        self.bundle_key = b""  # the one that a statement named last to sign bundles
        self.newest_signed = ("", b"")  # the newest valid checkpoint, and the key that signed it
        self.trusted_up_to = 0  # the number of the last statement with a valid signature by a trusted key
        self.absent: list[str] = []  # the last checkpoints, as far as they are missing
        self.export: tuple[Json, Export | None] = ({}, None)  # as stated last, and what it holds
        self.epochs: defaultdict[bytes, set[int]] = defaultdict(set)  # by a line's leaf: where it is proven
        self.drawn: list[Json] | None = None  # the sample, drawn again; None: not every row is right
        self.uncovered: list[str] = []  # of a bundle: what nothing but an unsigned list vouches for
        self.unlisted: list[str] = []  # of a bundle: files that not even the list names
        self.why_uncovered = ""

    def run(self, kind: str, manifest: Json, kept: list[Checkpoint], makers: list[bytes]) -> None:
        """Run all checks. `makers`: the keys that are trusted to sign bundles, as DER."""
        self.kind, self.is_bundle = kind, kind == "bundle"
        scratch = partial(SpooledTemporaryFile, MOST_OF_AN_ENTRY)
        with scratch() as self.lines, scratch() as self.index, scratch() as self.leaves:
            self.check_statements()
        if self.is_bundle:
            self.check_sums()
            self.check_proofs(manifest)
        else:
            for check in OF_BUNDLES:
                self.not_checked[check] = Counter({"only a bundle has these files": 0})
        self.check_trust()
        self.check_kept(kept)
        if self.is_bundle:
            self.check_rows(manifest)
            self.check_signed_list(makers)
            self.check_derived(manifest)
        self.check_strays()
        if f"signature ({NO_SIGNATURES})" in self.not_checked[4]:
            self.left_out["signatures"] = "install the package `cryptography`, or pass --without-signatures"

    def key(self, number: int, kind: str = "statements", suffix: str = "json") -> str:
        return f"{kind}/console={self.console}/{number:010}.{suffix}"

    def fault(self, check: int, verdict: str, key: str, why: str) -> None:
        self.faults.setdefault((check, verdict, key), why)

    def count(self, check: int, what: str, why_not: str = "", number: int = 1) -> None:
        """Note that a check looked at something, or why it could not."""
        if why_not:
            self.not_checked[check][f"{what} ({why_not})"] += number
        else:
            self.checked[check][what] += number

    def compare(self, check: int, key: str, statement: Json, expected: Json) -> None:
        """Report each field of a statement that is not as expected."""
        for name, value in ((name, value) for name, value in expected.items() if statement[name] != value):
            field = {"holes": "missing", "files": "entries", "keys": "key"}.get(name, name)
            if isinstance(value, dict) and isinstance(statement[name], dict):  # the first that differs in it
                field += "".join(
                    [f".{each}" for each in value if value[each] != statement[name].get(each)][:1]
                )
            why = f"The field `{field}` of this statement does not match {SOURCES[check]}."
            if name == "missing":
                why = "An id is in no statement or in two: each must be archived or listed as missing, once."
            self.fault(check, SEVERE.get(name, "misdescribed"), key, why)

    def read(self, name: str) -> bytes:
        """A small file, or as much of it as a small one may have."""
        return b"".join(islice(self.chunks(name), MOST_BYTES // CHUNK))

    def chunks(self, name: str) -> Iterator[bytes]:
        """What a file holds, inflated if it is an entry file, some at a time."""
        self.unread.discard(name)
        if name not in self.names:
            return
        with (self.place / name).open("rb") as file:
            yield from inflated(chunks_of(file), 31) if name.endswith(".gz") else chunks_of(file)

    def is_intact(self, check: int, name: str, stated_hash: str, excuse: str = "") -> bool:
        """Whether a file is present and has the stated hash. If not, that is a fault, or excused."""
        noun, digest = NOUNS.get(name.partition("/")[0], "other file"), sha256()
        if name not in self.names and excuse:
            self.count(check, noun, excuse)
            return False
        if name not in self.names:
            self.fault(check, "missing", name, "This file is missing.")
            return False
        with suppress(*MALFORMED):
            for chunk in self.chunks(name):
                digest.update(chunk)
            if digest.hexdigest() == stated_hash:
                self.count(check, noun)
                return True
        source = "in SHA256SUMS" if check == 8 else "in the statement that names it"  # noqa: PLR2004
        self.fault(check, "altered", name, f"The SHA-256 of this file is not the one {source}.")
        return False

    # ---------- Checks 1 to 7: statement by statement

    def check_statements(self) -> None:
        """Run checks 1 to 7 on each statement in turn."""
        form = re.compile(rf"statements/console={re.escape(self.console)}/([0-9]{{10}})\.json")
        for number in sorted(int(found[1]) for found in map(form.fullmatch, self.names) if found):
            if number > self.end + 1:
                self.fault(1, "missing", self.key(self.end + 1), "This statement is missing.")
                self.before = None
            self.end = number
            try:
                self.check_statement(number)
            except MALFORMED as error:
                self.fault(1, "misdescribed", self.key(number), f"This statement can't be read: {error!r}.")
        if not self.end:
            self.fault(1, "missing", self.key(1), "This statement is missing, and so are all others.")

    def check_statement(self, number: int) -> None:
        """Check one statement. What is expected of it is found first: that tells which hash to believe."""
        key, before, expected = self.key(number), self.before, Json()
        own_hash, statement = self.load(number)
        self.before = None  # until this one was found to be sound
        try:
            grown(statement["tree"] if statement else EMPTY, [])  # nothing can continue a malformed tree
            expected = expected_after(before, statement, self.console) if statement and before else expected
            is_odd = any(statement[name] != value for name, value in expected.items())
        except MALFORMED:
            statement, is_odd = {}, True
        is_confirmed, is_agreed = self.check_hash(number, statement, is_odd or not statement)
        if not statement or not (is_confirmed or is_agreed):
            return self.skip(3, "it is not valid")
        if before and before["sha256"] not in (None, statement["previous"]):
            why = f"It names {statement['previous']} as the SHA-256 of the statement before it, which has "
            self.fault(2, "broken", key, f"{why}{before['sha256']}.")
            before = None
            if statement["seq"] != number and not is_confirmed:
                return self.skip(3, "it belongs to another place in the chain")
        self.count(2, "statement")
        self.compare(3, key, statement, expected if before else {"seq": number})
        self.count(3, "statement", "" if before else "the one before it is missing or not valid")
        self.bundle_key = statement["bundle_key"] or self.bundle_key
        if statement["action"] == "epoch":
            self.first_leaf = statement["tree"]["size"]
        self.chain[own_hash] = (number, statement["tree"]["size"], statement["tree"]["root"])
        self.check_checkpoint(number, own_hash, statement)
        holes = holes_after(before, statement)
        self.before = {**statement, "sha256": own_hash if is_agreed else None, "holes": holes}
        return self.check_objects(key, statement, before) if statement["kind"] == "archive" else None

    def skip(self, first: int, why: str) -> None:
        """Note that the other checks of a statement, from one on, did not run."""
        for check in range(first, 8):
            self.count(check, "statement", why)

    @lru_cache(3)  # noqa: B019 - the next two are looked at too, again and again
    def load(self, number: int) -> tuple[str, Json]:
        """Check 1: a statement's hash, and the statement; an empty one if it has not the right format."""
        data = self.read(self.key(number))
        with suppress(*MALFORMED):
            statement = canonical(data)
            kind = statement["kind"]
            if statement["format"] == FORMAT and kind in KINDS and fits(statement, kind):
                statement = {**ABSENT, **statement}
                statement["previous"] = (statement["previous"] or {"sha256": ""})["sha256"]
                statement["bundle_key"] = key_named_by(statement, "bundle_key")
                statement["public_key"] = key_named_by(statement, "key")
                objects = (statement["export"], *statement["entries"])
                statement["keys"] = [each["key"] for each in objects if each]
                return sha256(data).hexdigest(), statement
        return sha256(data).hexdigest(), {}

    def check_hash(self, number: int, statement: Json, is_odd: bool) -> tuple[bool, bool]:
        """Check 2: whether a statement's hash is confirmed, and whether nothing contradicts it."""
        key, own_hash = self.key(number), self.load(number)[0]
        named, by_next = self.hashes_named_for(number)
        is_next_sure = set[str]().union(*self.hashes_named_for(number + 1)) == {self.load(number + 1)[0]}
        # If they differ, it may also be the next statement that was altered: then that is not believed.
        if own_hash in by_next or is_odd or is_next_sure:
            named |= by_next
        is_confirmed, is_agreed = own_hash in named, named <= {own_hash}
        if not is_agreed and is_confirmed:
            why = "Its checkpoint and the next statement name different hashes for it: two histories exist."
            self.fault(2, "forked", key, why)
        elif not is_agreed:
            why = "The SHA-256 of this file is not the one that its checkpoint or the next statement names."
            self.fault(2, "altered", key, why)
        elif not statement:
            why = f"This file is not a valid statement of the format {FORMAT}."
            self.fault(1, "misdescribed" if is_confirmed else "altered", key, why)
        else:
            self.count(1, "statement")
        return is_confirmed, is_agreed

    def hashes_named_for(self, number: int) -> tuple[set[str], set[str]]:
        """The hash of a statement by its checkpoint, and by the next statement, if they are about it."""
        (own_hash, statement), after, by_checkpoint = self.load(number), self.load(number + 1)[1], ""
        if statement:
            _, (by_checkpoint, _, _), _ = self.read_checkpoint(number, statement)
        if by_checkpoint in self.chain and by_checkpoint != own_hash:
            by_checkpoint = ""  # it is the checkpoint of another statement
        is_about_it = after and after["seq"] - 1 in (number, statement.get("seq"))
        return {by_checkpoint} - {""}, {after["previous"] if is_about_it else ""} - {""}

    def check_checkpoint(self, number: int, own_hash: str, statement: Json) -> None:
        """Check 4: the checkpoint matches its statement and has a valid signature."""
        key, named = self.key(number, "checkpoints", "txt"), statement["public_key"]
        verdict, stated, signer = self.read_checkpoint(number, statement)
        if named and named != self.key_in_force:
            for each in self.absent:  # a run died before it signed them, and now nobody can
                del self.faults[4, "unsigned", each]
            self.key_in_force, self.absent = named, []
        if key in self.names:
            self.absent = []
        if verdict == "unsigned" and not (self.key_in_force or self.newest_signed[1]):
            self.count(4, "statement", "signing had not begun")
        elif verdict:
            found = "has no signature by the key in force" if key in self.names else "is missing"
            found = "was altered, or its signature is not valid" if verdict == "altered" else found
            self.fault(4, verdict, key, f"This checkpoint {found}.")
            self.absent += [key] if key not in self.names else []
        elif stated == (own_hash, *self.chain[own_hash][1:]):
            self.count(4, "checkpoint")
            self.count(4, "signature", self.why_no_signatures)
            self.newest_signed = (key, signer)
            self.trusted_up_to = number if signer in self.trusted else self.trusted_up_to
            self.signed[self.read(key).decode()] = (statement["epoch"], self.first_leaf, *stated[1:])
        elif stated[0] in self.chain:  # else it contradicts the statement, and check 2 said so
            self.fault(4, "misdescribed", key, "This checkpoint is for another statement or another tree.")

    def read_checkpoint(self, number: int, statement: Json) -> tuple[str, Checkpoint, bytes]:
        """The verdict on a statement's checkpoint if it is bad, else what it states and who signed it."""
        key, named = self.key(number, "checkpoints", "txt"), statement.get("public_key") or self.key_in_force
        keys = {hash_of(der)[:4]: der for der in ([named] if named else self.trusted)}
        verdict = "altered" if key in self.names else "unsigned"
        with suppress(*MALFORMED):
            text, signatures = note_of(self.read(key))
            known = [(name, keys[raw[:4]], raw[4:]) for name, raw in signatures if raw[:4] in keys]
            verdict = "altered" if known else "unsigned"  # witnesses may have signed it too: they don't count
            origin = f"canary-audit-archive/{statement['console']}"
            ours = [(der, raw) for name, der, raw in known if name == origin]
            for der, raw in () if self.why_no_signatures else ours:
                point = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), der[26:])
                point.verify(raw, text.encode(), ECDSA(SHA256()))
            console, of_statement, size, root = checkpoint_in(text)
            if ours and console == statement["console"]:
                return "", (of_statement, size, root), ours[0][0]
        return verdict, ("", 0, ""), b""

    def check_objects(self, key: str, statement: Json, before: Json | None) -> None:
        """Check 5: the export and the entry files of a statement are intact. Then run checks 6 and 7."""
        # Copies lose an object a day before its lock ends.
        soon = f"{datetime.now(timezone.utc) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
        export, files = statement["export"], statement["entries"]
        excuse = NOT_IN_A_BUNDLE if self.is_bundle else EXPIRED if export["retain_until"] <= soon else ""
        intact = [self.is_intact(5, each["key"], each["content_sha256"], excuse) for each in files]
        for hole in statement["missing"]:
            self.missing[hole["cause"]] += hole["last"] - hole["first"] + 1
        self.notes += [purge_note(seen) for seen in statement["receipts_seen"] if seen["intent_seq"] is None]
        if export != self.export[0]:
            self.export = (export, None)
            if self.is_intact(5, export["key"], export["sha256"], excuse):
                self.export = (export, self.check_export(key, statement))
        if before is None:
            return self.skip(6, NOT_VALID)
        stated, export = {**statement, **facts_stated(statement)}, self.export[1]
        by_export = Facts(stated, before, export.due(before, stated)) if export else None
        own = self.check_files(key, stated, before, by_export) if all(intact) else None
        if own is None:
            self.count(6, "statement", excuse or NOT_VALID)
        if export and by_export:
            self.check_slice(key, own, by_export, export)
        elif own:
            self.count(7, "line", "the export is missing or not valid", own.count)
        else:
            self.count(7, "statement", excuse or NOT_VALID)
        return None

    def check_files(self, key: str, stated: Json, before: Json, by_export: Facts | None) -> Facts:
        """Check 6: a statement follows from the lines in its entry files, which have the stated hashes."""
        own = by_export
        if not own or own.files != stated["files"]:  # else the hashes say that they hold the same lines
            own = Facts(stated, before, self.lines_of(key, stated["entries"]), self.leaves)
        self.compare(6, key, stated, own.expected())
        self.count(6, "line", number=own.count)
        return own

    def lines_of(self, key: str, files: list[Json]) -> Iterator[Entry]:
        """The entries in entry files, file by file, and at most one more than are stated."""
        for file in files:
            last, date = 0, file["date"].encode()
            for line in islice(lines_in(self.chunks(file["key"])), file["count"] + 1):
                entry_id, _ = read_line(line)
                if entry_id <= last:
                    self.fault(6, "misdescribed", key, f"The line of entry {entry_id} is out of order.")
                last = entry_id
                yield entry_id, date, line, False

    def check_slice(self, key: str, own: Facts | None, by_export: Facts, export: Export) -> None:
        """Check 7: a statement, and its own lines if there are any, follow from the export."""
        stated = by_export.stated
        if export.lacking:
            raise KeyError(min(export.lacking))
        if own and own is not by_export:
            entry_id = first_other(own.leaves, export.due(by_export.before, stated))
            if entry_id:
                why = f"The line of entry {entry_id} does not match the export in content or date."
                self.fault(7, "misdescribed", key, why)
        seen = [{**receipt, **UNSEEN} for receipt in stated["receipts_seen"]]
        expected = {**by_export.expected(), "receipts_seen": by_export.receipts}
        self.compare(7, key, {**stated, "receipts_seen": seen}, expected)
        self.count(7, "line", number=by_export.count)

    def check_export(self, key: str, statement: Json) -> Export | None:
        """Check 7: the entries of an export, after comparing what is stated of it; None if it is broken."""
        stated = statement["export"]
        try:
            with (self.place / stated["key"]).open("rb") as file:
                export = Export(file, stated["served_at"][:10], self.lines, self.index)
                facts = {**export.facts, "size": file.seek(0, 2)}
        except MALFORMED as error:
            self.fault(7, "misdescribed", key, f"Its export can't be read: {error!r}.")
            return None
        self.compare(7, key, statement, {"export": {**stated, **facts}})
        self.count(7, "export")
        return export

    # ---------- Checks 8 and 9: of bundles only

    def check_sums(self) -> None:
        """Check 8: the files of the bundle have the hashes in SHA256SUMS, and belong to this Console."""
        sums, inside = self.listed(), {name for name in self.names if "/" in name}
        unnamed = {name for name in self.unread if "/console=" in name}  # by any statement
        for name in sorted(PARTS | sums.keys() | inside):
            self.is_intact(8, name, sums.get(name, ""))
        self.unread |= unnamed
        for name in sorted(inside):
            if not name.startswith("proofs/") and f"/console={self.console}/" not in name:
                self.fault(8, "misdescribed", name, "This file does not belong to the Console of the bundle.")
        key = PEM.findall(self.read("public-key.pem").decode("utf-8", "replace"))
        if self.key_in_force and self.key_in_force not in map(b64decode, key):
            self.notes.append("public-key.pem is not the key that the archive named last. Do not use it.")
            self.uncovered.append("public-key.pem")
        covered = {SUMS, NOTE, LINES, ROWS, "public-key.pem", *["bundle-key.pem"] * (NOTE in self.names)}
        self.uncovered += sorted(name for name in self.names - inside - covered | unnamed)
        self.uncovered.append(f"the time zone of {ROWS}")
        self.unlisted = sorted(self.names - sums.keys() - {SUMS, NOTE})

    def listed(self) -> dict[str, str]:
        """The hashes in SHA256SUMS, by the name of the file. A line that is not of its form is a fault."""
        *lines, rest = self.read(SUMS).decode("utf-8", "surrogateescape").split("\n")
        found = [SUM.fullmatch(line) for line in (*lines, *[rest] * bool(rest))]
        if rest or None in found:
            why = "A line of it is malformed: each is a SHA-256, two blanks, a name and a line feed."
            self.fault(8, "misdescribed", SUMS, why)
        return {each[2]: each[1] for each in found if each}

    def check_proofs(self, manifest: Json) -> None:
        """Check 9: each line of the bundle has a proof of its own, up to the limit that the bundle states."""
        waiting, count, unproven = defaultdict[str, list[bytes]](list), 0, 0
        for entry_id, leaf in self.leaves_in("entries.ndjson"):
            count += 1
            candidates = waiting[f"{entry_id}.tlog-proof"]
            if len(candidates) < len(self.chain):
                candidates.append(leaf)
            else:  # an epoch has an id once, and there are no more epochs than statements
                unproven += 1
        coverage = manifest.get("coverage", {"matched": count})
        matched = coverage.get("matched") if isinstance(coverage, dict) else None
        if "manifest.json" in self.names and matched != count:  # else check 8 said so
            self.fault(9, "misdescribed", "manifest.json", f"It does not say that there are {count} entries.")
        for name in sorted(name for name in self.names if name.startswith("proofs/")):
            self.check_proof(name, waiting[name.partition("-")[2]])
        unproven, limit = unproven + sum(map(len, waiting.values())), manifest.get("proof_limit")
        if not count:
            self.left_out["lines"] = (
                "the bundle has no line, so it proves nothing of any entry. "
                "If you know that its question found nothing, pass --without-lines"
            )
        if unproven and limit == count - unproven:
            self.count(9, "line", "the bundle says that it has no proof", unproven)
            self.left_out["proofs"] = f"the bundle says that {unproven} of its {count} lines have no proof"
        elif unproven:
            self.fault(9, "missing", "proofs", f"There is no valid proof for {unproven} of {count} lines.")

    def leaves_in(self, name: str) -> Iterator[tuple[int, bytes]]:
        """Of each line the id (0 if it has none) and the leaf hash, as far as the file can be read."""
        try:
            for line in lines_in(self.chunks(name)):
                entry_id = 0
                with suppress(*MALFORMED):
                    entry_id, _ = read_line(line)
                yield entry_id, hash_of(b"\x00", line)
        except MALFORMED as error:
            self.fault(9, "misdescribed", name, f"This file can't be read to its end: {error!r}.")

    def check_proof(self, name: str, candidates: list[bytes]) -> None:
        """Check one proof, and take the line that it proves from the candidates: the lines with its id."""
        with suppress(*MALFORMED):  # it leads (c2sp.org/tlog-proof) from a leaf to a valid checkpoint's tree
            ((index_text, hashes, note),) = PROOF.findall(self.read(name).decode())
            (epoch, first_leaf, size, root), index = self.signed[note], int(index_text)
            path = [*map(base64_of, hashes.split())]
            if name.startswith(f"proofs/{epoch}-") and index >= first_leaf:
                proven = (leaf for leaf in candidates if root_above(leaf, index, size, path).hex() == root)
                candidates.remove(leaf := next(proven, b""))
                self.epochs[leaf].add(epoch)
                return self.count(9, "line")
        self.fault(9, "misdescribed", name, "This proof does not prove any line of entries.ndjson.")
        if candidates:
            self.fault(9, "altered", "entries.ndjson", f"A line of it is not the one that {name} proves.")
        return None

    # ---------- Checks 10 to 12: the chain as a whole; checks 13 and 14: the rest of a bundle

    @property
    def how_far(self) -> str:
        """Up to where a key that you trust has signed, if it is not the newest one."""
        end, other = self.trusted_up_to, hash_of(self.newest_signed[1])[:4].hex()
        beyond = f"from {end + 1} on signed by a key that was not given, {other}"
        return f"signed by your key up to statement {end}; {beyond}" if end else ""

    def check_trust(self) -> None:
        """Check 10: the newest checkpoint is signed by a key that you trust."""
        key, signer = self.newest_signed
        if not self.trusted:
            self.not_checked[10]["you gave no key with --key"] = 0
        elif signer not in self.trusted:
            why = "The newest checkpoint has no signature by a key that you gave with --key."
            why += f" The chain is {self.how_far}: give that too, if you trust it." if self.how_far else ""
            self.fault(10, "unsigned", key or self.key(self.end), why)
        else:
            self.count(10, "checkpoint", self.why_no_signatures)

    def check_kept(self, kept: list[Checkpoint]) -> None:
        """Check 11: the chain contains each checkpoint that you kept."""
        largest = max((size for _, size, _ in self.chain.values()), default=0)
        for statement, size, root in kept:
            if statement not in self.chain and size > largest:
                why = "This statement is missing: your kept checkpoint covers it. The end was cut off."
                self.fault(11, "missing", self.key(self.end + 1), why)
            elif self.chain.get(statement, (0, 0, ""))[1:] != (size, root):
                why = "The chain does not contain your kept checkpoint. There are two histories."
                self.fault(11, "forked", self.key(self.end), why)
            else:
                self.count(11, "checkpoint")
        if not kept:
            self.not_checked[11]["you gave no checkpoint with --checkpoint"] = 0

    def check_rows(self, manifest: Json) -> None:
        """Check 13: the spreadsheet has a row for each line, and it says what the line says."""
        if not {LINES, ROWS} <= self.names:  # check 8 said so
            return self.not_checked[13].update({"a file is missing": 0})
        try:
            with (self.place / ROWS).open("rb") as file:
                self.compare_rows(file, manifest.get("sample"))
        except MALFORMED as error:
            self.fault(13, "misdescribed", ROWS, f"It does not say what {LINES} says: {error}.")

    def compare_rows(self, file: IO[bytes], sample: Json | None) -> None:
        """Make each row anew, and compare it. Raises ValueError for the first that differs."""
        header, drawing = HEADER if sample is None else SAMPLED_HEADER, Drawing(sample)
        need(file.read(len(header)) == header, "the first row does not name the columns")
        for line in lines_in(self.chunks(LINES)):
            entry_id, fields = read_line(line)
            begin = file.read(MOST_OF_A_ROW_BEGIN)
            found = re.findall(ROW, begin)
            need(found, f"the row of entry {entry_id} is missing or malformed")
            epoch, offset = (each.decode() for each in found[0])
            proven_in = self.epochs.get(hash_of(b"\x00", line), {int(epoch)})  # it may have no proof
            need(int(epoch) in proven_in, f"the row of entry {entry_id} has another epoch")
            row = row_of(fields, epoch, offset, drawing.mark(int(epoch), entry_id))
            file.seek(-len(begin), 1)
            need(file.read(len(row)) == row, f"the row of entry {entry_id} differs")
            self.count(13, "row")
        need(not file.read(1), "it has more rows than there are lines")
        self.drawn = drawing.drawn()

    def check_derived(self, manifest: Json) -> None:
        """Check 15: the totals and the sample that the manifest states follow from the lines."""
        stated, sample, wrong = manifest.get("totals"), manifest.get("sample"), list[str]()
        if stated is None:
            self.not_checked[15]["manifest.json states no totals"] = 0
        elif LINES in self.names:  # else check 8 said so
            with suppress(*MALFORMED):  # check 9 said so
                made = totals_of(self.chunks(LINES))
                told = stated if isinstance(stated, dict) else Json()
                wrong += [name for name in made if SPELL(made[name]) != SPELL(told.get(name))]
                self.count(15, "total", number=len(made) - len(wrong))
        if sample is not None and self.drawn is None:
            self.count(15, "sample", f"{ROWS} does not say what {LINES} says")
        elif sample is not None and SPELL(sample["drawn"]) != SPELL(self.drawn):
            wrong.append("sample")
        elif sample is not None:
            self.count(15, "sample")
        if wrong:
            why = f"What it states does not follow from {LINES}: {', '.join(wrong)}."
            self.fault(15, "misdescribed", "manifest.json", why)

    def check_signed_list(self, makers: list[bytes]) -> None:
        """Check 14: the list of files is signed, by a key that you gave with --bundle-key."""
        if NOTE not in self.names and not makers:
            self.why_uncovered = f"{SUMS} is not signed"
            return self.not_checked[14].update({self.why_uncovered: 0})
        verdict, why = "unsigned", f"{SUMS} has no signature by a key that you gave with --bundle-key."
        origin, digest = f"canary-audit-archive/{self.console}/bundles", sha256(self.read(SUMS)).hexdigest()
        with suppress(*MALFORMED):
            own = PEM.findall(self.read("bundle-key.pem").decode("utf-8", "replace"))
            keys = makers or [key for key in (*map(b64decode, own), self.bundle_key) if is_key(key)]
            known, (text, signatures) = {hash_of(der)[:4]: der for der in keys}, note_of(self.read(NOTE))
            ours = [raw for name, raw in signatures if raw[:4] in known and name == origin]
            der, raw = known[ours[0][:4]], ours[0][4:]
            verdict, why = "altered", f"It is not what was signed in {NOTE}, or the signature is not valid."
            need(text == f"{origin}\n{SUMS} {digest}\n", why)
            if not self.why_no_signatures:
                point = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), der[26:])
                point.verify(raw, text.encode(), ECDSA(SHA256()))
            is_known = der in makers or (self.key_in_force and der == self.bundle_key)
            unknown = f"{SUMS} is signed by the key {hash_of(der)[:4].hex()}, which the archive does not name"
            unknown = "" if is_known else f"{unknown}: give yours with --bundle-key"
            self.why_uncovered = self.why_no_signatures or unknown
            return self.count(14, "signature", self.why_uncovered)
        return self.fault(14, verdict, SUMS, why)

    def check_strays(self) -> None:
        """Check 12: every entry file and checkpoint belongs to a statement."""
        valid = {number for number, _, _ in self.chain.values()}
        for name in sorted(self.names):
            kind, _, rest = name.partition(f"/console={self.console}/")
            number = int([*re.findall(r"(?:^|/)([0-9]{10})\.[a-z.]+$", rest), 0][0])
            self.count(12, "file")
            if number > self.end and name == self.key(number, "checkpoints", "txt"):
                why = f"This statement is missing: {name} is present."
                self.fault(12, "missing", self.key(self.end + 1), why)
            elif name not in self.unread or (not rest and "/console=" in name):
                continue  # another check read it, or it is another Console's
            elif kind == "entries" and 0 < number <= self.end and number not in valid:
                self.count(12, "entry file", "its statement is not valid")
            elif kind == "entries":
                self.fault(12, "misdescribed", name, "No statement names this entry file.")
            else:
                self.notes.append(f"No statement names this file, and nothing rests on it: {name}")

    # ---------- What was found

    def report(self) -> Json:
        """What was found, for programs."""
        (key, signer), checks = self.newest_signed, list[Json]()
        signed_by = f"{hash_of(signer)[:4].hex()}, which "
        signed_by += "you trust" if signer in self.trusted else "the archive names"
        for number, title in CHECKS.items():
            found = [(verdict, key, why) for (n, verdict, key), why in self.faults.items() if n == number]
            faults = [dict(zip(("verdict", "key", "why"), fault)) for fault in found]
            checked, left = +self.checked[number], self.not_checked[number]
            result = "not run" if not checked else "passed in part" if left else "passed"
            check = {"number": number, "title": title, "result": "FAILED" if faults else result}
            checks.append({**check, "checked": checked, "not_checked": left, "faults": faults})
        return {
            "console": self.console,
            "kind": self.kind,
            "statements": self.end,
            "newest_statement": next(reversed(self.chain), None),
            "signed_by_the_key": signed_by if key and not self.why_no_signatures else None,
            "checks": checks,
            "stated_as_missing": self.missing,
            "ignored": self.ignored,
            "notes": self.notes,
        }


# ---------- The format of statements, for check 1
# The fields of every record, and what each holds: a type, a record, or [many]; with `?` after that, or null.
RECORDS = """
every statement = format:str kind:str console:str epoch:int seq:int previous:ref? run:run tree:tree
    highest_archived_id:int highest_purged_id:int head_format:str head_sha256:str
archive = export:export slice:slice entries:[file] missing:[hole] filled:[int] receipts_seen:[receipt]
    drift:drift plan:plan anchor:anchor? covered_until:str population:population stale:unexported?
    amended:[span] respelled:[respelled] not_compared:int vanished:[span]
purge = intent_seq:int boundary:int expected_count:int reported_count:int? answer:str? receipt:dict?
    outcome:str
operator = action:str who:str reason:str public_key:str? accepted:span? lost:lost?
    accepted_faults:[fault] held:[span] released:int?
ref = key:str version_id:str sha256:str
run = id:str version:str started_at:str invoked_by:str reason:str?
tree = size:int root:str frontier:[str]
export = key:str version_id:str sha256:str size:int lock_mode:str retain_until:str served_at:str first_id:int
    last_id:int rows:int entry_count:int lines_sha256:str
slice = first_id:int? last_id:int? count:int
file = key:str sha256:str size:int content_sha256:str date:str first_id:int last_id:int count:int
hole = first:int last:int cause:str receipt_id:int?
receipt = entry_id:int before_id:int? count:int? user:str? user_ip:str? timestamp:str? intent_seq:int?
    surplus:int?
plan = mode:str window:int boundary:int? expected_count:int held_back_by:str? next_due_at:str? waiting_id:int?
population = counted:int? accounted:int offset:int? unexported:[span]
unexported = id:int timestamp:str?
respelled = key:str sha256:str last_id:int
span = first:int last:int
lost = seq:int sha256:str
fault = sha256:str verdict:str key:str version_id:str? seq:int? sentence:str
anchor = id:int timestamp:str? action_type:str?
"""
TYPES, KINDS = {"int": int, "str": str, "dict": dict}, {"archive", "purge", "operator"}
FORMAT = "canary-audit-archive/1"
FIELDS = {
    name: dict(field.split(":", 1) for field in fields.split())
    for name, fields in re.findall(r"^(\w.*) = ([^=]+)$", RECORDS, re.M)
}
FIELDS |= {kind: {**FIELDS["every statement"], **FIELDS[kind]} for kind in KINDS}
# What stands for the fields that a statement of another kind does not have.
ABSENT: Json = {"slice": {"first_id": None, "last_id": None, "count": 0}, "export": None, "plan": {}}
ABSENT |= {"missing": [], "filled": [], "entries": [], "action": None, "public_key": None}
MOST_LEVELS, MOST_LEVELS_CARRIED, MOST_DIGITS = 254, 128, 64  # of canonical JSON, of an entry, of a float


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
    fields = FIELDS[kind]
    return value.keys() == fields.keys() and all(fits(each, fields[name]) for name, each in value.items())


def need(is_so: Any, why: str) -> None:
    """Raise ValueError unless something is so."""
    if not is_so:
        raise ValueError(why)


def base64_of(text: str) -> bytes:
    """The bytes of a base64 text. Raises ValueError unless it is their one canonical spelling."""
    data = b64decode(text, validate=True)
    need(b64encode(data).decode() == text, f"this is not canonical base64: {text[:100]}")
    return data


def int64(digits: str) -> int:
    """An integer of at most 64 bits: no statement has a longer one, and Python takes long over those."""
    if len(digits) < len(str(1 << 63)):
        return int(digits)
    is_short = len(digits) <= len(str(1 << 64)) and -1 << 63 <= int(digits) < 1 << 64
    need(is_short, "a statement has an integer of more than 64 bits")
    return int(digits)


STRICT = json.JSONDecoder(parse_int=int64, parse_constant=int64).decode
FLOAT = re.compile(r'("(?:[^"\\]|\\.)*")|-?\d+[.eE][-+.eE\d]*')  # or a text, in which there is none
SPELL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def respelled(text: str, spell: Callable[[str], str]) -> str:
    """JSON with another spelling of each float in it."""
    return FLOAT.sub(lambda found: found[1] or spell(found[0]), text)


def canonical(data: bytes) -> Any:
    """The value of canonical JSON. Raises ValueError for any other spelling, and for too many levels."""
    text = data.decode()
    value = STRICT(text)
    spelled = SPELL(value)  # the shortest decimal of a float may have several spellings
    is_spelled_so = spelled == text or respelled(spelled, lambda _: "0.0") == respelled(text, lambda _: "0.0")
    need(levels_of(value) <= MOST_LEVELS and is_spelled_so, "this is not canonical JSON")
    return value


def levels_of(value: Any) -> int:
    """How many levels of arrays and objects a value has."""
    inside, levels = [value], 0
    while inside := [each for each in inside if type(each) in (dict, list)]:
        inside = [more for each in inside for more in (each.values() if type(each) is dict else each)]
        levels += 1
    return levels


# ---------- What must follow, for check 3
EMPTY = {"size": 0, "root": sha256().hexdigest(), "frontier": list[str]()}
START = {"seq": 0, "epoch": 1, "tree": EMPTY, "highest_archived_id": 0, "highest_purged_id": 0}
CAUSES = {
    "purged": "purged by this archive's own purges",
    "foreign_purge": "purged by somebody else",
    "before_archive": "gone before the archive began",
    "unexplained": "for an unknown reason",
}


def expected_after(before: Json, statement: Json, console: str) -> Json:
    """Check 3: what a statement must hold after the one before it. Raises what MALFORMED lists."""
    is_epoch, tree, count = statement["action"] == "epoch", statement["tree"], statement["slice"]["count"]
    archived, purged = (0, 0) if is_epoch else (before["highest_archived_id"], before["highest_purged_id"])
    newest, plan = max(archived, statement["slice"]["last_id"] or 0), statement["plan"]
    is_complete = are_ids_complete(statement, archived, newest, before["holes"])
    longer = {**tree, "size": before["tree"]["size"] + count} if continues(tree, before["tree"]) else None
    expected = {
        "console": console,
        "seq": before["seq"] + 1,
        "epoch": before["epoch"] + is_epoch,
        "highest_archived_id": newest,
        "highest_purged_id": 0 if is_epoch else max(purged, statement["highest_purged_id"]),
        "tree": longer if count else before["tree"],
        "missing": statement["missing"] if is_complete else None,
        "plan": {**plan, "boundary": min(plan["boundary"], newest)} if plan.get("boundary") else plan,
    }
    for at in (statement["run"]["started_at"], plan.get("next_due_at")):
        moment(at or statement["run"]["started_at"])
    if statement.get("receipt") is not None:
        expected["receipt"] = {**statement["receipt"], "id": int(statement["receipt"]["id"])}
    return {**expected, **(expected_objects(statement) if statement["kind"] == "archive" else {})}


def are_ids_complete(statement: Json, archived: int, newest: int, holes: list[int] | None) -> bool:
    """Whether each new id is archived or missing, once, and each filled one was missing until now."""
    missing, filled, count = statement["missing"], statement["filled"], statement["slice"]["count"]
    ends = [archived, *(hole["last"] for hole in missing)]
    sound = [at < hole["first"] <= hole["last"] <= newest for at, hole in zip(ends, missing)]
    sound += [hole["cause"] in CAUSES for hole in missing]
    sound += [i <= archived and (holes is None or is_within(holes, i)) for i in filled]
    accounted = count - len(filled) + sum(hole["last"] - hole["first"] + 1 for hole in missing)
    return all(sound) and filled == sorted(set(filled)) and accounted == newest - archived


def expected_objects(statement: Json) -> Json:
    """What an archive statement must hold of its objects: their keys, and a slice that is their sum."""
    export, files, home = statement["export"], statement["entries"], f"console={statement['console']}"
    served, _ = moment(export["served_at"]), moment(export["retain_until"])
    name = f"{export['first_id']:019}-{export['last_id']:019}-{export['sha256'][:16]}.json.zip"
    dates = [each["date"] for each in files]
    ids = [each[edge] for each in files for edge in ("first_id", "last_id")]
    is_sound = dates == sorted(set(dates)) and export["first_id"] <= export["last_id"]
    is_sound &= all(export["first_id"] <= i <= export["last_id"] for i in ids)
    is_sound &= all(0 < each["count"] <= each["last_id"] - each["first_id"] + 1 for each in files)
    keys = [f"entries/{home}/dt={date}/{statement['seq']:010}.ndjson.gz" for date in dates]
    count = sum(each["count"] for each in files) if is_sound else None
    first, last = min(ids, default=None), max(ids, default=None)
    slice_of_all = {"first_id": first, "last_id": last, "count": count}
    return {"keys": [f"exports/{home}/{served:%Y/%m/%d}/{name}", *keys], "slice": slice_of_all}


def moment(text: str) -> datetime:
    """A moment as statements have it. Raises ValueError for any other text."""
    return datetime.strptime(f"{text}+0000", "%Y-%m-%dT%H:%M:%SZ%z")


def is_within(edges: list[int], entry_id: int) -> bool:
    """Whether an id is in one of some ranges, of which these are the first ids, and those after the last."""
    return bisect_right(edges, entry_id) % 2 == 1


def holes_after(before: Json | None, statement: Json) -> list[int] | None:
    """The edges of the missing ids that may be filled after a statement; None if they are not known."""
    if before is None or before["holes"] is None or statement["action"] == "epoch":
        return [] if statement["action"] == "epoch" else None
    ranges = [(hole["first"], hole["last"]) for hole in statement["missing"] if hole["cause"] != "purged"]
    ranges += [(i, i) for i in statement["filled"]]
    return sorted([*before["holes"], *(edge for first, last in ranges for edge in (first, last + 1))])


# ---------- The Merkle tree (RFC 6962), for checks 3, 6 and 9
def hash_of(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def grown(tree: Json, leaves: list[bytes]) -> Json:
    """A tree with more leaves. Its frontier are the roots of its perfect subtrees."""
    size, old = tree["size"], [bytes.fromhex(each) for each in tree["frontier"]]
    need(size >= 0 and len(old) == bin(size).count("1"), "the frontier of a tree does not fit its size")
    nodes, frontier = leaves, list[bytes]()
    while nodes or size:  # level by level; of an odd number of subtrees the last one stays
        nodes = [old.pop(), *nodes] if size & 1 else nodes
        frontier = [*nodes[len(nodes) & ~1 :], *frontier]
        nodes = [sha256(b"\x01" + left + right).digest() for left, right in zip(nodes[::2], nodes[1::2])]
        size >>= 1
    root = frontier[-1] if frontier else hash_of()
    for left in frontier[-2::-1]:
        root = hash_of(b"\x01", left, root)
    return {"size": tree["size"] + len(leaves), "root": root.hex(), "frontier": [n.hex() for n in frontier]}


def continues(tree: Json, before: Json) -> bool:
    """Whether a tree has the root of its frontier, and begins with the subtrees of the one before."""
    pairs = list[list[tuple[int, str]]]()  # of each: over how many leaves a subtree is, and its root
    for size, frontier in ((each["size"], each["frontier"]) for each in (before, tree)):
        sizes = [1 << at for at in range(size.bit_length()) if size >> at & 1]
        pairs.append(list(zip(sizes[::-1], frontier)))
    shared = takewhile(lambda pair: pair[0][0] == pair[1][0], zip(*pairs))
    return all(old == new for old, new in shared) and grown(tree, []) == tree


def root_above(leaf: bytes, index: int, size: int, proof_path: list[bytes]) -> bytes:
    """The root to which a leaf and the hashes on its way up lead. Raises LookupError if they are too few."""
    if size == 1 and not index and not proof_path:
        return leaf
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        return hash_of(b"\x01", root_above(leaf, index, half, proof_path[:-1]), proof_path[-1])
    return hash_of(b"\x01", proof_path[-1], root_above(leaf, index - half, size - half, proof_path[:-1]))


# ---------- Checkpoints and keys, for checks 4, 9, 10 and 11
P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")  # and two coordinates
SIGNATURE = re.compile(r"— ([^\s+]+) (\S+)")
CHECKPOINT = re.compile(
    r"canary-audit-archive/([a-z0-9-]{1,63})\n(0|[1-9]\d{0,17})\n(.{44})\nstatement ([0-9a-f]{64})\n", re.A
)
PROOF = re.compile(r"\Ac2sp\.org/tlog-proof@v1\nindex (\d+)((?:\n\S{44})*)\n\n(.*)\Z", re.A | re.S)
PEM = re.compile(r"\A\s*-----BEGIN PUBLIC KEY-----\s([\w+/=\s]+)-----END PUBLIC KEY-----\s*\Z", re.A)


def note_of(data: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a signed note (c2sp.org/signed-note); of each signature the name, and key id and bytes.

    Raises ValueError unless every line is well formed, whoever signed it.
    """
    is_plain = len(data) <= MOST_OF_A_NOTE and not re.search(rb"[\x00-\x09\x0b-\x1f]", data)
    need(is_plain, "this is not a signed note: it is too long, or has control characters")
    text, between, lines = data.decode().rpartition("\n\n")
    found = [SIGNATURE.fullmatch(line) for line in lines.split("\n")[:-1]]
    signatures = [(each[1], base64_of(each[2])) for each in found if each]
    is_well_formed = between and lines[-1:] == "\n" and None not in found
    is_well_formed = is_well_formed and all(raw[4:] for _, raw in signatures)
    need(bool(is_well_formed), "this is not a signed note: a line of it is malformed")
    return f"{text}\n", signatures


def checkpoint_in(text: str) -> tuple[str, str, int, str]:
    """The Console of a checkpoint, the hash of its statement, and the size and root of its tree."""
    found = CHECKPOINT.fullmatch(text)
    if not found:
        raise ValueError("this is not a checkpoint of this format")
    console, size, root, statement = found.groups()
    return console, statement, int(size), base64_of(root).hex()


def kept_in(path: Path) -> tuple[str, str, int, str]:
    """The checkpoint in a file that somebody kept. Raises ValueError if there is no signed one."""
    try:
        return checkpoint_in(note_of(path.read_bytes())[0])
    except ValueError as error:
        raise ValueError(f"{path} is not a signed checkpoint: {error}") from error


def key_in(path: Path) -> bytes:
    """The public key in a PEM file. Raises ValueError if there is no key on the curve P-256."""
    found = PEM.findall(path.read_text("utf-8", errors="replace"))
    key = b64decode(found[0]) if found else b""
    need(is_key(key), f"{path} is not a PEM file with a public key on the curve P-256")
    return key


def key_named_by(statement: Json, action: str) -> bytes:
    """The public key that a statement names with an action; empty if it does not name a valid one."""
    with suppress(*MALFORMED):
        key = base64_of(statement["public_key"]) if statement["action"] == action else b""
        return key if is_key(key) else b""
    return b""


def is_key(der: bytes) -> bool:
    """Whether this looks like a public key on the curve P-256; not whether its point is on it."""
    return der.startswith(P256) and len(der) == len(P256) + 64


# ---------- Files and their lines, for checks 5, 6 and 9
def chunks_of(file: IO[bytes], size: int = -1) -> Iterator[bytes]:
    """The next bytes of a file, or all that are left."""
    while piece := file.read(CHUNK if size < 0 else min(CHUNK, size)):
        size -= len(piece) if size >= 0 else 0
        yield piece


def inflated(pieces: Iterator[bytes], window: int) -> Iterator[bytes]:
    """What was compressed, some at a time: a gzip of one member or more, or the one deflated of a zip.

    After the last member of a gzip zeros may follow, which fill up a block, and nothing else.
    """
    member, total, is_padded = zlib.decompressobj(window), 0, False
    for piece in pieces:
        left, out = piece, b""
        while left or (len(out) == CHUNK and not member.eof):
            is_padded = is_padded or (window > 0 and member.eof and left[0] == 0)
            need(not (member.eof and window < 0), "something follows the compressed data")
            need(not is_padded or not left.strip(b"\0"), "something else than zeros follows the gzip")
            if is_padded:
                break
            member = zlib.decompressobj(window) if member.eof else member
            out = member.decompress(left, CHUNK)
            left, total = member.unused_data if member.eof else member.unconsumed_tail, total + len(out)
            need(total <= MOST_INFLATED, f"it holds more than {MOST_INFLATED} bytes")
            yield out
    if not member.eof:
        raise EOFError("the compressed data is cut off")


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


def read_line(line: bytes) -> tuple[int, Json]:
    """The id of an archived line, and the line's fields."""
    fields = canonical(line)
    entry_id = fields["id"]
    need(type(entry_id) is int and 0 < entry_id <= MAX_ID, "a line has no id")
    return entry_id, fields


OWN_NAMES, MOST_CARRIED = {"_source", "_source_base64"}, 1 << 20  # bytes
NOT_PLAIN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\udc80-\udcff]")  # the last: bytes that are not UTF-8


def line_of(source: str, entry_id: int) -> bytes:
    """The line of an entry by its text in an export: canonical JSON, or its text if that can't carry it."""
    with suppress(*MALFORMED):
        need(len(source.encode()) <= MOST_CARRIED, "the entry is too long")
        return carried([CARRIED(source)])[0]
    own = {"_source": source}
    if NOT_PLAIN.search(source):
        own = {"_source_base64": b64encode(source.encode("utf-8", "surrogateescape")).decode()}
    return SPELL({**own, "id": entry_id}).encode()


def carried(entries: list[Json]) -> list[bytes]:
    """The lines of entries that canonical JSON carries. Raises what MALFORMED lists for any other."""
    lines = [*map(SPELL, entries)]
    # What opens no more objects and arrays than that is not deeper: most need no closer look.
    many = [
        each for each, line in zip(entries, lines) if line.count("{") + line.count("[") > MOST_LEVELS_CARRIED
    ]
    is_carried = all(levels_of(each) <= MOST_LEVELS_CARRIED for each in many)
    need(is_carried and not set().union(*entries) & OWN_NAMES, "it is not carried")
    text = "\n".join(lines)  # no text in them has a line feed
    return (respelled(text, spelled_float) if "e-0" in text else text).encode().split(b"\n")


def members(pairs: list[tuple[str, Any]]) -> Json:
    """An object. Raises ValueError if it has a name twice."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name comes twice")
    return fields


def told_by(fields: Json) -> Json:
    """The fields of the entry in a line. A line may hold the source of its entry."""
    if not fields.keys() & OWN_NAMES:
        return fields
    data = b64decode(fields.get("_source_base64", ""))
    return dict(decode(fields.get("_source", data.decode("utf-8", "surrogateescape")))[0])


def exact_float(digits: str) -> float:
    """The double that a number is. Raises ValueError unless it is exactly so written."""
    need(len(digits) <= MOST_DIGITS, "a number is too long")
    value, is_zero = float(digits), not digits.lower().partition("e")[0].strip("-0.")
    need(Decimal(digits) == Decimal(repr(value)) if value else is_zero, "a number is no double")
    return value


def spelled_float(text: str) -> str:
    """A float as lines have it: Python writes 1e-05 and 1e-06 for their 0.00001 and 1e-6."""
    return format(Decimal(text), "f") if text.endswith("e-05") else text.replace("e-0", "e-")


CARRIED = json.JSONDecoder(
    object_pairs_hook=members, parse_int=int64, parse_float=exact_float, parse_constant=int64
).decode


# ---------- The rows of a spreadsheet, for check 13
COLUMNS = ["timestamp", "user", "user_ip", "action_type", "message", "flock_id", "flock_name"]
COLUMNS += ["user_access_route", "user_browser_agent", "user_browser_language", "additional_information"]
BEFORE_COLUMNS = ["epoch", "id", "time_utc", "time_local", "local_offset"]
ROW = rb'\A"([0-9]{1,19})","[0-9]+","[-0-9: ]*","[-0-9: ]*","((?:UTC[+-](?:0[0-9]|1[0-5]):[0-5][0-9])?)"'
MOST_OF_A_ROW_BEGIN = 150  # bytes
# Where a spreadsheet could begin a formula: in a cell, and after whatever it takes for the end of one.
RUN = re.compile(
    "(?:^|(?<=[,;|\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]))"
    "(?=[\\s\x00\"]*['=+\\-@\t\r\n\x00\uff07\uff1d\uff0b\uff0d\uff20])"
)


def cells_row(cells: Iterable[str]) -> bytes:
    """A row of CSV. An apostrophe keeps a spreadsheet from running what follows."""
    return ('"' + '","'.join(RUN.sub("'", cell).replace('"', '""') for cell in cells) + '"\r\n').encode()


HEADER = b"\xef\xbb\xbf" + cells_row([*BEFORE_COLUMNS, *COLUMNS, "other_fields"])
SAMPLED_HEADER = HEADER[:-2] + b',"sample"\r\n'
MOST_SAMPLED, MAX_SEED = 10_000, 10**15 - 1


class Drawing:
    """Draws the sample of a bundle again: the entries with the lowest SHA-256 of `SEED:EPOCH:ID`."""

    def __init__(self, sample: Json | None):
        """Raises what MALFORMED lists if it is not a sample; None: there is no sample."""
        self.is_asked, self.seed, self.wanted = sample is not None, 0, 0
        self.places, self.kept = dict[tuple[int, int], int](), list[tuple[str, int, int]]()
        if sample is not None:
            self.seed, self.wanted = sample["seed"], sample["wanted"]
            is_sound = type(self.seed) is int and 0 <= self.seed <= MAX_SEED
            is_sound = is_sound and type(self.wanted) is int and 0 < self.wanted <= MOST_SAMPLED
            need(is_sound, "the sample in manifest.json is malformed")
            self.places = {(e["epoch"], e["id"]): at for at, e in enumerate(sample["drawn"], 1)}

    def mark(self, epoch: int, entry_id: int) -> list[str]:
        """Take an entry. Returns the cell that marks it: its place in the stated sample, or nothing."""
        if not self.is_asked:
            return []
        key = sha256(f"{self.seed}:{epoch}:{entry_id}".encode()).hexdigest()
        self.kept.append((key, epoch, entry_id))
        if len(self.kept) > 2 * MOST_SAMPLED:
            self.kept = sorted(self.kept)[: self.wanted]
        return [str(self.places.get((epoch, entry_id), ""))]

    def drawn(self) -> list[Json]:
        """The sample of the entries so far."""
        lowest = sorted(self.kept)[: self.wanted]
        return [{"epoch": epoch, "id": entry_id, "sha256": key} for key, epoch, entry_id in lowest]


def totals_of(pieces: Iterator[bytes]) -> Json:
    """The control totals of lines: how many, what their ids are, and size and hash of all of them."""
    digest, size, ids = sha256(), 0, [0, MAX_ID, 0, 0]
    for line in lines_in(pieces):
        digest.update(line + b"\n")
        entry_id, size = read_line(line)[0], size + len(line) + 1
        ids = [ids[0] + 1, min(ids[1], entry_id), max(ids[2], entry_id), ids[3] + entry_id]
    lowest, highest = (ids[1], ids[2]) if ids[0] else (None, None)
    totals = {"entries": ids[0], "lowest_id": lowest, "highest_id": highest, "sum_of_ids": ids[3]}
    return {**totals, "size": size, "sha256": digest.hexdigest()}


def row_of(fields: Json, epoch: str, offset: str, more: Iterable[str] = ()) -> bytes:
    """The row of an entry: a text as it is, null as nothing, other values as JSON."""
    known, others = {"id", *COLUMNS}, fields
    if own := fields.keys() & OWN_NAMES:  # the texts of its source that can be read
        texts = {name: value for name, value in told_by(fields).items() if isinstance(value, str)}
        fields, others = {**texts_of(texts, *texts), "id": fields["id"]}, {name: fields[name] for name in own}
    times, at = ["", "", ""], moment_of(fields.get("timestamp"))
    if at:
        times = [f"{at:%Y-%m-%d %H:%M:%S}", "", ""]
        need(offset or f"{at:%m-%d %Y}" == "12-31 9999", "a row has no time zone")
    if at and offset:
        ahead = timedelta(hours=int(offset[4:6]), minutes=int(offset[7:]))
        times[1:] = f"{at + (-ahead if offset[3] == '-' else ahead):%Y-%m-%d %H:%M:%S}", offset
    others = {name: value for name, value in others.items() if name not in known}
    values = [fields["id"], *times, *(fields.get(name) for name in COLUMNS), others or None]
    return cells_row([epoch, *map(cell_of, values), *more])


def cell_of(value: Any) -> str:
    """A value as the text of a cell."""
    if isinstance(value, str):
        return value
    return "" if value is None else respelled(SPELL(value), spelled_float)


# ---------- What lines and exports must hold, for checks 6 and 7
class Facts:
    """What lines come to, and what a statement of exactly these lines must hold."""

    def __init__(self, stated: Json, before: Json, entries: Iterable[Entry], file: IO[bytes] | None = None):
        """`file`: where to sort the leaves, of entries that come date by date and not by id."""
        self.stated, self.before, self.tree = stated, before, before["tree"]
        self.sums, self.receipts = dict[bytes, Json](), list[Json]()
        self.newest, self.filled = (before["highest_archived_id"], b""), list[int]()
        self.holes = list[tuple[int, int]]()
        leaves = self.leaves_of(entries)
        self.leaves: Iterable[Leaf] = Sorted(LEAF, file, leaves) if file else leaves
        self.add(self.leaves)
        self.count = self.tree["size"] - before["tree"]["size"]
        sums = self.sums.values() if file else [self.sums[date] for date in sorted(self.sums)]
        self.files = [{**each, "content_sha256": each["content_sha256"].hexdigest()} for each in sums]

    def leaves_of(self, entries: Iterable[Entry]) -> Iterator[Leaf]:
        """The leaf of each line, of which the rest is noted."""
        most = len(self.stated["receipts_seen"])
        for entry_id, date, line, may_be_receipt in entries:
            if date not in self.sums:
                first = {"date": date.decode(), "first_id": entry_id, "count": 0}
                self.sums[date] = {"content_sha256": sha256(), **first}
            file = self.sums[date]
            file["content_sha256"].update(line + b"\n")
            file["last_id"] = entry_id
            file["count"] += 1
            if entry_id > self.newest[0]:
                self.newest = entry_id, line
            if may_be_receipt and len(self.receipts) <= most:  # one too many says as much as all of them
                self.receipts += filter(None, [receipt_of(entry_id, told_by(read_line(line)[1]))])
            yield entry_id, date, sha256(b"\0" + line).digest()

    def add(self, leaves: Iterable[Leaf]) -> None:
        """Add leaves, ascending by id, to the tree. Each id between them is missing."""
        last = archived = self.before["highest_archived_id"]
        seen, some = 0, list[bytes]()
        for entry_id, _, leaf in leaves:
            if entry_id == seen:  # an id that is there twice
                continue
            some.append(leaf)
            if len(some) == MOST_AT_ONCE:
                self.tree, some = grown(self.tree, some), []
            seen = entry_id
            if entry_id <= archived:
                self.filled.append(entry_id)
                continue
            if entry_id > last + 1:
                self.holes.append((last + 1, entry_id - 1))
            last = entry_id
        self.tree, end = grown(self.tree, some), self.stated["highest_archived_id"]
        self.holes += [(last + 1, end)] if end > last else []

    def expected(self) -> Json:
        """The fields of the statement that follow from the lines."""
        facts = {name: getattr(self, name) for name in ("files", "filled", "holes", "tree")}
        if self.newest[1]:
            texts = texts_of(read_line(self.newest[1])[1], "timestamp", "action_type")
            facts["anchor"] = {"id": self.newest[0], **texts}
        return facts


def first_other(leaves: Iterable[Leaf], entries: Iterator[Entry]) -> int:
    """The first id of a leaf with which no entry has line and date in common; 0 if all fit. Both ascend."""
    entry = next(entries, None)
    for entry_id, date, leaf in leaves:
        while entry and entry[0] < entry_id:
            entry = next(entries, None)
        if not entry or (entry_id, date, leaf) != (*entry[:2], hash_of(b"\0", entry[2])):
            return entry_id
    return 0


def facts_stated(statement: Json) -> Json:
    """What a statement says, in the form of `Facts`."""
    names, holes = ("content_sha256", "date", "first_id", "last_id", "count"), list[tuple[int, int]]()
    for first, last in sorted((hole["first"], hole["last"]) for hole in statement["missing"]):
        is_next = holes and first <= holes[-1][1] + 1  # they have two causes
        before, end = holes.pop() if is_next else (first, last)
        holes.append((before, max(end, last)))
    return {"files": [{name: each[name] for name in names} for each in statement["entries"]], "holes": holes}


class Sorted:
    """Records in ascending order, which wait in a file in sorted runs. The first field of each is an id."""

    def __init__(self, form: str, file: IO[bytes], rows: Iterable[Any], most: int = MOST_IN_A_RUN) -> None:
        self.form, self.file, rest = struct.Struct(form), emptied(file), iter(rows)
        self.runs = list[tuple[bytes, bytes, int, int]]()  # of each: first and last record, and its place
        while run := sorted(self.form.pack(*row) for row in islice(rest, most)):
            begin = file.tell()
            keep(file, b"".join(run))
            self.runs.append((run[0], run[-1], begin, file.tell()))

    def __iter__(self) -> Iterator[Any]:
        runs = sorted(self.runs)
        is_apart = all(one[1] < other[0] for one, other in zip(runs, runs[1:]))
        parts = [self.read(begin, end) for _, _, begin, end in runs]
        records = chain.from_iterable(parts) if is_apart else merge(*parts)
        while some := b"".join(islice(records, MOST_AT_ONCE)):
            yield from self.form.iter_unpack(some)

    def read(self, begin: int, end: int) -> Iterator[bytes]:
        """The records of a run."""
        size = self.form.size
        for at in range(begin, end, size * MOST_AT_ONCE):
            self.file.seek(at)
            piece = self.file.read(min(size * MOST_AT_ONCE, end - at))
            yield from [piece[i : i + size] for i in range(0, len(piece), size)]


def emptied(file: IO[bytes]) -> IO[bytes]:
    """A temporary file, without what was in it."""
    file.seek(0)
    file.truncate()
    return file


def keep(file: IO[bytes], data: bytes) -> None:
    """Write to a temporary file. Raises NoRoomError."""
    try:
        file.write(data)
        file.flush()
    except OSError as error:
        why = f"a temporary file can't be written: {error}. Make room, or name another folder as TMPDIR"
        raise NoRoomError(why) from error


# ---------- Exports, for check 7
MAX_ID, MAX_TEXT, ID = (1 << 63) - 1, 1000, re.compile(r"[1-9][0-9]{0,18}")
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):\d\d:\d\d)(?:[.,]\d+)?(?:(?: UTC)?([+-]\d\d):?([0-5]\d)|[Zz])",
    re.A,
)
AT_UTC = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d+)?(?:(?: UTC)?[+-]00:?00|[Zz])", re.A
)
PURGE = r"\s*successfully\s+purged\s+([\d,]+)\s+logs?\s+before\s+id\s*:\s*([\d,]+)(?:\s*\.)?\s*"
COUNT = r"0|[1-9]\d{0,18}|[1-9]\d{0,2}(?:,\d{3}){1,6}"
UNSEEN: Json = {"intent_seq": None, "surplus": None}  # of a receipt: what only the statements before can tell


class Export:
    """The entries of an export. Their lines wait in one file, and in another where the line of each id is."""

    def __init__(self, file: IO[bytes], served: str, lines: IO[bytes], index: IO[bytes]) -> None:
        """Read it. `served`: the date, if no entry has one. Raises what MALFORMED lists."""
        self.lines, self.rows, self.lacking = emptied(lines), 0, set[int]()
        self.index = Sorted(RECORD, index, self.records_of(file))
        self.date = next((date for _, _, _, date, _ in self.index if date), served.encode())
        first, last, count, digest = 0, 0, 0, sha256()
        for last, _, line, _ in self.entries():
            first, count = first or last, count + 1
            digest.update(line + b"\n")
        need(count, "an export has no entry")
        self.facts = {"first_id": first, "last_id": last, "lines_sha256": digest.hexdigest()}
        self.facts |= {"rows": self.rows, "entry_count": count}

    def records_of(self, file: IO[bytes]) -> Iterator[tuple[int, int, int, bytes, bool]]:
        """Of each entry its id, where its line is, how long, its own date; whether it may be a receipt."""
        at = 0
        for entries in entries_in(unzipped(file)):
            ids, dates, lines, flags = zip(*entries)
            keep(self.lines, b"\n".join((*lines, b"")))
            *starts, at = accumulate((len(line) + 1 for line in lines), initial=at)
            yield from zip(ids, starts, map(len, lines), dates, flags)
            self.rows += len(entries)

    def entries(self, first: int = 0, last: int = MAX_ID) -> Iterator[Entry]:
        """Those of some ids, ascending, each once. One without a date has that of the one before it."""
        rows, date, seen = iter(self.index), self.date, (0, b"")
        while some := list(islice(rows, MOST_AT_ONCE)):
            lines = self.lines_of(some) if some[0][0] <= last and some[-1][0] >= first else repeat(b"")
            for (entry_id, _, _, own_date, may_be_receipt), line in zip(some, lines):
                date = own_date or date
                if entry_id == seen[0]:
                    need(line == seen[1], f"two different entries have the id {entry_id}")
                elif first <= entry_id <= last:
                    yield entry_id, date, line, may_be_receipt
                seen = entry_id, line

    def lines_of(self, rows: list[tuple[int, int, int, bytes, bool]]) -> Iterator[bytes]:
        """The lines of some records: read at once if they are one piece of the file, as most are."""
        begin, end = min(row[1] for row in rows), max(row[1] + row[2] + 1 for row in rows)
        if end - begin == sum(row[2] + 1 for row in rows) <= MOST_OF_AN_ENTRY:
            self.lines.seek(begin)
            piece = self.lines.read(end - begin)
            yield from [piece[row[1] - begin : row[1] - begin + row[2]] for row in rows]
        else:
            for _, at, size, _, _ in rows:
                self.lines.seek(at)
                yield self.lines.read(size)

    def due(self, before: Json, stated: Json) -> Iterator[Entry]:
        """The entries that a statement must archive: new ones, and those that fill a hole."""
        first, last = stated["slice"]["first_id"] or 0, stated["slice"]["last_id"] or -1
        archived, holes = before["highest_archived_id"], before["holes"]
        named = set(stated["filled"]) if holes is None else set[int]()
        self.lacking = set(named)
        for entry in self.entries(min([first, *named]), max([last, *named])):
            is_due = entry[0] > archived or (holes is not None and is_within(holes, entry[0]))
            if entry[0] in named or (is_due and first <= entry[0] <= last):
                self.lacking.discard(entry[0])
                yield entry


def entry_of(pairs: list[tuple[str, Any]], source: str) -> Entry:
    """An entry of any form, by its names and values and its source."""
    fields, ids = dict(pairs), [value for name, value in pairs if name == "id"]
    need(len(ids) == 1 and isinstance(ids[0], tuple), "an entry has no id, or several")
    need(ID.fullmatch(ids[0][0]) and int(ids[0][0]) <= MAX_ID, f"an entry has the id {ids[0][0][:40]}")
    entry_id = int(ids[0][0])
    return entry_id, date_of(fields.get("timestamp")), line_of(source, entry_id), may_be_receipt(fields)


def plain_entries(text: str, are_lines: bool) -> list[Entry]:
    """The entries in a piece of an export. Raises what MALFORMED lists if any of them is of another form.

    The piece ends where an entry seems to end. If it ends within one, it is not JSON.
    """
    found = [*map(CARRIED, text.split("\n"))] if are_lines else CARRIED(f"[{text}]")
    need({*map(type, found)} == {dict}, "something else is in the place of an entry")
    ids = [fields["id"] for fields in found]
    need({*map(type, ids)} == {int} and min(ids) > 0 and max(ids) <= MAX_ID, "an entry has no id")
    dates = [date_of(fields.get("timestamp")) for fields in found]
    return [*zip(ids, dates, carried(found), map(may_be_receipt, found))]


def moment_of(timestamp: Any) -> datetime | None:
    """The moment (UTC) of an entry; None if its time can't be read."""
    with suppress(*MALFORMED):
        found: Any = TIME.fullmatch(timestamp)
        at = datetime.fromisoformat(f"{found[1]} {found[2]}{found[3] or '+00'}:{found[4] or '00'}")
        at = at.astimezone(timezone.utc)
        return at if at.timestamp() >= 0 else None
    return None


def date_of(timestamp: Any) -> bytes:
    """The date (UTC) of an entry; empty if its time can't be read."""
    found = AT_UTC.fullmatch(timestamp) if isinstance(timestamp, str) else None
    if found:
        return date_at(found[1])
    at = moment_of(timestamp)
    return str(at.date()).encode() if at else b""


@lru_cache(maxsize=1000)
def date_at(date: str) -> bytes:
    """A date; empty if there is no such day since 1970."""
    return date.encode() if moment_of(f"{date} 00:00:00Z") else b""


def texts_of(fields: Json, *names: str) -> Json:
    """Some fields as statements have them: only what is a text."""
    texts = {name: fields.get(name) if isinstance(fields.get(name), str) else None for name in names}
    return {name: text and re.sub("[\ud800-\udfff]", "\ufffd", text) for name, text in texts.items()}


def receipt_of(entry_id: int, fields: Json) -> Json | None:
    """The purge receipt in an entry, known by its action type or else by its message; None for others."""
    message, texts = fields.get("message"), texts_of(fields, "user", "user_ip", "timestamp")
    found = re.fullmatch(PURGE, message, re.A | re.I) if isinstance(message, str) else None
    digits = [each for each in found.groups() if re.fullmatch(COUNT, each, re.A)] if found else []
    numbers = [int(each.replace(",", "")) for each in digits]
    count, before_id = numbers if numbers[1:] and max(numbers) <= MAX_ID else (None, None)
    if before_id is None and fields.get("action_type") != "audit_trail_purge":
        return None
    texts = {name: text and text[:MAX_TEXT] for name, text in texts.items()}
    return {"entry_id": entry_id, "before_id": before_id, "count": count, **texts, **UNSEEN}


def may_be_receipt(fields: Json) -> bool:
    """Whether an entry is worth a look of `receipt_of`."""
    if fields.get("action_type") == "audit_trail_purge":
        return True
    message = fields.get("message")
    return isinstance(message, str) and "purged" in message.lower()


def purge_note(receipt: Json) -> str:
    """A sentence on a purge that the archive did not plan. Its texts are quoted: somebody else chose them."""
    told = {name: "unknown" if value is None else json.dumps(value) for name, value in receipt.items()}
    note = "Foreign purge: entry {entry_id} is the receipt of a purge that this archive did not plan. "
    note += "By: {user}. From: {user_ip}. At: {timestamp}. Entries: {count}, up to id {before_id}."
    return note.format(**told)


# ---------- The JSON of an export, of any depth and length, for check 7
CUT_OFF = "the JSON is broken, or cut off, or an entry is longer than 16 MiB"
FIRST_NAME, LEAST_REACH = re.compile(r'\{[ \t\r\n]{0,40}"[^"\\]{0,40}"'), 1 << 12  # characters
NO_SPACE, STOP = re.compile(r"[^ \t\r\n]"), re.compile(r'["{}\[\]]')
# Reads a value: objects as pairs, and of numbers only the digits of integers: no others are ids.
# A text may have raw control characters.
DECODER = json.JSONDecoder(
    object_pairs_hook=list,
    parse_int=lambda digits: (digits,),
    parse_float=len,
    parse_constant=len,
    strict=False,
)


def decode(text: str, at: int = 0) -> tuple[Any, int]:
    """The value at a place, and its end. If it is too deep for recursion, nested values are left out."""
    with suppress(RecursionError):
        return DECODER.raw_decode(text, at)
    opened, begin = list[list[str]](), at
    while found := STOP.search(text, at):
        at = found.end()
        if found[0] == '"':
            _, at = DECODER.raw_decode(text, at - 1)  # the text that begins there
        elif found[0] in "{[":
            if opened:
                opened[-1].append(text[begin : at - 1])
            opened.append([])
            begin = at - 1
        else:
            value, _ = decode("".join([*opened.pop(), text[begin:at]]))
            if not opened:
                return value, at
            opened[-1].append("null")
            begin = at
    raise ValueError("the JSON is cut off")


class Text:
    """A JSON text of which no more is in memory than an entry may have."""

    def __init__(self, pieces: Iterable[bytes], reach: int) -> None:
        """`reach`: how many characters are read as plain entries at once."""
        self.pieces = iterdecode(pieces, "utf-8-sig", "surrogateescape")
        self.text, self.start, self.at = "", 0, 0  # what is in memory, what must stay there, what is next
        self.between = ""  # two entries: the end of one, and all up to the first name in the other
        # An entry that is not plain spoils all that are read with it. So less is read at once around it.
        self.reach, self.most, self.with_care = min(reach, LEAST_REACH), reach, 0  # characters

    def read(self) -> bool:
        """Read on; whether there was more."""
        size = len(self.text) - self.start
        need(size <= MOST_OF_AN_ENTRY, CUT_OFF)
        more = "".join(islice(self.pieces, 1 + size // CHUNK))
        self.text, self.at, self.start = self.text[self.start :] + more, self.at - self.start, 0
        return more != ""

    def next(self, due: str = "") -> str:
        """The next mark, empty at the end. Goes past it if some are due, of which it must be one."""
        found = NO_SPACE.search(self.text, self.at)
        while not found and self.read():
            found = NO_SPACE.search(self.text, self.at)
        mark = found[0] if found else ""
        need(not due or (mark and mark in due), f"the JSON is malformed: {mark!r} in place of one of {due}")
        self.at = found.start() + bool(due) if found else len(self.text)
        return mark

    def value(self) -> tuple[Any, str]:
        """The next value, and its source."""
        is_whole = self.next() == ""
        while True:
            with suppress(ValueError):
                value, end = decode(self.text, self.at)
                if end < len(self.text) or is_whole:  # else it may be a number that goes on
                    source, self.at = self.text[self.at : end], end
                    return value, source
            need(not is_whole, f"{CUT_OFF}, at {self.text[self.at : self.at + 20]!r}")
            is_whole = not self.read()

    def name(self) -> str:
        """The next name in an object."""
        name, _ = self.value()
        need(isinstance(name, str) and self.next(":"), "the JSON has something else in place of a name")
        return str(name)

    def entry(self) -> Entry:
        """The next entry, of any form."""
        need(self.next() == "{", "the JSON has something else in place of an entry")
        found = FIRST_NAME.match(self.text, self.at)
        self.between = f"}}{self.text[self.start : found.end()]}" if found else ""
        self.start = self.at
        value, source = self.value()
        self.start, self.with_care = self.at, self.with_care - len(source)
        need(len(source) <= MOST_OF_AN_ENTRY, "an entry is longer than 16 MiB")
        return entry_of(value, source)

    def entries(self, are_lines: bool = False) -> list[Entry]:
        """The next entries: all plain ones that are near, or else one of any form."""
        if self.at + self.reach > len(self.text):
            self.read()
        while self.with_care <= 0 and self.between:
            end = self.text.rfind(self.between, self.at, self.at + self.reach) + 1
            if not end:  # there is no whole one so near
                self.reach = min(2 * self.reach, self.most)
                break
            with suppress(*MALFORMED):
                found = plain_entries(self.text[self.at : end], are_lines)
                self.at = self.start = end
                self.reach = min(2 * self.reach, self.most)
                return found
            self.with_care = 0 if self.reach > LEAST_REACH else end - self.at
            self.reach = max(self.reach // 4, LEAST_REACH)
        return [self.entry()]


def entries_in(pieces: Iterable[bytes], reach: int = CHUNK) -> Iterator[list[Entry]]:
    """The entries of an export, some at once: in an array, in that named `audit_trail`, or one a line."""
    text, name = Text(pieces, reach), ""
    is_array = text.next("[{") == "["
    while not is_array and (name := text.name()) not in ("audit_trail", "id"):
        need(text.value() and text.next(","), "an object has neither `audit_trail` nor `id`")
    if name == "id":  # the object is an entry
        text.at = text.start
        while text.next():
            yield text.entries(are_lines=True)
            is_apart = not text.next() or "\n" in text.text[text.start : text.at]
            need(is_apart, "there is no line feed between two entries")
        return
    if is_array or text.next() == "[":
        text.at += not is_array
        mark = text.next("]") if text.next() == "]" else ","
        while mark == ",":
            yield text.entries()
            mark = text.next(",]")
    else:
        need(text.value()[0] is None, "`audit_trail` is not an array")
    while not is_array and text.next(",}") == ",":
        need(text.name() != "audit_trail" and text.value(), "`audit_trail` is there twice")
        text.start = text.at
    need(not text.next(), "something follows the JSON")


# ---------- Zips that can be read in one way, for check 7 and bundles
PLAIN = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
AMBIGUOUS = "this zip can be read in more than one way, or something else is in the file"
NOT_PLAIN_FILES = "an export is one plain file, stored or deflated, and at most 15 empty folders beside it"
MOST_MEMBERS, HARMLESS = 16, re.compile(r"(?![A-Za-z]:|/|(.*/)?\.\.(/|$))[^\\\x00-\x1f]*[^\\\x00-\x1f/]/?")


def unzipped(file: IO[bytes]) -> Iterator[bytes]:
    """What the one member of an export's zip holds, some at a time, and no more of it than is stated."""
    with zipfile.ZipFile(file) as archive:
        inside = members_of(archive, file)
        need(len(inside) <= MOST_MEMBERS and all(is_plain(file, *each) for each in inside), NOT_PLAIN_FILES)
        ((member, start),) = [each for each in inside if each[0].orig_filename[-1] != "/"]
        names = [each.orig_filename for each, _ in inside]
        need(not any(each.startswith(f"{member.orig_filename}/") for each in names), NOT_PLAIN_FILES)
        need(member.file_size <= MOST_INFLATED, "an export is not this large")
        file.seek(start)
        pieces, crc, size = chunks_of(file, member.compress_size), 0, 0
        for piece in inflated(pieces, -15) if member.compress_type == zipfile.ZIP_DEFLATED else pieces:
            crc, size = zlib.crc32(piece, crc), size + len(piece)
            if size > member.file_size:
                break
            yield piece
        is_whole = (crc, size) == (member.CRC, member.file_size)
        need(is_whole, "an export does not hold as much as its zip states, or has another CRC-32")


def is_plain(file: IO[bytes], member: zipfile.ZipInfo, start: int) -> bool:
    """Whether a member is a file or an empty folder, and can be unpacked everywhere, in its place alone."""
    name, kind = member.orig_filename, member.external_attr & 0xF0000010  # that of Unix, and a folder of DOS
    file.seek(start)
    is_empty = file.read(min(member.compress_size, 3)) in {b"", b"\x03\0" * bool(member.compress_type)}
    is_folder = kind & ~0x10 in {0, 0x40000000} and is_empty and not (member.CRC or member.file_size)
    is_known = is_folder if name[-1:] == "/" else kind in {0, 0x80000000}
    return is_known and member.compress_type in PLAIN and HARMLESS.fullmatch(name) is not None


def members_of(archive: zipfile.ZipFile, file: IO[bytes]) -> list[tuple[zipfile.ZipInfo, int]]:
    """The members of a zip, and where the data of each begins. Raises ValueError unless all read it alike.

    So nothing is before, between or after its members, its directory and its one end.
    """
    members = sorted(archive.infolist(), key=lambda each: each.header_offset)
    starts = [*(each.header_offset for each in members), archive.start_dir]
    file.seek(max(0, file.seek(0, 2) - 65_557))  # an end has 22 bytes, and a comment of 65,535 at most
    tail = file.read()
    ends = [end.start() for end in re.finditer(b"PK\x05\x06", tail)]
    ends = [at for at in ends if tail[at + 20 : at + 22] == (len(tail) - at - 22).to_bytes(2, "little")]
    need(len(ends) == 1, AMBIGUOUS)
    need(starts[0] == 0, AMBIGUOUS)
    count, begin = struct.unpack("<H4xI", tail[ends[0] + 10 : ends[0] + 20])
    need(count in {len(members), 0xFFFF} and begin in {starts[-1], 0xFFFFFFFF}, AMBIGUOUS)
    return [(each, data_start(file, each, *edges)) for each, *edges in zip(members, starts, starts[1:])]


def data_start(file: IO[bytes], member: zipfile.ZipInfo, start: int, end: int) -> int:
    """Where a member's data begins. Raises ValueError unless all around it fits the directory."""
    file.seek(start)
    mark, flags, *local, name, extra = struct.unpack("<4s2xHH4x3I2H", file.read(30))
    data, sizes_follow = start + 30 + int(name) + int(extra), flags & 8
    central = [member.compress_type, member.CRC, member.compress_size, member.file_size]
    need((mark, flags) == (b"PK\x03\x04", member.flag_bits) and not flags & ~0x80E, AMBIGUOUS)
    need(file.read(name) == member.orig_filename.encode("utf-8" if flags & 0x800 else "cp437"), AMBIGUOUS)
    need(all(a in {b, 0xFFFFFFFF} or (sizes_follow and not a) for a, b in zip(local, central)), AMBIGUOUS)
    file.seek(data + member.compress_size)
    sizes = [struct.pack(form, *(n % (1 << 32) for n in central[1:])) for form in ("<3I", "<I2Q")]
    forms = {mark + each for mark in (b"", b"PK\x07\x08") for each in sizes} if sizes_follow else {b""}
    gap = end - data - member.compress_size
    need(gap >= 0 and file.read(min(30, gap)) in forms, AMBIGUOUS)
    return data


def extract(bundle: Path, folder: str) -> None:
    """Unpack a bundle, unless another program could unpack other files from it than this one."""
    with zipfile.ZipFile(bundle) as archive:
        names, size = archive.namelist(), sum(each.file_size for each in archive.infolist())
        is_plain = not {each.compress_type for each in archive.infolist()} - PLAIN
        need(is_plain, "a bundle must be stored or deflated, and this one is not")
        if size > disk_usage(folder).free:
            raise ValueError(f"it unpacks to {size} bytes, and the disk of {folder} has no room for that")
        with bundle.open("rb") as file:
            members_of(archive, file)
        archive.extractall(folder)
    files = sum(path.is_file() for path in Path(folder).rglob("*"))  # ./a is unpacked over a
    is_one_each = len({name.lower() for name in names}) == len(names)
    is_one_each = is_one_each and files >= sum(name[-1:] != "/" for name in names)
    need(is_one_each, "there are several files of one name in it")


# ---------- The command line, and what is printed
def show(text: str) -> None:
    """Print a line. Whoever chose the names in it could tell a terminal to hide or to rewrite the others."""
    print(re.sub(r"[^ -~]", lambda found: ascii(found[0])[1:-1], text))


def counted(count: int, what: str) -> str:
    """A number of things; a reason in brackets may follow."""
    noun, bracket, reason = what.partition(" (")
    return f"{count} {noun}{'s' * (count != 1)}{bracket}{reason}"


def print_report(report: Json) -> None:
    """Print the checks of one Console, what each found, and what is no fault but worth to know."""
    size = f"{KINDS_OF_PLACES[report['kind']]} with {counted(report['statements'], 'statement')}"
    show(f"Console {report['console']}: {size}.")
    show(f"The newest valid statement has the SHA-256 {report['newest_statement']}.")
    signed_by = report["signed_by_the_key"]
    show(f"The newest valid signature is by the key {signed_by}." if signed_by else "No valid signature.")
    for check in report["checks"]:
        found = [counted(count, what) for what, count in check["checked"].items()]
        found = [counted(len(check["faults"]), "fault")] if check["faults"] else found
        result = check["result"] + f" ({', '.join(found)})" * bool(found)
        show(f"{check['number']:3}. {check['title']}: {result}")
        for what, count in check["not_checked"].items():
            show(f"       not checked: {counted(count, what) if count else what}")
        for fault in check["faults"][:MOST_SHOWN]:
            named = f"FAULT in check {check['number']}, {fault['verdict']}"
            show(f"       {named}: {fault['key']}: {fault['why']}")
        if len(check["faults"]) > MOST_SHOWN:
            show(f"       and {len(check['faults']) - MOST_SHOWN} more faults: --json prints them all")
    for cause, count in report["stated_as_missing"].items():
        show(f"Missing, as statements say: {counted(count, 'id')}, {CAUSES.get(cause, cause)}.")
    for note in report["notes"]:
        show(f"Note: {note}")
    if report["ignored"]:
        are = "is" if report["ignored"] == 1 else "are"
        show(f"Ignored: {counted(report['ignored'], 'file')} that {are} no part of an archive.")


def home_in(place: Path) -> Path:
    """The folder with an archive or a bundle: the only folder in this one, or in that one; else this."""
    at = place
    for _ in range(MOST_NESTED):
        paths = [path for path in at.iterdir() if not LITTER.fullmatch(path.name + "/" * path.is_dir())]
        folders = [path for path in paths if path.is_dir() and not path.is_symlink()]
        if len(paths) > len(folders) or len(folders) != 1 or folders[0].name in HOMES:
            return at if HOMES & {path.name for path in folders} else place
        at = folders[0]
    return place


def consoles_in(names: set[str], wanted: str | None, manifest: Json, kept: set[str]) -> list[str]:
    """The Consoles to check. Raises ValueError if there is no Console, or not those that are expected."""
    home = re.compile(r"(?:exports|entries|statements|checkpoints)/console=([a-z0-9-]+)/.*")
    consoles = {found[1] for found in map(home.fullmatch, names) if found} | kept
    if manifest.get("console", wanted) != (wanted or manifest.get("console")):
        raise ValueError(f"this is a bundle of Console {manifest['console']}, not of {wanted}")
    if wanted or "console" in manifest:
        consoles = {str(wanted or manifest["console"])}
    need(bool(consoles), "there is neither an archive nor a bundle in this place")
    need(kept <= consoles, f"a checkpoint that you kept is not of the Consoles here: {sorted(consoles)}")
    return sorted(consoles)


def audits_of(place: Path, options: argparse.Namespace) -> list[Audit]:
    """Run all checks on every Console in a folder."""
    trusted, kept = [key_in(path) for path in options.key], [kept_in(path) for path in options.checkpoint]
    makers = [key_in(path) for path in options.bundle_key]
    found = [path for path in place.rglob("*") if path.is_file() and not path.is_symlink()]
    paths = [path for path in found if not LITTER.fullmatch(path.relative_to(place).as_posix())]
    place, ignored = home_in(place), len(found) - len(paths)
    names, manifest = {path.relative_to(place).as_posix() for path in paths}, Json()
    has_objects = any(name.startswith(("exports/", "entries/")) for name in names)
    # The parts of a bundle may lie beside an archive too: then whoever expects an archive has one.
    parts = () if options.archive and has_objects else PARTS - {"verify.py"}
    kind = "bundle" if any(name in names or (place / name).is_symlink() for name in parts) else "archive"
    try:
        manifest = json.loads((place / "manifest.json").read_bytes()) if parts else manifest
        need(isinstance(manifest, dict), "a manifest is an object")
    except MALFORMED:
        manifest = {"coverage": None}  # it says nothing of the entries: check 9 tells
    consoles = consoles_in(names, options.console, manifest, {console for console, *_ in kept})
    checks_signatures = InvalidSignature is not None and not options.without_signatures
    audits = [Audit(place, names, console, trusted, checks_signatures) for console in consoles]
    expected = "bundle" if options.bundle else "archive" if options.archive else kind
    need(kind == expected, f"you passed --{expected}, and this is {KINDS_OF_PLACES[kind]}")
    for audit in audits:
        audit.ignored = ignored
        audit.run(kind, manifest, [point[1:] for point in kept if point[0] == audit.console], makers)
    return audits


def what_was_checked(audits: list[Audit]) -> str:
    """What was checked, and how much of it, as the last line says."""
    if audits[0].is_bundle:
        return f"a bundle, {counted(audits[0].checked[9]['line'], 'line')} proven"
    archives = counted(len(audits), "archive") if audits[1:] else "an archive"
    statements = counted(sum(audit.end for audit in audits), "statement")
    lines = counted(sum(audit.checked[6]["line"] for audit in audits), "line")
    return f"a copy of {archives} of {statements}, {lines}"


def signed_by(audits: list[Audit]) -> str:
    """By whose key all of it is signed, as the last line says."""
    if not all(audit.newest_signed[1] and not audit.why_no_signatures for audit in audits):
        return ", not signed"
    if all(audit.newest_signed[1] in audit.trusted for audit in audits):
        return ", signed by a key that you trust"
    return ", signed by a key that the archive names: give yours with --key"


def uncovered(audits: list[Audit]) -> str:
    """What of a bundle no signature covers, as the last line says."""
    if not audits[0].is_bundle:
        return ""
    if not audits[0].why_uncovered and audits[0].unlisted:
        return f"; not covered: {', '.join(audits[0].unlisted)} (not in the list that the bundle key signed)"
    if not audits[0].why_uncovered:
        but = f", but {counted(audits[0].ignored, 'ignored file')}," * bool(audits[0].ignored)
        return f"; every file{but} is in a list signed by the bundle key"
    return f"; not covered: {', '.join(audits[0].uncovered)} ({audits[0].why_uncovered})"


def verdict_on(audits: list[Audit], left_out: dict[str, str], options: argparse.Namespace) -> tuple[int, str]:
    """The exit status, and the last line."""
    failed = sorted({check for audit in audits for check, _, _ in audit.faults})
    if failed:
        faults = counted(sum(len(audit.faults) for audit in audits), "fault")
        far = "; ".join(audit.how_far for audit in audits if failed == [10] and audit.how_far)
        why = f": {far}" if far else ""
        return 1, f"FAULT: {faults} in check{'s' * bool(failed[1:])} {', '.join(map(str, failed))}{why}"
    left = [f"{what}: {why}" for what, why in left_out.items() if not vars(options).get(f"without_{what}")]
    if left:
        return 2, f"NOT CHECKED: {'; '.join(left)}"
    verdict = f"VALID: {what_was_checked(audits)}"
    verdict += "".join(f", without {what}, as you asked" for what in left_out)
    verdict += f" ({left_out['proofs']})" if "proofs" in left_out else ""
    return 0, verdict + ("" if "signatures" in left_out else signed_by(audits)) + uncovered(audits)


class Parser(argparse.ArgumentParser):
    """The command line. A name in it may be of a file that somebody else chose."""

    def error(self, message: str) -> NoReturn:
        """End, as the base class does."""
        show(f"NOT CHECKED: {message}; see --help")
        raise SystemExit(2)


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", type=Path, help="a copy of an archive, or a bundle")
    files = {"--key": "a public key that you trust", "--checkpoint": "one that you kept"}
    for option, what in {**files, "--bundle-key": "a public key that you trust to sign bundles"}.items():
        parser.add_argument(option, type=Path, action="append", default=[], metavar="FILE", help=what)
    parser.add_argument("--console", help="check only this Console")
    expected = parser.add_mutually_exclusive_group()
    for option in ("--archive", "--bundle"):
        expected.add_argument(option, action="store_true", help="refuse PLACE if it is the other")
    for what in ("signatures", "proofs", "lines"):
        parser.add_argument(f"--without-{what}", action="store_true", help=f"accept unchecked or no {what}")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line names, and print what was found. Returns the exit status."""
    options = options_of(arguments)
    audits, left_out = list[Audit](), dict[str, str]()
    try:
        with TemporaryDirectory() as folder:
            if options.place.is_file():
                extract(options.place, folder)
            audits = audits_of(Path(folder) if options.place.is_file() else options.place, options)
    except (*MALFORMED, RuntimeError, MemoryError) as error:
        is_plain = isinstance(error, (ValueError, OSError, zipfile.BadZipFile, NoRoomError))
        left_out = {str(options.place): f"{error}" if is_plain else f"{type(error).__name__}: {error}"}
    for audit in audits:
        left_out |= audit.left_out
    (status, verdict), reports = verdict_on(audits, left_out, options), [audit.report() for audit in audits]
    if options.json:
        print(json.dumps({"consoles": reports, "verdict": verdict}, indent=1))
        return status
    for report in reports:
        print_report(report)
    for line in (BEYOND if reports else "").splitlines() + (ADVICE if status == 1 else "").splitlines():
        show(line)
    show(verdict)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
