"""What `pipx install .` installs is all that the command needs: every package, and every file in it.

And what the layer carries is no more than the functions need.
"""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "core" / "audit_archive"
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_every_package_is_listed() -> None:
    folders = {path.parent for path in PACKAGE.rglob("__init__.py")}
    names = {".".join(("audit_archive", *folder.relative_to(PACKAGE).parts)) for folder in folders}
    assert set(SETUPTOOLS["packages"]) == names | {"cli"}


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
