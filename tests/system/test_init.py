"""`init` on the laptop: from a Console's address and two keys to a stack with a first plan, in two goes.

The emulator's CloudFormation drops the lock configuration of a bucket, so the first run there ends badly.
That is a failure half way, and the second `init` goes on after it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.exits import Exit
from cli.main import main
from local.aws import DeployedStack, Laptop
from local.aws.console import PURGE_KEY, READ_KEY, URL_TEMPLATE
from local.aws.mend import mend_bucket
from local.aws.sam import STACK
from tests.system.conftest import NewConsole

pytestmark = pytest.mark.timeout(400)

NAME = "by-init"
ENTRIES = 20
Init = Callable[..., Result]


@pytest.fixture
def packaged(laptop: Laptop, tmp_path: Path) -> Path:
    """The laptop's template, with its code in a bucket."""
    cloudformation: Any = laptop.aws.cloudformation
    template = cloudformation.get_template(StackName=STACK, TemplateStage="Original")["TemplateBody"]
    path = tmp_path / "template.json"
    path.write_text(template if isinstance(template, str) else json.dumps(template))
    return path


@pytest.fixture
def init(laptop: Laptop, packaged: Path) -> Iterator[Init]:
    """`canary-audit init` for a stack of its own, which is deleted at the end."""
    options = ("--set", f"ConsoleUrlTemplate={URL_TEMPLATE}", "--template", str(packaged))

    def run(*arguments: str, input: str | None = None) -> Result:  # noqa: A002 - click's own name
        runner = CliRunner(mix_stderr=False, env=laptop.aws.env())
        return runner.invoke(main, ["init", "--stack", NAME, *options, *arguments], input=input)

    yield run
    laptop.aws.cloudformation.delete_stack(StackName=NAME)
    waiter = laptop.aws.cloudformation.get_waiter("stack_delete_complete")
    waiter.wait(StackName=NAME, WaiterConfig={"Delay": 1})


def test_a_console_is_set_up_in_two_goes(
    laptop: Laptop, new_console: NewConsole, init: Init, packaged: Path
) -> None:
    console = new_console(ENTRIES, keys={})
    refused = init(f"{console.url}/settings", input=f"{READ_KEY}\nno-key-of-it\nGOVERNANCE\n")
    assert (refused.exit_code, "The Admin key was refused" in refused.stderr) == (Exit.FAILED, True)
    left = init(console.id, input=f"{READ_KEY}\n{PURGE_KEY}\nGOVERNANCE\nn\n")
    assert (left.exit_code, f"holds {ENTRIES} entries" in left.stderr) == (Exit.ABANDONED, True)
    with pytest.raises(laptop.aws.secrets.exceptions.ResourceNotFoundException):
        laptop.aws.secrets.get_secret_value(SecretId=f"canary-audit/{console.id}/read")

    first = init(console.id, input=f"{READ_KEY}\n{PURGE_KEY}\nGOVERNANCE\ny\ny\n")
    assert "Bucket is missing ObjectLockConfiguration" in first.stderr
    assert "AWS::DynamoDB::Table\t1" in first.stdout
    stack = DeployedStack(laptop.aws, laptop.aws.stack_outputs(NAME))
    mend_bucket(laptop.aws, stack.bucket, packaged, stack.settings())

    second = init(console.id, "--yes", "--json")
    assert second.exit_code == 0, second.stderr
    told = json.loads(second.stdout)
    assert [each["does"] for each in told["steps"][:3]] == [
        *("is there", "is there"),
        "is there, and stays as it is",
    ]
    assert (told["result"]["new_entries"], told["result"]["purged_entries"]) == (ENTRIES, 0)
    assert told["result"]["plan"]["last_id"] == told["result"]["boundary"]
    assert (stack.settings()["PURGE_MODE"], console.count()) == ("dry-run", ENTRIES)
    for said in (refused, left, first, second):
        assert not [key for key in (READ_KEY, PURGE_KEY, "no-key-of-it") if key in said.output + said.stderr]

    other = init("other", "--yes")
    assert (other.exit_code, "canary-audit console add other" in other.stderr) == (Exit.USAGE, True)
