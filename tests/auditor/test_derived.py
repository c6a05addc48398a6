"""What follows from the lines of a bundle: control totals, and the sample that a seed draws."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit_archive.evidence.handout import verify
from tests.support.attacker import Victim
from tests.support.bundles import Files, made_with, tools_of
from tests.support.examples import breadth
from tests.support.tampering import sealed, unpacked
from tests.support.verify_program import Answer, ask, written

Manifest = dict[str, Any]
ROWS = "entries.csv"


@pytest.fixture(scope="module")
def victim() -> Victim:
    return Victim()


@pytest.fixture(scope="module")
def true(victim: Victim) -> Files:
    return made_with(tools_of(victim.world), sample=5, seed=4711)


def judged(files: Files, folder: Path, victim: Victim) -> Answer:
    """What an auditor is told of files whose hashes were mended."""
    return ask(unpacked(sealed(files), folder / "bundle"), *written(folder, victim.keys))


def with_manifest(files: Files, change: Callable[[Manifest], object]) -> Files:
    told = json.loads(files["manifest.json"])
    change(told)
    return files | {"manifest.json": json.dumps(told).encode()}


def test_what_is_true_passes(true: Files, victim: Victim, tmp_path: Path) -> None:
    answer = judged(true, tmp_path, victim)
    assert (answer.status, answer.failed) == (0, set())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("entries", 15), ("entries", "16"), ("lowest_id", 2), ("highest_id", None), ("sum_of_ids", 0)),
        *(("size", -1), ("sha256", "00" * 32), ("lowest_id", True)),
    ],
)
def test_a_wrong_total_is_found(
    name: str, value: object, true: Files, victim: Victim, tmp_path: Path
) -> None:
    answer = judged(with_manifest(true, lambda told: told["totals"].update({name: value})), tmp_path, victim)
    assert (answer.blamed, answer.failed) == ({("misdescribed", "manifest.json")}, {15})


@pytest.mark.parametrize("totals", breadth([{}, [], 7, "totals"], {}, 7))
def test_totals_that_are_none_are_not_taken_for_right(
    totals: object, true: Files, victim: Victim, tmp_path: Path
) -> None:
    answer = judged(with_manifest(true, lambda told: told.update(totals=totals)), tmp_path, victim)
    assert answer.failed == {15}


def another_seed(told: Manifest) -> None:
    told["sample"]["seed"] = 4712


def fewer_wanted(told: Manifest) -> None:
    told["sample"]["wanted"] = 4


def another_entry(told: Manifest) -> None:
    ids = {each["id"] for each in told["sample"]["drawn"]}
    told["sample"]["drawn"][2]["id"] = min(set(range(1, 20)) - ids)


def another_order(told: Manifest) -> None:
    told["sample"]["drawn"].reverse()


def one_less(told: Manifest) -> None:
    del told["sample"]["drawn"][-1]


def another_hash(told: Manifest) -> None:
    told["sample"]["drawn"][0]["sha256"] = "00" * 32


def no_numbers(told: Manifest) -> None:
    told["sample"]["seed"] = "4711"


def more_than_any(told: Manifest) -> None:
    told["sample"]["wanted"] = 10**9


def not_one(told: Manifest) -> None:
    told["sample"] = [1]


def none_at_all(told: Manifest) -> None:
    told["sample"] = None


@pytest.mark.parametrize(
    "alter",
    [
        *(another_seed, fewer_wanted, another_entry, another_order, one_less, another_hash),
        *(no_numbers, more_than_any, not_one, none_at_all),
    ],
    ids=lambda alter: alter.__name__,
)
def test_a_sample_that_its_seed_does_not_draw_is_found(
    alter: Callable[[Manifest], None], true: Files, victim: Victim, tmp_path: Path
) -> None:
    """The rows are marked as the manifest says, so that the marks alone do not give it away."""
    answer = judged(remarked(with_manifest(true, alter)), tmp_path, victim)
    assert answer.status == 1
    assert answer.failed <= {13, 15}


def remarked(files: Files) -> Files:
    """The rows with the marks that the manifest states, if it states any."""
    sample = json.loads(files["manifest.json"])["sample"]
    drawn = sample["drawn"] if isinstance(sample, dict) else []
    places = {f'"{each["epoch"]}","{each["id"]}",'.encode(): at for at, each in enumerate(drawn, 1)}
    header, *rows = files[ROWS].split(b"\r\n")
    marked = [header]
    for row in rows:
        place = next((at for begin, at in places.items() if row.startswith(begin)), "")
        marked.append(row[: row.rindex(b',"')] + f',"{place}"'.encode() if row else row)
    return files | {ROWS: b"\r\n".join(marked)}


def test_a_mark_that_was_moved_is_found(true: Files, victim: Victim, tmp_path: Path) -> None:
    rows = true[ROWS].replace(b',"1"\r\n', b',""\r\n', 1)
    assert rows != true[ROWS]
    assert judged(true | {ROWS: rows}, tmp_path, victim).blamed == {("misdescribed", ROWS)}


def test_a_bundle_from_before_there_were_totals_is_judged_without(
    true: Files, victim: Victim, tmp_path: Path
) -> None:
    plain = made_with(tools_of(victim.world))
    files = with_manifest(plain, lambda told: [told.pop(name) for name in ("totals", "sample")])
    answer = judged(files, tmp_path, victim)
    (check,) = (each for each in answer.said["consoles"][0]["checks"] if each["number"] == 15)
    assert (answer.status, check["result"]) == (0, "not run")
    assert check["not_checked"] == {"manifest.json states no totals": 0}


def test_of_lines_without_a_proof_the_sample_is_judged_by_the_rows(victim: Victim, tmp_path: Path) -> None:
    files = made_with(tools_of(victim.world, max_proofs=3), sample=5, seed=1)
    place, keys = unpacked(files, tmp_path / "bundle"), written(tmp_path, victim.keys)
    assert ask(place, *keys, "--without-proofs").status == 0
    altered = unpacked(sealed(remarked(with_manifest(files, another_order))), tmp_path / "altered")
    assert 15 in ask(altered, *keys, "--without-proofs").failed


HOSTILE = "\x1b[2K\rVALID\u202e\n<script>alert(1)</script>" + "W" * 5000


def hostile(told: Manifest) -> None:
    told["question"]["organisation"] = told["asked"]["who"] = told["asked"]["reason"] = HOSTILE
    told["totals"] |= {HOSTILE: HOSTILE, "sha256": HOSTILE}
    told["sample"] |= {"seed_from": HOSTILE, "drawn": [{"epoch": HOSTILE, "id": HOSTILE, "sha256": HOSTILE}]}


def test_what_the_manifest_says_of_people_gets_into_no_terminal(
    true: Files, victim: Victim, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = unpacked(sealed(with_manifest(true, hostile)), tmp_path / "bundle")
    assert verify.main([str(place), *written(tmp_path, victim.keys)]) == 1
    told = capsys.readouterr()
    assert all(line.isprintable() and "script" not in line for line in told.out.splitlines())
    assert told.err == ""
