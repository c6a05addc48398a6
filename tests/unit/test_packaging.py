"""What `pipx install .` installs is all that the command needs: every package, and every file in it.

And what the layer carries is no more than the functions need.
"""

import ast
import re
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

from audit_archive.errors import SITE
from tests.support.stack import SOURCE

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


def test_the_image_has_all_that_the_wheel_is_made_of_and_is_not_root() -> None:
    recipe, ignored = (ROOT / "Dockerfile").read_text(), (ROOT / ".dockerignore").read_text()
    let_in = set(re.findall(r"^!(\S+)$", ignored, re.MULTILINE))
    copied = set(re.findall(r"^COPY (?!--from)(.+) \S+$", recipe, re.MULTILINE))
    taken = {name for names in copied for name in names.split()}
    assert taken == let_in
    shipped = {pattern.partition("/")[0] for pattern in SETUPTOOLS["package-data"]["cli.shipped"]}
    assert shipped | {"cli", "layers", "LICENSE", "pyproject.toml", "requirements-dev.txt"} == taken
    base = re.findall(r"^ARG BASE=python:(3\.\d+)\.\d+-", recipe, re.MULTILINE)
    assert [f"python{version}" for version in base] == [SOURCE["Parameters"]["Runtime"]["Default"]]
    assert re.findall(r"^USER (.+)$", recipe, re.MULTILINE)[-1].isdecimal()


def test_the_template_can_be_published_as_the_repository_wants_it() -> None:
    """https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/ has the limits."""
    said = SOURCE["Metadata"]["AWS::ServerlessRepo::Application"]
    assert re.fullmatch(r"[a-zA-Z0-9-]{1,140}", said["Name"])
    assert re.fullmatch(r"[a-z0-9](([a-z0-9]|-(?!-)){0,125}[a-z0-9])?", said["Author"])
    assert 1 <= len(said["Description"]) <= 256
    assert len(said["Labels"]) <= 10
    assert all(re.fullmatch(r"[a-zA-Z0-9+\-_:/@]{1,127}", label) for label in said["Labels"])
    assert said["SemanticVersion"] == PROJECT["project"]["version"]
    assert said["SpdxLicenseId"] == PROJECT["project"]["license"]
    assert said["HomePageUrl"] == SITE
    for name in ("LicenseUrl", "ReadmeUrl"):
        assert 0 < (ROOT / said[name]).stat().st_size < 5_000_000
