"""Notes that others signed too, and malformed ones: both judge each alike (c2sp.org/signed-note)."""

from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from audit_archive.adapters.folder_source import FolderSource
from audit_archive.format.layout import checkpoint_key
from audit_archive.format.verdicts import Depth
from tests.support.attacker import Victim
from tests.support.fakes import FakeSigner
from tests.support.verify_program import Both, ask, copied
from tests.support.world import CONSOLE, World

KEY = checkpoint_key(CONSOLE, 2)
GOOD, ALTERED, UNSIGNED = set[tuple[str, str]](), {("altered", KEY)}, {("unsigned", KEY)}
WITNESS = "— witness.example/w1 " + b64encode(bytes(76)).decode() + "\n"


def lines(note: str) -> tuple[str, str, str]:
    """A note's text with the empty line, its one signature line, and the base64 in that."""
    text, _, line = note.partition("\n\n")
    return f"{text}\n\n", line, line.split(" ")[2].rstrip()


def flipped(blob: str) -> str:
    """The base64 of a signature of which one bit is another."""
    raw = bytearray(b64decode(blob))
    raw[-1] ^= 1
    return b64encode(raw).decode()


def respelled(blob: str) -> str:
    """Other base64 for the same bytes: the unused bits of its last character are not zero."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    end = blob.rstrip("=")
    assert end != blob
    return end[:-1] + alphabet[alphabet.index(end[-1]) ^ 1] + "=" * (len(blob) - len(end))


def note_with(note: str, what: str) -> str:
    """A note with something done to it."""
    text, line, blob = lines(note)
    name = line.split(" ")[1]
    key_id = b64encode(b64decode(blob)[:4]).decode()
    return {
        "a witness after it": text + line + WITNESS,
        "a witness before it": text + WITNESS + line,
        "fifteen witnesses": text + line + WITNESS * 15,
        "a witness of the same name": text + line + f"— {name} {b64encode(bytes(76)).decode()}\n",
        "a witness of the same key id": text + line + f"— other.example {blob}\n",
        "the same signature twice": text + line + line,
        "a false signature by the same key after it": text + line + f"— {name} {flipped(blob)}\n",
        "a false signature by the same key before it": text + f"— {name} {flipped(blob)}\n" + line,
        "only a witness": text + WITNESS,
        "only the key under another name": text + f"— other.example {blob}\n",
        "a line that is no signature": text + line + "hello\n",
        "a line without a name": text + line + f"—  {blob}\n",
        "a name with a plus": text + line + WITNESS.replace("/w1", "+w1"),
        "a line with a word more": text + line + WITNESS.replace("\n", " more\n"),
        "a hyphen for the dash": text + line + WITNESS.replace("—", "-"),
        "a witness without a signature": text + line + f"— witness.example {b64encode(bytes(4)).decode()}\n",
        "a witness in no base64": text + line + "— witness.example ????????\n",
        "a witness in other base64": text + line + "— witness.example AAAAAAB=\n",
        "other base64 for the signature": text + f"— {name} {respelled(blob)}\n",
        "only a key id": text + f"— {name} {key_id}\n",
        "no line feed at the end": text + line.rstrip("\n"),
        "an empty line at the end": text + line + "\n",
        "no signature": text,
        "no empty line": text.replace("\n\n", "\n") + line,
        "two empty lines": text + "\n" + line,
        "a tab": text + line + WITNESS.replace("/w1", "/w\t1"),
        "a control character": text + line + WITNESS.replace("/w1", "/\x01w1"),
        "a carriage return": (text + line).replace("\n", "\r\n"),
        "another text": text.replace("statement ", "statement  ") + line,
        "more than a note may have": text + line + WITNESS * 1200,
        "nothing": "",
    }[what]  # fmt: skip


VERDICTS = {
    **dict.fromkeys(["a witness after it", "a witness before it", "fifteen witnesses"], GOOD),
    **dict.fromkeys(["a witness of the same name", "a witness of the same key id"], GOOD),
    "the same signature twice": GOOD,
    **dict.fromkeys(
        ["a false signature by the same key after it", "only the key under another name"], ALTERED
    ),
    "a false signature by the same key before it": ALTERED,
    "only a witness": UNSIGNED,
    **dict.fromkeys(["a line that is no signature", "a line without a name", "a name with a plus"], ALTERED),
    **dict.fromkeys(["a line with a word more", "a hyphen for the dash", "only a key id"], ALTERED),
    **dict.fromkeys(["a witness without a signature", "a witness in no base64"], ALTERED),
    **dict.fromkeys(["a witness in other base64", "other base64 for the signature"], ALTERED),
    **dict.fromkeys(["no line feed at the end", "an empty line at the end", "no signature"], ALTERED),
    **dict.fromkeys(["no empty line", "two empty lines", "a tab", "a carriage return"], ALTERED),
    "a control character": ALTERED,
    **dict.fromkeys(["another text", "more than a note may have", "nothing"], ALTERED),
}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """A short archive, whose second checkpoint has a signature with unused bits in its base64."""
    world, signer = World(), FakeSigner()
    world.retention_days, world.mode, world.signer = 2555, "off", signer
    for _ in range(2):
        world.aged()
        world.run()
        world.later()
    victim = Both(tmp_path_factory.mktemp("aside"), world)
    while "=" not in victim.store.data(KEY).decode().rpartition("\n\n")[2]:
        victim.sign(2, signer)
    return victim


@pytest.fixture(scope="module")
def copy(both: Both, tmp_path_factory: pytest.TempPathFactory) -> FolderSource:
    return both.copied(tmp_path_factory.mktemp("copy"))


@pytest.mark.parametrize("what", VERDICTS)
def test_both_judge_a_note_alike(what: str, both: Both, copy: FolderSource) -> None:
    assert both.folder is not None
    (both.folder / KEY).write_bytes(note_with(both.store.data(KEY).decode(), what).encode())
    found = both.audit(Depth.CONTENT, source=copy, has_ledger=False, trusted=both.keys)
    assert {(fault.verdict, fault.key) for fault in found.faults} == VERDICTS[what]


def test_only_what_is_unsigned_right_before_a_new_key_is_forgiven(tmp_path: Path) -> None:
    """A run died before it signed, and then the key was replaced. Further back it is a fault."""
    world, old = World(), FakeSigner()
    world.retention_days, world.mode, world.signer = 2555, "off", old
    for _ in range(3):
        world.aged()
        world.run()
        world.later()
    last = world.head.seq
    world.signer = FakeSigner()
    world.aged()
    world.run()
    victim = Victim(world)
    victim.lose(checkpoint_key(CONSOLE, last))
    assert ask(copied(world.store, tmp_path / "forgiven")).status == 0
    victim.lose(checkpoint_key(CONSOLE, last - 2))
    assert ask(copied(world.store, tmp_path / "other")).blamed == {
        ("unsigned", checkpoint_key(CONSOLE, last - 2))
    }
