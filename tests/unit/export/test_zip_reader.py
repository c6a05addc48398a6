"""The zip of an export: what writers in the wild make is read; each lie, cut and trick is refused."""

import io
import struct
import zipfile
import zlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.errors import InvalidExportError
from audit_archive.export import zip_reader as zip_export
from audit_archive.export.zip_reader import Member, open_member
from tests.support.examples import examples
from tests.support.forge import NONE32, Lie, Record, deflated, forge, tell
from tests.support.forge import Member as Forged
from tests.support.rows import all_rows

CONTENT = b'[{"id":1,"user":"x"}]' * 50


CRC, SIZES = zlib.crc32(CONTENT), (len(deflated(CONTENT)), len(CONTENT))
STREAMED: dict[str, Any] = {"flags": 8, "local_crc": 0, "local_size": 0, "local_packed": 0}
BOTH = ("method", "flags", "crc", "size", "packed")
OF_RECORDS = {
    **{name: ((0, name), (1, name)) for name in BOTH},
    **{f"local_{name}": ((0, name),) for name in BOTH},
    **{name: ((1, name),) for name in ("version", "at", "disk")},
    "attributes": ((1, "outer"),),
    "members": ((2, "members"), (2, "here")),
    "members_here": ((2, "here"),),
    "comment_size": ((2, "comment"),),
    "directory_at": ((2, "start"),),
    "directory_size": ((2, "size"),),
}
"""Which fields of local header, directory header and end record a lie is told in."""


def made(
    content: bytes = CONTENT,
    *,
    name: bytes = b"canary_audit_trail.json",
    local_name: bytes | None = None,
    method: int = 8,
    data: bytes | None = None,
    descriptor: bytes = b"",
    extra: bytes = b"",
    local_extra: bytes = b"",
    comment: bytes = b"",
    before: bytes = b"",
    gap: bytes = b"",
    after_directory: bytes = b"",
    after: bytes = b"",
    **lies: int,
) -> bytes:
    """A zip of one member: by default a right one; each argument is a way to make it wrong."""
    member = Forged(content, name, method, data=data)
    zip_ = forge([member], comment=comment)
    local, central, end = zip_.records
    local.tail, central.tail = (name if local_name is None else local_name) + local_extra, name + extra
    local.values |= {"name": len(local.tail) - len(local_extra), "extra": len(local_extra)}
    central.values["extra"] = len(extra)
    head: list[Record | bytes] = [before, local, member.packed, descriptor, gap]
    end.values |= {"start": sum(map(len, head)), "size": len(central)}
    tell(
        zip_,
        (Lie(at, field, lies[lie]) for lie in OF_RECORDS if lie in lies for at, field in OF_RECORDS[lie]),
    )
    zip_.pieces = [*head, central, after_directory, end, after]
    return zip_.bytes()


def open_bytes(data: bytes, **limits: int) -> Member:
    return open_member(io.BytesIO(data), len(data), **limits)


def read(data: bytes, **limits: int) -> bytes:
    return b"".join(open_bytes(data, **limits))


class Unseekable(io.RawIOBase):
    """A file that can only be written on: zipfile then puts a descriptor after the data."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.data += bytes(data)
        return len(data)


def by_zipfile(
    method: int, *, streamed: bool = False, zip64: bool = False, content: bytes = CONTENT
) -> bytes:
    file: Any = Unseekable() if streamed else io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", method) as archive,
        archive.open("ü.json", "w", force_zip64=zip64) as member,
    ):
        member.write(content)
    made: bytes = file.data if streamed else file.getvalue()
    return made


@all_rows("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@all_rows("streamed", [False, True])
@all_rows("zip64", [False, True])
@all_rows("content", [b"", b"x", CONTENT, b"\0" * 1_000_000])
def test_what_the_standard_library_writes_is_read(
    method: int, streamed: bool, zip64: bool, content: bytes
) -> None:
    member = open_bytes(by_zipfile(method, streamed=streamed, zip64=zip64, content=content))
    assert member.name == "ü.json"
    assert b"".join(member) == content
    assert b"".join(member) == content, "a second iteration"


@examples(60)
@given(st.binary(max_size=300), st.integers(1, 50_000))
def test_any_content_comes_out_in_small_pieces(seed: bytes, times: int) -> None:
    content = seed * times if len(seed) * times < 3_000_000 else seed
    pieces = list(open_bytes(made(content=content)))
    assert b"".join(pieces) == content
    assert all(0 < len(piece) <= zip_export._OUT_BYTES for piece in pieces)


def zip64_end(changes: dict[str, int] | None = None, **fields: Any) -> bytes:
    """The archive with a zip64 end record and locator; its plain end record says nothing."""
    plain = made(**fields, members=0xFFFF, directory_at=NONE32, directory_size=NONE32)
    at, start = len(plain) - 22, plain.rindex(b"PK\1\2")
    told = {"length": 44, "here": 1, "members": 1, "size": at - start, "start": start, "at": at, "disks": 1}
    told |= changes or {}
    return plain[:at] + Record("end64", told).bytes() + Record("locator", told).bytes() + plain[at:]


def test_zip64_records_are_read() -> None:
    sizes = struct.pack("<HHQQ", 1, 16, SIZES[1], SIZES[0])
    wide: dict[str, Any] = {"size": NONE32, "packed": NONE32, "extra": b"\x99\x99\1\0x" + sizes}
    assert read(made(**wide, local_extra=sizes)) == CONTENT
    assert read(zip64_end(**wide, local_extra=sizes)) == CONTENT
    assert read(zip64_end()) == CONTENT
    for lacking in ({"extra": wide["extra"][:10], "local_extra": sizes}, {"local_extra": b""}):
        with pytest.raises(InvalidExportError, match="lacks its zip64 sizes"):
            open_bytes(made(**wide | lacking))


@all_rows(
    ("changes", "message"),
    [
        ({"members": 2}, "split over several files"),
        ({"size": 5}, "does not end at"),
        ({"start": 1}, "does not end at"),
        ({"at": 3}, "no zip64 end record"),
        ({"at": 2**40}, "locator points to"),
        ({"disks": 2}, "locator points to"),
        ({"length": 45}, "no zip64 end record"),
    ],
)
def test_a_lying_zip64_end_is_refused(changes: dict[str, int], message: str) -> None:
    with pytest.raises(InvalidExportError, match=message):
        open_bytes(zip64_end(changes))


def test_a_zip64_end_that_contradicts_the_end_record_is_refused() -> None:
    data = bytearray(zip64_end())
    struct.pack_into("<H", data, len(data) - 22 + 10, 7)
    with pytest.raises(InvalidExportError, match="says 7 where its zip64 end record says 1"):
        open_bytes(bytes(data))


@pytest.mark.parametrize("signature", [b"", b"PK\7\x08"])
@pytest.mark.parametrize("form", ["<III", "<IQQ"])
def test_every_form_of_descriptor_is_read(signature: bytes, form: str) -> None:
    descriptor = signature + struct.pack(form, CRC, *SIZES)
    assert read(made(**STREAMED, descriptor=descriptor)) == CONTENT
    assert read(made(flags=8, descriptor=descriptor)) == CONTENT
    for at in range(len(descriptor)):
        damaged = bytearray(descriptor)
        damaged[at] ^= 1
        with pytest.raises(InvalidExportError, match="between data and next header"):
            open_bytes(made(**STREAMED, descriptor=bytes(damaged)))


@pytest.mark.parametrize("field", ["local_crc", "local_size", "local_packed"])
def test_a_local_header_before_a_descriptor_may_be_silent_but_not_lie(field: str) -> None:
    descriptor = struct.pack("<III", CRC, *SIZES)
    with pytest.raises(InvalidExportError, match=r"local header says .* 5, its directory"):
        open_bytes(made(**STREAMED | {field: 5}, descriptor=descriptor))


LIES = {
    "stored": (made(method=0, size=7), "is stored, yet"),
    "encrypted": (made(flags=1), "is encrypted"),
    "strongly encrypted": (made(flags=0x41), "is encrypted"),
    "masked": (made(flags=1 << 13), "is encrypted"),
    "patch data": (made(flags=1 << 5), "unknown flags 0x0020"),
    "bzip2": (made(method=12, data=b"x"), "compressed by method 12"),
    "deflate64": (made(method=9, data=b"x"), "compressed by method 9"),
    "no member": (made(members=0), "has 0 members"),
    "two members, one header": (made(members=2), "ends before header 2 of 2"),
    "too many members": (made(members=17), "has 17 members"),
    "split": (made(members=2, members_here=1), "split over several files"),
    "on another disk": (made(disk=1), "on disk 1"),
    "directory by its name": (made(name=b"dir/"), "folder with data"),
    "directory by MS-DOS": (made(attributes=0x10), "not a plain file"),
    "directory by Unix": (made(attributes=0o040755 << 16), "not a plain file"),
    "symbolic link": (made(attributes=0o120777 << 16), "not a plain file"),
    "no name": (made(name=b""), "has no name"),
    "absolute": (made(name=b"/etc/x"), "leads out"),
    "parent": (made(name=b"a/../../x"), "leads out"),
    "only parent": (made(name=b".."), "leads out"),
    "drive": (made(name=b"C:x"), "leads out"),
    "backslash": (made(name=b"a\\b"), "backslash"),
    "NUL": (made(name=b"a\0b"), "control character"),
    "line feed": (made(name=b"a\nb"), "control character"),
    "not the UTF-8 it promises": (
        made(name=b"\xff", flags=1 << 11),
        "not the UTF-8 that its header promises",
    ),
    "of a version to come": (made(version=64), "needs version 6.4 of the specification"),
    "extra field too long": (made(extra=b"\x99\x99\2\0x"), "extra field 0x9999 of 2 bytes is longer"),
    "local extra field too long": (
        made(local_extra=b"\x99\x99\2\0x"),
        "extra field 0x9999 of 2 bytes is longer",
    ),
    "other local name": (made(local_name=b"other"), "local header says name b'other'"),
    "other local method": (made(local_method=0), "local header says method 0"),
    "other local flags": (made(local_flags=8), "local header says flags 8"),
    "other local crc": (made(local_crc=1), "local header says crc 1"),
    "other local size": (made(local_size=1), "local header says inflated 1"),
    "other local packed size": (made(local_packed=1), "local header says compressed 1"),
    "zero sizes without descriptor": (made(local_size=0), "local header says inflated 0"),
    "no descriptor": (made(**STREAMED), "0 bytes from byte .* don't fit"),
    "descriptor unannounced": (
        made(descriptor=struct.pack("<III", CRC, *SIZES)),
        "12 bytes from byte .* don't fit",
    ),
    "gap": (made(gap=b"hidden"), "6 bytes from byte .* don't fit"),
    "data before": (made(before=b"MZ stub"), "begins with b'MZ"),
    "zip before": (made(before=made()), "does not end at|not at its beginning|don't fit"),
    "zip before, right offsets": (
        made(before=made(), at=len(made())),
        "not at its beginning",
    ),
    "zip after": (made(after=made()), "does not end at"),
    "data after": (made(after=b"\n"), "no end record"),
    "data after the directory": (made(after_directory=b"PK\5\5\0\0"), "does not end at"),
    "overlap": (made(packed=10**6), "would overlap"),
    "packed size too small": (made(packed=SIZES[0] - 1), "1 bytes from byte .* don't fit"),
    "directory too short": (made(directory_size=10, directory_at=0), "does not end at"),
    "comment too long": (made(comment=b"hello", comment_size=6), "no end record"),
    "comment too short": (made(comment=b"hello", comment_size=4), "no end record"),
    "two ends": (made(comment=struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, 0, 0, 0)), "two end records"),
}


@all_rows("name", LIES)
def test_a_lying_structure_is_refused(name: str) -> None:
    data, message = LIES[name]
    with pytest.raises(InvalidExportError, match=f"The export is not an acceptable zip: .*({message})"):
        open_bytes(data)


def test_a_directory_that_points_past_its_end_is_refused() -> None:
    data = made(directory_at=10**6, directory_size=2**32 - 10**6)
    with pytest.raises(InvalidExportError, match="does not end at"):
        open_bytes(data)


def test_a_directory_of_another_length_than_its_header_is_refused() -> None:
    data = bytearray(made())
    central = data.rfind(b"PK\1\2")
    struct.pack_into("<H", data, central + 30, 1)
    with pytest.raises(InvalidExportError, match="not exactly as long"):
        open_bytes(bytes(data))
    data[central] = 0
    with pytest.raises(InvalidExportError, match=f"no directory header at byte {central}"):
        open_bytes(bytes(data))


CONTENT_LIES = {
    "crc": (made(crc=1), "CRC of .* is [0-9a-f]{8}, not the declared 00000001"),
    "stored crc": (made(method=0, crc=1), "CRC of"),
    "declared too big": (made(size=len(CONTENT) + 1), "not the declared"),
    "declared too small": (made(size=len(CONTENT) - 1), "more than the declared"),
    "declared empty": (made(size=0), "more than the declared 0"),
    "cut deflate": (made(data=deflated(CONTENT)[:-1]), "goes on where it should end"),
    "no deflate": (made(data=b"\xff" * 40), "can't be inflated"),
    "data after deflate": (made(data=deflated(CONTENT) + b"x"), "something follows the deflated data"),
    "two deflates": (made(data=deflated(CONTENT) * 2), "something follows the deflated data"),
    "much data after deflate": (
        made(data=deflated(CONTENT) + b"x" * 100_000),
        "something follows the deflated data",
    ),
}


@all_rows("name", CONTENT_LIES)
def test_lying_content_is_refused_while_it_is_read(name: str) -> None:
    data, message = CONTENT_LIES[name]
    member = open_bytes(data)
    with pytest.raises(InvalidExportError, match=message):
        list(member)


def test_what_follows_the_deflate_is_seen_at_the_edge_of_a_piece() -> None:
    noise = bytes(n * n % 251 for n in range(200))
    content = zlib.compress(noise) * 200
    data = deflated(content)
    for read_size in (len(data), len(data) - 1, len(data) // 2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(zip_export, "IN_BYTES", read_size)
            assert read(made(content=content)) == content
            with pytest.raises(InvalidExportError, match="something follows"):
                read(made(content=content, data=data + b"x"))


@all_rows("data", [b"", b"P", b"PK", b"<!DOCTYPE html><html>", b'{"result":"error"}', b"PK\5\6" + bytes(18)])
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidExportError, match=r"begins with|no end record|has 0 members"):
        open_bytes(data)


@pytest.mark.parametrize("data", [made(), made(**STREAMED, descriptor=struct.pack("<III", CRC, *SIZES))])
def test_a_zip_cut_anywhere_is_refused(data: bytes) -> None:
    assert read(data) == CONTENT
    for end in range(len(data)):
        with pytest.raises(InvalidExportError):
            read(data[:end])


def test_a_damaged_byte_never_changes_what_is_read() -> None:
    data = made()
    for at in range(len(data)):
        for flip in (1, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[at] ^= flip
            try:
                assert read(bytes(damaged)) == CONTENT
            except InvalidExportError:
                continue


def test_a_file_shorter_than_promised_is_refused() -> None:
    data = made()
    with pytest.raises(InvalidExportError, match="cut off after"):
        open_member(io.BytesIO(data[:-30]), len(data))
    member = open_bytes(data)
    member.file.truncate(60)
    with pytest.raises(InvalidExportError, match="cut off after"):
        list(member)


def test_limits_hold_before_anything_is_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    data = made()
    assert read(data, max_compressed=len(data), max_inflated=len(CONTENT)) == CONTENT
    monkeypatch.setattr(zlib, "decompressobj", lambda wbits: pytest.fail("inflated"))
    with pytest.raises(InvalidExportError, match=f"more than {len(data) - 1}"):
        open_bytes(data, max_compressed=len(data) - 1)
    with pytest.raises(InvalidExportError, match=f"would inflate to {len(CONTENT)} bytes"):
        open_bytes(data, max_inflated=len(CONTENT) - 1)


def test_a_bomb_that_declares_little_stops_at_what_it_declares() -> None:
    bomb = made(content=b"\0" * 50_000_000, size=1000)
    got = list[bytes]()
    with pytest.raises(InvalidExportError, match="more than the declared 1000"):
        got.extend(open_bytes(bomb))
    assert sum(map(len, got)) <= 1000


def test_a_directory_that_claims_the_whole_file_is_not_read_into_memory() -> None:
    data = b"PK\3\4" + bytes(10**6)
    data += struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(data), 0, 0)
    with pytest.raises(InvalidExportError, match="longer than its headers can be"):
        open_bytes(data)


def test_padding_a_thousandfold_is_no_bomb() -> None:
    content = b'[{"id":1,"user_browser_agent":"' + b"A" * 5_000_000 + b'"}]'
    data = made(content=content)
    assert len(content) > 900 * len(data)
    assert read(data) == content


FOLDER = Forged(b"", name=b"trail/", method=0, attributes=0o040755 << 16 | 0x10)
FILE = Forged(CONTENT, name=b"trail/canary_audit_trail.json")


@all_rows(
    "members",
    [
        [FOLDER, FILE],
        [FILE, FOLDER],
        [FOLDER, replace(FOLDER, name=b"trail/2026/"), FILE],
        [replace(FOLDER, attributes=0), FILE],
        [replace(FOLDER, method=8), FILE],
        [replace(FOLDER, method=8, descriptor="sIII"), FILE],
        [replace(FOLDER, method=8, data=b""), FILE],
        [replace(FOLDER, name=b"empty/"), FILE],
        [FOLDER, replace(FILE, descriptor="sIII")],
        [replace(FILE, descriptor="IQQ"), FOLDER],
        [FOLDER, replace(FILE, is_wide=True)],
    ],
)
@all_rows("is_wide", [False, True])
def test_folders_beside_the_one_file_are_passed_over(members: list[Forged], is_wide: bool) -> None:
    data = forge(members, is_wide=is_wide, comment=b"made by hand").bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (name,) = [each.filename for each in archive.infolist() if not each.is_dir()]
        assert archive.read(name) == CONTENT
    assert open_bytes(data).name == name
    assert read(data) == CONTENT


def test_a_zip_that_the_standard_library_writes_with_a_folder_is_read() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("trail")
        archive.writestr("trail/2026/", b"")
        archive.writestr("trail/canary_audit_trail.json", CONTENT)
    assert read(file.getvalue()) == CONTENT


def wrong_order() -> bytes:
    """The directory names the members in another order than the file has them."""
    zip_ = forge([FOLDER, FILE])
    zip_.pieces[6], zip_.pieces[7] = zip_.pieces[7], zip_.pieces[6]
    return zip_.bytes()


def with_a_gap() -> bytes:
    """Something lies between the folder and the file, and the directory knows where the file begins."""
    zip_ = forge([replace(FOLDER, data=b"hidden"), FILE])
    for record in (zip_.records[0], zip_.records[2]):
        record.values["packed"] = 0
    return zip_.bytes()


NOT_ONE_FILE = {
    "two files": (forge([FILE, replace(FILE, name=b"b")]).bytes(), "has 2 files"),
    "two files and a folder": (forge([FOLDER, FILE, replace(FILE, name=b"b")]).bytes(), "has 2 files"),
    "an empty second file": (forge([FILE, Forged(b"", name=b"b")]).bytes(), "has 2 files"),
    "a folder alone": (forge([FOLDER]).bytes(), "has 0 files"),
    "too many folders": (forge([FOLDER] * 16 + [FILE]).bytes(), "has 17 members"),
    "a folder with data": (forge([replace(FOLDER, content=b"x"), FILE]).bytes(), "folder with data"),
    "a folder with more": (
        forge([replace(FOLDER, method=8, data=b"\3\0\0"), FILE]).bytes(),
        "folder with data",
    ),
    "a folder with two bytes": (forge([replace(FOLDER, data=b"\3\0"), FILE]).bytes(), "folder with data"),
    "a folder with other bytes": (
        forge([replace(FOLDER, method=8, data=b"\3\1"), FILE]).bytes(),
        "folder with data",
    ),
    "a folder with a checksum": (
        tell(forge([FOLDER, FILE]), [Lie(0, "crc", 1), Lie(2, "crc", 1)]).bytes(),
        "folder with data",
    ),
    "a folder out of the folder": (forge([replace(FOLDER, name=b"../"), FILE]).bytes(), "leads out"),
    "the root": (forge([replace(FOLDER, name=b"/"), FILE]).bytes(), "has no name"),
    "an encrypted folder": (forge([replace(FOLDER, flags=1), FILE]).bytes(), "is encrypted"),
    "a link to a folder": (
        forge([replace(FOLDER, attributes=0o120777 << 16), FILE]).bytes(),
        "not a plain folder",
    ),
    "a file in the folder's place": (
        forge([FOLDER, replace(FILE, name=b"trail")]).bytes(),
        "stands in the way",
    ),
    "a folder below the file": (
        forge([replace(FOLDER, name=b"a/b/"), replace(FILE, name=b"a")]).bytes(),
        "stands in the way",
    ),
    "one header, two names": (forge([replace(FILE, echoes=(b"x/",))]).bytes(), "would overlap"),
    "another order": (wrong_order(), "begins at byte"),
    "a gap": (with_a_gap(), "6 bytes from byte .* don't fit"),
    "local header of the folder": (
        tell(forge([FOLDER, FILE]), [Lie(0, "crc", 1)]).bytes(),
        "local header says crc 1",
    ),
}


@all_rows("name", NOT_ONE_FILE)
def test_what_is_not_one_file_and_its_folders_is_refused(name: str) -> None:
    data, message = NOT_ONE_FILE[name]
    with pytest.raises(InvalidExportError, match=f"The export is not an acceptable zip: .*({message})"):
        open_bytes(data)


def test_a_zip_with_a_folder_cut_or_damaged_anywhere_never_reads_otherwise() -> None:
    data = forge([FOLDER, FILE]).bytes()
    for end in range(len(data)):
        with pytest.raises(InvalidExportError):
            read(data[:end])
    for at in range(len(data)):
        for flip in (1, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[at] ^= flip
            try:
                assert read(bytes(damaged)) == CONTENT
            except InvalidExportError:
                continue
