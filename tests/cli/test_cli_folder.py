"""The command over a copy of an archive in a folder: no AWS, and all of the product behind it."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from audit_archive.errors import command_url
from audit_archive.format.display import visible
from audit_archive.format.facts import IdSpan, PopulationFacts, Unexported
from cli.main import main
from cli.options import Chosen
from tests.support import folders
from tests.support.archives import state_archive, stored_export
from tests.support.world import World

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "example-archive"
CONSOLE = "1234abcd"
OF_ALICE = [3, 4, 8, 9]


def run(*arguments: str, folder: Path = EXAMPLE) -> Result:
    return CliRunner(mix_stderr=False).invoke(
        main, [*arguments, "--folder", str(folder)], prog_name="canary-audit"
    )


def entries(*arguments: str) -> Result:
    return run("entries", CONSOLE, *arguments)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the example that a test may damage."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "archive"))


def test_status_tells_where_the_archive_stands() -> None:
    answer = run("status", "--json")
    assert answer.exit_code == 0
    (status,) = json.loads(answer.stdout)["consoles"]
    assert (status["console"], status["highest_archived_id"], status["highest_purged_id"]) == (CONSOLE, 13, 9)
    assert (status["missing_ids"], status["state"]) == (4, "ok")


@pytest.mark.parametrize("given", ["1234ABCD", "1234abcd.canary.tools", "https://1234ABCD.canary.tools/x?y"])
def test_a_console_is_named_by_its_id_in_any_case_or_by_an_address(given: str) -> None:
    for command in ("status", "entries", "verify"):
        assert run(command, given).stdout == run(command, CONSOLE).stdout != ""


def test_status_of_a_console_that_has_no_archive_says_so() -> None:
    answer = run("status", "5678efab")
    assert answer.exit_code == 5
    assert answer.stderr.splitlines() == [
        "Error: Nothing of Console 5678efab is archived.",
        f"What to do: {command_url('exit-statuses')}",
    ]


@pytest.mark.parametrize("request_", ["status", "entries", "verify", "keys"])
def test_a_folder_that_holds_no_archive_is_refused(request_: str) -> None:
    answer = run(*([request_] if request_ == "status" else [request_, CONSOLE]), folder=ROOT / "docs")
    assert answer.exit_code == 2
    assert "holds no archive. Give the folder that the bucket was copied to" in answer.stderr


def test_a_question_names_a_console_or_asks_every_one() -> None:
    answer = run("entries")
    assert (answer.exit_code, "Name a CONSOLE, or ask every one" in answer.stderr) == (2, True)


def test_an_answer_that_a_limit_cuts_says_that_a_file_was_searched_in_part() -> None:
    said = entries("--limit", "2").stderr
    assert "were searched, and the next file in part." in said
    assert "in part" not in entries().stderr


def test_status_of_a_damaged_archive_is_a_fault(copy: Path) -> None:
    next(copy.glob("statements/*/*02.json")).write_bytes(b"{}")
    answer = run("status", folder=copy)
    assert answer.exit_code == 1
    assert "IntegrityError" in json.loads(answer.stdout)["fault"]
    assert answer.stderr == "1 faults. 1 of 1 needs a person.\n"


def test_into_a_pipe_entries_go_as_the_very_lines_and_the_sentence_does_not() -> None:
    answer = entries("--user", "alice@example.com")
    assert [json.loads(line)["id"] for line in answer.stdout.splitlines()] == OF_ALICE
    assert answer.stderr.startswith("4 entries match: ")
    assert "Missing: ids 10 to 11 of epoch 1 (foreign_purge): destroyed by a foreign purge" in answer.stderr


def test_the_whole_answer_is_one_object_with_json() -> None:
    answer = json.loads(entries("--user", "alice@example.com", "--json").stdout)
    assert [entry["id"] for entry in answer["entries"]] == OF_ALICE
    assert answer["coverage"]["matched"] == len(OF_ALICE)
    assert answer["question"]["user"] == ["alice@example.com"]
    lines = entries("--user", "alice@example.com").stdout.encode()
    assert answer["report"]["sha256"] == sha256(lines).hexdigest()


def test_nothing_found_is_done_and_says_what_was_searched() -> None:
    answer = entries("--user", "nobody", "--json")
    assert answer.exit_code == 0
    told = json.loads(answer.stdout)
    assert (told["outcome"], told["report"]) == ("none_found", None)
    assert "No entry matches: 9 entries" in told["sentence"]


def test_the_table_is_by_the_clocks_of_a_zone() -> None:
    answer = entries("--format", "table", "--tz", "Asia/Kolkata", "--from-id", "3", "--to-id", "3")
    flat = " ".join(answer.stdout.split())
    assert "2026-11-20" in flat
    assert "13:44:02" in flat
    assert "+05:30" in flat


def test_a_day_of_a_zone_is_that_day_there() -> None:
    answer = entries("--from", "2026-11-21", "--to", "2026-11-21", "--tz", "Asia/Kolkata")
    assert [json.loads(line)["id"] for line in answer.stdout.splitlines()] == [5, 6, 7]


def test_both_forms_stand_beside_the_entries_and_never_among_them(tmp_path: Path) -> None:
    world = World()
    world.mode = "off"
    world.aged(2)
    world.run()
    export = stored_export(world, [{"id": 1, "user": "e\x1bve"}, {"id": 2}])
    state_archive(world, export=export, amended=(IdSpan(1, 1),))
    copied(world, tmp_path)
    plain, both = (run("entries", CONSOLE, *more, folder=tmp_path) for more in ((), ("--forms",)))
    assert plain.stdout == both.stdout
    assert len(plain.stdout.splitlines()) == 2
    assert f"Another form of id 1 of epoch 1 is in {export.key}" in plain.stderr
    assert "Look into this: 1 entry of this answer has another form" in plain.stderr
    assert "Entry 1 of epoch 1, as it is archived: {" in both.stderr
    assert f"Entry 1 of epoch 1, in {export.key}: " in both.stderr
    assert "\x1b" not in both.stderr
    told = json.loads(run("entries", CONSOLE, "--forms", "--json", folder=tmp_path).stdout)
    assert [form["id"] for form in told["forms"]] == [1]
    assert [entry["id"] for entry in told["entries"]] == [1, 2]


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"stale": Unexported(9, None)}, "the export lacks entry 9, which the Console showed"),
        (
            {"population": PopulationFacts(99, 2, None, ())},
            "the export does not match the Console's own count: see miscounted of --json",
        ),
    ],
    ids=["stale", "miscounted"],
)
def test_status_tells_that_an_export_lacks_something(
    fields: dict[str, Any], state: str, tmp_path: Path
) -> None:
    world = World()
    world.mode = "off"
    world.aged(2)
    world.run()
    state_archive(world, **fields)
    copied(world, tmp_path)
    (status,) = json.loads(run("status", "--json", folder=tmp_path).stdout)["consoles"]
    assert status["state"] == state


def copied(world: World, folder: Path) -> None:
    folders.put(world.store.files(), folder)


def test_a_file_gets_what_stdout_would_and_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "entries.csv"
    answer = entries("--format", "csv", "--output", str(path))
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert path.read_bytes() == entries("--format", "csv").stdout_bytes
    assert path.stat().st_mode & 0o077 == 0
    assert sha256(path.read_bytes()).hexdigest() in answer.stderr
    again = entries("--output", str(path))
    assert again.exit_code == 2
    assert "exists already" in again.stderr
    assert list(tmp_path.iterdir()) == [path]


def test_an_altered_entry_file_hands_out_nothing_and_needs_a_person(copy: Path) -> None:
    next(copy.glob("entries/*/*/*.gz")).write_bytes(b"not gzip")
    answer = run("entries", CONSOLE, "--json", folder=copy)
    assert answer.exit_code == 4
    assert json.loads(answer.stdout)["error"]["class"] == "IntegrityError"


def test_an_export_is_written_as_the_console_served_it(tmp_path: Path) -> None:
    answer = run("export", CONSOLE, "--id", "12", "--output", str(tmp_path))
    assert answer.exit_code == 0
    told = json.loads(answer.stdout)
    (written,) = tmp_path.iterdir()
    assert (told["file"], told["sha256"]) == (str(written), sha256(written.read_bytes()).hexdigest())
    assert written.read_bytes() == (EXAMPLE / told["key"]).read_bytes()


def test_verify_accepts_the_example_by_the_key_it_exports(tmp_path: Path) -> None:
    assert run("keys", CONSOLE, "--output", str(tmp_path)).exit_code == 0
    (pem,) = tmp_path.iterdir()
    answer = run("verify", CONSOLE, "--depth", "content", "--key", str(pem), "--json")
    found = json.loads(answer.stdout)
    assert (answer.exit_code, found["is_valid"], found["keys_from"]) == (0, True, "caller")
    assert found["checked"]["entries"] == 9


def test_a_statement_that_should_name_a_key_and_does_not_needs_a_person(copy: Path) -> None:
    statement = next(copy.glob("statements/*/*01.json"))
    said = json.loads(statement.read_bytes())
    statement.write_text(json.dumps(said | {"public_key": "bm8ga2V5"}))
    answer = run("keys", CONSOLE, folder=copy)
    assert (answer.exit_code, answer.stdout) == (4, "")
    assert "should name a public key" in answer.stderr


def test_verify_names_what_is_wrong_and_ends_with_its_own_status(copy: Path) -> None:
    next(copy.glob("statements/*/*03.json")).unlink()
    answer = run("verify", CONSOLE, "--json", folder=copy)
    assert answer.exit_code == 1
    (fault,) = json.loads(answer.stdout)["faults"]
    assert fault["verdict"] == "missing"
    shown = run("verify", CONSOLE, folder=copy)
    assert shown.stdout.startswith("Verdict")
    assert shown.stderr == f"Error: 1 fault: {fault['sentence']}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["entries", CONSOLE, "--tz", "Mars"], "--tz: 'Mars' is not a time zone"),
        (["entries", CONSOLE, "--address", "here"], "--address: 'here'"),
        (["entries", CONSOLE, "--from-id", "0"], "--from-id: 0 is not a whole number"),
        (["entries", "../etc"], "'../etc' is not a Console id"),
        (["entries", CONSOLE, "--json", "--format", "csv"], "--output"),
        (["export", CONSOLE], "`id` or by `date`"),
        (["verify", CONSOLE, "--known-sha256", "aa"], "--known: "),
    ],
)
def test_a_wrong_command_is_told_with_the_option(arguments: list[str], told: str) -> None:
    answer = run(*arguments)
    assert answer.exit_code == 2
    assert told in answer.stderr
    assert "Traceback" not in answer.stderr


def test_an_error_is_an_object_for_a_program_wherever_json_stands() -> None:
    for arguments in (["--json", "entries", CONSOLE], ["entries", CONSOLE, "--json"]):
        error = json.loads(run(*arguments, "--tz", "Mars").stdout)["error"]
        assert (error["class"], error["exit_status"]) == ("RequestError", 2)


def test_the_global_options_hold_before_and_after_the_commands_name() -> None:
    before = Chosen(stack_name="a", region="b", profile="c", is_json=True)
    options = ["--stack", "a", "--region", "b", "--profile", "c", "--json"]
    for arguments in ([*options, "status"], ["status", *options]):
        chosen = Chosen()
        answer = CliRunner(mix_stderr=False).invoke(main, [*arguments, "--folder", str(EXAMPLE)], obj=chosen)
        assert answer.exit_code == 0
        assert chosen == before


@pytest.mark.parametrize(
    ("arguments", "stack"),
    [
        (["status"], "by-environment"),
        (["status", "--stack", "by-option"], "by-option"),
        (["--stack", "by-option", "status"], "by-option"),
    ],
)
def test_the_environment_names_the_stack_unless_an_option_does(arguments: list[str], stack: str) -> None:
    chosen = Chosen()
    runner = CliRunner(env={"CANARY_AUDIT_STACK": "by-environment"})
    runner.invoke(main, [*arguments, "--folder", str(EXAMPLE)], obj=chosen)
    assert chosen.stack_name == stack


def test_no_value_can_control_the_terminal() -> None:
    assert visible("a\x1b[2Jb\u202ec\x9bd\ne") == "a\\x1b[2Jb\\u202ec\\x9bd\\ne"
    assert visible("Zürich 王小明") == "Zürich 王小明"


def test_a_reader_who_stops_reading_ends_it_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    command = [
        sys.executable,
        "-m",
        "cli",
        "entries",
        CONSOLE,
        "--folder",
        str(EXAMPLE),
        "--format",
        "ndjson",
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "layers" / "core")}
    done = subprocess.run(  # noqa: S603 - our own command
        command, stdout=write, stderr=subprocess.PIPE, cwd=ROOT, env=env, check=False
    )
    os.close(write)
    assert done.returncode == 141
    assert b"Traceback" not in done.stderr
    assert b"Error" not in done.stderr


def test_the_shell_completes() -> None:
    env = {"_CANARY_AUDIT_COMPLETE": "bash_complete", "COMP_WORDS": "canary-audit le", "COMP_CWORD": "1"}
    answer = CliRunner().invoke(main, [], env=env, prog_name="canary-audit")
    assert answer.output == "plain,ledger\n"


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        (f"canary-audit entries --folder {EXAMPLE} 12", f"plain,{CONSOLE}\n"),
        (f"canary-audit entries --folder {EXAMPLE} 56", "\n"),
        ("canary-audit entries --folder /nonexistent 12", "\n"),
        ("canary-audit verify --stack no-such-stack 12", "\n"),
        ("canary-audit live --tz europe/lon", "plain,Europe/London\n"),
        ("canary-audit console rem", "plain,remove\n"),
    ],
)
def test_the_shell_completes_consoles_and_zones_and_never_complains(typed: str, completed: str) -> None:
    words = typed.split()
    env = {"_CANARY_AUDIT_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    env |= {"AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "eu-west-1"}
    answer = CliRunner(mix_stderr=False).invoke(main, [], env=env, prog_name="canary-audit")
    assert (answer.output, answer.stderr) == (completed, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_asks_this_command(shell: str) -> None:
    answer = CliRunner().invoke(main, ["completion", shell], prog_name="canary-audit")
    assert f"_CANARY_AUDIT_COMPLETE={shell}_complete" in answer.output


@pytest.mark.parametrize(
    "line", [b"5", *(pytest.param(each, marks=pytest.mark.wide) for each in (b"not json", b'{"id": 5'))]
)
@pytest.mark.parametrize("question", ["entries", "entries --format csv", "evidence"])
def test_an_altered_entry_file_ends_in_exit_4_for_people_and_for_programs(
    copy: Path, tmp_path: Path, line: bytes, question: str
) -> None:
    """Well-formed gzip of something else: its hash is judged before a line is parsed."""
    next(copy.glob("entries/*/*/*06.ndjson.gz")).write_bytes(gzip.compress(line + b"\n"))
    command, *options = question.split()
    options += ["--output", str(tmp_path / "out")] if options or command == "evidence" else []
    for user in ([], ["--user", "alice@example.com"]):
        answer = run(command, CONSOLE, *user, *options, "--json", folder=copy)
        assert answer.exit_code == 4, answer.output
        error = json.loads(answer.stdout)["error"]
        assert (error["class"], error["exit_status"]) == ("IntegrityError", 4)
        assert "the file was altered" in error["message"]
        told = run(command, CONSOLE, *user, *options, folder=copy)
        assert (told.exit_code, told.stdout) == (4, "")
        assert told.stderr.startswith("Error: The lines in entries/") or command == "evidence"
        assert not (tmp_path / "out").exists()


def test_actions_that_ocsf_does_not_know_are_told(tmp_path: Path) -> None:
    world = World()
    world.aged(1)
    world.trail.arrive(2, action_type="settings_change")
    world.run()
    folder = folders.put(world.store.files(), tmp_path / "copy")
    answer = run("entries", CONSOLE, "--format", "ocsf", folder=folder)
    assert "no rule of OCSF knows, which are API Activity: Other: settings_change (2)." in answer.stderr


@pytest.mark.parametrize(
    "question",
    [
        "entries --ids 10",
        "entries --from-id 99 --to-id 99",
        "proof --id 99",
        "export --id 99",
        "evidence --ids 10",
    ],
)
def test_the_one_thing_that_is_asked_for_and_not_there_has_a_status_of_its_own(
    question: str, tmp_path: Path
) -> None:
    command, *options = question.split()
    options += ["--output", str(tmp_path / "out.zip")] if command == "evidence" else []
    answer = run(command, CONSOLE, *options)
    assert answer.exit_code == 5, answer.output
    assert "No id in this range is missing" not in answer.stderr
    if command != "evidence":
        told = run(command, CONSOLE, *options, "--json")
        assert told.exit_code == 5
        assert json.loads(told.stdout)["outcome"] in {"none_found", "outside"}


def test_a_search_that_finds_nothing_is_done() -> None:
    assert entries("--user", "x").exit_code == 0
    assert entries("--ids", "3").exit_code == 0


@pytest.mark.parametrize(
    ("question", "is_whole"),
    [
        (["--ids", "3-9"], True),
        (["--ids", "3-9", "--user", "x"], True),
        (["--ids", "3-12"], False),
        (["--from", "2031-01-01"], False),
        (["--from", "2026-11-24T23:00", "--to", "2031-01-01"], False),
        (["--to", "2001-01-01"], False),
    ],
)
def test_nothing_is_missing_is_said_only_of_what_is_archived(question: list[str], is_whole: bool) -> None:
    told = entries(*question).stderr
    assert ("No id in this range is missing, and no foreign purge touched it." in told) == is_whole, told
    assert not (is_whole and "outside of what is archived" in told)


SINGLE = {"--from": "today", "--to": "today", "--since": "1d", "--during": "today", "--tz": "UTC"}
SINGLE |= {"--text": "x", "--from-id": "1", "--to-id": "9", "--ids": "3-9", "--epoch": "1"}


def test_ids_and_relative_dates_are_options_of_the_command() -> None:
    answer = json.loads(entries("--ids", "3-8", "--since", "9999d", "--json").stdout)
    assert [entry["id"] for entry in answer["entries"]] == [3, 4, 5, 6, 7, 8]
    assert (answer["question"]["ids"], answer["question"]["since"]) == ("3-8", "9999d")
    for option, value in SINGLE.items():  # click takes the last one: an answer would be narrower than asked
        refused = entries(option, value, option, value)
        assert refused.exit_code == 2
        assert f"Invalid value for '{option}': give it once" in refused.stderr
    two = entries("--user", "alice@example.com", "--user", "nobody", "--during", "2026-11-23")
    assert two.exit_code == 0
    assert run("entries", CONSOLE, "--during", "soon").stderr.startswith(
        "Error: --during: 'soon' is not a date"
    )


def test_all_consoles_are_asked_and_each_has_a_file(tmp_path: Path) -> None:
    output = tmp_path / "march.ocsf.ndjson"
    question = ("--user", "alice@example.com", "--format", "ocsf", "--output", str(output))
    answer = run("entries", "--all-consoles", *question)
    assert answer.exit_code == 0, answer.output
    lines = (tmp_path / f"march-{CONSOLE}.ocsf.ndjson").read_bytes().splitlines()
    assert len(lines) == len(OF_ALICE)
    assert not output.exists()
    (row,) = map(json.loads, answer.stdout.splitlines())
    assert (row["console"], row["matched"]) == (CONSOLE, 4)
    assert answer.stderr.startswith("1 of 1 Consoles has matching entries, 4 in all.")
    told = json.loads(run("entries", "--all-consoles", "--json").stdout)
    assert [each["console"] for each in told["consoles"]] == [CONSOLE]
    assert run("entries", "--user", "x").exit_code == 2


def test_one_damaged_archive_does_not_hide_the_others(copy: Path) -> None:
    other = copy / "statements" / "console=5678efab"
    other.mkdir()
    (other / "0000000001.json").write_bytes(b"{}")
    answer = run("entries", "--all-consoles", folder=copy)
    assert answer.exit_code == 4
    assert "Console 5678efab: IntegrityError: " in answer.stderr
    assert len(answer.stdout.splitlines()) == 2


def test_an_answer_ends_at_a_limit_and_goes_on_at_its_cursor() -> None:
    first = json.loads(entries("--limit", "4", "--json").stdout)
    assert [entry["id"] for entry in first["entries"]] == [3, 4, 5, 6]
    assert first["coverage"]["cursor"] == "1-6"
    rest = json.loads(entries("--cursor", "1-6", "--json").stdout)
    assert [entry["id"] for entry in rest["entries"]] == [7, 8, 9, 12, 13]
    assert rest["coverage"]["cursor"] is None
    assert (
        "entries up to 1-6 are not in this answer: they are in the pages before it"
        in (rest["coverage"]["not_covered"])
    )
    for made_up in ("9-1", "1-999"):
        told = json.loads(entries("--cursor", made_up, "--json").stdout)["coverage"]["not_covered"]
        assert f"no answer about this archive ended with the cursor {made_up}: ask again without it" in told
