"""What `make deploy` keeps of a stack, what it changes, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from local.deploying import Asked, RefusedError, decided, deployed_of, main

STACK = {"Console": "1234abcd", "PurgeMode": "on", "ObjectLockMode": "GOVERNANCE", "KeepDays": "0"}


def asked(*parameters: str, **given: str) -> Asked:
    return Asked("mine", **given, parameters=frozenset(parameters))


@pytest.mark.parametrize("mode", ["off", "dry-run", "on"])
def test_an_update_that_says_nothing_keeps_console_and_mode(mode: str) -> None:
    stack = STACK | {"PurgeMode": mode}
    assert decided(asked(), stack) == {"Console": "1234abcd", "PurgeMode": mode}
    assert decided(asked(console="1234abcd"), stack) == {"Console": "1234abcd", "PurgeMode": mode}


@pytest.mark.parametrize(
    ("env", "deployed", "mode"),
    [("default", {}, "dry-run"), ("prod", {}, "on"), ("other", {}, "dry-run"),
     ("prod", STACK | {"PurgeMode": "dry-run"}, "on"), ("prod", STACK, "on")],
)  # fmt: skip
def test_purging_is_switched_on_by_prod_alone(env: str, deployed: dict[str, str], mode: str) -> None:
    assert decided(asked(env=env, console="1234abcd", lock="GOVERNANCE"), deployed)["PurgeMode"] == mode


def test_prod_does_not_switch_on_what_somebody_switched_off() -> None:
    stack = STACK | {"PurgeMode": "off"}
    with pytest.raises(RefusedError, match=r"PurgeMode of the stack mine is off, and ENV=prod would switch"):
        decided(asked(env="prod"), stack)
    assert decided(asked("PurgeMode", env="prod"), stack)["Console"] == "1234abcd"


def test_another_first_console_is_refused_unless_the_one_that_it_replaces_is_named() -> None:
    with pytest.raises(
        RefusedError, match=r"is 1234abcd, and CONSOLE=5678efab would replace .* INSTEAD_OF=1234abcd"
    ):
        decided(asked(console="5678efab"), STACK)
    assert decided(asked(console="5678efab", instead_of="1234abcd"), STACK)["Console"] == "5678efab"
    with pytest.raises(
        RefusedError, match="INSTEAD_OF=9999 is not what the stack mine has: its first Console is 1234abcd"
    ):
        decided(asked(console="5678efab", instead_of="9999"), STACK)
    with pytest.raises(RefusedError, match="INSTEAD_OF=9999 is not what the stack mine has: it has none yet"):
        decided(asked(console="5678efab", instead_of="9999", lock="GOVERNANCE"), {})
    with pytest.raises(RefusedError, match="not given in PARAMETERS: give CONSOLE="):
        decided(asked("Console"), STACK)


def test_a_first_deploy_says_console_and_lock_mode() -> None:
    with pytest.raises(RefusedError, match=r"Which lock mode\? There is no stack mine here yet"):
        decided(asked(console="1234abcd"), {})
    with pytest.raises(RefusedError, match=r"Which Console\? make deploy CONSOLE="):
        decided(asked(lock="GOVERNANCE"), {})
    for said in (asked(console="1", lock="COMPLIANCE"), asked("ObjectLockMode", console="1")):
        assert decided(said, {}) == {"Console": "1", "PurgeMode": "dry-run"}


def test_a_stack_that_only_took_over_what_another_left_is_told_all() -> None:
    adopted = {"ArchiveBucketName": "kept"}
    with pytest.raises(RefusedError, match="Which lock mode"):
        decided(asked(console="1234abcd"), adopted)
    assert decided(asked(console="1234abcd", lock="GOVERNANCE"), adopted)["PurgeMode"] == "dry-run"


def cli(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """An AWS CLI that does this."""
    program = folder / "aws"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


DESCRIBED = json.dumps(
    {"Stacks": [{"Parameters": [{"ParameterKey": n, "ParameterValue": v} for n, v in STACK.items()]}]}
)
ASKED = 'test "$*" = "cloudformation describe-stacks --stack-name mine --output json" || exit 1'


def test_the_aws_cli_tells_what_the_stack_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cli(tmp_path, monkeypatch, f"{ASKED}\necho '{DESCRIBED}'")
    assert deployed_of("mine") == STACK
    assert main(["mine"]) == 0
    said = capsys.readouterr()
    assert said.out == "Console=1234abcd PurgeMode=on\n"
    assert said.err == "Console: stays 1234abcd\nPurgeMode: stays on\n"
    assert (
        main(["mine", "--console=5", "--instead-of=1234abcd", "--parameters=KeepDays=3 PurgeMode=off"]) == 0
    )
    said = capsys.readouterr()
    assert said.out == "Console=5 PurgeMode=on\n"
    assert (
        said.err == "Console: changes from 1234abcd to 5\nPurgeMode: as PARAMETERS says (the stack has on)\n"
    )


@pytest.mark.parametrize(
    "parameters",
    [
        "Console=5678efab",
        "KeepDays=3 Console=5",
        '"Console"=5',
        "ParameterKey=Console,ParameterValue=5",
        "ParameterValue=5,ParameterKey=Console",
    ],
)
def test_no_form_of_parameters_changes_the_console(
    parameters: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cli(tmp_path, monkeypatch, f"echo '{DESCRIBED}'")
    assert main(["mine", f"--parameters={parameters}"]) == 2
    assert "give CONSOLE=" in capsys.readouterr().err


def test_a_stack_that_is_not_there_has_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cli(tmp_path, monkeypatch, "echo 'ValidationError: Stack with id mine does not exist' >&2; exit 254")
    assert deployed_of("mine") == {}
    assert main(["mine", "--console=1234abcd", "--lock=GOVERNANCE"]) == 0
    assert capsys.readouterr().err == "Console: 1234abcd\nPurgeMode: dry-run\n"


@pytest.mark.parametrize("refusal", ["AccessDenied: not authorized", "Unable to locate credentials"])
def test_without_an_answer_nothing_is_deployed(
    refusal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Taking that for a first deploy would set the mode anew."""
    cli(tmp_path, monkeypatch, f"echo '{refusal}' >&2; exit 254")
    assert main(["mine", "--console=1234abcd", "--lock=GOVERNANCE", "--env=prod"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert (
        f"AWS does not tell what the stack mine has, and a deploy would not know what to keep: {refusal}"
        in said.err
    )


def test_without_the_aws_cli_nothing_is_deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RefusedError, match="The AWS CLI can't be run"):
        deployed_of("mine")
