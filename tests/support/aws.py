"""The two AWS emulators that the contracts run on, each as a real server on loopback.

What is known of their lies decides which contract runs where; `docs` of the tests give the reason.
"""

import socket
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
import requests
from botocore.config import Config
from moto import backends
from moto.core.utils import method_names_from_class
from moto.moto_api._internal.moto_random import MotoRandom
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.server import ThreadedMotoServer

from local.aws.emulator import base_env

REGION = "eu-west-1"
START_SECONDS = 30


PLAIN = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


def client(service: str, endpoint: str, config: Config | None = None) -> Any:
    """A boto3 client of an emulator; with our own configuration, and one's own, where a test asks for it."""
    return _shared(service, endpoint) if config is None else _client(service, endpoint, config)


@cache
def _shared(service: str, endpoint: str) -> Any:
    return _client(service, endpoint, PLAIN)


def _client(service: str, endpoint: str, config: Config) -> Any:
    return boto3.client(  # type: ignore[call-overload]  # the service's name is a variable here
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=config,
    )


@contextmanager
def moto_server() -> Iterator[str]:
    """moto, in a thread of this process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with pytest.MonkeyPatch.context() as patch:
        _find_once(patch)
        server.start()
        try:
            host, port = server.get_host_and_port()
            yield f"http://{host}:{port}"
        finally:
            server.stop()


def _find_once(patch: pytest.MonkeyPatch) -> None:
    """moto looks for its services, for that of a host and for the methods of each with every request.

    It always finds the same. That, and the name that it draws for a request letter by letter, is a fifth of
    the time that a request takes.
    """
    services = tuple(backends.list_of_moto_modules())
    patch.setattr(backends, "list_of_moto_modules", lambda: services)
    patch.setattr("moto.core.responses.method_names_from_class", cache(method_names_from_class))
    found = cache(DomainDispatcherApplication.get_backend_for_host)
    patch.setattr(DomainDispatcherApplication, "get_backend_for_host", found)
    patch.setattr(MotoRandom, "get_random_string", _drawn_at_once)


def _drawn_at_once(
    random: MotoRandom, length: int = 20, include_digits: bool = True, lower_case: bool = False
) -> str:
    letters = string.ascii_letters + (string.digits if include_digits else "")
    drawn = "".join(random.choices(letters, k=length))
    return drawn.lower() if lower_case else drawn


@contextmanager
def ministack_server(folder: Path) -> Iterator[str]:
    """ministack, as a process of its own that is ended here and nowhere else."""
    port = _free_port()
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "LOG_LEVEL": "ERROR",
        "HOME": str(folder),
    }
    with (folder / "ministack.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=base_env() | settings,  # without the keys of other tests, by which it would judge links
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _wait_for(f"{endpoint}/_ministack/health", process)
        yield endpoint
    finally:
        process.terminate()
        process.wait(timeout=20)


def locked_bucket(endpoint: str) -> str:
    """A new bucket with versioning and Object Lock."""
    s3 = client("s3", endpoint)
    name = f"archive-{uuid4().hex[:12]}"
    place: Any = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=place, ObjectLockEnabledForBucket=True)
    # Both emulators want the configuration itself, and not only the flag, before they take a lock.
    rule: Any = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    s3.put_object_lock_configuration(
        Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    return name


def plain_bucket(endpoint: str) -> str:
    """A new bucket without versioning or lock."""
    name = f"plain-{uuid4().hex[:12]}"
    client("s3", endpoint).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return name


def ledger_table(endpoint: str) -> str:
    """A new table with the ledger's keys."""
    name = f"ledger-{uuid4().hex[:12]}"
    client("dynamodb", endpoint).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "console", "AttributeType": "S"},
            {"AttributeName": "item", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "console", "KeyType": "HASH"},
            {"AttributeName": "item", "KeyType": "RANGE"},
        ],
    )
    return name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"ministack ended by itself with status {process.returncode}"
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise TimeoutError(f"ministack did not answer within {START_SECONDS} s")
