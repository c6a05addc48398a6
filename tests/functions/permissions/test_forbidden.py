"""What must not be done is refused: to the roles, to an administrator, and to strangers."""

from __future__ import annotations

import pytest

from tests.functions.permissions.account import ALLOWED, DENIED, NOT_ALLOWED, ROLE, Account, Denial
from tests.functions.permissions.acts import ACTS, BREAK_GLASS, PEOPLE, ROLES, WHO, Act
from tests.functions.permissions.asked import Asked
from tests.functions.permissions.page import acts_written, table_of_acts
from tests.support.stack import PSEUDO, Rendered, render


@pytest.fixture(scope="module")
def guarded() -> Rendered:
    """The template with a break-glass role and a log of accesses."""
    return render(BreakGlassRoleArn=PEOPLE[BREAK_GLASS], AccessTrail="yes")


@pytest.fixture(scope="module")
def judges(guarded: Rendered) -> Account:
    """Its policies, and people to be judged by them."""
    return Account(guarded, PEOPLE)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.says)
def test_a_forbidden_act_is_refused(judges: Account, act: Act) -> None:
    for asked in act.asked():
        found = {who: judges.judge(who, asked, is_secure=act.is_secure).word for who in WHO}
        said = dict.fromkeys(WHO, NOT_ALLOWED)
        said |= dict.fromkeys(act.denied, DENIED) | dict.fromkeys(act.allowed, ALLOWED)
        assert found == said, asked


@pytest.fixture(scope="module")
def denied(judges: Account) -> list[tuple[str, Act, Asked, tuple[Denial, ...]]]:
    """Every request of every act that a policy denies somebody, and the denials that say so."""
    asked = ((who, act, each) for act in ACTS for each in act.asked() for who in WHO)
    found = ((*one, judges.judge(one[0], one[2], is_secure=one[1].is_secure).denied_by) for one in asked)
    return [one for one in found if one[3]]


def test_every_denial_refuses_an_act(
    judges: Account, denied: list[tuple[str, Act, Asked, tuple[Denial, ...]]]
) -> None:
    """An action that a policy denies, and no row tries: on one of its resources, for few are of two kinds."""
    met = {(denial.owner, denial.action) for *_, denials in denied for denial in denials}
    assert [str(each) for each in judges.denials if (each.owner, each.action) not in met] == []


def test_every_denial_of_a_bucket_stops_somebody(
    judges: Account, denied: list[tuple[str, Act, Asked, tuple[Denial, ...]]]
) -> None:
    """Without it a role, an administrator or break-glass could do something that a row forbids them."""
    alone = {
        denials[0]
        for who, act, asked, denials in denied
        if len(denials) == 1 and judges.judge(who, asked, denials, is_secure=act.is_secure).word == ALLOWED
    }
    of_buckets = [each for each in judges.denials if each.owner.endswith("Policy")]
    assert [str(each) for each in of_buckets if each not in alone] == []


def test_no_policy_of_a_resource_lets_a_stranger_in(guarded: Rendered) -> None:
    """A resource's own policy allows this account's administrators, our roles, and services alone."""
    documents = [each["KeyPolicy"] for each in guarded.of_type("AWS::KMS::Key").values()]
    for kind in ("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"):
        documents += [each["PolicyDocument"] for each in guarded.of_type(kind).values()]
    allowed = [s for d in documents for s in d["Statement"] if s["Effect"] == "Allow"]
    assert allowed
    for each in allowed:
        if "Service" in each["Principal"]:
            by = each["Condition"]["StringEquals"]
            ours = PSEUDO["AWS::AccountId"]
            assert by.get("aws:SourceAccount") == ours or f":{ours}:" in by["aws:SourceArn"], each
        else:
            said = each["Principal"]["AWS"]
            named = {said} if isinstance(said, str) else set(said)
            roles = {f"{ROLE}{role}" for role in ROLES}
            assert named <= {"arn:aws:iam::111122223333:root", *roles}, each


def test_a_hole_in_a_policy_is_seen(judges: Account) -> None:
    """The judge is not deaf: without its denials the bucket stands open to the administrator."""
    asked = Asked("s3:DeleteObjectVersion", "arn:aws:s3:::ArchiveBucket/exports/x")
    assert judges.judge("administrator", asked).word == DENIED
    assert judges.judge("administrator", asked, judges.denials).word == ALLOWED


def test_the_page_has_every_act() -> None:
    assert acts_written() == table_of_acts(), "python -m tests.functions.permissions writes it"
