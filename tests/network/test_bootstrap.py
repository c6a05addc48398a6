"""The product as it is put together for Lambda, with all its patience, across a network that fails."""

from time import monotonic

import pytest

from audit_archive.bootstrap import archiving
from audit_archive.bootstrap.clients import forget
from audit_archive.errors import ConsoleUnavailableError
from audit_archive.run.request import ArchiveRequest
from audit_archive.run.result import RunOutcome
from tests.network.cases import first
from tests.network.faults import Fault
from tests.network.photograph import look_at_rest
from tests.network.proxy import Order
from tests.network.world import Aws, World
from tests.support.invocation import Context, environment_for
from tests.support.world import CONSOLE


def run(world: World, monkeypatch: pytest.MonkeyPatch, seconds: float) -> str:
    """One invocation that has so much time, under the environment that the template sets."""
    variables = environment_for(world.aws.proxy.url) | {
        "AWS_DEFAULT_REGION": "eu-west-1",
        "ARCHIVE_BUCKET": world.bucket,
        "LEDGER_TABLE": world.table,
        "SECRET_PREFIX": world.bucket,
        "PURGE_MODE": "on",
        "RETENTION_DAYS": "90",
        "CONSOLE_URL_TEMPLATE": world.proxy.url,
        "ALERT_TOPIC": "",
    }
    with monkeypatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(name, value)
        forget()
        try:
            return archiving.archive_run(ArchiveRequest(CONSOLE), Context(seconds)).outcome
        finally:
            forget()


def test_a_listing_cut_off_and_a_purge_not_answered(account: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    with World(account) as world:
        first(world)
        world.aws.proxy.strike(Order(Fault("close", "line 2"), "GET ?versions", nth=2))
        world.proxy.strike(Order(Fault("reset"), "POST purge"))
        assert run(world, monkeypatch, 900) == RunOutcome.PURGED
        assert world.aws.proxy.has_struck
        assert world.proxy.has_struck
        assert len(world.posts) == 1
        world.until_quiet()
        assert look_at_rest(world).outcomes() == ["confirmed"]


def test_a_console_that_is_silent_has_no_more_time_than_is_left(
    account: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with World(account) as world:
        first(world)
        world.strike(Order(Fault("hang"), "GET fetch", times=9))
        began = monotonic()
        with pytest.raises(ConsoleUnavailableError):
            run(world, monkeypatch, 11)
        assert monotonic() - began < 10, "seconds; ten of the eleven are kept for what must follow"
        world.strike(None)
        world.until_quiet()
        look_at_rest(world)
