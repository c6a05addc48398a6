"""The first look at a whole bundle, in a real browser: a true bundle, and one tampered with in every file."""

import json
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from audit_archive.format.bundle_note import bundle_note, bundle_text
from audit_archive.format.facts import Action
from audit_archive.format.keys import PublicKey
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from tests.browser.conftest import Open
from tests.support.asking import reader_of
from tests.support.attacker import Victim, archived_world, naming
from tests.support.bundles import Files, made_with, make, tools_of
from tests.support.fakes import FakeSigner
from tests.support.tampering import bundle_of, sealed, unpacked, zipped
from tests.support.world import CONSOLE, DAY, World

WITHOUT_SUBTLE = "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });"
LITTER = ("thumbs.db", "Desktop.ini", "statements/a.json.6eF91bCA", "proofs/__MACOSX/._a", "proofs/.DS_Store")
FIRST, SUMS, NOTE, LINES = "proofs/1-3.tlog-proof", "SHA256SUMS", "SHA256SUMS.note", "entries.ndjson"


@dataclass(frozen=True)
class Told:
    """What the page tells of a bundle."""

    verdict: str
    faults: list[str]
    unchecked: list[str]
    checked: list[str]


@pytest.fixture(scope="module")
def victim() -> Victim:
    return Victim()


@pytest.fixture(scope="module")
def maker() -> FakeSigner:
    return FakeSigner()


@pytest.fixture(scope="module")
def true(victim: Victim, maker: FakeSigner) -> Files:
    return bundle_of(victim, signer=maker)


@dataclass(frozen=True)
class Known:
    """The keys that a reader enters, as `canary-audit keys` tells them."""

    archive: str = ""
    bundle: str = ""


def fingerprint(key: PublicKey) -> str:
    return sha256(key.spki).hexdigest()


def both(victim: Victim, maker: FakeSigner) -> Known:
    """The two keys, got from elsewhere."""
    (key,) = victim.keys
    return Known(fingerprint(key), fingerprint(maker.public_key()))


NO_KEYS = Known()


def look(page: Page, place: Path, keys: Known = NO_KEYS) -> Told:
    """Give the page a bundle, and read what it tells."""
    page.locator("#known-keys").fill(keys.archive)
    page.locator("#known-makers").fill(keys.bundle)
    page.evaluate("document.getElementById('bundle-verdict').textContent = ''")
    chooser = page.locator("#bundle-zip" if place.is_file() else "#bundle-folder")
    chooser.evaluate("(input) => { input.value = ''; }")  # a click does so: the same file again is a change
    chooser.set_input_files(place)
    verdict = page.locator("#bundle-verdict")
    expect(verdict).to_have_text(re.compile("^[✓✕!]"), timeout=20_000)
    lists = (page.locator(f"#bundle-{name} li").all_inner_texts() for name in ("faults", "unchecked", "told"))
    return Told(verdict.inner_text(), *lists)


def test_a_true_bundle_with_both_keys_is_ok(
    opened: Open, true: Files, victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    page = opened(true["report.html"])
    keys = both(victim, maker)
    for place in (zipped(true, tmp_path / "a.zip"), unpacked(true, tmp_path / "b")):
        told = look(page.page, place, keys)
        assert told.verdict == "✓ OK: 16 of 16 lines proven, all signed by the keys that you entered."
        assert (told.faults, told.unchecked) == ([], [])
        assert "✓ 8 statements in one chain of hashes, 8 signed checkpoints" in told.checked
    page.assert_quiet()


def test_a_bundle_as_the_product_packs_it(opened: Open, victim: Victim, tmp_path: Path) -> None:
    data, path = make(reader_of(victim.world, ledger=False))[1], tmp_path / "evidence.ZIP"
    path.write_bytes(data)
    told = look(opened(bundle_of(victim)["report.html"]).page, path)
    assert told.faults == []
    assert told.verdict.startswith("! Consistent, as far as it was checked: 16 of 16 lines proven.")
    assert told.unchecked == [
        "! Not checked: SHA256SUMS is not signed: nothing vouches for report and manifest.",
        "! Not checked: whose archive key this is: you entered none that you got from elsewhere.",
    ]


def test_a_bundle_can_be_dropped_on_the_page(opened: Open, true: Files, tmp_path: Path) -> None:
    page, data = opened(true["report.html"]).page, zipped(true, tmp_path / "a.zip").read_bytes()
    page.locator("#bundle-check").evaluate(
        """(place, base64) => {
          const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([bytes], "a.zip"));
          place.dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true, bubbles: true }));
        }""",
        b64encode(data).decode(),
    )
    expect(page.locator("#bundle-verdict")).to_have_text(re.compile("^! Consistent"), timeout=20_000)


def test_a_bundle_zipped_again_by_a_file_manager(opened: Open, true: Files, tmp_path: Path) -> None:
    again = {f"my evidence/{name}": data for name, data in true.items()}
    again |= {"my evidence/.DS_Store": b"x", "__MACOSX/my evidence/._report.html": b"x"}
    again |= {f"my evidence/{name}": b"x" for name in LITTER}  # what verify.py passes over
    told = look(opened(true["report.html"]).page, zipped(again, tmp_path / "a.zip"))
    assert told.faults == []


# ---------------------------------------------------------------------------------------- tampered with


def changed(name: str) -> Callable[[Files], Files]:
    """One byte of a file, its hash not mended."""

    def lie(files: Files) -> Files:
        return files | {name: files[name][:-2] + bytes([files[name][-2] ^ 1]) + files[name][-1:]}

    return lie


def without(name: str) -> Callable[[Files], Files]:
    return lambda files: {each: data for each, data in files.items() if each != name}


def mended(name: str, old: bytes, new: bytes) -> Callable[[Files], Files]:
    """A change of a file, with all hashes mended."""

    def lie(files: Files) -> Files:
        assert old in files[name]
        return sealed(files | {name: files[name].replace(old, new, 1)})

    return lie


def replaced(name: str, data: bytes) -> Callable[[Files], Files]:
    """A file with other content, and all hashes mended."""
    return lambda files: sealed(files | {name: data})


def swapped(files: Files) -> Files:
    return sealed(files | {FIRST: files["proofs/1-4.tlog-proof"], "proofs/1-4.tlog-proof": files[FIRST]})


def another_key(files: Files) -> Files:
    return sealed(files | {"public-key.pem": FakeSigner().public_key().pem().encode()})


def another_maker(files: Files) -> Files:
    mallory = FakeSigner()
    files = sealed(files | {"bundle-key.pem": mallory.public_key().pem().encode()})
    digest = sha256(files[SUMS]).hexdigest()
    note = bundle_note(CONSOLE, digest, mallory.public_key(), mallory.sign(bundle_text(CONSOLE, digest)))
    return files | {NOTE: note}


KINDS = ("report.html", LINES, "entries.csv", "manifest.json", "verify.py", "public-key.pem", FIRST)
STATEMENT, CHECKPOINT = statement_key(CONSOLE, 4), checkpoint_key(CONSOLE, 4)
LIES: dict[str, tuple[Callable[[Files], Files], str]] = {
    **{f"{name} damaged": (changed(name), f"{name}: altered") for name in KINDS},
    **{f"{name} gone": (without(name), f"{name}: this file is missing") for name in KINDS},
    "statement damaged": (changed(STATEMENT), f"{STATEMENT}: altered"),
    "checkpoint damaged": (changed(CHECKPOINT), f"{CHECKPOINT}: "),
    "note damaged": (changed(NOTE), f"{NOTE}: "),
    "list gone": (without(SUMS), ""),
    "a name that turns": (
        lambda files: files | {"a\u202eb.txt": b""},
        "a\\u{202e}b.txt: this file is not in SHA256SUMS",
    ),
    "a file more": (lambda files: files | {"more.txt": b""}, "more.txt: this file is not in SHA256SUMS"),
    "line": (mended(LINES, b"admin@", b"mallory@"), f"{FIRST}: altered: it does not prove the line"),
    "line more": (mended(LINES, b'{"', b'{"id":99}\n{"'), f"{LINES}: there is no valid proof for 1 of 17"),
    "report": (mended("report.html", b"Answer", b"Anser"), f"{NOTE}: altered: SHA256SUMS is not the list"),
    "statement": (mended(STATEMENT, b"arn:test", b"arn:tess"), f"{CHECKPOINT}: misdescribed"),
    "statement gone": (
        lambda files: sealed(without(STATEMENT)(files)),
        f"{statement_key(CONSOLE, 5)}: a statement before it is missing",
    ),
    "checkpoint gone": (lambda files: sealed(without(CHECKPOINT)(files)), f"{CHECKPOINT}: unsigned"),
    "newest checkpoint gone": (
        lambda files: sealed(without(checkpoint_key(CONSOLE, 8))(files)),
        f"{checkpoint_key(CONSOLE, 8)}: unsigned",
    ),
    "checkpoint": (
        mended(CHECKPOINT, b"statement ", b"statement 0"),
        f"{CHECKPOINT}: altered: it has no valid signature",
    ),
    "proofs swapped": (swapped, f"{FIRST}: altered"),
    "place in the tree": (mended(FIRST, b"\nindex 0\n", b"\nindex 6\n"), f"{FIRST}: "),
    "key": (another_key, "public-key.pem: it is not the key that the chain names"),
    "list without its last line feed": (
        lambda files: files | {SUMS: files[SUMS] + b"x"},
        f"{SUMS}: its last line has no line feed",
    ),
    "checkpoint beyond the end": (
        lambda files: sealed(files | {checkpoint_key(CONSOLE, 9): files[CHECKPOINT]}),
        f"{checkpoint_key(CONSOLE, 9)}: a statement at the end is missing",
    ),
    **{
        f"manifest {at}": (replaced("manifest.json", manifest), "manifest.json: ")
        for at, manifest in enumerate((b"5", b"null", b"{", b'{"coverage":5}'))
    },
    "manifest": (
        mended("manifest.json", b'"matched": 16', b'"matched": 15'),
        "manifest.json: it does not say",
    ),
}


def test_every_tampering_is_told_of_its_file(opened: Open, true: Files, tmp_path: Path) -> None:
    page = opened(true["report.html"])
    missed = {}
    for at, (name, (lie, expected)) in enumerate(LIES.items()):
        told = look(page.page, zipped(lie(dict(true)), tmp_path / f"{at}.zip"))
        found = any(fault.startswith(f"✕ {expected}") for fault in told.faults)
        if name == "list gone":
            found = told.verdict == "✕ NOT checked: there is no SHA256SUMS: this is not a bundle of evidence."
        if not found or not told.verdict.startswith("✕ NOT c"):
            missed[name] = told
    assert missed == {}
    page.assert_quiet()


def restated(part: str, **changes: object) -> Callable[[Files], Files]:
    """Other values in a part of the manifest, with all hashes mended."""

    def lie(files: Files) -> Files:
        told = json.loads(files["manifest.json"])
        told[part] = {**told[part], **changes}
        return sealed(files | {"manifest.json": json.dumps(told).encode()})

    return lie


def redrawn(change: Callable[[list[dict[str, object]]], object]) -> Callable[[Files], Files]:
    """Another sample in the manifest."""

    def lie(files: Files) -> Files:
        drawn = json.loads(files["manifest.json"])["sample"]["drawn"]
        change(drawn)
        return restated("sample", drawn=drawn)(files)

    return lie


DERIVED: dict[str, tuple[Callable[[Files], Files], str]] = {
    **{
        name: (
            restated("totals", **{name: value}),
            f"misdescribed: its total {name} is not the one of {LINES}",
        )
        for name, value in {
            **{"entries": 15, "lowest_id": 2, "highest_id": None, "sum_of_ids": "136"},
            **{"size": -1, "sha256": "00" * 32},
        }.items()
    },
    **{
        name: (lie, "misdescribed: its sample is not the one that its seed draws")
        for name, lie in {
            "seed": restated("sample", seed=4712),
            "wanted": restated("sample", wanted=4),
            "order": redrawn(list.reverse),
            "one less": redrawn(list.pop),
            "another": redrawn(lambda drawn: drawn[0].update(id=99)),
            "hash": redrawn(lambda drawn: drawn[0].update(sha256="00" * 32)),
        }.items()
    },
}


def test_totals_and_a_sample_that_do_not_follow_from_the_lines_are_told(
    opened: Open, victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    files = made_with(tools_of(victim.world, signer=maker), sample=5, seed=4711)
    page = opened(files["report.html"])
    told = look(page.page, zipped(files, tmp_path / "true.zip"), both(victim, maker))
    assert told.faults == []
    assert f"✓ the control totals are those of {LINES}" in told.checked
    assert "✓ the sample of 5 is the one that the seed 4711 draws" in told.checked
    missed = {}
    for name, (lie, expected) in DERIVED.items():
        told = look(page.page, zipped(lie(files), tmp_path / f"{name}.zip"))
        if f"✕ manifest.json: {expected}" not in told.faults:
            missed[name] = told
    assert missed == {}
    page.assert_quiet()


def test_a_file_that_nothing_names_is_told(opened: Open, true: Files, tmp_path: Path) -> None:
    name = f"statements/console={CONSOLE}/read-me.html"
    files = sealed(without(NOTE)(true) | {name: b"all is well"})
    told = look(opened(true["report.html"]).page, zipped(files, tmp_path / "a.zip"))
    assert told.faults == []
    assert f"! Not checked: {name}: no other file of the bundle names it." in told.unchecked


def test_a_key_that_the_reader_did_not_enter_is_told(
    opened: Open, true: Files, victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    page, keys = opened(true["report.html"]).page, both(victim, maker)
    place = zipped(true, tmp_path / "a.zip")
    told = look(page, place, Known("0" * 64))
    assert told.faults == ["✕ public-key.pem: the archive key that you entered did not sign this"]
    (key,) = victim.keys
    told = look(page, place, Known(key.pem()))
    assert told.verdict.startswith("! Consistent")
    assert told.unchecked == [
        "! Not checked: whose bundle key this is: you entered none that you got from elsewhere."
    ]
    other = "✕ bundle-key.pem: the bundle key that you entered did not sign this"
    assert look(page, zipped(another_maker(true), tmp_path / "b.zip"), keys).faults == [other]
    assert look(page, zipped(without(NOTE)(true), tmp_path / "c.zip"), keys).faults == [other]
    assert look(page, place, Known("my key")).verdict.startswith("✕ NOT checked: “my” is neither")


def test_a_bundle_key_that_the_chain_names_need_not_be_entered(opened: Open, tmp_path: Path) -> None:
    victim, maker = Victim(archived_world()), FakeSigner()
    victim.world.bundle_signer = maker
    decision = OperatorRequest(CONSOLE, Action.BUNDLE_KEY, "ada", "from here on")
    state_decision(victim.world.bound(), decision)
    files = bundle_of(victim, signer=maker)
    (key,) = victim.keys
    page = opened(files["report.html"]).page
    told = look(page, zipped(files, tmp_path / "a.zip"), Known(fingerprint(key)))
    assert told.verdict == "✓ OK: 16 of 16 lines proven, all signed by the keys that you entered."
    assert any(each.endswith(", which the chain names") for each in told.checked)


def test_the_bundle_key_vouches_for_no_archive(
    opened: Open, victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    """Whoever may make bundles could sign a chain of their own with that key."""
    (key,) = victim.keys
    forger = Victim(archived_world())
    forger.rewrite(1, naming(maker), signer=maker)
    files = bundle_of(forger, signer=maker)
    told = look(opened(files["report.html"]).page, zipped(files, tmp_path / "a.zip"), both(victim, maker))
    assert told.faults == ["✕ public-key.pem: the archive key that you entered did not sign this"]
    assert fingerprint(key) not in told.checked


def test_without_webcrypto_the_page_says_that_it_checked_no_signature(
    opened: Open, true: Files, victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    page = opened(true["report.html"], script=WITHOUT_SUBTLE)
    told = look(page.page, zipped(true, tmp_path / "a.zip"), both(victim, maker))
    assert told.verdict.startswith("! Consistent")
    assert told.faults == []
    assert any("this browser checks no signatures" in each for each in told.unchecked)


def test_what_is_not_a_bundle_is_told(opened: Open, true: Files, tmp_path: Path) -> None:
    page, path = opened(true["report.html"]).page, tmp_path / "a.zip"
    for data in (b"", b"no zip", b"PK\x05\x06" + bytes(18)):
        path.write_bytes(data)
        assert look(page, path).verdict.startswith("✕ NOT checked: ")


def test_an_unsigned_archive_proves_nothing(opened: Open, tmp_path: Path) -> None:
    files = bundle_of(Victim(archived_world(is_signed=False)))
    told = look(opened(files["report.html"]).page, zipped(files, tmp_path / "a.zip"))
    assert told.verdict.startswith("! Consistent, as far as it was checked: 0 of 16 lines proven.")
    assert "! Not checked: this archive is not signed, so no line can be proven." in told.unchecked


def test_ids_above_what_a_browser_counts_exactly_are_proven_too(opened: Open, tmp_path: Path) -> None:
    """At 2^53 a browser's numbers lose the last digit: three of these ids would be one."""
    world, maker = World(), FakeSigner()
    world.signer = FakeSigner()
    for odd in (-1, 0, 1, 2):
        world.trail.put(2**53 + odd)
    world.later(DAY)
    world.run()
    victim = Victim(world)
    files = made_with(tools_of(world, signer=maker), sample=3, seed=4711)
    page = opened(files["report.html"]).page
    told = look(page, zipped(files, tmp_path / "a.zip"), both(victim, maker))
    assert told.verdict == "✓ OK: 4 of 4 lines proven, all signed by the keys that you entered."
    assert (told.faults, told.unchecked) == ([], [])
    lie = restated("totals", highest_id=2**53 + 1)
    told = look(page, zipped(lie(files), tmp_path / "b.zip"))
    assert f"✕ manifest.json: misdescribed: its total highest_id is not the one of {LINES}" in told.faults
