"""A cold start: fresh processes that import a function and make its clients, as Lambda does.

The layer is built by its own recipe. The import path keeps no bytecode but what the layer carries, as `/opt`,
which no function may write to. Beside each process of ours runs one that imports boto3 and makes a client.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.measure import ROOT, BenchError, Usage
from local.aws.emulator import base_env

OURS = (
    "import app; from audit_archive.bootstrap.clients import client; "
    "[client(name) for name in ('s3', 'dynamodb', 'secretsmanager')]"
)
BARE = "import boto3; boto3.client('s3')"
ENV = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "POWERTOOLS_SERVICE_NAME": "archive",
    "POWERTOOLS_METRICS_NAMESPACE": "CanaryAuditArchive",
}


def build(folder: Path) -> Path:
    """The built layer, with the archive function beside it: an import path. Raises BenchError."""
    built = folder / "layer"
    if built.exists():
        return built / "python"
    recipe = shutil.copytree(
        ROOT / "layers" / "core", folder / "core", ignore=shutil.ignore_patterns("__pycache__")
    )
    command = ["make", "-C", str(recipe), "build-CoreLayer", f"ARTIFACTS_DIR={built}", "LAYER_TARGET=host"]
    env = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL"}}
    done = subprocess.run(
        [*command, f"PYTHON={sys.executable}"], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"the layer can't be built:\n{(done.stdout + done.stderr)[-2000:]}")
    shutil.copy(ROOT / "functions" / "archive" / "app.py", built / "python")
    return built / "python"


def start(code: str, path: Mapping[str, str]) -> Usage:
    """One fresh process. Raises BenchError if it fails."""
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", code], env=base_env() | ENV | dict(path), capture_output=True, check=False
    )
    after = os.times()
    if done.returncode:
        raise BenchError(f"a cold start failed:\n{done.stderr[-2000:].decode(errors='replace')}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Usage(cpu, 0.0, after.elapsed - before.elapsed)
