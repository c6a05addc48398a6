"""Whatever happens to whichever byte: the auditor's copy never says VALID, unless it is no evidence."""

import shutil
import zlib
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import given
from hypothesis import strategies as st

from tests.support.attacker import Victim
from tests.support.examples import examples
from tests.support.tampering import bundle_of, unpacked
from tests.support.verify_program import ask, copied, written


@cache
def places() -> tuple[list[str], list[tuple[Path, str]]]:
    """The options of an auditor who trusts the key; and every file of an archive and of a bundle."""
    victim, folder = Victim(), Path(mkdtemp())
    options = written(folder, victim.keys)
    roots = copied(victim.store, folder / "archive"), unpacked(bundle_of(victim), folder / "bundle")
    found = [
        (root, path.relative_to(root).as_posix()) for root in roots for path in sorted(root.rglob("*.*"))
    ]
    return options, [(root, name) for root, name in found if (root / name).is_file()]


def content(data: bytes) -> bytes | None:
    """What a gzip file holds; None if it is none, or if something but zeros follows its members."""
    found, left = b"", data
    while left.strip(b"\0") if left[:1] == b"\0" else left:
        member = zlib.decompressobj(wbits=31)
        try:
            found += member.decompress(left)
        except zlib.error:
            return None
        left = member.unused_data if member.eof else b""
    return found if data and member.eof else None


@examples(60)
@given(st.data(), st.sampled_from(["turn a bit", "cut it off", "add to it", "remove it"]))
def test_no_damage_is_valid(data: st.DataObject, deed: str) -> None:
    options, files = places()
    root, name = data.draw(st.sampled_from(files), "file")
    path, was = root / name, (root / name).read_bytes()
    at = data.draw(st.integers(0, len(was) - 1), "byte")
    changed = bytearray(was)
    changed[at] ^= 1 << data.draw(st.integers(0, 7), "bit")
    left = {"turn a bit": bytes(changed), "cut it off": was[:at], "add to it": was + was[at:]}.get(deed)
    try:
        path.unlink()
        if left is not None:
            path.write_bytes(left)
        answer = ask(root, *options)
        # The same lines packed otherwise are as good.
        is_same = name.endswith(".gz") and content(left or b"") == content(was)
        # So is a checkpoint whose signature stands there twice.
        is_same |= deed == "add to it" and root.name == "archive" and was[at:].startswith("— ".encode())
        assert (answer.status == 0) == is_same, answer.said
    finally:
        path.write_bytes(was)


def test_without_damage_both_are_valid() -> None:
    options, files = places()
    for root in {root for root, _ in files}:
        assert ask(root, *options).status == 0


def teardown_module() -> None:
    """Leave nothing behind."""
    for root in {root for root, _ in places()[1]}:
        shutil.rmtree(root.parent, ignore_errors=True)
