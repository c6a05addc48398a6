"""`make deploy`: region, names, lock mode and runtime that it deploys with, and what it refuses."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.util import MAGIC_NUMBER
from marshal import loads
from pathlib import Path

import pytest
from samcli.cli.types import CfnParameterOverridesType  # type: ignore[import-untyped]

from cli.options import DEFAULT_STACK
from local.deploying import Asked, decided
from tests.support.rows import all_rows
from tests.support.stack import SOURCE

ROOT = Path(__file__).parents[2]
SAMCONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())
SHOW = f"include {ROOT}/Makefile\nshow: ; @echo $${{AWS_DEFAULT_REGION-unset}}\n"


def make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run make as in a shell that has these variables and no others of AWS's or ours."""
    kept = {
        n: v for n, v in os.environ.items() if not n.startswith("AWS_") and n not in {"STACK", "LOCK", "ENV"}
    }
    kept = {n: v for n, v in kept.items() if n not in {"MAKEFLAGS", "MAKELEVEL", "CONSOLE", "PARAMETERS"}}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(  # noqa: S603 - our own Makefile
        command, cwd=ROOT, env=kept | variables, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({}, "unset"),  # so that the profile's counts: an empty one would hide it
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
    ],
)
def test_sam_deploys_to_the_region_where_the_aws_cli_makes_the_secrets(
    variables: dict[str, str], region: str, tmp_path: Path
) -> None:
    makefile = tmp_path / "Makefile"
    makefile.write_text(SHOW)
    assert make("-f", str(makefile), "show", **variables).stdout.strip() == region


def deployed(*arguments: str) -> tuple[dict[str, str], str]:
    """The parameters, and the stack's name, that `make deploy` gives SAM for a stack that is new."""
    said = make("-n", "deploy", *arguments).stdout.replace("\\\n", " ")
    found = re.search(r"sam deploy .*--stack-name (\S+) --parameter-overrides\s+\$kept (.+)", said)
    assert found, said
    asked = re.search(
        r"--env='(.*)' --console='(.*)'\s+--instead-of='(.*)' --lock='(.*)' --parameters=", said
    )
    assert asked, said
    env, console, instead_of, lock = asked.groups()
    kept = decided(Asked(found[1], env, console or "1234abcd", instead_of, lock or "GOVERNANCE"), {})
    words = (*(f"{name}={value}" for name, value in kept.items()), *shlex.split(found[2]))
    parameters: dict[str, str] = CfnParameterOverridesType().convert(words, None, None)
    return parameters, found[1]


def default(parameter: str) -> str:
    """What the template takes for a parameter that it is not given."""
    return str(SOURCE["Parameters"][parameter]["Default"])


def test_what_is_not_asked_for_is_not_purged_and_no_lock_mode_is_changed() -> None:
    parameters, stack = deployed()
    built_for = {"Runtime": default("Runtime"), "Architecture": default("Architecture")}
    assert parameters == {"Console": "1234abcd", "PurgeMode": "dry-run", "DeployedBy": "caller"} | built_for
    assert stack == DEFAULT_STACK == SAMCONFIG["prod"]["global"]["parameters"]["stack_name"]


def test_the_lock_mode_is_given_when_it_is_said() -> None:
    assert deployed("LOCK=COMPLIANCE")[0]["ObjectLockMode"] == "COMPLIANCE"


def test_what_the_stack_has_is_asked_before_the_build_and_again_after_it() -> None:
    said = make("-n", "deploy", "CONSOLE=1234abcd", "PARAMETERS=A='b c'").stdout
    assert re.findall(r"local\.deploying canary-audit-archive|sam build|sam deploy", said) == [
        "local.deploying canary-audit-archive",
        "sam build",
        "local.deploying canary-audit-archive",
        "sam deploy",
    ]
    (first, second) = re.findall(r"--parameters=(\S+ \S+?)\)?\"?(?: &&| >)", said)
    assert shlex.split(first) == shlex.split(second) == ["A='b c'"]


def test_what_is_given_last_counts() -> None:
    parameters, stack = deployed("STACK=other", "PARAMETERS=DeployedBy=service-role DeployRoleArn=arn")
    assert (parameters["DeployedBy"], parameters["DeployRoleArn"], stack) == ("service-role", "arn", "other")


def test_the_functions_are_deployed_for_what_the_layer_is_built_for() -> None:
    """CloudFormation keeps a parameter that is not given, and a build keeps nothing."""
    for arguments, variables in (((), {}), (("LAYER_ARCH=x86_64", "LAYER_RUNTIME=python3.12"), {})):
        said = make("-n", "deploy", "CONSOLE=1234abcd", *arguments, **variables).stdout
        built = dict(re.findall(r"\b(LAYER_RUNTIME|LAYER_ARCH)=(\S+)", said))
        parameters, _ = deployed(*arguments)
        assert (parameters["Runtime"], parameters["Architecture"]) == (
            built["LAYER_RUNTIME"],
            built["LAYER_ARCH"],
        )
    inherited = make("-n", "deploy", "CONSOLE=1234abcd", LAYER_ARCH="x86_64").stdout
    assert "LAYER_ARCH=x86_64" in inherited
    assert " Architecture=x86_64 " in inherited
    for said in ("Architecture=x86_64", "KeepDays=3 Runtime=python3.12"):
        refused = make("named", "CONSOLE=1234abcd", "LOCK=GOVERNANCE", f"PARAMETERS={said}")
        assert refused.returncode == 2
        assert "give LAYER_RUNTIME=python3.13 or LAYER_ARCH=x86_64" in refused.stderr


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ('ScheduleExpression="cron(17 * * * ? *)" KeepDays=3', "ScheduleExpression", "cron(17 * * * ? *)"),
        ("ScheduleExpression='rate(12 hours)'", "ScheduleExpression", "rate(12 hours)"),
        ('KeepDays=3 SigningKeyArn=""', "SigningKeyArn", ""),
        ("DeployRoleArn=''", "DeployRoleArn", ""),
        ("AlertEmail=a;b&c@example.com", "AlertEmail", "a;b&c@example.com"),
    ],
)
def test_a_value_reaches_sam_as_it_was_written(given: str, name: str, value: str) -> None:
    """The shell takes no part of it: blanks, quotes, brackets, and nothing at all."""
    parameters, _ = deployed(f"PARAMETERS={given}")
    assert parameters[name] == value
    assert set(parameters) - {"KeepDays", name} == set(deployed()[0])


@pytest.mark.parametrize(
    "variables",
    [{"ENV": "prod"}, {"LOCK": "COMPLIANCE"}, {"PARAMETERS": "PurgeMode=on"}, {"STACK": "x"}, {"ENV": ""}],
)
def test_a_variable_that_the_shell_happens_to_have_deploys_nothing(variables: dict[str, str]) -> None:
    """ENV is a common one: with `prod` in it the first deploy would purge."""
    (name,) = variables
    refused = make("deploy", "CONSOLE=1234abcd", **variables)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"The environment has {name}, and a deploy does not go by it" in refused.stderr
    given = f"{name}={variables[name]}"
    assert (
        "The environment has" not in make("named", "CONSOLE=1", "LOCK=GOVERNANCE", given, **variables).stderr
    )


def test_a_deploy_by_sam_alone_is_told_the_same() -> None:
    needed = {name for name, parameter in SOURCE["Parameters"].items() if "Default" not in parameter}
    for env in ("default", "prod"):
        given = SAMCONFIG[env]["deploy"]["parameters"]["parameter_overrides"]
        assert {each.partition("=")[0] for each in given.split()} == needed - {"Console", "ObjectLockMode"}


@pytest.mark.parametrize("stack", ["abc", "My-Stack-2", "x" * 55])
def test_a_stack_s_name_that_fits_is_taken(stack: str) -> None:
    assert make("named", "CONSOLE=1234abcd", "LOCK=GOVERNANCE", f"STACK={stack}").returncode == 0


@all_rows("stack", ["", "ab", "x" * 56, "1ab", "a--b", "ab-", "-ab", "a_b", "a b", "a;b", "a'b"])
def test_a_stack_s_name_that_would_fail_late_is_refused_early(stack: str) -> None:
    refused = make("named", "CONSOLE=1234abcd", "LOCK=GOVERNANCE", f"STACK={stack}")
    assert refused.returncode == 2
    assert "can not be deployed: give 3 to 55 letters" in refused.stderr or "'" in stack


def on_the_pages() -> list[str]:
    """Each `make deploy ...` that a page tells a reader to type, but those with an ellipsis."""
    found = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        text = re.sub(r"\s*\\\n\s*", " ", page.read_text())
        found += re.findall(r"(?:^ *|`)(make deploy [^`\n]*)", text, re.MULTILINE)
    return sorted({each.strip() for each in found if "..." not in each and "=" in each})


@all_rows("command", on_the_pages())
def test_what_the_pages_tell_to_deploy_is_taken(command: str) -> None:
    _, _, *arguments = shlex.split(command.replace("$CONSOLE", "1234abcd").replace("$BUCKET", "kept"))
    parameters, _ = deployed(*arguments)
    assert set(parameters) <= set(SOURCE["Parameters"])
    for name, value in parameters.items():
        rule = SOURCE["Parameters"][name]
        given = value.replace("$TABLE", "kept")
        assert re.fullmatch(rule.get("AllowedPattern", ".*"), given), name
        assert given in {str(each) for each in rule.get("AllowedValues", [given])}, name
    if "LOCK=" in command:
        assert make("named", *arguments).returncode == 0


def test_the_pages_tell_what_to_deploy() -> None:
    assert len(on_the_pages()) > 7


def bytecode_in(folder: Path, *arguments: str) -> tuple[list[Path], str]:
    """The bytecode that the layer's recipe makes of one module, and what it says."""
    (folder / "python").mkdir()
    (folder / "python" / "one.py").write_text("WORDS = {'one', 'two', 'three', 'four'}\n")
    done = make("-C", "layers/core", "bytecode", f"ARTIFACTS_DIR={folder}", *arguments)
    assert done.returncode == 0, done.stderr
    return sorted(folder.rglob("*.pyc")), done.stderr


def test_the_layer_carries_bytecode_of_its_own_python(tmp_path: Path) -> None:
    runtime, made = f"python{sys.version_info[0]}.{sys.version_info[1]}", list[bytes]()
    for place in ("one", "another"):
        folder = tmp_path / place
        folder.mkdir()
        (found,), said = bytecode_in(folder, f"PYTHON={sys.executable}", f"LAYER_RUNTIME={runtime}")
        assert not said
        made.append(found.read_bytes())
    assert made[0] == made[1], "the same files give the same layer, wherever it is built"
    magic, flags = made[0][:4], made[0][4]
    assert (magic, flags) == (MAGIC_NUMBER, 0b01), "by its hash, and unchecked: no file's time counts"
    code = loads(made[0][16:])  # noqa: S302 - we have just made it
    assert code.co_filename == "/opt/python/one.py"


def test_without_the_layers_python_there_is_no_bytecode_and_it_says_so(tmp_path: Path) -> None:
    found, said = bytecode_in(tmp_path, f"PYTHON={sys.executable}", "LAYER_RUNTIME=python3.99")
    assert not found
    assert "install python3.99, and build again" in said
