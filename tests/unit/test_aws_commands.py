"""Every command of the AWS CLI on our pages: AWS has it, with these options, and it can be carried out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.model import OperationModel
from botocore.session import get_session

from tests.support.pages import PAGES, WORDS, shell_of
from tests.support.rows import all_rows

OF_THE_CLI = {
    "cli-binary-format",
    "cli-read-timeout",
    "cli-input-json",
    "output",
    "profile",
    "query",
    "region",
}
HIGH_LEVEL = {"s3", "configure"}
"""Commands that are the AWS CLI's own: they are no single request."""
RENAMED = {("sns", "subscribe", "endpoint"): "notification-endpoint"}
"""Options that the AWS CLI calls otherwise than the member of the request."""


@dataclass(frozen=True)
class Command:
    """A command of the AWS CLI, where it stands, and what stood before it in the same block."""

    page: str
    words: tuple[str, ...]
    before: tuple[str, ...]

    @property
    def options(self) -> set[str]:
        """The names of its options."""
        return {word[2:].partition("=")[0] for word in self.words if word.startswith("--")}

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def commands(page: Path) -> Iterator[Command]:
    """Each `aws ...` up to the end of its line, its pipe or its bracket."""
    for shell in shell_of(page.read_text(), "aws"):
        text = re.sub(r"\s*\\\n\s*", " ", shell.text)
        before: list[str] = []
        for found in re.finditer(rf"\baws {WORDS}", text):
            words = tuple(shlex.split(found[1], comments=True))
            yield Command(page.name, words, tuple(before))
            before.append(" ".join(words[:3]))


ALL = [command for page in PAGES for command in commands(page) if command.words[0] not in HIGH_LEVEL]


@cache
def operation(service: str, name: str) -> OperationModel | None:
    """The request that a command is, as botocore knows it."""
    model = get_session().get_service_model({"s3api": "s3"}.get(service, service))
    found = [each for each in model.operation_names if xform_name(each, "-") == name]
    return model.operation_model(found[0]) if found else None


def test_the_pages_have_commands() -> None:
    assert len(ALL) > 25
    assert {"deploying.md", "operations.md"} <= {command.page for command in ALL}


@all_rows("command", ALL)
def test_aws_has_the_command_and_all_its_options(command: Command) -> None:
    service, name, *_ = command.words
    if name == "wait":
        waiters = get_session().get_waiter_model(service).waiter_names
        assert command.words[2] in {xform_name(each, "-") for each in waiters}
        return
    request = operation(service, name)
    assert request is not None
    shape = request.input_shape

    def option(member: str) -> str:
        plain = xform_name(member, "-")
        return RENAMED.get((service, name, plain), plain)

    given = {each.removeprefix("no-") for each in command.options} - OF_THE_CLI
    assert given <= {option(each) for each in (shape.members if shape else ())}
    if given and shape and "cli-input-json" not in command.options:
        assert {option(each) for each in shape.required_members} <= given


@pytest.mark.parametrize(
    "command", [each for each in ALL if "use-previous-template" in each.options], ids=str
)
def test_an_update_by_the_cli_states_the_parameters(command: Command) -> None:
    """CloudFormation takes the template's default for a parameter that is not named, and not its last value.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Parameter.html
    """
    assert "parameters" in command.options


@pytest.mark.parametrize("command", [e for e in ALL if e.words[1] == "execute-change-set"], ids=str)
def test_a_change_set_is_waited_for_and_looked_at_before_it_is_executed(command: Command) -> None:
    """CreateChangeSet answers before the change set is there; until then it can't be executed."""
    before = list(command.before)
    made = before.index("cloudformation create-change-set --stack-name")
    waited = before.index("cloudformation wait change-set-create-complete")
    looked = before.index("cloudformation describe-change-set --stack-name")
    assert made < waited < looked


@pytest.mark.parametrize("page", sorted({each.page for each in ALL if "cli-binary-format" in each.options}))
def test_a_page_with_an_option_that_only_the_second_aws_cli_has_says_so(page: str) -> None:
    (found,) = (each for each in PAGES if each.name == page)
    assert "the AWS CLI, version 2" in found.read_text() or "the AWS CLI version 2" in found.read_text()
