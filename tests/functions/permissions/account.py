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

from tests.functions.permissions.asked import Asked
from tests.support.stack import Rendered

ROLE = "arn:aws:AWS::IAM::Role:::"
"""What stands before a role's name in its ARN, as `tests.support.stack` renders it."""

FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:"
"""What stands before a function's name in its ARN, where the template can't refer to the function."""

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
class Denial:
    """One action on one pattern of resources that one statement denies; `owner` is whose policy says so."""

    owner: str
    sid: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.owner} {self.sid}: {self.action} on {self.resource}"


@dataclass(frozen=True)
class Verdict:
    """What the policies say of a request, and the permissions, or the denials, that decide."""

    word: str
    by: tuple[Permission, ...] = ()
    denied_by: tuple[Denial, ...] = ()


class Account:
    """Judges requests of roles, and of people whom IAM gives every permission. `people` are their ARNs."""

    def __init__(self, stack: Rendered, people: Mapping[str, str] | None = None) -> None:
        functions = stack.of_type("AWS::Lambda::Function").items()
        self._functions = {FUNCTION + properties["FunctionName"]: name for name, properties in functions}
        self._grants: dict[Permission, Any] = {}
        self._denials: dict[Denial, Any] = {}
        self._people = dict(people or {})
        self._keys = {
            f"arn:aws:AWS::KMS::Key:::{name}": properties["KeyPolicy"]
            for name, properties in stack.of_type("AWS::KMS::Key").items()
        }
        for role in stack.of_type("AWS::IAM::Role"):
            self._add(role, stack.statements(role))
        for person in self._people:
            self._add(person, [{"Sid": "", "Effect": "Allow", "Action": "*", "Resource": "*"}])
        for key, policy in self._keys.items():
            for each in policy["Statement"]:
                for named in _listed(each["Principal"].get("AWS", [])):
                    if named.startswith(ROLE):
                        self._add(named.removeprefix(ROLE), [{**each, "Resource": key}])
        for name in stack.of_type("AWS::S3::BucketPolicy"):
            self._add(name, stack.statements(name))

    @property
    def permissions(self) -> list[Permission]:
        """Every permission of every role, in the order of the template."""
        return [each for each in self._grants if each.role not in self._people]

    @property
    def denials(self) -> list[Denial]:
        """All that the roles' and the buckets' policies deny."""
        return list(self._denials)

    def judge(
        self,
        who: str,
        asked: Asked,
        without: Collection[Permission | Denial] = (),
        *,
        is_secure: bool = True,
    ) -> Verdict:
        """Decide on a request of a role or of a person. `without` are rules that are to be absent."""
        context = self._context(who, asked, is_secure=is_secure)
        denied_by = tuple(
            denial
            for denial, parsed in self._denials.items()
            if (denial.owner == who or denial.owner.endswith("Policy"))
            and _is_of_its_service(denial.action, asked)
            and denial not in without
            and engine.evaluate(context, [parsed]).decision == "Deny"
        )
        if denied_by:
            return Verdict(DENIED, denied_by=denied_by)
        by = tuple(
            permission
            for permission, parsed in self._grants.items()
            if permission.role == who
            and _is_of_its_service(permission.action, asked)
            and permission not in without
            and engine.evaluate(context, [parsed]).decision == "Allow"
        )
        policy = self._keys.get(asked.resource)
        is_allowed = policy is None or engine.evaluate_resource_policy(policy, context).decision == "Allow"
        return Verdict(ALLOWED, by) if by and is_allowed else Verdict(NOT_ALLOWED)

    def _add(self, owner: str, statements: list[dict[str, Any]]) -> None:
        for each in statements:
            for action in _listed(each["Action"]):
                for resource in _listed(each["Resource"]):
                    if resource in self._functions:
                        resource = f"arn:aws:AWS::Lambda::Function:::{self._functions[resource]}"  # noqa: PLW2901
                    one = {**each, "Action": action, "Resource": resource}
                    parsed = engine.parse_policy_document({"Statement": [one]})
                    if each["Effect"] == "Deny":
                        assert each.get("Principal", "*") == "*", "no rule here knows a denial of some only"
                        self._denials[Denial(owner, each["Sid"], action, resource)] = parsed
                    elif not owner.endswith("Policy"):
                        condition = json.dumps(each["Condition"]) if "Condition" in each else ""
                        self._grants[Permission(owner, each["Sid"], action, resource, condition)] = parsed

    def _context(self, who: str, asked: Asked, *, is_secure: bool) -> Any:
        return engine.EvalContext(
            principal_arn=self._people.get(who, ROLE + who),
            principal_type="AssumedRole",
            principal_account="111122223333",
            action=asked.action,
            resource_arn=asked.resource,
            region="eu-west-1",
            secure_transport=is_secure,
            service_context=dict(asked.keys),
        )


def _is_of_its_service(action: str, asked: Asked) -> bool:
    """Whether a rule about an action can concern a request. To ask the engine of all rules takes long."""
    return action == "*" or action.partition(":")[0] == asked.action.partition(":")[0]


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
