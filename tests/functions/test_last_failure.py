"""What a failed invocation leaves in the ledger, whatever failed, and what it never leaves there."""

from typing import Any

import pytest

from audit_archive.adapters.ledger import DynamoDbLedger
from audit_archive.errors import ConsoleAuthError, LedgerError, RequestError, SettingsError
from audit_archive.fleet_ports import LastRuns
from tests.functions.world import CONSOLE, PURGE_KEY, READ_KEY, World

WRONG_KEY = "00000000000000000000000000000000"


def last_runs(world: World) -> LastRuns:
    return DynamoDbLedger(world.aws.dynamodb, world.name).last_runs(CONSOLE)


def written(world: World) -> str:
    """Every item of the ledger as text."""
    return str(world.aws.dynamodb.scan(TableName=world.name)["Items"])


def failed_with(world: World) -> str | None:
    failure = last_runs(world).open_failure
    return failure.error_class if failure is not None else None


def test_a_refused_key_is_noted_without_the_key_until_a_run_is_completed(world: World) -> None:
    world.aws.secrets.put_secret_value(SecretId=world.secret("read"), SecretString=WRONG_KEY)
    with pytest.raises(ConsoleAuthError) as caught:
        world.run()
    failure = last_runs(world).open_failure
    assert failure is not None
    assert failure.error_class == "ConsoleAuthError"
    assert failure.sentence == " ".join(str(caught.value).split())[: len(failure.sentence)]
    assert failure.request_id
    assert not any(key in written(world) for key in (WRONG_KEY, READ_KEY, PURGE_KEY))
    world.aws.secrets.put_secret_value(SecretId=world.secret("read"), SecretString=READ_KEY)
    world.run()
    runs = last_runs(world)
    assert runs.seq == len(world.statements()) > 0
    assert runs.failure is not None


@pytest.mark.parametrize("field", [{"keep_days": "many"}, {"keep_day": 3}, {"purge_mode": "everything"}])
def test_an_event_that_is_refused_is_no_failed_run(world: World, field: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        world.run(**field)
    assert written(world) == "[]"


def test_a_setting_that_is_wrong_is_noted_too(world: World) -> None:
    world.set(PURGE_MODE="perhaps")
    with pytest.raises(SettingsError, match="PURGE_MODE"):
        world.run()
    assert failed_with(world) == "SettingsError"


def test_an_event_without_a_console_leaves_nothing(world: World) -> None:
    with pytest.raises(RequestError):
        world.invoke({"console": "../_fleet"})
    assert written(world) == "[]"


def test_an_operators_decision_that_is_refused_is_no_failed_run(world: World) -> None:
    decision = {"console": CONSOLE, "action": "resume", "who": "you@example.com", "reason": "looked"}
    with pytest.raises(RequestError):
        world.decide(decision)
    with pytest.raises(RequestError):
        world.invoke(decision)
    assert last_runs(world).failure is None


def test_without_a_ledger_the_error_is_the_runs_own(world: World) -> None:
    world.set(LEDGER_TABLE=f"{world.name}-gone")
    with pytest.raises(LedgerError) as caught:
        world.run()
    assert "could not be noted" in caught.value.__notes__[0]
    world.set(LEDGER_TABLE="")
    with pytest.raises(SettingsError, match="LEDGER_TABLE"):
        world.run()
