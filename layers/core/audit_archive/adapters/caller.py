"""Whose credentials the program acts with, as AWS STS tells it. The question needs no right in IAM."""

from typing import TYPE_CHECKING, Any

from audit_archive.adapters.aws import AwsFault, failure_sentence
from audit_archive.adapters.console.retry import http_date
from audit_archive.answer_ports import Caller
from audit_archive.format.times import rfc3339
from audit_archive.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient


def ask_sts(client: "STSClient", clock: Clock) -> Caller:
    """Ask STS who it is (GetCallerIdentity). CloudTrail records the question under its request id.

    If STS does not answer, the answer says why: a bundle does not fail for it.
    """
    try:
        told = client.get_caller_identity()
        now, arn, account = clock.now(), told["Arn"], told["Account"]
    except AwsFault as error:
        why = failure_sentence(
            "AWS STS did not tell it", error, {}, "The rest of the answer does not need it"
        )
        return Caller(unknown_because=why)
    answer: Any = told.get("ResponseMetadata", {})
    at = http_date(answer.get("HTTPHeaders", {}).get("date"))
    moment, ahead = (None, None) if at is None else (rfc3339(at), now - at)
    return Caller(arn, account, answer.get("RequestId"), moment, ahead)
