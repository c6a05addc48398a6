"""The directions of the house are contracts of import-linter: each is broken here once, and must say so."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "layers/core/audit_archive"

HANDOUT = "evidence.handout.verify"
PLANTED = {
    "rooms": (
        f"{PACKAGE}/audit/pace.py",
        "audit_archive.run.context",
        "audit.pace -> audit_archive.run.context",
    ),
    "adapters": (
        f"{PACKAGE}/adapters/aws.py",
        "audit_archive.config",
        "adapters.aws -> audit_archive.config",
    ),
    "composition": ("cli/status.py", "audit_archive.adapters.s3", "cli.status -> audit_archive.adapters.s3"),
    "clients": (f"{PACKAGE}/run/purge.py", "boto3", "run.purge -> boto3"),
    "cold": (
        f"{PACKAGE}/bootstrap/running.py",
        "audit_archive.desk",
        "bootstrap.running -> audit_archive.desk",
    ),
    "handout": (
        f"{PACKAGE}/evidence/packing.py",
        f"audit_archive.{HANDOUT}",
        f"packing -> audit_archive.{HANDOUT}",
    ),
    "program": (
        f"{PACKAGE}/evidence/handout/verify.py",
        "audit_archive.errors",
        f"{HANDOUT} -> audit_archive.errors",
    ),
    "powertools": (
        "cli/exits.py",
        "audit_archive.lambda_function",
        "cli.exits -> audit_archive.lambda_function",
    ),
    "outside": (f"{PACKAGE}/desk.py", "cli.exits", "audit_archive.desk -> cli.exits"),
    "laptop": ("local/aws/mend.py", "audit_archive.errors", "local.aws.mend -> audit_archive.errors"),
    "stack": ("cli/stack.py", "cli.main", "cli.stack -> cli.main"),
    "circles": ("cli/stack.py", "cli.main", ".stack -> .main"),
}
"""By contract: a file, what the file must not import, and how import-linter names that."""


def contracts() -> dict[str, str]:
    """The names of the contracts, by id."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return {contract["id"]: contract["name"] for contract in config["contracts"]}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy of the house in which every contract is broken."""
    copy = tmp_path_factory.mktemp("directions") / "house"
    shutil.copytree(ROOT / PACKAGE, copy / PACKAGE)
    for folder in ("cli", "local", "bench"):
        shutil.copytree(ROOT / folder, copy / folder)
    shutil.copy(ROOT / "pyproject.toml", copy)
    for path, target, _ in PLANTED.values():
        with (copy / path).open("a") as module:
            module.write(f"\nimport {target}\n")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    environment = {"PYTHONPATH": "layers/core:.", "COLUMNS": "500", "NO_COLOR": "1"}
    ended = subprocess.run(  # noqa: S603 - our own tool, on a copy of our own code
        command, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=100
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    return ended.stdout


def test_every_contract_is_broken_once() -> None:
    assert set(PLANTED) == set(contracts())


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_import_breaks_its_contract(contract: str, told: str) -> None:
    assert f"{contracts()[contract]} BROKEN" in told
    assert PLANTED[contract][2] in told
