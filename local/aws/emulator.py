"""The emulator: ministack on loopback, on a free port, with nothing written outside one folder.

It runs with AUTH on: every call is checked against the policies of the role that makes it, so that the
function works under exactly the role that the template gives it, or does not work.
"""

from __future__ import annotations

import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

from local.aws.child import Child
from local.aws.clients import REGION, ROOT_KEY, Clients

LOOPBACK = "127.0.0.1"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy: it is on this machine
WITH_KEYS = Path(__file__).with_name("ministack_with_keys.py")
# What a child may see of our environment. Above all no PYTHONPATH and no AWS profile: the function must find
# its code in its layer, and nothing may ever reach a real account.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT")


class LocalAws(Clients):
    """A running emulator; use it as a context manager.

    folder   where it keeps everything it writes; the caller removes it afterwards
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        super().__init__(f"http://{LOOPBACK}:{self._port}")
        self._child = Child(
            name="the AWS emulator",
            command=[sys.executable, "-P", str(WITH_KEYS)],
            log=folder / "ministack.log",
            env=self._emulator_env(),
            cwd=folder,
            ready=lambda _: _answers(f"{self.endpoint}/_ministack/ready"),
        )

    def __enter__(self) -> Self:
        self._child.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._child.__exit__(kind, error, trace)

    @property
    def pid(self) -> int | None:
        """The emulator's process id, while it runs."""
        return self._child.pid

    def tail(self, lines: int = 30) -> str:
        """The emulator's last log lines; a failing function's traceback is among them."""
        return self._child.tail(lines)

    def env(self) -> dict[str, str]:
        """The environment in which AWS tools talk to this emulator, and can't talk to anything else."""
        return base_env() | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def stack_outputs(self, stack: str) -> Mapping[str, str]:
        """The outputs of a deployed stack."""
        (found,) = self.cloudformation.describe_stacks(StackName=stack)["Stacks"]
        return {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}

    def _emulator_env(self) -> dict[str, str]:
        return base_env() | {
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(self._port),
            "AUTH": "true",
            "LAMBDA_EXECUTOR": "local",
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.1",  # on AWS a minute, then two
            "LOG_LEVEL": "WARNING",  # what is left says why something failed
            "IOT_MTLS_ENABLED": "0",  # would listen on every interface
            "SFTP_ENABLED": "0",
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "MINISTACK_REGION": REGION,
            "TMPDIR": str(self._folder),
            "S3_DATA_DIR": str(self._folder / "s3"),
            "STATE_DIR": str(self._folder / "state"),
        }


def base_env() -> dict[str, str]:
    """The part of our environment that a child may see."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def free_port() -> int:
    """A port on loopback that is free at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        with DIRECT.open(url, timeout=2) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False
