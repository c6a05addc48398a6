"""`console add`, `list` and `remove`: keys that a Console takes, schedules, names, and many at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.stub import Stubber
from click.testing import CliRunner, Result

from audit_archive.config import Settings
from audit_archive.fleet_ports import Label
from cli import first, schedules
from cli.adding import MAX_ROWS_IN_CSV
from cli.exits import Exit
from cli.main import main
from cli.options import Chosen
from cli.stack import CloudError, Stack
from local.console import ConsoleServer, Trail
from tests.cli.test_cli_sync import OUTPUTS, PARAMETERS, described
from tests.support import aws, stubbed

KEY, WRONG = "read-only-key-1", "a-wrong-key-1"
CREATED = dict.fromkeys(("schedule archive", "schedule verify", "schedule locks"), "created")


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[str, str]]:
    """Two Consoles on this machine. Their ids are their ports."""
    one, two = (ConsoleServer(Trail.generated(12, seed=7), read_key=KEY) for _ in range(2))
    with one, two:
        yield one.url.rpartition(":")[2], two.url.rpartition(":")[2]


@dataclass(frozen=True)
class Cloud:
    """An emulator: what asks it, and a bucket for every stack."""

    endpoint: str
    clients: dict[str, Any]
    bucket: str


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    services = ("scheduler", "secretsmanager", "dynamodb", "s3")
    with aws.moto_server() as endpoint:
        clients = {each: aws.client(each, endpoint) for each in services}
        yield Cloud(endpoint, clients, aws.locked_bucket(endpoint))


def stack_of(cloud: Cloud) -> Stack:
    """A stack with the schedules of its first Console, and a ledger of its own."""
    group = f"group-{uuid4().hex}"
    subject = Stack("my-stack", None, "eu-west-1")
    subject._clients |= cloud.clients
    own = {"ScheduleGroup": group, "LedgerTable": aws.ledger_table(cloud.endpoint),
           "ArchiveBucket": cloud.bucket}  # fmt: skip
    subject.described = described(OUTPUTS | own, PARAMETERS)
    variables = {"ARCHIVE_BUCKET": "b", "LEDGER_TABLE": "t", "SECRET_PREFIX": group, "PURGE_MODE": "off",
                 "CONSOLE_URL_TEMPLATE": "http://127.0.0.1:{console}"}  # fmt: skip
    subject.settings = Settings.from_environment(variables)
    subject.client("scheduler").create_schedule_group(Name=group)
    for kind in schedules.KINDS:
        schedules.create(subject, kind, {"console": "first"}, None)
    return subject


Run = Callable[..., Result]


def run_on(stack: Stack) -> Run:
    def console(*arguments: str) -> Result:
        given = Chosen(stack_name=stack.name)
        given.stack = stack
        return CliRunner(mix_stderr=False).invoke(main, ["console", *arguments], obj=given)

    return console


@pytest.fixture
def stack(cloud: Cloud) -> Stack:
    return stack_of(cloud)


@pytest.fixture
def run(stack: Stack) -> Run:
    return run_on(stack)


@pytest.fixture(scope="module")
def untouched(cloud: Cloud) -> Stack:
    """A stack for all commands that are refused."""
    return stack_of(cloud)


@pytest.fixture(scope="module")
def refused(untouched: Stack) -> Run:
    return run_on(untouched)


def file_of(folder: Path, text: str, name: str = "key.txt") -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", "surrogateescape")
    return str(path)


def secrets(stack: Stack) -> set[str]:
    found = stack.client("secretsmanager").list_secrets(MaxResults=100)["SecretList"]
    prefix = f"{stack.settings.secret_prefix}/"
    return {each["Name"].removeprefix(prefix) for each in found if each["Name"].startswith(prefix)}


def names(stack: Stack) -> set[str]:
    return {each["Name"] for each in schedules.listed(stack) if not each["Name"].startswith("first")}


def test_a_console_is_added_by_an_address_of_it_once_it_took_the_key(
    run: Run, stack: Stack, ports: tuple[str, str], tmp_path: Path
) -> None:
    address = f"http://127.0.0.1:{ports[0]}/settings?tab=1"
    answer = run("add", address, "--read-key-file", file_of(tmp_path, KEY), "--name", "Factory Süd",
                 "--tag", "site=graz", "--json")  # fmt: skip
    told = json.loads(answer.stdout)
    assert told["console"] == ports[0]
    assert told["done"] == CREATED | {
        "key": "the Console takes it: 12 entries",
        "secret read": "created",
        "name": "Factory Süd, site=graz",
    }
    assert stack.runs.last_runs(ports[0]).label == Label("Factory Süd", {"site": "graz"})


@pytest.mark.parametrize("given", ["port", "nowhere"])
def test_a_key_that_the_console_does_not_take_leaves_everything_as_it_is(
    run: Run, stack: Stack, ports: tuple[str, str], tmp_path: Path, given: str
) -> None:
    """The key is wrong, or nobody answers there. The key is not in what is said."""
    console = ports[0] if given == "port" else "1"
    arguments = ("add", console, "--name", "x", "--read-key-file", file_of(tmp_path, WRONG))
    answer = run(*arguments)
    assert answer.exit_code == Exit.FAILED
    assert "The Read-Only key" in answer.stderr
    assert WRONG not in answer.stderr + answer.stdout
    assert (names(stack), secrets(stack)) == (set(), set())
    assert stack.runs.last_runs(console).label == Label()
    assert run(*arguments, "--no-check").exit_code == Exit.DONE
    assert secrets(stack) == {f"{console}/read"}


def test_of_a_new_console_the_stored_key_is_checked(run: Run, stack: Stack, ports: tuple[str, str]) -> None:
    told = json.loads(run("add", ports[0], "--json").stdout)["done"]
    assert told["key"].startswith("not stored yet: put it into ")
    secret = stack.secret(ports[1], "read")
    stack.client("secretsmanager").create_secret(Name=secret, SecretString=WRONG)
    assert run("add", ports[1]).exit_code == Exit.FAILED
    stack.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=KEY)
    told = json.loads(run("add", ports[1], "--json").stdout)["done"]
    assert told == CREATED | {"key": "the Console takes it: 12 entries"}


def test_of_a_console_that_no_key_was_checked_for_the_way_back_is_told(
    run: Run, stack: Stack, ports: tuple[str, str], tmp_path: Path
) -> None:
    key = ("--read-key-file", file_of(tmp_path, KEY))
    assert "No key was checked" not in run("add", ports[0], *key).stderr
    said = run("add", "1234abdc").stderr
    assert "No key was checked" in said
    undo = said.splitlines()[-2].rpartition("canary-audit console ")[2]
    assert run(*undo.split(), "--yes").exit_code == Exit.DONE
    assert "1234abdc" not in " ".join(names(stack))
    assert "No key was checked" in run("add", ports[1], *key, "--no-check").stderr
    assert "No key was checked" not in run("add", ports[1], *key).stderr


def test_what_is_there_is_told_and_changed_when_asked(run: Run, stack: Stack) -> None:
    run("add", "5678", "--no-check")
    told = json.loads(run("add", "5678", "--json").stdout)["done"]
    assert told["schedule archive"] == "exists: cron(17 3 * * ? *), ENABLED; not changed"
    before = {each["Name"]: each for each in schedules.listed(stack)}
    changing = ("add", "5678", "--schedule", "rate(7 days)", "--period-hours", "168", "--json")
    told = json.loads(run(*changing).stdout)["done"]
    assert told["schedule archive"] == "changed from cron(17 3 * * ? *) to rate(7 days)"
    after = {each["Name"]: each for each in schedules.listed(stack)}
    assert after["5678"]["ScheduleExpression"] == "rate(7 days)"
    assert json.loads(after["5678_verify"]["Target"]["Input"]) == {"console": "5678", "period_hours": 168}
    for name, was in before.items():
        kept = {"ScheduleExpression", "LastModificationDate", "ResponseMetadata"} | (
            {"Target"} if name == "5678_verify" else set()
        )
        assert {n: v for n, v in after[name].items() if n not in kept} == {
            n: v for n, v in was.items() if n not in kept
        }


def test_the_schedules_of_the_first_console_are_changed_by_a_deploy(run: Run) -> None:
    answer = run("add", "first", "--schedule", "rate(7 days)", "--period-hours", "168")
    assert answer.exit_code == Exit.USAGE
    assert "deploy it with ScheduleExpression and PeriodHours" in answer.stderr
    assert run("add", "first", "--name", "Headquarters").exit_code == Exit.DONE


def test_a_name_and_a_tag_are_changed_and_taken_away(run: Run, stack: Stack) -> None:
    run("add", "first", "--name", "One", "--tag", "a=1", "--tag", "b=2")
    run("add", "first", "--tag", "a=", "--tag", "c=3")
    assert stack.runs.last_runs("first").label == Label("One", {"b": "2", "c": "3"})
    run("add", "first", "--name", "")
    assert stack.runs.last_runs("first").label == Label(None, {"b": "2", "c": "3"})


@pytest.mark.parametrize(
    "options",
    [("--name", "a\x1b[2Jb"), ("--name", "a\u202eb"), ("--name", "a" * 65), ("--tag", "site"),
     ("--tag", "SITE=x"), ("--tag", "site=a\nb")],
)  # fmt: skip
def test_a_name_that_does_not_show_is_refused(
    refused: Run, untouched: Stack, options: tuple[str, str]
) -> None:
    assert refused("add", "first", *options).exit_code == Exit.USAGE
    assert untouched.runs.last_runs("first").label == Label()


def test_many_are_added_from_a_file_and_a_row_that_fails_leaves_the_others(
    run: Run, stack: Stack, ports: tuple[str, str], tmp_path: Path
) -> None:
    one, two = ports
    table = file_of(
        tmp_path,
        f"\ufeffid;name;tags;schedule;period_hours\n{one};Graz;site=graz|tier=1;;\n"
        f"http://127.0.0.1:{two};;;rate(7 days);168\nUPPER CASE;;;;\n http://127.0.0.1:{one} ;again;;;\n"
        "5;x;;rate(7 days);\n6;x\n7;a\x07b;;;\n8;;graz;;\n9;;a=1|a=2;;\n10;;;rate(1 day);weekly\n",
        "consoles.csv",
    )
    file_of(tmp_path / "keys" / one, KEY, "read")
    file_of(tmp_path / "keys" / two, WRONG, "read")
    arguments = ("add", "--from", table, "--keys", str(tmp_path / "keys"))
    answer = run(*arguments, "--json")
    assert answer.exit_code == Exit.FAULTS
    told = {each["line"]: each["error"] for each in json.loads(answer.stdout)}
    assert told.pop(2) is None
    wrong = {3: "The Read-Only key was refused", 4: "not a Console id", 5: "there twice: line 2",
             6: "the column period_hours", 7: "not as many cells", 8: "name: a name has 1 to 64 visible",
             9: "tags: give KEY=VALUE", 10: "tags: a key is there twice",
             11: "period_hours: 'weekly' is not"}  # fmt: skip
    assert told.keys() == wrong.keys()
    assert all(wrong[line] in told[line] for line in told), told
    assert "Not added: 9 of 10 Consoles. See their lines. As the file says: 1." in answer.stderr
    (label,) = (each.label for each in [stack.runs.last_runs(one)])
    assert label.name == "Graz"
    assert WRONG not in answer.stderr + answer.stdout
    assert names(stack) == {one, f"{one}_verify", f"{one}_locks"}
    assert secrets(stack) == {f"{one}/read"}
    (tmp_path / "keys" / two / "read").write_bytes(b"\xff")
    assert "must hold the API key" in run(*arguments).stderr
    file_of(tmp_path / "keys" / two, KEY, "read")
    assert two in {each["console"] for each in json.loads(run(*arguments, "--json").stdout)}
    assert f"{two}_locks" in names(stack)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,read_key\n1,secret-key\n", "Keys never stand in it"),
        ("1234abcd,Graz\n", "needs a first line"),
        ("", "needs a first line"),
        ("id\tname\n1\tx\n", "commas or semicolons"),
        ("id,name\n1,Z\udcfcrich\n", "not text in UTF-8"),
        ("id,id\n1,2\n", "or one twice"),
        ('id,name\n1,"a\n', "not a CSV file"),
        ("id\n" + "1\n" * (MAX_ROWS_IN_CSV + 1), "rows at most"),
    ],
)
def test_a_file_that_is_no_list_of_consoles_is_refused_whole(
    refused: Run, tmp_path: Path, text: str, said: str
) -> None:
    answer = refused("add", "--from", file_of(tmp_path, text))
    assert answer.exit_code == Exit.USAGE
    assert said in " ".join(answer.stderr.split())
    assert "secret-key" not in answer.stderr


@pytest.mark.parametrize(
    "arguments",
    [(), ("5678", "--from", "FILE"), ("--from", "FILE", "--name", "x"), ("5678", "--keys", ".")],
)
def test_one_console_or_a_file_is_given(refused: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    table = file_of(tmp_path, "id\n5678\n")
    assert refused("add", *(table if each == "FILE" else each for each in arguments)).exit_code == Exit.USAGE


def test_the_list_says_how_each_console_is_and_what_it_is_called(run: Run, stack: Stack) -> None:
    run("add", "5678", "--no-check", "--name", "Graz")
    stack.runs.complete("gone", stack.clock.now(), 3)
    found = {each["console"]: each for each in json.loads(run("list", "--json").stdout)}
    assert {name: each["health"] for name, each in found.items()} == {
        "5678": "never archived", "first": "never archived", "gone": "absent",
    }  # fmt: skip
    assert (found["5678"]["name"], found["5678"]["schedule"]) == ("Graz", "cron(17 3 * * ? *)")
    assert found["gone"]["schedule"] is None


class Updating:
    """CloudFormation, as far as an update of the stack goes."""

    def __init__(self, stack: Stack) -> None:
        self.client = stubbed.client("cloudformation")
        self.stub = Stubber(self.client)
        stack._clients["cloudformation"] = self.client
        kept = [{"ParameterKey": name, "UsePreviousValue": True} for name in PARAMETERS]
        off = [{"ParameterKey": n, "ParameterValue": "DISABLED"} for n in ("ScheduleState", "VerifyState")]
        self.expected = {"StackName": "my-stack", "UsePreviousTemplate": True, "Parameters": [*kept, *off],
                         "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]}  # fmt: skip
        stack.described = described(
            stack.outputs(), PARAMETERS | {"ScheduleState": "ENABLED", "VerifyState": "ENABLED"}
        )


def test_the_first_console_is_removed_by_an_update_that_changes_nothing_else(run: Run, stack: Stack) -> None:
    cloud = Updating(stack)
    done = {"Stacks": [{"StackName": "my-stack", "CreationTime": 0, "StackStatus": "UPDATE_COMPLETE"}]}
    cloud.stub.add_response("update_stack", {"StackId": "x"}, cloud.expected)
    cloud.stub.add_response("describe_stacks", done)
    with cloud.stub:
        answer = run("remove", "first", "--yes", "--json")
        cloud.stub.assert_no_pending_responses()
    assert json.loads(answer.stdout)["removed"] == {"archive": True, "verify": True}
    assert stack.runs.last_runs("first").removed_at is not None


def test_a_first_console_that_is_off_already_is_noted_as_removed(run: Run, stack: Stack) -> None:
    cloud = Updating(stack)
    cloud.stub.add_client_error("update_stack", "ValidationError", "No updates are to be performed.")
    with cloud.stub:
        assert run("remove", "first", "--yes").exit_code == Exit.DONE
    assert stack.runs.last_runs("first").removed_at is not None


def test_an_update_that_is_refused_removes_nothing(run: Run, stack: Stack) -> None:
    cloud = Updating(stack)
    for _ in range(2):
        cloud.stub.add_client_error("update_stack", "AccessDenied", "No.")
    with cloud.stub:
        assert run("remove", "first", "--yes").exit_code == Exit.FAILED
        with pytest.raises(CloudError, match="can't be updated"):
            first.switch_off(stack)
    assert stack.runs.last_runs("first").removed_at is None
    assert run("remove", "first", "--also-locks", "--yes").exit_code == Exit.USAGE
