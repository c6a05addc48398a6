"""The roles of a rendered template and the policies of its resources, with AWS's rules between them.

Within one account a request is allowed if no policy denies it, and the role's policies or the resource's own
allow it (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html). A key's policy
that names the role is enough by itself (docs.aws.amazon.com/kms/latest/developerguide/key-policies.html).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_evaluator as engine  # type: ignore[import-untyped]

from tests.permissions.asked import Asked
from tests.support.stack import Rendered

ROLE = "arn:aws:AWS::IAM::Role:::"
"""What stands before a role's name in its ARN, as `tests.support.stack` renders it."""

ALLOWED, DENIED, NOT_ALLOWED = "allowed", "denied", "not allowed"


@dataclass(frozen=True)
class Permission:
    """One action on one pattern of resources that one statement allows a role."""

    role: str
    sid: str
    action: str
    resource: str
    condition: str = ""

    def __str__(self) -> str:
        return f"{self.role} {self.sid}: {self.action} on {self.resource}"


@dataclass(frozen=True)
class Verdict:
    """What the policies say of a request, and the permissions that allow it."""

    word: str
    by: tuple[Permission, ...] = ()


class Account:
    """Judges requests of roles. `permissions` are all that the roles have."""

    def __init__(self, stack: Rendered) -> None:
        self._stack = stack
        self._grants: dict[Permission, Any] = {}
        self._denies: dict[str, Any] = {}
        for role in stack.of_type("AWS::IAM::Role"):
            self._add(role, stack.statements(role))
            denies = [each for each in stack.statements(role) if each["Effect"] == "Deny"]
            self._denies[role] = engine.parse_policy_document({"Statement": denies})
        for key, properties in stack.of_type("AWS::KMS::Key").items():
            for each in properties["KeyPolicy"]["Statement"]:
                named = str(each["Principal"].get("AWS", ""))
                if named.startswith(ROLE):
                    on_key = {**each, "Resource": f"arn:aws:AWS::KMS::Key:::{key}"}
                    self._add(named.removeprefix(ROLE), [on_key])

    @property
    def permissions(self) -> list[Permission]:
        """Every permission of every role, in the order of the template."""
        return list(self._grants)

    def judge(self, role: str, asked: Asked, without: Collection[Permission] = ()) -> Verdict:
        """Decide on a request; `without` are permissions that the role is to lack."""
        context = self._context(role, asked)
        if engine.evaluate(context, [self._denies[role]]).decision == "Deny" or self._bucket_denies(
            asked, context
        ):
            return Verdict(DENIED)
        found = tuple(
            permission
            for permission, parsed in self._grants.items()
            if permission.role == role
            and permission not in without
            and engine.evaluate(context, [parsed]).decision == "Allow"
        )
        return Verdict(ALLOWED if found else NOT_ALLOWED, found)

    def _add(self, role: str, statements: list[dict[str, Any]]) -> None:
        for each in statements:
            for action in _listed(each["Action"]) if each["Effect"] == "Allow" else ():
                for resource in _listed(each["Resource"]):
                    one = {**each, "Action": action, "Resource": resource}
                    condition = json.dumps(each["Condition"]) if "Condition" in each else ""
                    permission = Permission(role, each["Sid"], action, resource, condition)
                    self._grants[permission] = engine.parse_policy_document({"Statement": [one]})

    def _bucket_denies(self, asked: Asked, context: Any) -> bool:
        bucket = asked.resource.removeprefix("arn:aws:s3:::").partition("/")[0]
        policy = _policy_of(self._stack, bucket) if asked.action.startswith("s3:") else None
        return policy is not None and engine.evaluate_resource_policy(policy, context).decision == "Deny"

    def _context(self, role: str, asked: Asked) -> Any:
        return engine.EvalContext(
            principal_arn=ROLE + role,
            principal_type="AssumedRole",
            principal_account="111122223333",
            action=asked.action,
            resource_arn=asked.resource,
            region="eu-west-1",
            secure_transport=True,
            service_context=dict(asked.keys),
        )


def _policy_of(stack: Rendered, bucket: str) -> Mapping[str, Any] | None:
    for properties in stack.of_type("AWS::S3::BucketPolicy").values():
        if properties["Bucket"] == bucket:
            document: Mapping[str, Any] = properties["PolicyDocument"]
            return document
    return None


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
