"""One moto, the real handlers, the rendered template, and the gateway between them."""

from collections.abc import Iterator
from types import ModuleType

import boto3
import pytest

from audit_archive.bootstrap.clients import forget
from tests.functions.cloud import serving
from tests.functions.permissions.account import Account
from tests.functions.permissions.gateway import Gateway
from tests.functions.permissions.stage import Clients, Stage
from tests.functions.world import Aws, worlds
from tests.support.stack import Rendered, render


@pytest.fixture(scope="session")
def rendered() -> Rendered:
    """The template with its defaults, and an expiry that lets the retention be raised."""
    return render(ExpiryDays="2600")


@pytest.fixture(scope="session")
def account(rendered: Rendered) -> Account:
    """Its roles and policies."""
    return Account(rendered)


@pytest.fixture(scope="session")
def apps(request: pytest.FixtureRequest) -> dict[str, ModuleType]:
    """The functions' modules by the roles that the template gives them."""
    names = {
        "ArchiveRole": "archive_app",
        "VerifyRole": "verify_app",
        "RetrieveRole": "retrieve_app",
        "operate": "operate_app",
    }
    return {role: request.getfixturevalue(name) for role, name in names.items()}


@pytest.fixture
def stage(
    account: Account,
    aws: Aws,
    apps: dict[str, ModuleType],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stage]:
    """A gateway to the AWS, and what makes worlds whose functions go through it."""
    gateway = Gateway(account)
    clients = Clients(*(boto3.client(service) for service in ("kms", "scheduler", "ssm")))
    with serving(gateway) as endpoint, worlds(aws, apps["ArchiveRole"], monkeypatch) as make:
        yield Stage(gateway, endpoint, make, apps, monkeypatch, clients)
    boto3.setup_default_session()
    forget()
    assert gateway.faults == []
