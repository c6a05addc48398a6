"""`init`: what it takes for a Console, when keys do, what stands in its way, and what it puts where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from botocore.stub import Stubber
from click.testing import CliRunner, Result

from audit_archive.errors import ConsoleAuthError, ConsoleUnavailableError, RequestError
from cli import deployment, package
from cli.console_keys import any_id_of, check_keys, id_of, settings_of
from cli.exits import Exit, Failure
from cli.main import main
from cli.options import Chosen
from cli.stack import CloudError, Stack
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.console import FakeConsole
from tests.support.fakes.trail import FakeTrail
from tests.support.stack import SOURCE
from tests.support.stubbed import client

URL = "https://{console}.canary.tools"
LAPTOP = "http://127.0.0.1:{console}"
Scripted = tuple[str, str, dict[str, Any] | str]
ACCOUNT: Scripted = ("sts", "get_caller_identity", {"Account": "111122223333"})


@contextmanager
def scripted(*answers: Scripted) -> Iterator[Stack]:
    """A stack with clients that give these answers, in order; a text is the code of an error."""
    stack = Stack("mine", None, "eu-west-1")
    with ExitStack() as open_stubs:
        stubs = {}
        for service, operation, answer in answers:
            if service not in stubs:
                stack._clients[service] = client(service)
                stubs[service] = open_stubs.enter_context(Stubber(stack._clients[service]))
            if isinstance(answer, str):
                stubs[service].add_client_error(operation, answer, "Why", 400)
            else:
                stubs[service].add_response(operation, answer)
        yield stack
        for stub in stubs.values():
            stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("given", "template"),
    [
        ("1234abcd", URL),
        (" 1234ABCD\n", URL),
        ("1234abcd.canary.tools", URL),
        ("https://1234abcd.canary.tools", URL),
        ("https://1234abcd.canary.tools/nest/?x=1#top", URL),
        ("HTTPS://1234Abcd.Canary.Tools/", URL),
    ],
)
def test_an_id_and_an_address_are_the_same_console(given: str, template: str) -> None:
    assert id_of(given, template) == any_id_of(given, lambda: pytest.fail("no stack is asked")) == "1234abcd"
    assert id_of("http://127.0.0.1:4711/x", LAPTOP) == id_of("4711", LAPTOP) == "4711"


@pytest.mark.parametrize(
    "given",
    [
        *("https://evil.example", "https://1234abcd.canary.tools.evil.example/", "a b", "", "../x"),
        *("http://1234abcd.canary.tools", "https://user@1234abcd.canary.tools", "x" * 58),
        "1234abcd.canary.tools:8443",
    ],
)
def test_another_address_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(RequestError) as raised:
        id_of(given, URL)
    assert "evil" not in str(raised.value)
    with pytest.raises(RequestError):
        any_id_of(given, lambda: URL)


def test_the_stack_is_asked_only_for_an_address_of_its_own_form() -> None:
    assert any_id_of(" http://127.0.0.1:4711/x", lambda: LAPTOP) == "4711"
    for given in ("../x", "a b", "1234abcd.canary.tools:8443"):
        with pytest.raises(RequestError):
            any_id_of(given, lambda: pytest.fail("no stack is asked"))


def consoles(**populations: int | None) -> Callable[[str, str], FakeConsole]:
    """Consoles by key, each of so many entries."""

    def trail(what: str, key: str) -> FakeConsole:
        del what
        trail = FakeTrail(FakeClock())
        found = FakeConsole(trail)
        if populations[key] is None:
            found.tells_population = False
        else:
            trail.arrive(populations[key] or 0)
        return found

    return trail


def test_two_keys_that_see_the_same_trail_are_taken() -> None:
    trail = consoles(one=7, other=7, more=9, silent=None)
    assert check_keys(trail, {"read": "one", "purge": "other"}) == 7
    assert check_keys(trail, {"read": "one", "purge": "more"}) == 7  # two entries came in between
    assert check_keys(trail, {"read": "one"}) == 7
    assert check_keys(trail, {"read": "silent", "purge": "one"}) is None


@pytest.mark.parametrize(("read", "purge"), [("all", "flock"), ("flock", "all")])
def test_a_key_that_sees_one_flock_is_refused(read: str, purge: str) -> None:
    with pytest.raises(Failure, match="Both must see the whole trail") as raised:
        check_keys(consoles(all=200, flock=20), {"read": read, "purge": purge})
    assert raised.value.exit_code == Exit.FAILED


def test_one_key_twice_is_refused_before_the_console_is_asked() -> None:
    with pytest.raises(Failure, match="Both keys are the same"):
        check_keys(consoles(), {"read": "one", "purge": "one"})


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConsoleAuthError("HTTP 401"), "The Read-Only key was refused"),
        (
            ConsoleUnavailableError("No answer. The next run tries again."),
            "can't be checked: No answer. Look at",
        ),
    ],
)
def test_a_key_that_can_not_be_checked_keeps_the_class_of_its_error(error: Exception, said: str) -> None:
    console = FakeConsole(FakeTrail(FakeClock()))

    def fail() -> None:
        raise error

    console.hooks["peek"] = fail
    with pytest.raises(type(error), match=said):
        check_keys(lambda _what, _key: console, {"read": "key"})


@pytest.mark.parametrize("status", deployment.FAILED)
def test_a_stack_that_failed_is_told_with_what_to_do(status: str) -> None:
    with scripted(described(status)) as stack, pytest.raises(Failure, match="delete it") as raised:
        deployment.state_of(stack)
    assert "delete-stack --stack-name mine" in raised.value.message


def described(status: str) -> Scripted:
    found = {"StackName": "mine", "StackStatus": status, "CreationTime": 0}
    return ("cloudformation", "describe_stacks", {"Stacks": [found]})


def test_what_is_there_and_what_is_not_is_told_apart() -> None:
    with scripted(described("UPDATE_COMPLETE")) as stack:
        assert deployment.state_of(stack) == "UPDATE_COMPLETE"
    with scripted(described("REVIEW_IN_PROGRESS")) as stack:
        assert deployment.state_of(stack) == ""
    with scripted(("cloudformation", "describe_stacks", "ValidationError")) as stack:
        assert deployment.state_of(stack) == ""
    with scripted(("cloudformation", "describe_stacks", "AccessDenied")) as stack, pytest.raises(CloudError):
        deployment.state_of(stack)
    with scripted(described("UPDATE_IN_PROGRESS")) as stack, pytest.raises(Failure, match="Wait until"):
        deployment.state_of(stack)


def test_a_deploy_that_fails_names_what_failed_first() -> None:
    event = {"StackId": "id", "EventId": "1", "StackName": "mine", "Timestamp": 0}
    events = [
        {**event, "LogicalResourceId": "Later", "ResourceStatus": "CREATE_FAILED"},
        {
            **event,
            "LogicalResourceId": "First",
            "ResourceStatus": "CREATE_FAILED",
            "ResourceStatusReason": "why",
        },
        {**event, "LogicalResourceId": "Fine", "ResourceStatus": "CREATE_COMPLETE"},
    ]
    answers: tuple[Scripted, ...] = (
        ("cloudformation", "execute_change_set", {}),
        described("ROLLBACK_COMPLETE"),
        ("cloudformation", "describe_stack_events", {"StackEvents": events}),
    )
    with scripted(*answers) as stack, pytest.raises(CloudError, match="First: why"):
        deployment.carry_out(stack)


def test_all_code_of_the_template_is_put_into_the_bucket_by_its_hash() -> None:
    template = package.own_template()
    code = [r["Properties"] for r in SOURCE["Resources"].values()]
    named = {each[name] for each in code for name in ("CodeUri", "ContentUri") if name in each}
    assert {path for _, path in package.LOCAL.findall(template)} == named
    functions = template.replace("ContentUri: layers/core", "ContentUri: s3://there/layer.zip")
    count = len(named - {"layers/core"})
    puts: list[Scripted] = [("s3", "put_object", {})] * count
    with scripted(*[ACCOUNT] * count, *puts) as stack:
        made = package.packaged(functions, stack, "code", {})
    assert len(set(re.findall(r"CodeUri: s3://code/canary-audit-archive/[0-9a-f]{64}\.zip", made))) == count
    assert package.LOCAL.search(made) is None


def test_the_same_files_give_the_same_zip(tmp_path: Path) -> None:
    for folder, first in (("a", "one"), ("b", "two")):
        (tmp_path / folder / "sub" / "__pycache__").mkdir(parents=True)
        for name in sorted(("one", "two"), key=lambda name: name != first):
            (tmp_path / folder / "sub" / name).write_text(name)
        (tmp_path / folder / "sub" / "__pycache__" / folder).write_text(folder)
    one, two = (package.zipped(tmp_path / folder, leave="__pycache__") for folder in ("a", "b"))
    assert one == two
    assert ZipFile(BytesIO(one)).namelist() == ["sub/one", "sub/two"]
    assert "sub/__pycache__/a" in ZipFile(BytesIO(package.zipped(tmp_path / "a"))).namelist()


def test_the_bucket_for_code_is_closed_and_never_a_strangers() -> None:
    closed: Scripted = ("s3", "put_public_access_block", {})
    with scripted(ACCOUNT, ("s3", "head_bucket", "404"), ("s3", "create_bucket", {}), closed) as stack:
        assert package.make_bucket(stack, "code") is True
    with scripted(ACCOUNT, ("s3", "head_bucket", {})) as stack:
        assert package.make_bucket(stack, "code") is False
    with scripted(ACCOUNT, ("s3", "head_bucket", "403")) as stack, pytest.raises(Failure, match="not yours"):
        package.make_bucket(stack, "code")


def test_where_keys_are_follows_the_parameters_as_the_functions_do() -> None:
    assert settings_of({}).key_name("1234abcd", "read") == "canary-audit/1234abcd/read"
    in_parameters = settings_of({"KeyStore": "parameter-store", "SecretPrefix": "soc"})
    assert in_parameters.key_name("1234abcd", "purge") == "/soc/1234abcd/purge"
    assert settings_of({}).console_url("1234abcd") == "https://1234abcd.canary.tools"


def refused(*arguments: str, stack: Stack | None = None) -> Result:
    runner = CliRunner(mix_stderr=False, env={"AWS_REGION": "", "AWS_DEFAULT_REGION": ""})
    chosen = Chosen("mine", None, "eu-west-1")
    if stack is not None:
        chosen.__dict__["stack"] = stack
    return runner.invoke(main, ["init", *arguments], obj=chosen if stack is not None else None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "KeepDays"), "--set must be NAME=VALUE"),
        (("--set", "PurgeMode=on"), "--set PurgeMode: init sets it itself"),
        (("--yes",), "With --yes nothing is asked: give CONSOLE"),
    ],
)
def test_what_it_can_not_go_on_with_is_said(arguments: tuple[str, ...], said: str) -> None:
    with scripted(("cloudformation", "describe_stacks", "ValidationError")) as stack:
        answer = refused(*arguments, stack=stack)
    assert (answer.exit_code, said in answer.stderr) == (Exit.USAGE, True), answer.stderr


def test_without_a_region_nothing_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    answer = refused("1234abcd", "--yes")
    assert (answer.exit_code, "No region is chosen" in answer.stderr) == (Exit.USAGE, True)


def test_without_make_the_layer_is_not_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match="Install it, or give --template"):
        package.archive_of("layers/core", {})
