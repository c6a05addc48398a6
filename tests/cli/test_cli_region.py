"""Which region is asked: the one that the AWS CLI asks, so that a stack is found where its secrets are."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from cli.options import Chosen

PROFILES = "[profile work]\nregion = eu-north-1\n[default]\nregion = eu-south-1\n"


def region(tmp_path: Path, *options: str, **variables: str) -> str:
    """The region that the command asks, in an environment with two profiles."""
    config = tmp_path / "config"
    config.write_text(PROFILES)
    nothing = {"AWS_REGION": None, "AWS_DEFAULT_REGION": None, "AWS_PROFILE": None}
    own = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    chosen, runner = Chosen(), CliRunner(env={**nothing, **own, **variables})
    with runner.isolation():
        main.main([*options, "status", "--help"], obj=chosen, standalone_mode=False)
        return chosen.stack.region


@pytest.mark.parametrize(
    ("options", "variables", "wanted"),
    [
        ([], {}, "eu-south-1"),
        (["--profile", "work"], {}, "eu-north-1"),
        ([], {"AWS_PROFILE": "work"}, "eu-north-1"),
        (["--profile", "work"], {"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ([], {"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ([], {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ([], {"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        (
            ["--region", "eu-west-3"],
            {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"},
            "eu-west-3",
        ),
    ],
)
def test_the_region_is_the_one_that_the_aws_cli_asks(
    tmp_path: Path, options: list[str], variables: dict[str, str], wanted: str
) -> None:
    assert region(tmp_path, *options, **variables) == wanted


def test_a_region_may_stand_after_the_command_s_name(tmp_path: Path) -> None:
    chosen, runner = Chosen(), CliRunner(env={"AWS_REGION": "eu-west-1"})
    with runner.isolation():
        main.main(["status", "--region", "eu-west-3", "--help"], obj=chosen, standalone_mode=False)
    assert chosen.region == "eu-west-3"


@pytest.mark.parametrize("command", [["status"], ["init"], ["verify", "1234abcd"]])
def test_without_a_region_every_command_says_so(tmp_path: Path, command: list[str]) -> None:
    nothing = {"AWS_REGION": None, "AWS_DEFAULT_REGION": None, "AWS_PROFILE": None}
    none = str(tmp_path / "none")
    runner = CliRunner(mix_stderr=False, env={**nothing, "AWS_CONFIG_FILE": none, "HOME": none})
    answer = runner.invoke(main, command)
    assert (answer.exit_code, "Error: No region is chosen. Name the one" in answer.stderr) == (2, True)
