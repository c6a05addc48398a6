"""The pages say what is true: links lead somewhere, names exist, commands run, tables are complete."""

from __future__ import annotations

import ast
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields, is_dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, cast, get_args, get_type_hints

import boto3
import pytest
from click.testing import CliRunner

from audit_archive import errors
from audit_archive.adapters.signing import is_signed
from audit_archive.format.canonical import source_line
from audit_archive.format.checkpoint import open_checkpoint
from audit_archive.format.facts import Cause, Missing, PurgeOutcome
from audit_archive.format.purges import ForeignPurge
from audit_archive.format.statement import Statement, key_named_by, parse_statement, statement_bytes
from audit_archive.health import HEALTH_WORDS
from audit_archive.run.purging import PurgingRequest
from audit_archive.run.request import ArchiveRequest, OperatorRequest
from audit_archive.run.result import MOST_LISTED, Preview, Result, RunOutcome
from cli.main import main
from cli.stack import CloudError
from tests.support import folders
from tests.support.pages import CODE, POINTER, anchors, text_of
from tests.support.rows import all_rows
from tests.support.stack import SOURCE
from tests.support.world import World

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FORMAT, RUNBOOK = ROOT / "docs/archive-format.md", ROOT / "docs/operations.md"
SETTING, INVOKING = ROOT / "docs/settings.md", ROOT / "docs/invoking.md"
EXAMPLE, CONSOLE = ROOT / "docs" / "example-archive", "1234abcd"
STATEMENTS = sorted(EXAMPLE.glob("statements/*/*.json"))
VOUCHED_FOR = [*sorted(EXAMPLE.glob("entries/*/*/*.gz")), *STATEMENTS[:-1]]
SETTINGS = {
    "Settings": "ArchiveFunction",
    "RetrieveSettings": "RetrieveFunction",
    "VerifySettings": "VerifyFunction",
}
DEPLOYED = {name for name, kind in SOURCE["Resources"].items() if kind["Type"] == "AWS::Serverless::Function"}


def section(page: Path, heading: str) -> str:
    """A page's text under a heading, without code, up to the next of the same level or above."""
    text = text_of(page)
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert found, f"{page.name} has no heading {heading}"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def first_cells(text: str) -> set[str]:
    """The names in code type in the first column of the tables in a text."""
    cells = re.findall(r"^\| (`[^|]*?) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def constants(owner: type[StrEnum]) -> set[str]:
    """The values of an enum."""
    return {member.value for member in owner}


def block(page: Path, marker: str) -> str:
    """The block of code after a marker."""
    found = re.search(rf"^<!-- {re.escape(marker)} -->\n```\w*\n(.*?)^```", page.read_text(), re.M | re.S)
    assert found, f"{page.name} has no block {marker}"
    return found[1]


@all_rows("page", PAGES)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(there), f"{page.name}: {target}"


def test_the_map_of_the_house_names_every_room_and_only_files_that_there_are() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    package = ROOT / "layers/core/audit_archive"
    rooms = {path.stem for path in package.iterdir() if path.suffix in {"", ".py"}} - {
        "__init__",
        "__pycache__",
    }
    assert rooms - set(re.findall(r"\w+", page.partition("## Life of")[0])) == set()
    named = set(re.findall(r"`([\w/]+\.py)`", page))
    assert len(named) > 30
    for name in named:
        assert (package / name).exists() or (ROOT / name).exists(), name


def test_every_page_that_the_code_points_to_exists() -> None:
    pointed = {found for file in CODE for found in POINTER.findall(file.read_text())}
    assert len(pointed) > 3
    for target in pointed:
        path, _, anchor = target.partition("#")
        assert not anchor or anchor in anchors(ROOT / path), target
        assert (ROOT / path).exists(), target


def test_the_page_has_every_setting_and_no_other() -> None:
    variables = {
        name: variables_of(SOURCE["Globals"]["Function"])
        | variables_of(SOURCE["Resources"][name]["Properties"])
        for name in DEPLOYED
    }
    for owner, function in SETTINGS.items():
        read = variables_read(owner)
        assert len(read) > 1
        assert read <= variables[function], function
    told = set(SOURCE["Parameters"]).union(*variables.values())
    assert first_cells(section(SETTING, "Settings")) == told


def variables_of(function: dict[str, Any]) -> set[str]:
    """The environment variables that a function, or all of them, is given."""
    return set(function["Environment"]["Variables"])


def variables_read(owner: str) -> set[str]:
    """The environment variables that a class of config.py names."""
    config = ast.parse((ROOT / "layers/core/audit_archive/config.py").read_text())
    (found,) = (node for node in config.body if isinstance(node, ast.ClassDef) and node.name == owner)
    calls = [node for node in ast.walk(found) if isinstance(node, ast.Call) and node.args]
    names = [str(call.args[0].value) for call in calls if isinstance(call.args[0], ast.Constant)]
    return {name for name in names if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", name)}


def test_the_page_has_the_defaults_of_the_template() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", section(SETTING, "Settings"), re.MULTILINE))
    for name, parameter in SOURCE["Parameters"].items():
        default = parameter.get("Default")
        expected = "(required)" if default is None else f"`{default}`" if default != "" else "(empty)"
        assert rows[name].strip() == expected, name


def test_the_page_names_every_event() -> None:
    events = sorted((ROOT / "events").glob("*.json"))
    assert events
    for event in events:
        assert f"events/{event.name}" in INVOKING.read_text(), event.name


def test_the_page_has_every_field_of_the_result() -> None:
    text = section(INVOKING, "The result")
    assert first_cells(text) == {field.name for field in fields(Result)}
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", text, re.MULTILINE))
    for name, record in (("holes", Missing), ("foreign_purges", ForeignPurge)):
        assert re.findall(r"`(\w+)`", rows[name]) == [field.name for field in fields(record)], name
    assert f"the first {MOST_LISTED} items" in text
    assert first_cells(section(INVOKING, "The plan")) == {field.name for field in fields(Preview)}


def test_the_page_has_every_field_of_an_event() -> None:
    told = first_cells(section(INVOKING, "Invoking by hand"))
    assert {field.name for field in fields(ArchiveRequest)} == told
    decided = first_cells(section(INVOKING, "Deciding"))
    assert {field.name for kind in (OperatorRequest, PurgingRequest) for field in fields(kind)} == decided


def test_the_steps_of_a_run_name_every_way_in_which_it_ends() -> None:
    ends = re.findall(r"^\| \d+ \|.*\| (.*) \|$", (ROOT / "docs/runs.md").read_text(), re.MULTILINE)
    named = {name for end in ends for name in re.findall(r"`(\w+)`", end)}
    # What `superseded` and `stated` mean is no step of a run: another one was faster, or it was a decision.
    outcomes = constants(RunOutcome) - {RunOutcome.SUPERSEDED, RunOutcome.STATED}
    assert named == outcomes | {errors.PopulationMismatchError.__name__, "on"}


def test_every_error_has_its_section_and_its_row() -> None:
    known = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.AuditArchiveError)
    }
    headings = set(re.findall(r"^### (\w+Error)$", RUNBOOK.read_text(), re.MULTILINE))
    assert headings == known | {CloudError.__name__}
    assert first_cells(section(INVOKING, "Errors")) == known - {"AuditArchiveError", "PageError"}


def records_in(hint: Any) -> set[type]:
    """The dataclasses that a type is made of, however deep."""
    found = set().union(*map(records_in, get_args(hint)))
    if isinstance(hint, type) and is_dataclass(hint):
        found |= {hint}.union(*map(records_in, get_type_hints(hint).values()))
    return found


def test_the_format_has_every_field_of_every_statement() -> None:
    told = set(re.findall(r"`(\w+)`", section(FORMAT, "Statements")))
    assert len(records_in(Statement)) > 10
    assert {field.name for record in records_in(Statement) for field in fields(cast("Any", record))} <= told
    assert constants(Cause) | constants(PurgeOutcome) <= told


def test_the_example_is_of_this_format() -> None:
    kinds = [parse_statement(path.read_bytes()).kind for path in STATEMENTS]
    assert kinds == ["operator", "archive", "operator", "archive", "purge", "archive"]
    assert all(
        statement_bytes(parse_statement(path.read_bytes())) == path.read_bytes() for path in STATEMENTS
    )


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the page's checker over a folder."""
    command = [sys.executable, "-I", "-c", block(FORMAT, "check.py"), str(folder), CONSOLE]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own page


def test_the_checker_on_the_page_accepts_the_example() -> None:
    ran = check(EXAMPLE)
    assert (ran.stdout, ran.stderr) == (block(FORMAT, "check.py prints"), "")


def test_the_checker_on_the_page_accepts_what_the_product_makes_today(tmp_path: Path) -> None:
    """Days out of order of id, a purge, a foreign purge, a late id, a new epoch: all in one tree."""
    world = World()
    world.trail.arrive(3, timestamp="2026-11-22 10:00:00 UTC+0000")
    world.trail.arrive(4, timestamp="2026-11-20 10:00:00 UTC+0000")
    world.trail.arrive(2, timestamp="no time at all", user="\ud800")
    world.trail.skip()
    world.aged(2)
    world.run()
    world.trail.put(10)
    world.aged(3)
    world.run()
    world.aged(2)
    world.trail.purge(world.trail.last_id)
    world.run()
    world.state("epoch")
    world.later()
    world.run()
    assert [10] in [list(said.filled) for said in world.archives()]
    assert world.head.epoch == 2
    ran = check(folders.put(world.store.files(), tmp_path))
    assert (ran.returncode, ran.stderr) == (0, "")
    newest = world.chain()[-1]
    expected = f"{newest.seq} statements, {newest.tree.size} entries, root {newest.tree.root}"
    assert ran.stdout.startswith(expected)


@pytest.mark.parametrize("path", VOUCHED_FOR, ids=lambda path: path.parent.name + "/" + path.name)
def test_the_checker_on_the_page_refuses_what_was_altered(path: Path, tmp_path: Path) -> None:
    """Every entry file, and every statement but the newest (a hash kept elsewhere vouches for that)."""
    folder = tmp_path / "archive"
    shutil.copytree(EXAMPLE, folder)
    copy = folder / path.relative_to(EXAMPLE)
    data = copy.read_bytes()
    copy.write_bytes(data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :])
    assert check(folder).returncode != 0
    copy.unlink()
    assert check(folder).returncode != 0


def test_the_proof_on_the_page_is_made_and_checked_by_what_the_page_says(tmp_path: Path) -> None:
    asked = ["proof", CONSOLE, "--id", "8", "--output", str(tmp_path), "--folder", str(EXAMPLE)]
    made = CliRunner(mix_stderr=False).invoke(main, asked)
    shown = block(FORMAT, "proof").partition("\n")[2]
    assert made.stderr.replace(f"{tmp_path}/", "") == shown
    files = tmp_path / "1-8.line", tmp_path / "1-8.tlog-proof"
    command = [sys.executable, "-I", "-c", block(FORMAT, "check-proof.py"), *map(str, files)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own page
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(
        f"This line is in the tree of canary-audit-archive/{CONSOLE} after statement "
    )
    key = ["keys", CONSOLE, "--output", str(tmp_path), "--folder", str(EXAMPLE)]
    assert CliRunner(mix_stderr=False).invoke(main, key).exit_code == 0
    next(tmp_path.glob("signing-key-*.pem")).rename(tmp_path / "key.pem")
    shell = ["bash", "-euo", "pipefail", "-c", block(FORMAT, "run on a proof")]
    signed = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert (signed.stdout, signed.stderr) == ("Verified OK\n", "")
    files[0].write_bytes(files[0].read_bytes().replace(b"alice", b"Alice"))
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own page
    assert "the line is not in this tree" in ran.stderr


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_the_command_that_disables_a_schedule_keeps_all_the_rest(tmp_path: Path) -> None:
    """UpdateSchedule resets what it is not given, and refuses what it does not know."""
    operations: Any = boto3.client("scheduler", region_name="eu-west-1").meta.service_model.operation_model
    told = {name: name for name in operations("GetSchedule").output_shape.members} | {"State": "ENABLED"}
    (tmp_path / "aws").write_text(f"#!/bin/sh\ntest $2 = update-schedule || echo '{json.dumps(told)}'\n")
    (tmp_path / "aws").chmod(0o755)
    command = ["bash", "-euo", "pipefail", "-c", block(RUNBOOK, "disable")]
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SCHEDULE_GROUP": "group"}
    subprocess.run(command, cwd=tmp_path, env=env, check=True)  # noqa: S603 - our own page
    given = json.loads((tmp_path / "schedule.json").read_text())
    assert set(given) == set(operations("UpdateSchedule").input_shape.members) - {"ClientToken"}
    assert given == {name: name for name in given} | {"State": "DISABLED"}


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_the_shell_commands_on_the_page_run() -> None:
    commands = re.findall(r"^<!-- run -->\n```sh\n(.*?)^```", FORMAT.read_text(), re.MULTILINE | re.DOTALL)
    assert len(commands) == 5
    outputs = []
    for command in commands:
        ran = subprocess.run(  # noqa: S603 - our own page
            ["bash", "-euo", "pipefail", "-c", command],  # noqa: S607 - found on the path as by a reader
            cwd=EXAMPLE,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, ""), command
        outputs.append(ran.stdout.splitlines())
    verdicts = [line.rpartition(": ")[2] for lines in outputs[:3] for line in lines]
    assert verdicts == ["OK"] * (2 + 6 + 5)
    original, line = outputs[3]
    assert original == line
    assert outputs[4][0] == "Verified OK"
    assert outputs[4][1].startswith("statement ")


def test_the_excerpts_on_the_page_are_the_example() -> None:
    """What an excerpt says in full is in the statement, word for word."""
    text = "".join(path.read_text() for path in STATEMENTS)
    blocks = re.findall(r"^```json\n(.*?)^```", FORMAT.read_text(), re.MULTILINE | re.DOTALL)
    excerpts = [found for found in blocks if "_source" not in found]
    assert len(excerpts) == 4
    for excerpt in excerpts:
        for piece in re.split(r"…", excerpt.replace("\n", "")):
            assert piece.strip("{},[]") in text, piece


def test_the_checkpoint_on_the_page_is_the_examples_and_good() -> None:
    data = (EXAMPLE / f"checkpoints/console={CONSOLE}/{len(STATEMENTS):010d}.txt").read_bytes()
    assert block(FORMAT, "checkpoint") == data.decode()
    (key,) = filter(None, map(key_named_by, map(parse, STATEMENTS)))
    checkpoint = open_checkpoint(data, CONSOLE, [key], is_signed)
    assert checkpoint.statement_sha256 == sha256(STATEMENTS[-1].read_bytes()).hexdigest()
    assert checkpoint.root == parse(STATEMENTS[-1]).tree.root


def parse(path: Path) -> Statement:
    """The statement in a file."""
    return parse_statement(path.read_bytes())


def test_the_source_in_base64_on_the_page_is_what_the_archive_writes() -> None:
    source = b'{"id": 6, "user": "Zo\xff"}'
    assert f"```json\n{source_line(source, 6).decode()}\n```" in FORMAT.read_text()
    assert len(source) == 24


def test_the_source_form_on_the_page_is_the_examples() -> None:
    packed = EXAMPLE / "entries/console=1234abcd/dt=2026-11-21/0000000002.ndjson.gz"
    lines = gzip.decompress(packed.read_bytes()).splitlines()
    source = json.loads(lines[0])["_source"]
    assert '"user_browser_agent": "\\ud800"' in source


def test_the_costs_count_the_alarms_and_add_up() -> None:
    page = (ROOT / "docs/costs.md").read_text()
    alarms = sum(r["Type"] == "AWS::CloudWatch::Alarm" for r in SOURCE["Resources"].values())
    assert f"| CloudWatch alarms | {alarms} \u00d7 0.10" in page
    rows = re.findall(
        r"^\| ([^|]+) \| [^|]*\| (\d+\.\d\d) \|$", section(ROOT / "docs/costs.md", "One Console"), re.M
    )
    total = sum(float(price) for what, price in rows if "KeyStore" not in what)
    assert f"| **sum, with secrets** | | **{total:.2f}** |" in page
    secrets = next(price for what, price in rows if what == "Secrets Manager")
    assert f"A further Console in the same stack costs {secrets} more with secrets" in page
    readme = (ROOT / "README.md").read_text()
    assert f"about {total:.2f} USD a month for one Console, {secrets} for each further one" in readme


def test_every_test_that_the_page_about_aws_names_is_there() -> None:
    named = re.findall(r"`(tests/[^`]+\.py)::(\w+)` \|$", (ROOT / "docs/real-aws.md").read_text(), re.M)
    assert named
    for path, name in named:
        assert re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.M), (path, name)


def test_the_words_of_health_are_told_in_their_order() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text()
    table = page.partition("## How each Console is")[2].partition("\n## ")[0].partition("The exit status")[0]
    assert re.findall(r"^\| `([a-z ]+)", table, re.MULTILINE) == list(HEALTH_WORDS)
    told = " ".join(CliRunner().invoke(main, ["status", "--help"]).output.split())
    assert [word for word in HEALTH_WORDS if word not in told] == []
