"""The real `sam build` and `sam deploy`, as a user runs them, against the endpoint that the caller names."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.aws.emulator import base_env

ROOT = Path(__file__).resolve().parents[2]
CONFIG_ENV = "local"
STACK = "canary-audit-local"  # as in samconfig.toml
ARTIFACTS = "sam-artifacts"  # as in samconfig.toml

_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


class SamError(RuntimeError):
    """A `sam` command failed; the message ends with its last lines."""


def host_parameters() -> dict[str, str]:
    """The template's Runtime and Architecture for this machine, on which the emulator runs the function."""
    version = sys.version_info
    machine = platform.machine().lower()
    if machine not in _ARCHITECTURES:
        raise SamError(f"Lambda has no architecture for this machine: {machine}")
    return {"Runtime": f"python{version.major}.{version.minor}", "Architecture": _ARCHITECTURES[machine]}


def build(folder: Path, root: Path = ROOT) -> Path:
    """Build the stack of `root` into `folder`; give the built template.

    The layer takes this machine's wheels, because the function will run here.
    """
    built = folder / "build"
    # The whole environment: pip may need a proxy, a mirror or a certificate.
    env = dict(os.environ) | _env(folder) | {"LAYER_TARGET": "host", "PYTHON": sys.executable}
    overrides = _overrides(host_parameters())
    _sam(["build", "--build-dir", str(built), "--parameter-overrides", *overrides], root, env)
    return built / "template.yaml"


def deploy(
    template: Path, parameters: Mapping[str, str], aws: Mapping[str, str], folder: Path, root: Path = ROOT
) -> None:
    """Deploy a built template; `aws` is the environment that names the endpoint and the caller.

    As JSON: the emulator parses the template at each step, and takes most of a second for YAML.
    """
    command = [
        "deploy",
        "--use-json",
        "--config-file",
        str(root / "samconfig.toml"),
        "--config-env",
        CONFIG_ENV,
    ]
    command += ["--template-file", str(template), "--parameter-overrides"]
    command += _overrides(host_parameters() | dict(parameters))
    _sam(command, root, _env(folder) | dict(aws))


def _overrides(parameters: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in parameters.items()]


def _sam(arguments: Sequence[str], root: Path, env: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "samcli", *arguments]
    done = subprocess.run(
        command,
        cwd=root,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        output = (done.stdout + done.stderr).splitlines()
        raise SamError(f"sam {arguments[0]} failed (status {done.returncode}):\n" + "\n".join(output[-40:]))


def _env(folder: Path) -> dict[str, str]:
    """No telemetry, no question for a newer version, and nothing written to the home folder."""
    own = folder / "sam"
    own.mkdir(exist_ok=True)
    (own / "metadata.json").write_text(json.dumps({"lastVersionCheck": time.time()}))
    return base_env() | {
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",
        "__SAM_CLI_APP_DIR": str(own),
        "AWS_DEFAULT_REGION": "us-east-1",
    }
