"""`canary-audit env`: what a shell takes is what the stack says, whatever characters it has."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from cli.env import NAMES
from cli.main import main
from cli.options import Chosen
from cli.stack import Stack
from tests.support.stack import SOURCE

ODD = "a b'$(exit 1)`;\"\n"


class Deployed(Chosen):
    """A stack with these outputs."""

    def __init__(self, outputs: dict[str, str]) -> None:
        super().__init__()
        self._stack = Stack("a-stack", None, "eu-west-1")
        described = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
        self._stack.described = {"Outputs": described}

    @property
    def stack(self) -> Any:
        return self._stack


def env(outputs: dict[str, str], *options: str) -> Result:
    return CliRunner(mix_stderr=False).invoke(main, ["env", *options], obj=Deployed(outputs))


def test_a_shell_takes_every_value_as_it_is() -> None:
    outputs = dict.fromkeys(NAMES.values(), ODD)
    script = env(outputs).stdout + "env -0"
    ran = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=True)  # noqa: S603, S607
    taken = dict(each.partition("=")[::2] for each in ran.stdout.split("\0"))
    expected = dict.fromkeys(NAMES, ODD) | {"AWS_REGION": "eu-west-1", "CANARY_AUDIT_STACK": "a-stack"}
    assert {name: taken[name] for name in expected} == expected
    assert json.loads(env(outputs, "--json").stdout) == expected


def test_what_a_stack_does_not_have_is_left_out() -> None:
    assert "ALERT_TOPIC" not in env({"ArchiveBucket": "b"}).stdout


def test_it_has_every_name_that_the_runbook_uses_and_each_is_an_output() -> None:
    assert set(NAMES.values()) <= set(SOURCE["Outputs"])
    page = (Path(__file__).parents[2] / "docs/operations.md").read_text()
    blocks = "".join(re.findall(r"```sh\n(.*?)```", page, re.S)) + "".join(re.findall(r"`(aws [^`]+)`", page))
    own = set(re.findall(r"^ *([A-Z_]+)=", blocks, re.M)) | {"TOKEN", "VERSION_ID", "KEY"}
    assert set(re.findall(r"\$\{?([A-Z_]+)", blocks)) - own <= {*NAMES, "CANARY_AUDIT_STACK"}
