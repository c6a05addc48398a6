"""What an operator's event may decide, and what is refused by the name of its field."""

from typing import Any

import pytest

from audit_archive.errors import RequestError
from audit_archive.format.facts import Action, IdSpan
from audit_archive.run.request import OperatorRequest
from tests.support.rows import all_rows

DECISION = {"console": "1234abcd", "who": "ada", "reason": "looked into"}


def test_what_is_accepted_is_a_span_of_ids() -> None:
    request = OperatorRequest.from_event(DECISION | {"action": "accept", "first": 3, "last": 3})
    assert request == OperatorRequest("1234abcd", Action.ACCEPT, "ada", "looked into", first=3, last=3)
    assert request.accepted == IdSpan(3, 3)


@pytest.mark.parametrize("own", [{"action": "resume"}, {"action": "rebuild", "lost_after": 2}])
def test_another_decision_accepts_nothing(own: dict[str, Any]) -> None:
    assert OperatorRequest.from_event(DECISION | own).accepted is None


@all_rows(
    ("own", "field", "accepts"),
    [
        ({"action": "purge"}, "action", "resume, epoch, rebuild, accept"),
        ({"action": ["accept"]}, "action", "resume"),
        ({"action": "accept", "first": 4, "last": 3}, "last", "below first, which is 4"),
        ({"action": "accept", "first": 0, "last": 3}, "first", "from 1 to 9223372036854775807"),
        ({"action": "accept", "first": 1, "last": True}, "last", "from 1"),
        ({"action": "accept", "first": 1}, "last", "missing"),
        ({"action": "rebuild", "lost_after": 0}, "lost_after", "from 1 to 9999999999"),
        ({"action": "rebuild", "lost_after": 10**10}, "lost_after", "from 1 to 9999999999"),
        ({"action": "resume", "lost_after": 1}, "lost_after", "unknown"),
    ],
)
def test_a_wrong_decision_is_refused(own: dict[str, Any], field: str, accepts: str) -> None:
    with pytest.raises(RequestError) as refused:
        OperatorRequest.from_event(DECISION | own)
    assert refused.value.field == field
    assert accepts in str(refused.value)
