"""Files that can be read in two ways, or fill the memory: as strict, and as bounded, as the product."""

import gzip
import json
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest

from audit_archive.errors import InvalidExportError
from audit_archive.evidence.handout import verify
from audit_archive.export.json_reader import read_entries
from audit_archive.export.zip_reader import open_member
from audit_archive.format.layout import export_key
from audit_archive.format.statement import Statement
from audit_archive.format.times import from_rfc3339
from tests.auditor.test_hostile_entries import zipped as export_of
from tests.support.attacker import Victim, twin_world
from tests.support.examples import breadth
from tests.support.tampering import bundle_of, sealed, unpacked, zipped
from tests.support.verify_program import PROGRAM, ask, copied, entries_of
from tests.support.world import CONSOLE

LARGE = {"entries": 100 << 20, "export": 160 << 20}
"""Bytes in a bomb. The program gets less memory than that; for an export it needs room for a long entry."""
LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
sys.argv[:2] = []
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Pipe(BytesIO):
    """A file in which nobody can go back: whoever writes a zip puts sizes after the data."""

    def seekable(self) -> bool:
        return False


def piped() -> bytes:
    """An export that was written without going back."""
    file = Pipe()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("a.json", '[{"id": 1}]')
    return file.getvalue()


def with_member(**how: object) -> bytes:
    """An export whose member is stored otherwise."""
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        info = ZipInfo("canary.json")
        for name, value in how.items():
            setattr(info, name, value)
        archive.writestr(info, '[{"id": 1}]')
    return file.getvalue()


def after(junk: bytes) -> bytes:
    """An export behind something else, with offsets that are right all the same."""
    file = BytesIO(junk)
    file.seek(0, 2)
    with ZipFile(file, "w") as archive:
        archive.writestr("a.json", '[{"id": 1}]')
    return file.getvalue()


def with_comment(comment: bytes) -> bytes:
    """An export with a comment at its end."""
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("a.json", '[{"id": 1}]')
        archive.comment = comment
    return file.getvalue()


def with_names(*names: str, folder_data: bytes = b"", **how: Any) -> bytes:
    """An export with these members; the last that is no folder has its entries."""
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        for name in names:
            info = ZipInfo("x")
            info.filename = name
            for field, value in how.items() if name[-1:] == "/" else ():
                setattr(info, field, value)
            archive.writestr(info, folder_data if name[-1:] == "/" else '[{"id": 1}]')
    return file.getvalue()


def with_folder_of(data: bytes, crc: int = 0) -> bytes:
    """An export with a folder that has these bytes as its deflated data, and says that they are nothing."""
    stored = with_names("a/", "a/b.json", folder_data=data)
    central = stored.index(b"PK\x01\x02")
    said = {14: crc.to_bytes(4, "little"), 22: bytes(4), 8: b"\x08\0"}
    for at, new in said.items():
        stored = patched(patched(stored, at, new), central + at + 2, new)
    return stored


def patched(data: bytes, at: int, new: bytes) -> bytes:
    """The same with other bytes at a place."""
    return data[:at] + new + data[at + len(new) :]


def wide() -> bytes:
    """An export in the form for large files."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive, archive.open("a.json", "w", force_zip64=True) as member:
        member.write(b'[{"id": 1}]')
    return file.getvalue()


GOOD = with_member(compress_type=ZIP_DEFLATED)
CENTRAL = GOOD.index(b"PK\x01\x02")
ZIPS = {
    "as it is": GOOD,
    "with sizes after the data": piped(),
    "in the form for large files": wide(),
    "stored": with_member(compress_type=ZIP_STORED),
    "with a folder beside it": export_of('[{"id": 1}]'),
    "with 15 folders": with_names("a.json", *(f"{at}/" for at in range(15))),
    "with a folder of another kind of machine": with_names("a/", "a/b.json", external_attr=0x10),
    "with a folder in which nothing is deflated": with_folder_of(b"\x03\0"),
    "with dots in its name": with_names("a/..b/...json"),
    "with a comment": with_comment(b"a comment"),
    "with 16 folders": with_names("a.json", *(f"{at}/" for at in range(16))),
    "with a folder that has data": with_names("a/", "a/b.json", folder_data=b"[]"),
    "with a folder that says that it has no data": with_folder_of(b"\x03\1"),
    "with a folder that has a CRC": with_folder_of(b"\x03\0", crc=1),
    "with a folder of more data than it says": with_folder_of(b"\x03\0\0"),
    "with a folder that is a link": with_names("a/", "a/b.json", external_attr=0o120777 << 16),
    "with a folder under the name of its file": with_names("a.json", "a.json/"),
    "two files": with_names("a.json", "b.json"),
    "a link": with_member(external_attr=0o120777 << 16),
    "a file that is a folder": with_member(external_attr=0x10),
    **{
        f"under the name {name!r}": with_names(name)
        for name in (
            *("../x.json", "/x.json", "a/../x.json", "a/..", "..", "C:x.json", "c:/x.json"),
            *("a\\b.json", "a\x1b.json", "a\nb.json", "a\0b.json", ""),
        )
    },
    **{f"beside {name!r}": with_names("a.json", name) for name in ("../", "/", "b//", "b/../c/", "C:/")},
    "two, one after the other": export_of('[{"id": 2}]') + GOOD,
    "one in the comment of another": with_comment(GOOD),
    "its end again, as its comment": with_comment(with_comment(b"")[-22:]),
    "something before it": b"#!/bin/sh\n" + GOOD,
    "something before it that its offsets know of": after(b"#!/bin/sh\n"),
    "something after it": GOOD + b"\n",
    "something between data and directory": GOOD[:CENTRAL] + b"PK\x03\x04" + GOOD[CENTRAL:],
    "another CRC in the local header": patched(GOOD, 14, b"\0\0\0\1"),
    "another size in the local header": patched(GOOD, 22, b"\7"),
    "another name in the local header": GOOD.replace(b"canary", b"danary", 1),
    "another flag in the local header": patched(GOOD, 6, b"\4"),
    "a member less in the end record": patched(GOOD, len(GOOD) - 12, b"\2"),
    "encrypted": patched(patched(GOOD, 6, b"\1"), CENTRAL + 8, b"\1"),
    "fewer bytes than are stated": patched(patched(GOOD, 22, b"\x0c"), CENTRAL + 24, b"\x0c"),
    "more bytes than are stated": patched(patched(GOOD, 22, b"\x0a"), CENTRAL + 24, b"\x0a"),
    "cut off": GOOD[:-1],
    "nothing": b"",
}


@pytest.mark.parametrize("what", ZIPS)
def test_an_export_can_be_read_in_one_way_or_both_refuse_it(what: str) -> None:
    data = ZIPS[what]
    try:
        product = b"".join(open_member(BytesIO(data), len(data)))
    except InvalidExportError:
        product = b""
    try:
        copy = b"".join(verify.unzipped(BytesIO(data)))
    except verify.MALFORMED:
        copy = b""
    assert copy == product
    assert (copy != b"") == (list(ZIPS).index(what) <= list(ZIPS).index("with a comment"))


def test_a_bundle_before_another_is_not_unpacked(tmp_path: Path) -> None:
    """Some programs would unpack the first, others the second."""
    files = bundle_of(Victim())
    path = zipped(files, tmp_path / "evidence.zip")
    assert ask(path).status == 0
    path.write_bytes(path.read_bytes() * 2)
    answer = ask(path)
    assert (answer.status, answer.said["consoles"]) == (2, [])
    assert "this zip can be read in more than one way" in answer.said["verdict"]


def filling(kind: str) -> Iterator[bytes]:
    """White space, some at a time."""
    for _ in range(LARGE[kind] >> 20):
        yield b" " * (1 << 20)


def gzip_bomb() -> bytes:
    """A gzip file of a few hundred kilobytes that holds hundreds of times as much."""
    packer = zlib.compressobj(1, wbits=31)
    return b"".join([*map(packer.compress, filling("entries")), packer.flush()])


def zip_bomb() -> bytes:
    """An export that does."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as archive, archive.open("a.json", "w") as member:
        for piece in filling("export"):
            member.write(piece)
    return file.getvalue()


def bomb_of(victim: Victim, kind: str) -> Callable[[Statement], Statement]:
    """Put a bomb in the place of an object; the statement that names it says so."""
    said = victim.archives[0]
    if kind == "entries":
        digest = sha256()
        for piece in filling("entries"):
            digest.update(piece)
        victim.replace(said.entries[0].key, gzip_bomb())
        file = replace(said.entries[0], content_sha256=digest.hexdigest())
        return lambda told: replace(said, entries=(file, *said.entries[1:]), previous=told.previous)
    data, served = zip_bomb(), from_rfc3339(said.export.served_at)
    digest_of_zip = sha256(data).hexdigest()
    key = export_key(CONSOLE, served, said.export.first_id, said.export.last_id, digest_of_zip)
    victim.put(key, data)
    export = replace(said.export, key=key, sha256=digest_of_zip, size=len(data))
    return lambda told: replace(said, export=export, previous=told.previous)


@pytest.mark.parametrize("kind", ["entries", "export"])
def test_a_bomb_is_a_fault_and_fills_no_memory(kind: str, tmp_path: Path) -> None:
    victim = Victim(twin_world(is_signed=False))
    victim.rewrite(victim.archives[0].seq, bomb_of(victim, kind))
    ran = limited(LARGE[kind], copied(victim.store, tmp_path))
    assert ran.stdout.splitlines()[-1].startswith("FAULT: "), ran.stdout + ran.stderr


def test_a_bomb_in_a_bundle_fills_no_memory(tmp_path: Path) -> None:
    files = bundle_of(Victim())
    place = unpacked(sealed(files), tmp_path)
    with (place / "entries.ndjson").open("ab") as file:
        for piece in filling("entries"):
            file.write(piece)
    ran = limited(LARGE["entries"], place, "--without-signatures")
    assert "\n       FAULT in check 9, misdescribed: entries.ndjson: This file can't be read" in ran.stdout, (
        ran.stdout + ran.stderr
    )


def limited(too_much: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The program in a Python of its own that may not have so much memory."""
    memory = str(too_much - (8 << 20))
    command = [sys.executable, "-I", "-S", "-c", LIMITED, memory, str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own


ENTRY = '{"id": %s, "a": {"b": 1}}'
FIRST, SECOND = ENTRY % 1, ENTRY % 2
BETWEEN = ("\n", "\r\n", " \t\n\n ", "", " ", "\r", "\t\r ", ",\n")
TEXTS = {between: f"\n {FIRST}{between}{SECOND}\r " for between in BETWEEN}
IDS = ("2", "9223372036854775807", *('"2"', '"٣"', "2.0", "2e0", "[2]", "true", "null", "0", "-2", "02"))


@pytest.mark.parametrize("between", TEXTS)
def test_entries_are_apart_by_a_line_feed_or_both_refuse_them(between: str) -> None:
    """Also where the program reads a byte at a time."""
    data = TEXTS[between].encode()
    is_taken = BETWEEN.index(between) < BETWEEN.index("")
    with nullcontext() if is_taken else pytest.raises(InvalidExportError):
        assert sum(map(len, read_entries([data]))) == len("12")
    for step in (1, len(data)):
        pieces = [data[at : at + step] for at in range(0, len(data), step)]
        with nullcontext() if is_taken else pytest.raises(ValueError, match=r"line feed|JSON"):
            lines = [line for some in verify.entries_in(pieces) for _, _, line, _ in some]
            assert lines == [entry.line for some in read_entries([data]) for entry in some]


@pytest.mark.parametrize("entry_id", IDS)
def test_an_id_is_an_integer_or_both_refuse_it(entry_id: str) -> None:
    data = export_of(f"[{FIRST},{ENTRY % entry_id}]")
    is_taken = IDS.index(entry_id) < IDS.index('"2"')
    with nullcontext() if is_taken else pytest.raises(InvalidExportError):
        assert sum(map(len, read_entries(open_member(BytesIO(data), len(data))))) == len("12")
    with nullcontext() if is_taken else pytest.raises(ValueError, match=r"id|JSON"):
        assert len(entries_of(data)) == len("12")


@pytest.mark.parametrize("megabytes", breadth([1, 17], 1))
def test_an_entry_is_as_long_as_the_product_takes_it_or_both_refuse_it(megabytes: int) -> None:
    """However it is cut into members, none of which is long."""
    member = '"' + "x" * (1 << 20) + '"'
    data = export_of('[{"id": 1, "field": [' + ",".join([member] * megabytes) + "]}]")
    is_taken = megabytes == 1
    with nullcontext() if is_taken else pytest.raises(InvalidExportError, match="longer than 16777216 bytes"):
        assert len(list(read_entries(open_member(BytesIO(data), len(data))))) == 1
    with nullcontext() if is_taken else pytest.raises(ValueError, match="longer than 16 MiB"):
        assert len(entries_of(data)) == 1


def test_of_a_token_without_end_no_more_is_read_than_an_entry_may_have() -> None:
    read = 0

    def pieces() -> Iterator[bytes]:
        nonlocal read
        yield b'[{"id":1,"a":"'
        for _ in range(100):
            read += 1
            yield b"x" * (1 << 20)

    with pytest.raises(ValueError, match="the JSON is broken, or cut off"):
        list(verify.entries_in(pieces()))
    assert read < 99


@pytest.mark.parametrize("levels", [990, 1000, 100_000])
def test_a_deep_line_in_a_bundle_is_told_and_ends_nothing(levels: int, tmp_path: Path) -> None:
    files = bundle_of(Victim())
    deep = '{"id":1,"n":' + "[" * levels + "]" * levels + "}"
    source = json.dumps({"_source": deep, "id": 1}, separators=(",", ":"))
    files["entries.ndjson"] += f"{deep}\n{source}\n".encode()
    assert ("missing", "proofs") in ask(unpacked(sealed(files), tmp_path)).blamed


def test_an_entry_file_whose_pieces_end_where_it_ends_is_whole() -> None:
    """zlib tells the end of a member with the last piece of it, or with none after it."""
    for size in (0, 1, verify.CHUNK - 1, verify.CHUNK, verify.CHUNK + 1, 3 * verify.CHUNK):
        data = gzip.compress(b"a" * size) + gzip.compress(b"b" * size)
        for step in (1 << 20, 7):
            pieces = (data[at : at + step] for at in range(0, len(data), step))
            assert b"".join(verify.inflated(pieces, 31)) == b"a" * size + b"b" * size
