"""The contract of ArchiveSource: what can be read of an archive, in a bucket or in a copy of it.

What only a bucket can show (older versions, delete markers, locks, checksums) is in the contract of
ArchiveStore.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO, RawIOBase
from pathlib import Path
from time import time
from typing import Any
from uuid import uuid4
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from audit_archive.adapters.bundle_source import BundleSource
from audit_archive.adapters.folder_source import FolderSource
from audit_archive.adapters.machine import SystemClock
from audit_archive.adapters.s3 import S3ArchiveStore
from audit_archive.errors import ArchiveStoreError, IntegrityError
from audit_archive.format.facts import LockMode
from audit_archive.ports import ArchiveSource, ArchiveStore, ObjectFacts, Retention, Version
from tests.support import aws
from tests.support.fakes import FakeStore

everywhere = pytest.mark.parametrize("place", ["folder", "bundle", "fake", "moto"])


@dataclass
class Subject:
    """A source, a folder in it that is ours alone, and how an object gets there."""

    source: ArchiveSource
    folder: str
    put: Callable[[str, bytes], object]

    def plant(self, name: str, data: bytes = b"") -> str:
        key = f"{self.folder}{name}"
        self.put(key, data)
        return key

    def names(self, prefix: str = "", after: str = "") -> list[str]:
        after_key = f"{self.folder}{after}" if after else ""
        found = self.source.versions(f"{self.folder}{prefix}", after_key)
        return [version.key.removeprefix(self.folder) for version in found]


@pytest.fixture
def subject(place: str, tmp_path: Path, request: pytest.FixtureRequest) -> Subject:
    folder = f"tests/{uuid4().hex}/"
    if place == "folder":
        return Subject(FolderSource(tmp_path), folder, lambda key, data: _write(tmp_path / key, data))
    if place == "bundle":
        source = _Growing(tmp_path / "bundle.zip")
        return Subject(source, folder, source.put)
    if place == "fake":
        store: ArchiveStore = FakeStore(SystemClock())
    else:
        endpoint = request.getfixturevalue(place)
        store = S3ArchiveStore(aws.client("s3", endpoint), aws.locked_bucket(endpoint))
    until = Retention(LockMode.GOVERNANCE, int(time()) + 3600)
    return Subject(
        store,
        folder,
        lambda key, data: store.put(key, BytesIO(data), sha256(data).hexdigest(), until, {}),
    )


class _Growing:
    """A bundle to which files are added: each question opens it anew."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, key: str, data: bytes) -> None:
        with ZipFile(self._path, "a", ZIP_DEFLATED) as bundle:
            bundle.writestr(key, data)

    def inspect(self, key: str, version_id: str | None = None) -> ObjectFacts | None:
        return BundleSource(self._path).inspect(key, version_id)

    def read(self, key: str, version_id: str) -> Iterator[bytes]:
        return BundleSource(self._path).read(key, version_id)

    def versions(self, prefix: str, after_key: str = "") -> Iterator[Version]:
        return BundleSource(self._path).versions(prefix, after_key)

    def folders(self, prefix: str) -> Iterator[str]:
        return BundleSource(self._path).folders(prefix)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@everywhere
@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 10_000], ids=["empty", "byte", "2.5 MB"])
def test_what_is_there_is_inspected_and_read_by_the_version_that_it_names(
    subject: Subject, data: bytes
) -> None:
    key = subject.plant("a", data)
    facts = subject.source.inspect(key)
    assert facts is not None
    assert (facts.key, facts.size) == (key, len(data))
    assert b"".join(subject.source.read(key, facts.version_id)) == data
    assert subject.source.inspect(key, facts.version_id) == facts
    assert [version.version_id for version in subject.source.versions(key)] == [facts.version_id]


@everywhere
def test_what_is_not_there_has_no_facts_and_can_t_be_read(subject: Subject) -> None:
    key = subject.plant("folder/a")
    version = next(iter(subject.source.versions(key)))
    for absent in (f"{subject.folder}b", f"{subject.folder}folder", f"{subject.folder}folder/a/b"):
        assert subject.source.inspect(absent) is None
        with pytest.raises(IntegrityError, match="no version"):
            list(subject.source.read(absent, version.version_id))


@everywhere
def test_the_folders_under_a_prefix_are_named_once_each(subject: Subject) -> None:
    for name in ("console=a/1", "console=a/2", "console=a-b/1", "file"):
        subject.plant(name)
    assert sorted(subject.source.folders(subject.folder)) == ["console=a", "console=a-b"]


@everywhere
def test_keys_come_in_the_order_of_their_bytes_and_after_a_key(subject: Subject) -> None:
    names = ["a-b/1", "a.b", "a/1", "a/10", "a/2", "a0", "b=x/1"]
    for name in reversed(names):
        subject.plant(name)
    assert subject.names() == names
    assert subject.names("a/") == ["a/1", "a/10", "a/2"]
    assert subject.names("a/1") == ["a/1", "a/10"]
    assert subject.names(after="a/10") == ["a/2", "a0", "b=x/1"]
    assert subject.names("a/", after="a/2") == []
    assert subject.names("c") == []


@pytest.mark.parametrize("place", ["fake", pytest.param("moto", marks=pytest.mark.wide), "ministack"])
def test_the_versions_of_a_key_come_newest_first(subject: Subject) -> None:
    keys = [subject.plant("a", data) for data in (b"1", b"2", b"3")]
    found = [version.version_id for version in subject.source.versions(keys[0])]
    assert [b"".join(subject.source.read(keys[0], version_id)) for version_id in found] == [b"3", b"2", b"1"]


@pytest.fixture
def copy(tmp_path: Path) -> FolderSource:
    (tmp_path / "secret").write_bytes(b"secret")
    root = tmp_path / "archive"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    _write(root / "inside" / "a", b"1")
    return FolderSource(root)


@pytest.mark.parametrize(
    "key",
    ["../secret", "link", "inside/../inside/a", "/etc/passwd", "", ".", "inside//a", "in\0side/a", "a" * 300],
)
def test_a_key_that_leads_elsewhere_names_nothing(copy: FolderSource, key: str) -> None:
    assert copy.inspect(key) is None
    with pytest.raises(IntegrityError, match="no version"):
        list(copy.read(key, ""))
    assert [version.key for version in copy.versions("")] == ["inside/a"]


def test_a_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ArchiveStoreError, match="no folder"):
        FolderSource(tmp_path / "absent")


def bundle_with(path: Path, *names: str, method: int = ZIP_DEFLATED) -> Path:
    with ZipFile(path, "w", method) as bundle:
        for name in names:
            bundle.writestr(name, b"x" * 1000)
    return path


def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "prose").write_text("no zip")
    for path in (tmp_path / "prose", tmp_path / "absent", tmp_path):
        with pytest.raises(ValueError, match="is not a bundle of evidence"):
            BundleSource(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("a", "a"), ("a/b", "A/b")])
def test_a_bundle_with_a_name_twice_is_refused(names: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="several files of one name"):
        BundleSource(bundle_with(tmp_path / "a.zip", *names))


def test_a_bundle_that_is_packed_in_another_way_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="compressed by an unknown method"):
        BundleSource(bundle_with(tmp_path / "a.zip", "a", method=ZIP_BZIP2))
    path = bundle_with(tmp_path / "b.zip", "a")
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + 8, 1)  # APPNOTE, 4.4.4: bit 0, encrypted
    path.write_bytes(data)
    with pytest.raises(ValueError, match="is encrypted"):
        BundleSource(path)


def test_a_damaged_file_of_a_bundle_can_not_be_read(tmp_path: Path) -> None:
    path = bundle_with(tmp_path / "a.zip", "a")
    data = bytearray(path.read_bytes())
    data[32] ^= 0xFF
    path.write_bytes(data)
    source = BundleSource(path)
    with pytest.raises(IntegrityError, match="is damaged"):
        list(source.read("a", ""))


TWO_WAYS = "it can be read in two ways"


def _changed(data: bytes, mark: bytes, at: int, value: bytes) -> bytes:
    start = data.index(mark) + at
    return data[:start] + value + data[start + len(value) :]


def _packed(content: bytes, before: bytes = b"") -> bytes:
    file = BytesIO(before)
    with ZipFile(file, "a") as bundle:
        bundle.writestr(ZipInfo("a"), content)
    return file.getvalue()


def _with_two_ends() -> bytes:
    """A file in it is an end too, with all that follows as its comment."""
    end = _END + b"\0" * 16
    data = _packed(end + b"\0\0")
    return _packed(end + struct.pack("<H", len(data) - data.index(end) - len(end) - 2))


def _with_a_gap(data: bytes) -> bytes:
    start = data.index(_CENTRAL)
    return _changed(data[:start] + b"gap!" + data[start:], _END, 16, struct.pack("<I", start + 4))


_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"junk" + data,
        lambda data: data + b"junk",
        lambda data: data + data,
        lambda data: data + b"\0" * 22,
        lambda data: _changed(data, _LOCAL, 0, b"PK\x03\x05"),  # no local header
        lambda data: _changed(data, _LOCAL, 6, b"\x08"),  # a data descriptor
        lambda data: _changed(data, _LOCAL, 14, b"\0\0\0\0"),  # another CRC
        lambda data: _changed(data, _LOCAL, 18, b"\x01"),  # another size
        lambda data: _changed(data, _LOCAL, 22, b"\x01"),
        lambda data: _changed(data, _LOCAL, 30, b"b"),  # another name
        lambda data: _changed(data, _CENTRAL, 16, b"\0\0\0\0"),
        lambda data: _changed(data, _CENTRAL, 20, b"\x01\0\0\0"),
        lambda data: _changed(data, _CENTRAL, 38, b"\0\0\xff\xa1"),  # a link
        lambda data: _changed(data, _END, 8, b"\3\0\3\0"),  # three members
        lambda data: _changed(data, _END, 4, b"\1"),  # of several disks
        lambda data: _changed(data, _END, 20, b"\4\0") + b"note",
        lambda _: _packed(b"x", before=b"junk"),  # with offsets that fit
        lambda _: _with_two_ends(),
        _with_a_gap,  # what stands in it is in no directory
    ],
)
def test_a_bundle_that_contradicts_itself_is_refused(
    change: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = bundle_with(tmp_path / "a.zip", "a", "c")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=f"{TWO_WAYS}|is not a bundle of evidence"):
        BundleSource(path)


@pytest.mark.parametrize(
    "name",
    [
        "./a",
        "x/../a",
        "/a",
        "a//b",
        "../a",
        "a/.",
        "C:a",
        "a\\b",
        "a.",
        "a ",
        "a\u0301",
        "a\0b",
        "a\nb",
        "c/a",
        "a/",
    ],
)
def test_a_bundle_with_a_name_that_means_another_file_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with ZipFile(path, "w") as bundle:
        bundle.writestr("c", b"1")
        info = ZipInfo("placeholder")
        info.filename = name
        bundle.writestr(info, b"22")
    with pytest.raises(ValueError, match=TWO_WAYS):
        BundleSource(path)


def test_what_other_zippers_write_is_read_if_there_is_one_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders, data descriptors of a stream, and an end in its 64-bit form."""
    monkeypatch.setattr("zipfile.ZIP_FILECOUNT_LIMIT", 1)
    stream = _Stream()
    with ZipFile(stream, "w", ZIP_DEFLATED) as bundle:
        bundle.mkdir("a")
        bundle.writestr("a/b", b"1")
        with bundle.open("a/c", "w", force_zip64=True) as member:
            member.write(b"22")
    (tmp_path / "a.zip").write_bytes(stream.data)
    assert b"PK\x06\x06" in stream.data
    source = BundleSource(tmp_path / "a.zip")
    assert [b"".join(source.read(each.key, "")) for each in source.versions("")] == [b"1", b"22"]
    for mark, at in ((b"PK\x06\x06", 24), (b"PK\x06\x06", 4), (b"PK\x06\x07", 16)):
        (tmp_path / "b.zip").write_bytes(_changed(stream.data, mark, at, b"\x07"))
        with pytest.raises(ValueError, match=f"{TWO_WAYS}|is not a bundle of evidence"):
            BundleSource(tmp_path / "b.zip")


class _Stream(RawIOBase):
    """What is written, and can't be written again."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.data += bytes(data)
        return len(data)
