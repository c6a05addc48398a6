"""What a firm files beside the answer: control totals, whose login it was, locks, and the sample, marked."""

import csv
import json
from dataclasses import replace
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest

from audit_archive.adapters.folder_source import FolderSource
from audit_archive.adapters.machine import draw_seed
from audit_archive.adapters.workbook import XlsxWorkbook
from audit_archive.answer_ports import Caller
from audit_archive.errors import RequestError
from audit_archive.evidence.bundle import MANIFEST_FIELDS, NO_AWS
from audit_archive.format.times import rfc3339
from audit_archive.retrieve.request import MAX_SEED
from tests.support.asking import reader_of
from tests.support.attacker import Victim
from tests.support.bundles import Files, bundle, made_with, manifest_of, tools_of
from tests.support.sheets import read
from tests.support.stack import ROOT
from tests.support.tampering import unpacked
from tests.support.verify_program import ask, copied, written

CALLER = Caller("arn:aws:iam::111122223333:user/ada", "111122223333", "r-1", "2026-11-28T10:00:01Z", -1)


@pytest.fixture(scope="module")
def victim() -> Victim:
    return Victim()


def sample_in(files: Files) -> list[tuple[int, int]]:
    """Epoch and id of the rows that the spreadsheet marks, in the order of the marks."""
    rows = csv.DictReader(StringIO(files["entries.csv"].decode("utf-8-sig"), newline=""))
    marked = {int(row["sample"]): (int(row["epoch"]), int(row["id"])) for row in rows if row["sample"]}
    return [marked[place] for place in sorted(marked)]


def test_the_control_totals_are_those_of_the_lines(victim: Victim) -> None:
    files = bundle(victim.world)
    ids = [json.loads(line)["id"] for line in files["entries.ndjson"].splitlines()]
    assert manifest_of(files)["totals"] == {
        "entries": len(ids),
        "lowest_id": min(ids),
        "highest_id": max(ids),
        "sum_of_ids": sum(ids),
        "size": len(files["entries.ndjson"]),
        "sha256": sha256(files["entries.ndjson"]).hexdigest(),
    }


def test_a_question_without_an_answer_has_totals_and_an_empty_sample(victim: Victim, tmp_path: Path) -> None:
    files = bundle(victim.world, user="mallory@nowhere", sample=5, seed=1)
    told = manifest_of(files)
    assert (told["totals"]["entries"], told["totals"]["lowest_id"], told["totals"]["sum_of_ids"]) == (
        0,
        None,
        0,
    )
    assert (told["sample"]["wanted"], told["sample"]["drawn"]) == (5, [])
    place, keys = unpacked(files, tmp_path / "bundle"), written(tmp_path, victim.keys)
    assert ask(place, *keys, "--without-lines").status == 0


def test_whose_login_it_was_is_told_as_sts_told_it(victim: Victim) -> None:
    files = made_with(tools_of(victim.world, ask_caller=lambda: CALLER))
    assert manifest_of(files)["caller"] == {
        "arn": CALLER.arn,
        "account": "111122223333",
        "request_id": "r-1",
        "at": "2026-11-28T10:00:01Z",
        "ahead": -1,
        "unknown_because": None,
    }
    assert b"When AWS STS answered, it was 1 second behind the clock there." in files["report.html"]


def test_without_aws_the_report_says_that_no_login_is_known(victim: Victim) -> None:
    files = bundle(victim.world)
    assert manifest_of(files)["caller"]["unknown_because"] == NO_AWS.unknown_because
    assert b"not known. A copy of the archive was asked, without AWS" in files["report.html"]


def test_the_locks_are_those_that_the_store_tells(victim: Victim, tmp_path: Path) -> None:
    told = manifest_of(bundle(victim.world))
    locks, source = told["locks"], victim.store
    seen = [
        source.inspect(each.key) for kind in ("statements/", "checkpoints/") for each in source.versions(kind)
    ]
    ends = sorted(rfc3339(facts.retention.until) for facts in seen if facts and facts.retention)
    assert (locks["chain"]["objects"], locks["chain"]["unlocked"]) == (len(ends), 0)
    assert (locks["chain"]["first"], locks["chain"]["last"]) == (ends[0], ends[-1])
    assert locks["entry_files"]["objects"] == told["coverage"]["searched"]["entry_files"]
    assert locks["entry_files"]["modes"] == ["GOVERNANCE"]
    assert locks["stated"]["first"] <= locks["entry_files"]["first"]


def test_a_copy_shows_no_locks_and_the_report_says_so(victim: Victim, tmp_path: Path) -> None:
    copied(victim.store, tmp_path)
    copy = reader_of(victim.world, FolderSource(tmp_path), ledger=False)
    files = made_with(replace(tools_of(victim.world), reader=copy))
    locks, told = manifest_of(files)["locks"], manifest_of(bundle(victim.world))["locks"]
    assert locks["entry_files"]["unseen"] == locks["entry_files"]["objects"] == told["entry_files"]["objects"]
    assert locks["stated"] == told["stated"]
    assert b"the locks are not known: a copy shows none" in files["report.html"]


def test_a_sample_is_marked_everywhere_and_found_right(victim: Victim, tmp_path: Path) -> None:
    files = made_with(tools_of(victim.world, open_workbook=XlsxWorkbook), sample=5, seed=4711)
    told = manifest_of(files)["sample"]
    assert (told["seed"], told["seed_from"], told["wanted"], len(told["drawn"])) == (4711, "asked", 5, 5)
    drawn = [(each["epoch"], each["id"]) for each in told["drawn"]]
    assert sample_in(files) == drawn
    assert files["report.html"].count(b"<small>sample ") == 5
    header, *rows = read(files["entries.xlsx"])
    assert header[-1] == '"sample"'
    assert sorted(row[-1] for row in rows if row[-1].isdecimal()) == ["1", "2", "3", "4", "5"]
    place = unpacked(files, tmp_path / "bundle")
    answer = ask(place, *written(tmp_path, victim.keys))
    assert answer.status == 0
    checked = {check["number"]: check["checked"] for check in answer.said["consoles"][0]["checks"]}
    assert checked[15] == {"total": 6, "sample": 1}


def test_a_sample_larger_than_the_population_is_all_of_it(victim: Victim) -> None:
    files = bundle(victim.world, sample=10_000, seed=0)
    assert len(sample_in(files)) == manifest_of(files)["coverage"]["matched"] == 16
    assert b"10,000 were asked for: the sample is the whole population." in files["report.html"]


def test_without_a_seed_one_is_drawn_and_told(victim: Victim) -> None:
    told = manifest_of(made_with(tools_of(victim.world, draw_seed=lambda: 99), sample=2))["sample"]
    assert (told["seed"], told["seed_from"]) == (99, "drawn")
    with pytest.raises(RequestError, match="seed: no seed can be drawn here: give one"):
        bundle(victim.world, sample=2)
    assert all(0 <= draw_seed() <= MAX_SEED for _ in range(100))


def test_without_a_sample_the_rows_have_no_such_column(victim: Victim) -> None:
    files = bundle(victim.world)
    assert manifest_of(files)["sample"] is None
    assert b'"sample"' not in files["entries.csv"]


def test_the_page_names_every_member_of_the_manifest(victim: Victim) -> None:
    page = (
        (ROOT / "docs" / "evidence.md").read_text().partition("\n## The manifest\n")[2].partition("\n## ")[0]
    )
    named = {
        name
        for row in page.splitlines()
        if row.startswith("| `")
        for name in row.split("|")[1].split("`")[1::2]
    }
    assert named == set(manifest_of(bundle(victim.world)))
    assert named >= set(MANIFEST_FIELDS)
