"""Each function does its jobs under its own role, and can't do them without any one of its permissions."""

from __future__ import annotations

import os

import pytest

from tests.functions.permissions.account import Account
from tests.functions.permissions.jobs import JOBS
from tests.functions.permissions.needs import BY_AWS, needs, suffers, used_by_aws
from tests.functions.permissions.page import WRITES, rows, write, written
from tests.functions.permissions.stage import PARAMETERS, Stage
from tests.support.stack import Rendered, render

ROLES = sorted({job.role for job in JOBS} | {"ScheduleRole"})
OWN_KEY = "arn:aws:kms:eu-west-1:111122223333:key/mine"


def test_every_role_of_the_template_has_its_jobs(rendered: Rendered) -> None:
    assert sorted(rendered.of_type("AWS::IAM::Role")) == ROLES
    functions = rendered.of_type("AWS::Lambda::Function").values()
    assert {each["Role"].rpartition(":")[2] for each in functions} == {job.role for job in JOBS}


@pytest.mark.parametrize("role", ROLES)
def test_each_permission_is_needed_and_the_page_says_for_what(stage: Stage, role: str) -> None:
    found = needs(stage, role)
    assert [str(each) for each, why in found.items() if not why] == [], "nothing needs these: remove them"
    if os.environ.get(WRITES):
        write(role, rows(found))
    assert written(role) == rows(found), "python -m tests.functions.permissions writes it"


def test_what_aws_is_said_to_use_is_allowed(account: Account) -> None:
    said = {id(why) for each in account.permissions if (why := used_by_aws(each))}
    assert said == {id(why) for why in BY_AWS.values()}, "a reason of BY_AWS is of no permission"


@pytest.mark.parametrize("use", ["read", "purge"])
def test_a_key_in_parameter_store_needs_its_permission_and_no_secret(stage: Stage, use: str) -> None:
    stage.gateway.account = Account(render(KeyStore=PARAMETERS))
    stage.key_store = PARAMETERS
    job = next(job for job in JOBS if job.says == "archive, sign and purge")
    job.do(stage)
    found = [each for each in stage.gateway.used if each.action == "ssm:GetParameter"]
    (permission,) = (each for each in found if each.resource.endswith(f"/{use}"))
    assert suffers(stage, job, permission)
    assert not any(each.action.startswith("secretsmanager:") for each in stage.gateway.account.permissions)


@pytest.mark.parametrize("action", ["kms:Sign", "kms:GetPublicKey"])
def test_a_key_of_the_owners_is_used_by_the_role_alone(stage: Stage, action: str) -> None:
    """The role's own policy allows it, since the template does not make the key and its policy."""
    stage.gateway.account = Account(render(SigningKeyArn=OWN_KEY))
    stage.signing_key = OWN_KEY
    job = next(job for job in JOBS if job.says == "archive, sign and purge")
    job.do(stage)
    (permission,) = (each for each in stage.gateway.account.permissions if each.action == action)
    assert (permission.role, permission.resource) == ("ArchiveRole", OWN_KEY)
    stage.gateway.without = {permission}
    with pytest.raises(Exception, match="AccessDenied"):
        job.do(stage)
