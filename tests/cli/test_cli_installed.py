"""The wheel, installed alone: the command runs from it, with its pages and what a stack is deployed from."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.wide

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BACKEND = PROJECT["build-system"]["build-backend"]
NEEDED = ("cli", "layers", "docs", "events", "functions", "*.md", "LICENSE", "pyproject.toml", "*.yaml")


def run(*command: str | Path, cwd: Path) -> str:
    """What a command says on stdout; it must end well."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, asked of the backend as pip does (PEP 517).

    It is made from a copy: a build writes beside its sources.
    """
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for pattern in NEEDED:
        for path in ROOT.glob(pattern):
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, source / path.name)
    (source / "tests").mkdir()
    (source / "tests" / "test_by_chance.py").write_text("")
    (source / "docs" / "by_chance.txt").write_text("")
    run(sys.executable, "-c", f"import {BACKEND} as b; b.build_wheel({str(made)!r})", cwd=source)
    (found,) = made.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`canary-audit` in a new environment, which has our dependencies and nothing of our tree."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False, symlinks=True)
    (site,) = home.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    python = home / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-compile", wheel, cwd=home)
    return home / "bin" / "canary-audit"


def test_the_backend_is_the_one_that_is_locked() -> None:
    (backend,) = PROJECT["build-system"]["requires"]
    assert re.search(rf"^{re.escape(backend)} ", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE)


def test_the_wheel_holds_what_a_stack_is_deployed_from_and_nothing_by_chance(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    shipped = {name.removeprefix("cli/shipped/") for name in names if name.startswith("cli/shipped/")}
    assert {"template.yaml", "layers/core/Makefile", "layers/core/requirements.txt"} <= shipped
    assert {f"functions/{each}/app.py" for each in ("archive", "verify", "retrieve")} <= shipped
    pages = {*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md")}
    assert {str(page.relative_to(ROOT)) for page in pages} <= shipped
    assert not [name for name in names if "by_chance" in name or name.startswith(("tests", "local", "bench"))]


def test_the_command_runs_from_the_wheel_alone(installed: Path, tmp_path: Path) -> None:
    assert run(installed, "--version", cwd=tmp_path).strip().endswith(PROJECT["project"]["version"])
    shown = run(installed, "docs", "deploying", cwd=tmp_path)
    assert shown == (ROOT / "docs/deploying.md").read_text()
    where = "import cli.sources as s; print(s.root())"
    root = Path(run(installed.parent / "python", "-c", where, cwd=tmp_path).strip())
    assert root.is_relative_to(installed.parents[1])
    folder = ROOT / "docs" / "example-archive"
    verified = run(installed, "verify", "1234abcd", "--folder", folder, "--json", cwd=tmp_path)
    assert json.loads(verified)["is_valid"] is True
