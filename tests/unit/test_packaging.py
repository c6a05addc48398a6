"""What `pipx install .` installs is all that the command needs: every package, and every file in it.

And what the layer carries is no more than the functions need.
"""

import ast
import re
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "core" / "audit_archive"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS = PROJECT["tool"]["setuptools"]
BROUGHT = {"botocore": "boto3", "urllib3": "requests"}
"""What is imported and comes with something else; it has no version of its own to choose."""


def test_every_package_is_listed() -> None:
    folders = {path.parent for path in PACKAGE.rglob("__init__.py")}
    names = {".".join(("audit_archive", *folder.relative_to(PACKAGE).parts)) for folder in folders}
    assert set(SETUPTOOLS["packages"]) == names | {"cli", "cli.shipped"}


def test_every_file_that_is_no_module_is_listed() -> None:
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}]
    names = [path.relative_to(PACKAGE).as_posix() for path in files]
    listed = SETUPTOOLS["package-data"]["audit_archive"]
    assert len(names) > 2
    assert [name for name in names if not any(fnmatch(name, pattern) for pattern in listed)] == []


def test_the_layer_carries_neither_what_lambda_brings_nor_a_tracer() -> None:
    locked = (ROOT / "layers/core/requirements.txt").read_text()
    names = set(re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE))
    assert {"aws-lambda-powertools", "cryptography", "orjson"} <= names
    assert not names & {"boto3", "botocore", "s3transfer", "aws-xray-sdk", "wrapt"}


def imported(file: Path) -> set[str]:
    """The first names of all that a file imports, but for the type checker alone."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return {name for name in names if not name.startswith("mypy_boto3")}


def test_the_command_is_installed_with_all_that_it_imports() -> None:
    """But the functions' own: Lambda alone runs them, with the layer."""
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "cli").glob("*.py")]
    used = set().union(*(imported(file) for file in files if file.name != "lambda_function.py"))
    outside = used - set(sys.stdlib_module_names) - {"audit_archive", "cli"}
    needed = {BROUGHT.get(name, name) for name in outside}
    assert {"boto3", "click", "xlsxwriter"} <= needed
    assert needed | {"pip"} == set(PROJECT["project"]["dependencies"])
