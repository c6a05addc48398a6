"""Judges a request by the template's policies, with the emulator's policy engine and every condition key."""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator as engine  # type: ignore[import-untyped]

from tests.support.stack import Rendered

SOMEBODY = "arn:aws:iam::111122223333:role/somebody"
BUCKET = "arn:aws:s3:::ArchiveBucket"


def request(action: str, resource: str, who: str = SOMEBODY, **keys: str) -> Any:
    """A request over TLS; `keys` are its condition keys, `__` standing for the colon and `_` for a hyphen."""
    named = {name.replace("__", ":").replace("_", "-"): value for name, value in keys.items()}
    secure = named.pop("tls", "true") == "true"
    return engine.EvalContext(
        principal_arn=who,
        principal_type="AssumedRole",
        principal_account="111122223333",
        action=action,
        resource_arn=resource,
        region="eu-west-1",
        secure_transport=secure,
        service_context={name.lower(): value for name, value in named.items()},
    )


def bucket_denies(stack: Rendered, asked: Any, policy: str = "ArchiveBucketPolicy") -> bool:
    """Whether a bucket's policy refuses the request, whoever would allow it."""
    document = {"Statement": stack.statements(policy)}
    return bool(engine.evaluate_resource_policy(document, asked).decision == "Deny")


def role_decides(stack: Rendered, role: str, asked: Any) -> str:
    """What a role's policies say: `Allow`, `Deny`, or `ImplicitDeny`."""
    parsed = engine.parse_policy_document({"Statement": stack.statements(role)})
    return str(engine.evaluate(asked, [parsed]).decision)
