"""The schedules that the command lists: those of Consoles, and no others of the group."""

from typing import Any, cast

from cli.schedules import listed
from cli.stack import Stack
from tests.support.stubbed import answering

NAMES = ("1234abcd", "1234abcd_verify", "_fleet", "Nightly_report", "fleet")


class FakeStack:
    """As much of a stack as a listing needs."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def client(self, service: str) -> Any:
        assert service == "scheduler"
        return self._client

    def output(self, name: str) -> str:
        assert name == "ScheduleGroup"
        return "archive-stack"


def test_the_schedule_of_the_fleet_check_is_that_of_no_console() -> None:
    page = {"Schedules": [{"Name": name} for name in NAMES]}
    kept = ("1234abcd", "1234abcd_verify", "fleet")
    answers = [("get_schedule", {"Name": name, "State": "ENABLED"}) for name in kept]
    with answering("scheduler", ("list_schedules", page), *answers) as client:
        found = [each["Name"] for each in listed(cast("Stack", FakeStack(client)))]
    assert found == list(kept)
