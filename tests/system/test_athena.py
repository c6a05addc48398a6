"""A question in SQL to the deployed stack: what Lambda archived is what its table has."""

from __future__ import annotations

import pytest

from local.aws import DeployedStack
from local.aws.clients import CONFIG
from tests.support.athena import Athena
from tests.system.conftest import NewConsole

pytestmark = pytest.mark.timeout(400)  # the first of them builds and deploys the stack


def test_what_was_archived_can_be_asked_for_with_sql(stack: DeployedStack, new_console: NewConsole) -> None:
    console = new_console(entries=120)
    stack.invoke({"console": console.id})
    client = stack.aws.session.client("athena", endpoint_url=stack.aws.endpoint, config=CONFIG)
    try:
        athena = Athena(client, stack.outputs["AthenaWorkGroup"], stack.outputs["EntriesDatabase"])
        rows, put = athena.ask(f"SELECT count(*), min(dt) FROM lines WHERE console = '{console.id}'")  # noqa: S608
    finally:
        client.close()
    first = min(each.key.split("dt=")[1][:10] for each in stack.objects(f"entries/console={console.id}/"))
    assert rows == [["120", first]]
    assert put.startswith(f"s3://{stack.outputs['ReportsBucket']}/athena/")
