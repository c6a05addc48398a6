"""The contract of Schedules, on the fake and on GroupSchedules with both emulators."""

from dataclasses import dataclass, field
from time import time
from typing import Any, Protocol
from uuid import uuid4

import pytest

from audit_archive.adapters.schedules import GroupSchedules
from audit_archive.errors import SettingsError
from audit_archive.fleet_ports import Schedules
from tests.support import aws
from tests.support.fakes.schedules import FakeSchedules
from tests.support.stubbed import failing

everywhere = pytest.mark.parametrize("endpoint", ["fake", "moto", "ministack"], indirect=True)


class Group(Protocol):
    """A group of schedules, and what people do to it."""

    @property
    def schedules(self) -> Schedules: ...

    def make(self, name: str) -> None: ...

    def disable(self, name: str) -> None: ...

    def vanish(self) -> None: ...


@dataclass
class FakeGroup:
    schedules: FakeSchedules = field(default_factory=FakeSchedules)

    def make(self, name: str) -> None:
        self.schedules.make(name, int(time()))

    def disable(self, name: str) -> None:
        self.schedules.switch(name, on=False)

    def vanish(self) -> None:
        self.schedules.is_gone = True


class AwsGroup:
    def __init__(self, endpoint: str) -> None:
        self._client, self._name = aws.client("scheduler", endpoint), f"group-{uuid4().hex[:8]}"
        self._client.create_schedule_group(Name=self._name)
        self.schedules = GroupSchedules(self._client, self._name)

    def make(self, name: str) -> None:
        self._client.create_schedule(Name=name, **self._fields)

    def disable(self, name: str) -> None:
        self._client.update_schedule(Name=name, State="DISABLED", **self._fields)

    def vanish(self) -> None:
        self.schedules = GroupSchedules(self._client, f"{self._name}-gone")

    @property
    def _fields(self) -> dict[str, Any]:
        role, target = "arn:aws:iam::123456789012:role/r", "arn:aws:lambda:eu-west-1:123456789012:function:f"
        return {
            "GroupName": self._name,
            "ScheduleExpression": "rate(1 day)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": target, "RoleArn": role},
        }


@pytest.fixture
def group(endpoint: str | None) -> Group:
    return FakeGroup() if endpoint is None else AwsGroup(endpoint)


@everywhere
def test_every_schedule_is_listed_with_its_state_and_its_age(group: Group) -> None:
    assert list(group.schedules.listed()) == []
    began = int(time()) - 1
    for name in ("1234abcd", "1234abcd_verify", "_fleet"):
        group.make(name)
    group.disable("1234abcd_verify")
    found = {each.name: each for each in group.schedules.listed()}
    assert {name: each.is_enabled for name, each in found.items()} == {
        "1234abcd": True,
        "1234abcd_verify": False,
        "_fleet": True,
    }
    assert all(began <= each.created_at <= time() + 1 for each in found.values())


@pytest.mark.parametrize("endpoint", ["fake", "moto"], indirect=True)
def test_schedules_of_more_than_a_page_are_listed_once_each(group: Group) -> None:
    names = [f"console-{number:03d}" for number in range(120)]
    for name in names:
        group.make(name)
    assert sorted(each.name for each in group.schedules.listed()) == names


@pytest.mark.parametrize("endpoint", ["fake"], indirect=True)
def test_a_group_that_is_gone_is_a_setting_to_correct(group: Group) -> None:
    group.vanish()
    with pytest.raises(SettingsError):
        list(group.schedules.listed())


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ResourceNotFoundException", "deploy the stack again"),
        ("AccessDeniedException", "scheduler:ListSchedules"),
        ("ThrottlingException", "tries again"),
    ],
)
def test_a_refusal_says_what_to_do(code: str, advice: str) -> None:
    with failing("scheduler", "list_schedules", code) as client, pytest.raises(SettingsError, match=advice):
        list(GroupSchedules(client, "group").listed())
