"""The schedules of a stack, as EventBridge Scheduler lists them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from audit_archive.adapters.aws import AwsFault, failure_sentence
from audit_archive.errors import SettingsError
from audit_archive.fleet_ports import ScheduleFacts

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient

_ADVICE = {
    "ResourceNotFoundException": "The group does not exist: deploy the stack again.",
    "AccessDeniedException": "Let the function's role list schedules (scheduler:ListSchedules).",
}


class GroupSchedules:
    """Schedules of one group. The role needs scheduler:ListSchedules, which knows no resources."""

    def __init__(self, client: "EventBridgeSchedulerClient", group: str) -> None:
        self._client = client
        self._group = group

    def listed(self) -> Iterator[ScheduleFacts]:
        """One request for 100 schedules: the summaries of a listing have all that is asked here."""
        try:
            for page in self._client.get_paginator("list_schedules").paginate(GroupName=self._group):
                for each in page["Schedules"]:
                    yield ScheduleFacts(
                        each["Name"], each.get("State") != "DISABLED", int(each["CreationDate"].timestamp())
                    )
        except AwsFault as error:
            action = f"The schedules of the group {self._group} could not be listed"
            raise SettingsError(
                failure_sentence(action, error, _ADVICE, "The next check tries again.")
            ) from error
