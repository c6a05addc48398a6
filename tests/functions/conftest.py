"""A Console over HTTP, an AWS, and the real handlers, loaded from where they are deployed from."""

import importlib.util
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import boto3
import pytest

from audit_archive.bootstrap.clients import forget
from tests.functions.cloud import Cloud
from tests.functions.world import Aws, World, worlds
from tests.support.at_hand import at_hand
from tests.support.aws import moto_server
from tests.support.invocation import environment_for

FUNCTIONS = Path(__file__).parents[2] / "functions"


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    """An AWS on this machine, and the environment that leads every client of this process to it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with (
        moto_server() as endpoint,
        at_hand(endpoint, Cloud()),
        pytest.MonkeyPatch.context() as environment,
    ):
        for name, value in environment_for(endpoint).items():
            environment.setenv(name, value)
        forget()
        yield Aws(
            boto3.client("s3"),
            boto3.client("dynamodb"),
            boto3.client("secretsmanager"),
            boto3.client("sns"),
            boto3.client("sqs"),
        )
        forget()


@pytest.fixture(scope="session")
def archive_app(aws: Aws) -> ModuleType:
    """The module `functions/archive/app.py`; others are called `app` too, so it gets a name of its own."""
    return load("archive")


@pytest.fixture(scope="session")
def operate_app(aws: Aws) -> ModuleType:
    """The module `functions/operate/app.py`."""
    return load("operate")


@pytest.fixture(scope="session")
def retrieve_app(aws: Aws) -> ModuleType:
    """The module `functions/retrieve/app.py`."""
    return load("retrieve")


@pytest.fixture(scope="session")
def verify_app(aws: Aws) -> ModuleType:
    """The module `functions/verify/app.py`."""
    return load("verify")


def load(function: str) -> ModuleType:
    """The module of a function, new: it reads the names of its metrics from the environment of now."""
    spec = importlib.util.spec_from_file_location(f"{function}_app", FUNCTIONS / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def make_world(
    aws: Aws, archive_app: ModuleType, operate_app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., World]]:
    """Makes a world over a trail; further arguments are the Console's."""
    with worlds(aws, archive_app, monkeypatch, operate_app) as make:
        yield make


@pytest.fixture
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function looks and asks again at once: how long it waits for that is tested elsewhere."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.01)))


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A world whose Console holds three entries, all long ago."""
    return make_world()
