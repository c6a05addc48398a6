"""The functions with the environment of the rendered template, over a moto and a Console."""

from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from audit_archive.bootstrap.clients import forget
from tests.functions.alarms.account import ARCHIVE, VERIFY, Watched
from tests.functions.cloud import Cloud, serving
from tests.functions.conftest import load
from tests.functions.deployed import (
    SCHEDULES,
    as_the_template_made_it,
    lock_by_default,
    policy_of,
    schedule,
)
from tests.functions.world import Aws, worlds
from tests.support.entries import ordinary
from tests.support.stack import Rendered, render

MODULES = {ARCHIVE: "archive", VERIFY: "verify"}


@pytest.fixture(scope="session")
def rendered() -> Rendered:
    """The template with its defaults."""
    return render()


@pytest.fixture(scope="session")
def apps(aws: Aws, rendered: Rendered) -> dict[str, ModuleType]:
    """The functions' modules, loaded with the variables that the template gives each."""
    found = {}
    for function, name in MODULES.items():
        with pytest.MonkeyPatch.context() as environment:
            for variable, value in variables_of(rendered, function).items():
                environment.setenv(variable, value)
            found[function] = load(name)
    return found


def variables_of(rendered: Rendered, function: str) -> dict[str, str]:
    """The environment of a function as the template says it."""
    said: dict[str, str] = rendered.properties(function)["Environment"]["Variables"]
    return said


@pytest.fixture(scope="session")
def cloud(aws: Aws) -> Iterator[tuple[Cloud, str]]:
    """The AWS that the functions meet, and its address."""
    made = Cloud()
    with serving(made) as endpoint:
        yield made, endpoint


@pytest.fixture
def watch(
    rendered: Rendered,
    aws: Aws,
    cloud: tuple[Cloud, str],
    apps: dict[str, ModuleType],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[], Watched]]:
    """Makes a stack with a Console, whose metrics are watched."""
    ours, endpoint = cloud
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    forget()
    with worlds(aws, apps[ARCHIVE], monkeypatch) as make:

        def watched() -> Watched:
            for function in MODULES:
                for name, value in variables_of(rendered, function).items():
                    monkeypatch.setenv(name, value)
            world = make(ordinary())
            world.set(SIGNING_KEY="")
            lock_by_default(world)
            as_the_template_made_it(world)
            schedule(world, *SCHEDULES)
            ours.policies[world.name] = policy_of(world)
            ours.refused.clear()
            return Watched(rendered, world, ours, apps, world.topic())

        yield watched
    forget()
