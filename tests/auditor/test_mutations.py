"""Hundreds of mutated archives, the same each time: the auditor's copy and the audit judge each alike.

Whoever mutates holds no key: the archive is unsigned. What is mutated is chained anew where that helps.
"""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from audit_archive.adapters.folder_source import FolderSource
from audit_archive.evidence.handout import verify
from audit_archive.format.facts import ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.head_digest import head_sha256
from audit_archive.format.layout import statement_key
from audit_archive.format.statement import Common, parse_statement
from audit_archive.format.verdicts import Depth
from tests.support import folders
from tests.support.attacker import Victim, twin_world
from tests.support.examples import share
from tests.support.verify_program import ask
from tests.support.world import CONSOLE

SEEDS, AT_ONCE = 12, 30
VALUES: tuple[Any, ...] = (
    0,
    1,
    -1,
    10**18,
    1 << 64,
    1.5,
    True,
    None,
    "",
    "x",
    [],
    {},
    "2026-11-24T00:00:00Z",
)
Chain = dict[str, bytes]


def statements_of(files: Chain) -> list[str]:
    """The keys of the statements, in order."""
    return sorted(key for key in files if key.startswith("statements/"))


def a_byte(files: Chain, dice: random.Random) -> None:
    """One byte of any object is another, is gone, or has one more beside it."""
    key = dice.choice(sorted(files))
    data, at = files[key], dice.randrange(len(files[key]))
    new = dice.choice([b"", bytes([dice.randrange(256)]), data[at : at + 1] + bytes([dice.randrange(256)])])
    files[key] = data[:at] + new + data[at + 1 :]


def a_byte_of_the_newest(files: Chain, dice: random.Random) -> None:
    """The same of the newest statement, whose hash nobody names."""
    newest = {statements_of(files)[-1]: files[statements_of(files)[-1]]}
    a_byte(newest, dice)
    files.update(newest)


def places_in(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value that holds another: the container, and the name or number in it."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [each for name, inner in inside for each in [(value, name), *places_in(inner)]]


def changed(said: Any, dice: random.Random) -> None:
    """A field of a statement has another value, is gone, or is there twice."""
    place, name = dice.choice(places_in(said))
    value = place[name]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    deed = dice.randrange(5)
    if deed == 0:
        del place[name]
    elif deed == 1 and isinstance(place, list):
        place.insert(name, value)
    elif deed == 1:
        place[f"{name}_"] = value
    elif deed == 2 and is_number:
        place[name] = value + dice.choice([1, -1])
    elif deed == 3 and isinstance(value, list):
        dice.shuffle(value)
    else:
        place[name] = dice.choice(VALUES)


def a_field(files: Chain, dice: random.Random) -> None:
    """A statement says something else, and all after it are chained anew."""
    keys = statements_of(files)
    at, digest = dice.randrange(len(keys)), ""
    said = json.loads(files[keys[at]])
    changed(said, dice)
    files[keys[at]] = spelled(said)
    state_heads(files, at)
    for number, key in enumerate(keys[at:]):
        said = json.loads(files[key])
        if number and isinstance(said["previous"], dict):
            said["previous"]["sha256"] = digest
        files[key] = spelled(said)
        digest = sha256(files[key]).hexdigest()


def state_heads(files: Chain, first: int) -> None:
    """From a statement on the digests of the heads are right again, as far as there are heads.

    The auditor's copy does not fold heads: only what else is wrong shows whether both judge alike.
    """
    head = Head(CONSOLE)
    with suppress(ValueError, LookupError, TypeError):
        for at, key in enumerate(statements_of(files)):
            said = parse_statement(files[key])
            head = head.after(said, ObjectRef("", "", ""))
            stated, due = (f'"head_sha256":"{digest}"' for digest in (said.head_sha256, head_sha256(head)))
            if at >= first:
                files[key] = files[key].replace(stated.encode(), due.encode())


def a_spelling(files: Chain, dice: random.Random) -> None:
    """The newest statement says the same in another spelling."""
    key = statements_of(files)[-1]
    said = json.loads(files[key])
    text = files[key].decode()
    files[key] = dice.choice(
        [
            json.dumps(said, sort_keys=True).encode(),
            json.dumps(said, separators=(",", ":")).encode() + b" ",
            text.replace('"', '"\\u0061', 1).replace("\\u0061a", "\\u0061").encode(),
            text.replace("{", '{"a":1,"a":1,', 1).encode(),
            text.replace(":0", ":-0").encode() if ":0" in text else f" {text}".encode(),
            f"\ufeff{text}".encode(),
            f"{text}\n".encode(),
        ]
    )


def an_object(files: Chain, dice: random.Random) -> None:
    """An object is gone, is another's, or is there twice in itself."""
    key, other = dice.sample(sorted(files), 2)
    deed = dice.randrange(3)
    if deed == 0:
        del files[key]
    else:
        files[key] = files[other] if deed == 1 else files[key] * 2


def spelled(said: Any) -> bytes:
    """Canonical JSON, also of what it can't carry."""
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


DEEDS: tuple[Callable[[Chain, random.Random], None], ...] = (
    a_byte, a_byte_of_the_newest, a_field, a_field, a_field, a_spelling, an_object,
)  # fmt: skip


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(share(SEEDS)))
def test_both_refuse_or_both_accept(seed: int, tmp_path: Path) -> None:
    made = Victim(twin_world(is_signed=False))
    whole = {key: made.store.data(key) for key in made.store.keys("")}
    dice, refused = random.Random(seed), 0  # noqa: S311 - no secret
    folder, before = tmp_path, Chain()
    for _ in range(AT_ONCE):
        files, deed = dict(whole), dice.choice(DEEDS)
        deed(files, dice)
        state_heads(files, len(statements_of(files)) - 1)
        for key in {*whole, *before} - files.keys():
            (folder / key).unlink(missing_ok=True)
        folders.put({key: data for key, data in files.items() if before.get(key) != data}, folder)
        before = files
        found = made.audit(Depth.CONTENT, source=FolderSource(folder), has_ledger=False)
        answer = ask(folder, "--console", CONSOLE)
        different = {key: data for key, data in files.items() if whole[key] != data}
        assert (answer.status == 0) == found.is_valid, (deed.__name__, different, found.faults, answer.said)
        refused += answer.status
    assert refused > AT_ONCE // 2


def test_what_no_rule_is_about_is_accepted_by_both(tmp_path: Path) -> None:
    """Else the campaign would show nothing: whoever refuses everything agrees with himself."""
    made = Victim(twin_world(is_signed=False))
    key = statement_key(CONSOLE, made.head.seq)
    said = json.loads(made.store.data(key))
    made.replace(key, spelled({**said, "run": {**said["run"], "reason": "another"}}))
    assert made.audit(Depth.CONTENT, source=made.copied(tmp_path), has_ledger=False).is_valid
    assert ask(tmp_path).status == 0


def test_the_newest_statement_must_be_canonical(tmp_path: Path) -> None:
    """No hash is over it: its form is all that tells."""
    made = Victim(twin_world(is_signed=False))
    key = statement_key(CONSOLE, made.head.seq)
    made.replace(key, made.store.data(key).replace(b":", b": ", 1))
    source = made.copied(tmp_path)
    assert not made.audit(Depth.CONTENT, source=source, has_ledger=False).is_valid
    assert ask(tmp_path).blamed == {("altered", key)}


def said_by(victim: Victim, seq: int) -> Any:
    """What a statement says, as JSON."""
    return json.loads(victim.store.data(statement_key(CONSOLE, seq)))


COMMON = {field.name for field in fields(Common)}


def an_epoch_that_purged(said: Any) -> None:
    common = {name: said[name] for name in COMMON}
    said.clear()
    said |= {**common, "kind": "operator", "action": "epoch", "who": "ada", "reason": ""}
    said |= {"public_key": None, "accepted": None, "lost": None}
    said |= {"epoch": common["epoch"] + 1, "highest_archived_id": 0, "highest_purged_id": 5}


def a_slice_beyond_its_export(said: Any) -> None:
    first, last = said["export"]["first_id"] + 1, said["export"]["last_id"]
    old = f"/{said['export']['first_id']:019}-"
    said["export"]["key"] = said["export"]["key"].replace(old, f"/{last:019}-")
    said["export"]["first_id"] = last
    assert first < last


def a_short_frontier(said: Any) -> None:
    said["tree"]["frontier"] = said["tree"]["frontier"][1:]


def a_negative_tree(said: Any) -> None:
    said["tree"] |= {"size": -1, "frontier": []}


def no_beginning(said: Any) -> None:
    said["run"]["started_at"] = ""


def a_deep_receipt(said: Any) -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    said["receipt"] = {"id": 1, "field": deep}


ODD = {
    "an epoch that purged": (7, an_epoch_that_purged),
    "a slice beyond its export": (6, a_slice_beyond_its_export),
    "a short frontier": (1, a_short_frontier),
    "a negative tree": (7, a_negative_tree),
    "no beginning": (7, no_beginning),
    "a deep receipt": (7, a_deep_receipt),
    "a field more": (7, lambda said: said.update(more=1)),
    "a field less": (7, lambda said: said.pop("outcome")),
    "a text for a number": (7, lambda said: said.update(boundary="8")),
    "true for a number": (7, lambda said: said.update(boundary=True)),
    "a number beyond 64 bits": (7, lambda said: said.update(boundary=1 << 64)),
}


@pytest.mark.parametrize("what", ODD)
def test_an_odd_statement_is_refused_by_both(what: str, tmp_path: Path) -> None:
    """What the campaign meets rarely."""
    made = Victim(twin_world(is_signed=False))
    seq, odd = ODD[what]
    said = said_by(made, seq)
    odd(said)
    key = statement_key(CONSOLE, seq)
    files = {name: made.store.data(name) for name in made.store.keys("")} | {key: spelled(said)}
    state_heads(files, seq - 1)
    made.replace(key, files[key])
    for number in range(seq + 1, made.head.seq + 1):
        name, digest = statement_key(CONSOLE, number), sha256(files[statement_key(CONSOLE, number - 1)])
        after = json.loads(files[name])
        after["previous"]["sha256"] = digest.hexdigest()
        files[name] = spelled(after)
        made.replace(name, files[name])
    source = made.copied(tmp_path)
    assert not made.audit(Depth.CHAIN, source=source, has_ledger=False).is_valid
    assert key in {named for _, named in ask(tmp_path).blamed}


def test_filled_ids_ascend() -> None:
    """A statement that fills two holes and tells them in the wrong order, which changes no count."""
    before = {**verify.START, "holes": [1, 6], "highest_archived_id": 9}
    said = {**verify.ABSENT, **said_by(Victim(twin_world(is_signed=False)), 1), "seq": 1, "action": None}
    said |= {"tree": verify.EMPTY, "missing": [], "highest_archived_id": 9, "highest_purged_id": 0}
    said |= {"kind": "operator", "slice": {"first_id": 2, "last_id": 4, "count": 2}}
    leaves = [b"a" * 32, b"b" * 32]
    said["tree"] = verify.grown(verify.EMPTY, leaves)
    for filled, is_sane in (([2, 4], True), ([4, 2], False), ([2, 2], False)):
        due = verify.expected_after(before, {**said, "filled": filled}, CONSOLE)
        assert (due["missing"] == []) == is_sane
