"""Each function does its jobs under its own role, and can't do them without any one of its permissions."""

from __future__ import annotations

import os

import pytest

from tests.functions.permissions.account import Account, Permission
from tests.functions.permissions.jobs import JOBS
from tests.functions.permissions.needs import BY_AWS, needs, refusals, suffers, used_by_aws
from tests.functions.permissions.page import WRITES, reasons, rows, write, written
from tests.functions.permissions.stage import PARAMETERS, Stage
from tests.support.examples import breadth, tries_all
from tests.support.stack import Rendered, render

ROLES = sorted({job.role for job in JOBS} | {"ScheduleRole"})
TOGETHER = ("ArchiveRole",), ("RetrieveRole", "VerifyRole"), ("ScheduleRole",)
"""The roles, those together whose jobs look at the same archive."""
OWN_KEY = "arn:aws:kms:eu-west-1:111122223333:key/mine"


def test_every_role_of_the_template_has_its_jobs(rendered: Rendered) -> None:
    assert sorted(rendered.of_type("AWS::IAM::Role")) == ROLES
    functions = rendered.of_type("AWS::Lambda::Function").values()
    assert {each["Role"].rpartition(":")[2] for each in functions} == {job.role for job in JOBS}
    assert sorted(role for roles in TOGETHER for role in roles) == ROLES


@pytest.mark.parametrize("roles", breadth(TOGETHER, ("ScheduleRole",)), ids="+".join)
def test_without_a_permission_the_jobs_that_the_page_names_are_refused(
    stage: Stage, roles: tuple[str, ...]
) -> None:
    """Of what each job asked for. One job is done without a permission, and suffers."""
    for role in roles:
        found, said = refusals(stage, role), reasons(role)
        assert written(role) == rows(dict(zip(found, said, strict=True)))
        for (permission, jobs), why in zip(found.items(), said, strict=True):
            named = set(why.split("; "))
            assert why == used_by_aws(permission) or named <= jobs.keys(), str(permission)
        for permission, job in [(each, job) for each, jobs in found.items() for job in jobs.values()][:1]:
            assert suffers(stage, job, permission)


@pytest.mark.campaign
@pytest.mark.parametrize("role", ROLES if tries_all() else ["ScheduleRole"])
def test_each_permission_is_needed_and_the_page_says_for_what(stage: Stage, role: str) -> None:
    found = needs(stage, role)
    assert [str(each) for each, why in found.items() if not why] == [], "nothing needs these: remove them"
    if os.environ.get(WRITES):
        write(role, rows(found))
    assert written(role) == rows(found), "python -m tests.functions.permissions writes it"


def test_what_aws_is_said_to_use_is_allowed(account: Account) -> None:
    said = {id(why) for each in account.permissions if (why := used_by_aws(each))}
    assert said == {id(why) for why in BY_AWS.values()}, "a reason of BY_AWS is of no permission"


def test_keys_in_parameter_store_need_their_permissions_and_no_secret(stage: Stage) -> None:
    stage.gateway.account = Account(render(KeyStore=PARAMETERS))
    stage.key_store = PARAMETERS
    found = _each_is_needed(stage, "ssm:")
    assert [each.resource.rpartition("/")[2] for each in found] == ["read", "purge"]
    assert not any(each.action.startswith("secretsmanager:") for each in stage.gateway.account.permissions)


def test_a_key_of_the_owners_is_used_by_the_role_alone(stage: Stage) -> None:
    """The role's own policy allows it, since the template does not make the key and its policy."""
    stage.gateway.account = Account(render(SigningKeyArn=OWN_KEY))
    stage.signing_key = OWN_KEY
    found = _each_is_needed(stage, "kms:", OWN_KEY)
    assert [each.action for each in found] == ["kms:Sign", "kms:GetPublicKey"]


def _each_is_needed(stage: Stage, service: str, resource: str = "arn:") -> list[Permission]:
    """The permissions of the archive role for a service, each of which an archive run needs."""
    job = next(job for job in JOBS if job.says == "archive, sign and purge")
    job.do(stage)
    of_all = stage.gateway.account.permissions
    found = [
        each for each in of_all if each.action.startswith(service) and each.resource.startswith(resource)
    ]
    assert {each.role for each in found} == {"ArchiveRole"}
    assert all(suffers(stage, job, each) for each in found)
    return found
