"""`python -m local.deploying` tells `make deploy` which Console and PurgeMode to give, or why not to deploy.

What is not said stays as the stack has it. What can't be taken back is said for this one deploy.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NAMED = re.compile(r"(?:(?:^|\s)(?:ParameterKey=)?|,ParameterKey=)[\"']?(\w+)[\"']?(?=[=,\s]|$)")
"""The parameters that PARAMETERS gives, in each of the forms that SAM takes."""


class RefusedError(Exception):
    """Nothing is deployed: the message says what to say."""


@dataclass(frozen=True)
class Asked:
    """What `make deploy` was told. Empty is: not told. `parameters`: the names that PARAMETERS gives."""

    stack: str
    env: str = "default"
    console: str = ""
    instead_of: str = ""
    lock: str = ""
    parameters: frozenset[str] = frozenset()


def decided(asked: Asked, deployed: Mapping[str, str]) -> dict[str, str]:
    """The two parameters for this deploy. `deployed`: those of the stack; none if there is no stack.

    Raises RefusedError.
    """
    if "Console" in asked.parameters:
        raise RefusedError("The first Console is not given in PARAMETERS: give CONSOLE=1234abcd")
    if not asked.lock and not {"ObjectLockMode"} & (asked.parameters | deployed.keys()):
        raise RefusedError(
            f"Which lock mode? There is no stack {asked.stack} here yet. For a first deploy give "
            "LOCK=GOVERNANCE, or LOCK=COMPLIANCE: what is locked so no user can delete, ever. "
            "See docs/deploying.md#the-lock-mode"
        )
    return {"Console": _console(asked, deployed), "PurgeMode": _mode(asked, deployed)}


def _console(asked: Asked, deployed: Mapping[str, str]) -> str:
    kept = deployed.get("Console", "")
    if not asked.console and not kept:
        raise RefusedError("Which Console? make deploy CONSOLE=1234abcd LOCK=GOVERNANCE [ENV=prod]")
    if asked.instead_of and asked.instead_of != kept:
        has = f"its first Console is {kept}" if kept else "it has none yet"
        raise RefusedError(f"INSTEAD_OF={asked.instead_of} is not what the stack {asked.stack} has: {has}")
    if kept and asked.console not in {"", kept} and not asked.instead_of:
        raise RefusedError(
            f"The first Console of the stack {asked.stack} is {kept}, and CONSOLE={asked.console} would "
            f"replace its schedules: {kept} would be archived no more. To add {asked.console}: "
            f"canary-audit console add {asked.console}. To replace it after all: INSTEAD_OF={kept} too"
        )
    return asked.console or kept


def _mode(asked: Asked, deployed: Mapping[str, str]) -> str:
    """ENV=prod switches purging on, but not where somebody deployed `off`: that was to stop it."""
    kept = deployed.get("PurgeMode", "")
    if asked.env != "prod":
        return kept or "dry-run"
    if kept == "off" and "PurgeMode" not in asked.parameters:
        raise RefusedError(
            f"The PurgeMode of the stack {asked.stack} is off, and ENV=prod would switch purging on. Without "
            'ENV=prod it stays off. To switch it on, give PARAMETERS="PurgeMode=on" too'
        )
    return "on"


def deployed_of(stack: str) -> dict[str, str]:
    """The parameters that a stack has; none if there is no stack. Raises RefusedError if AWS is silent."""
    command = ["aws", "cloudformation", "describe-stacks", "--stack-name", stack, "--output", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise RefusedError(
            f"The AWS CLI can't be run: {error}. It tells what the stack {stack} has"
        ) from error
    if done.returncode != 0:
        if "does not exist" in done.stderr:
            return {}
        raise RefusedError(
            f"AWS does not tell what the stack {stack} has, and a deploy would not know what to keep: "
            f"{' '.join(done.stderr.split())}"
        )
    (found,) = json.loads(done.stdout)["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}


def told(given: Mapping[str, str], deployed: Mapping[str, str], parameters: frozenset[str]) -> list[str]:
    """A line for each parameter that stays or changes."""
    lines = []
    for name, value in given.items():
        if name in parameters:
            lines.append(f"{name}: as PARAMETERS says (the stack has {deployed.get(name) or 'none yet'})")
        elif name in deployed:
            changes = f"changes from {deployed[name]} to {value}"
            lines.append(f"{name}: {changes if value != deployed[name] else f'stays {value}'}")
        else:
            lines.append(f"{name}: {value}")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the parameters on stdout, and what they mean on stderr."""
    parser = argparse.ArgumentParser(prog="local.deploying", description=__doc__)
    parser.add_argument("stack")
    for name in ("env", "console", "instead-of", "lock", "parameters"):
        parser.add_argument(f"--{name}", default="")
    found = vars(parser.parse_args(arguments))
    asked = Asked(**found | {"parameters": frozenset(NAMED.findall(found["parameters"]))})
    try:
        deployed = deployed_of(asked.stack)
        given = decided(asked, deployed)
    except RefusedError as refusal:
        print(refusal, file=sys.stderr)
        return 2
    for line in told(given, deployed, asked.parameters):
        print(line, file=sys.stderr)
    print(*(f"{name}={value}" for name, value in given.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
