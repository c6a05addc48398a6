"""Copies that went through ordinary hands: both judges pass over the same files, and find the same faults."""

import gzip
import shutil
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.errors import IntegrityError
from audit_archive.evidence.handout import verify
from audit_archive.format import layout
from audit_archive.storage.entry_files import inflated
from cli.main import main
from tests.auditor.test_damage import content
from tests.support import folders
from tests.support.attacker import Victim
from tests.support.examples import breadth, examples
from tests.support.fakes import FakeSigner
from tests.support.tampering import bundle_of, sealed, unpacked, zipped
from tests.support.verify_program import ask, written
from tests.support.world import CONSOLE, World

ENTRIES = f"entries/console={CONSOLE}/dt=2026-11-23"
LITTER = (
    ".DS_Store",
    "Thumbs.db",
    f"{ENTRIES}/.DS_Store",
    f"{ENTRIES}/._0000000002.ndjson.gz",
    f"{ENTRIES}/desktop.ini",
    f"{ENTRIES}/Desktop.ini",
    f"{ENTRIES}/0000000002.ndjson.gz.6eF91bCA",
    f"statements/console={CONSOLE}/0000000001.json.00aaFF99",
    f"statements/console={CONSOLE}/thumbs.db",
    f"statements/._console={CONSOLE}",
    f"checkpoints/console={CONSOLE}/0000000001.txt.12345678",
    f"exports/console={CONSOLE}/2026/11/23/a.json.zip.ABCDEFab",
    "__MACOSX/._report.html",
    f"__MACOSX/statements/console={CONSOLE}/._0000000001.json",
)
SHAPED = (
    f"{ENTRIES}/0000000009.ndjson.gz",
    f"{ENTRIES}/extra.ndjson.gz",
    f"{ENTRIES}/0000000002.ndjson.gz.backup",
    f"{ENTRIES}/0000000002.ndjson.gz.6eF91bC",
    f"{ENTRIES}/6eF91bCA",
    f"{ENTRIES}/DS_Store",
)


def command(*arguments: object) -> tuple[int, str]:
    """The exit status of `canary-audit verify`, and what it printed in all."""
    answer = CliRunner(mix_stderr=True).invoke(main, ["verify", CONSOLE, *map(str, arguments)])
    return answer.exit_code, answer.output


def program(place: Path, *arguments: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The same of `verify.py`."""
    status = verify.main([str(place), *map(str, arguments)])
    return status, capsys.readouterr().out


def test_what_other_programs_leave_in_a_copy_is_ignored_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = Victim()
    copy = folders.put(victim.store.files() | dict.fromkeys(LITTER, b"left here"), tmp_path / "copy")
    told = f"Ignored: {len(LITTER)} files that are no part of an archive."
    keys = written(tmp_path, victim.keys)
    for status, said in (
        command("--folder", copy, "--depth", "content", *keys),
        program(copy, *keys, capsys=capsys),
    ):
        assert status == 0, said
        assert told in said
        assert "left here" not in said
        assert "DS_Store" not in said
    assert ask(copy, *keys).said["consoles"][0]["ignored"] == len(LITTER)


def test_one_file_is_ignored_in_the_singular(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    victim = Victim()
    copy = folders.put(victim.store.files() | {LITTER[0]: b"left here"}, tmp_path / "copy")
    keys = written(tmp_path, victim.keys)
    for _, said in (command("--folder", copy, *keys), program(copy, *keys, capsys=capsys)):
        assert "Ignored: 1 file that is no part of an archive." in said


@pytest.mark.parametrize("name", breadth(SHAPED, SHAPED[0], SHAPED[3]))
def test_what_has_the_shape_of_a_file_of_an_archive_is_a_fault(name: str, tmp_path: Path) -> None:
    victim = Victim()
    copy = folders.put(victim.store.files() | {name: b"x"}, tmp_path / "copy")
    assert command("--folder", copy)[0] == ask(copy).status == 1


def test_without_such_files_nothing_is_said_of_them(tmp_path: Path) -> None:
    copy = folders.put(Victim().store.files(), tmp_path / "copy")
    assert "Ignored" not in command("--folder", copy)[1]
    assert ask(copy).said["consoles"][0]["ignored"] == 0


@pytest.mark.parametrize(
    ("within", "with_litter"),
    [
        ("evidence-1", False),
        ("evidence (2)/evidence-1", True),
        pytest.param("evidence-1", True, marks=pytest.mark.wide),
        pytest.param("evidence (2)/evidence-1", False, marks=pytest.mark.wide),
    ],
)
def test_a_bundle_that_was_zipped_again_within_a_folder_is_found(
    within: str, tmp_path: Path, *, with_litter: bool
) -> None:
    victim = Victim()
    bundle = bundle_of(victim)
    files = {f"{within}/{name}": data for name, data in bundle.items()}
    litter = {f"__MACOSX/{within}/._report.html": b"\0", f"{within}/.DS_Store": b"\0"}
    files |= litter if with_litter else {}
    path, keys = zipped(files, tmp_path / "again.zip"), written(tmp_path, victim.keys)
    folder = unpacked(files, tmp_path / "unpacked")
    for place in (path, folder):
        answer = ask(place, *keys)
        assert answer.status == 0, answer.said
        assert answer.said["consoles"][0]["ignored"] == len(litter) * with_litter
    status, said = command("--bundle", path, *keys)
    assert status == 0, said
    assert ("Ignored: 2 files" in said) == with_litter
    assert command("--folder", folder, "--depth", "chain", *keys)[0] == 0
    altered = sealed(bundle | {"entries.ndjson": bundle["entries.ndjson"].replace(b"a", b"b", 1)})
    again = zipped({f"{within}/{name}": data for name, data in altered.items()}, tmp_path / "altered.zip")
    assert ask(again, *keys).status == 1


def test_a_copy_within_a_folder_is_found_and_a_folder_of_an_archive_is_not_looked_into(
    tmp_path: Path,
) -> None:
    victim = Victim()
    folders.put(victim.store.files(), tmp_path / "disk" / "copy")
    assert command("--folder", tmp_path / "disk")[0] == ask(tmp_path / "disk").status == 0
    only = folders.put(victim.store.files("statements/"), tmp_path / "only")
    assert ask(only).status == command("--folder", only)[0] == 1


def test_a_zip_by_the_usual_programs_is_read(tmp_path: Path) -> None:
    victim = Victim()
    unpacked(bundle_of(victim), tmp_path / "evidence 1")
    shutil.make_archive(str(tmp_path / "again"), "zip", tmp_path, "evidence 1")
    keys = written(tmp_path, victim.keys)
    assert ask(tmp_path / "again.zip", *keys).status == 0
    assert command("--bundle", tmp_path / "again.zip", *keys)[0] == 0


paths = st.lists(
    st.sampled_from(
        [*LITTER, *SHAPED, *(part for name in LITTER for part in name.split("/")), "a", "._", "x.gz.0123456G"]
    ),
    min_size=1,
    max_size=3,
).map("/".join)


@given(paths | st.text(max_size=30))
def test_both_judges_ignore_the_same_names(path: str) -> None:
    assert layout.is_litter(path) == (verify.LITTER.fullmatch(path) is not None)


def test_both_judges_know_the_same_folders() -> None:
    assert layout.HOMES == verify.HOMES


# ---------------------------------------------------------------------------------------- what follows a gzip

GZIP = gzip.compress(b"a line\n" * 40, mtime=0)
TAILS: tuple[bytes, ...] = (
    b"",
    b"\0",
    bytes(511),
    bytes(1 << 19),
    GZIP,
    GZIP + b"\0",
    bytes(9) + GZIP,
    b"x",
    b"\x1f\x8b",
    GZIP[:-1],
    b"\0x",
    gzip.compress(b"", mtime=0),
)


@examples(40)
@given(st.lists(st.integers(0, len(TAILS) - 1), max_size=3), st.integers(1, 1 << 17))
def test_both_judges_take_the_same_gzip(tails: list[int], size: int) -> None:
    """Members, then zeros, then nothing: as gzip(1) does."""
    data = b"".join([GZIP, *(TAILS[at] for at in tails)])
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    ours = theirs = None
    with suppress(IntegrityError):
        ours = b"".join(inflated("a key", iter(pieces)))
    with suppress(ValueError, EOFError, zlib.error):
        theirs = b"".join(verify.inflated(iter(pieces), 31))
    assert ours == theirs == content(data)


@pytest.mark.parametrize("tail", breadth(TAILS, b"\0", GZIP, b"x", GZIP[:-1]))
def test_a_padded_entry_file_is_judged_alike(tail: bytes, tmp_path: Path) -> None:
    victim = Victim()
    key = victim.archives[0].entries[0].key
    was = victim.store.data(key)
    copy = folders.put(victim.store.files() | {key: was + tail}, tmp_path / "copy")
    is_same = content(was + tail) == content(was)
    for depth in ("objects", "content"):
        assert command("--folder", copy, "--depth", depth)[0] == (not is_same)
    assert ask(copy).status == (not is_same)
    if is_same:
        answer = CliRunner().invoke(main, ["entries", CONSOLE, "--folder", str(copy), "--to-id", "9"])
        assert answer.exit_code == 0, answer.output


# ----------------------------------------------------------------------------------------------- an older key


def test_with_an_older_key_alone_both_say_up_to_where_it_signed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, old, new = World(), FakeSigner(), FakeSigner()
    world.retention_days, world.mode, world.signer = 2555, "off", old
    for _ in range(2):
        world.aged()
        world.run()
        world.later()
    last = world.head.seq
    world.signer = new
    world.aged()
    world.run()
    copy = folders.put(world.store.files(), tmp_path / "copy")
    key, both = (
        written(tmp_path, (old.public_key(),)),
        written(tmp_path, (old.public_key(), new.public_key())),
    )
    far = (
        f"signed by your key up to statement {last}; from {last + 1} on signed by a key that was not given, "
        f"{new.public_key().key_id.hex()}"
    )
    status, said = program(copy, *key, capsys=capsys)
    assert (status, said.splitlines()[-1]) == (1, f"FAULT: 1 fault in check 10: {far}")
    status, said = command("--folder", copy, "--depth", "content", *key, "--json")
    assert status == 1
    assert f"The chain is {far}: give that too, if you trust it" in said
    assert command("--folder", copy, *both)[0] == ask(copy, *both).status == 0
    stranger = written(tmp_path, (FakeSigner().public_key(),))
    assert "up to statement" not in program(copy, *stranger, capsys=capsys)[1]
    assert "up to statement" not in command("--folder", copy, *stranger)[1]
