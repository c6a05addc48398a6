"""The settings of the archive bucket, as the template makes them, and how found ones differ from them.

A test holds this to the template. So whoever changes the template changes this module too.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from audit_archive.format.facts import LockMode

SHOWN_DIGITS = 16
REJECTED_LOCK = (89, 91)
"""Whole days for which a rejected export may be locked, at least and at most. It is put with 90."""


class Setting(StrEnum):
    """A setting of the bucket."""

    POLICY = "policy"
    LOCK = "object lock configuration"
    LIFECYCLE = "lifecycle configuration"
    ENCRYPTION = "default encryption"
    VERSIONING = "versioning"
    PUBLIC_ACCESS = "public access block"
    OWNERSHIP = "object ownership"


@dataclass(frozen=True)
class BucketFacts:
    """What the template makes the settings from: the bucket's name, parameters, and the ARNs of roles.

    `break_glass_role`, `deploy_role`: None if the stack has no such role.
    """

    bucket: str
    archive_role: str
    retention_days: int
    expiry_days: int
    lock_mode: LockMode
    break_glass_role: str | None = None
    deploy_role: str | None = None

    @property
    def arn(self) -> str:
        """The bucket's ARN. It has the partition of the role: `aws`, `aws-cn`, `aws-us-gov`."""
        return f"arn:{self.archive_role.split(':')[1]}:s3:::{self.bucket}"


def expected_settings(facts: BucketFacts) -> dict[Setting, dict[str, Any]]:
    """Every setting of the bucket, in the form in which S3's API takes and gives it."""
    lock = {"Mode": facts.lock_mode, "Days": facts.retention_days}
    blocks = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    return {
        Setting.POLICY: {"Version": "2012-10-17", "Statement": list(_statements(facts))},
        Setting.LOCK: {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": lock}},
        Setting.LIFECYCLE: {"Rules": list(_rules(facts))},
        Setting.ENCRYPTION: {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
        Setting.VERSIONING: {"Status": "Enabled"},
        Setting.PUBLIC_ACCESS: dict.fromkeys(blocks, True),
        Setting.OWNERSHIP: {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    }


def _rules(facts: BucketFacts) -> Iterator[dict[str, Any]]:
    for name in ("exports", "entries"):
        yield {
            "ID": name,
            "Status": "Enabled",
            "Filter": {"Prefix": f"{name}/"},
            "Transitions": [{"StorageClass": "GLACIER_IR", "Days": 90}],
            "Expiration": {"Days": facts.expiry_days},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
        }
    yield {
        "ID": "rejected",
        "Status": "Enabled",
        "Filter": {"Prefix": "rejected/"},
        "Expiration": {"Days": 91},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    yield {
        "ID": "unfinished-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }


_TEST = Mapping[str, Mapping[str, Any]]
_WRITES = ["s3:PutObject", "s3:PutObjectRetention"]
_REMAINING = "s3:object-lock-remaining-retention-days"


def _but(*roles: str | None) -> dict[str, Any]:
    """The condition that leaves some roles out; empty without any role."""
    named = [role for role in roles if role]
    return {"ArnNotLike": {"aws:PrincipalArn": named}} if named else {}


def _statements(facts: BucketFacts) -> Iterator[dict[str, Any]]:
    bucket, objects = facts.arn, f"{facts.arn}/*"

    def deny(sid: str, actions: list[str], where: list[str], test: _TEST | None = None) -> dict[str, Any]:
        said = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": actions, "Resource": where}
        return said | {"Condition": test} if test else said

    encryption = "s3:x-amz-server-side-encryption"
    yield deny("OnlyOverTls", ["s3:*"], [bucket, objects], {"Bool": {"aws:SecureTransport": "false"}})
    yield deny(
        "NobodyDeletesNorShortensALock",
        ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"],
        [objects],
        _but(facts.break_glass_role),
    )
    by_hand = {"ForAllValues:StringNotEquals": {"aws:CalledVia": ["cloudformation.amazonaws.com"]}}
    trusted = _but(facts.break_glass_role, facts.deploy_role)
    yield deny("NobodyLoosensTheBucketByHand", _LOOSENING, [bucket], by_hand | trusted)
    yield deny("OnlyTheArchiveWrites", _WRITES, [objects], _but(facts.archive_role, facts.break_glass_role))
    yield deny("NobodyReplicatesIntoItNorEncryptsAnew", _AROUND_A_PUT, [objects])
    yield deny("OnlyEncryptionByS3", ["s3:PutObject"], [objects], {"StringNotEquals": {encryption: "AES256"}})
    own_key = {"Null": {f"{encryption}-customer-algorithm": "false"}}
    yield deny("NoEncryptionByTheCaller", ["s3:PutObject"], [objects], own_key)
    unconditional = {"Null": {"s3:if-none-match": "true"}}
    yield deny("NobodyOverwritesAStatement", ["s3:PutObject"], [f"{bucket}/statements/*"], unconditional)
    yield from (deny(*parts) for parts in _lock_tests(facts))


def _lock_tests(facts: BucketFacts) -> Iterator[tuple[str, list[str], list[str], _TEST]]:
    """The statements on locks: name, actions, resources, and condition."""
    but, bucket, (least, most) = _but(facts.break_glass_role), facts.arn, REJECTED_LOCK
    kept = [f"{bucket}/{name}/*" for name in ("exports", "entries", "statements", "checkpoints")]
    rejected = [f"{bucket}/rejected/*"]

    def days(test: str, number: int) -> dict[str, Any]:
        return {test: {_REMAINING: number}} | but

    put = ["s3:PutObject"]
    yield "NoShortLock", put, kept, days("NumericLessThan", facts.retention_days)
    yield "NoLongLock", _WRITES, [f"{bucket}/*"], days("NumericGreaterThan", facts.expiry_days)
    yield "NoShortLockOnWhatWasRejected", _WRITES, rejected, days("NumericLessThan", least)
    yield "NoLongLockOnWhatWasRejected", _WRITES, rejected, days("NumericGreaterThan", most)
    other = next(mode for mode in LockMode if mode != facts.lock_mode)
    set_by = _WRITES if other == LockMode.COMPLIANCE else put
    yield "NoOtherLockMode", set_by, [f"{bucket}/*"], {"StringEquals": {"s3:object-lock-mode": other}} | but


_LOOSENING = [
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutEncryptionConfiguration",
    "s3:PutInventoryConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
]
_AROUND_A_PUT = [
    "s3:ReplicateObject",
    "s3:ReplicateDelete",
    "s3:ReplicateTags",
    "s3:UpdateObjectEncryption",
]


def setting_difference(
    setting: Setting, expected: Mapping[str, Any], found: Mapping[str, Any] | None
) -> str | None:
    """How a setting differs from the expected one, as a clause after its name; None if it does not.

    What means the same is not a difference: the order of lists, a list of one, a number as text, and a
    member that is false, zero or empty. The clause ends with a digest of what was found, so that a second
    change is told as well.
    """
    if found is None:
        return "is not set"
    wanted, there = _parts(setting, expected), _parts(setting, found)
    changes = [
        *(f"{name} is missing" for name in wanted if name not in there),
        *(f"{name} was changed" for name in wanted if name in there and there[name] != wanted[name]),
        *(f"{name} was added" for name in there if name not in wanted),
    ]
    if not changes:
        return None
    digest = sha256(_text(there).encode()).hexdigest()[:SHOWN_DIGITS]
    return f"is not the one of the stack's template: {'; '.join(changes)} (as found: SHA-256 {digest}...)"


def _parts(setting: Setting, value: Mapping[str, Any]) -> dict[str, Any]:
    """A setting in normal form, taken apart: a policy by its statements, a lifecycle by its rules."""
    if setting == Setting.POLICY:
        said = value.get("Statement", ())
        statements = [said] if isinstance(said, dict) else said
        return _named("statement", "Sid", [_listed(each) for each in statements])
    if setting == Setting.LIFECYCLE:
        return _named("rule", "ID", [_plain(_one_prefix(rule)) for rule in value.get("Rules", ())])
    if setting == Setting.ENCRYPTION:
        # S3 says here whether it takes keys of the caller's (SSE-C). The policy refuses them in any case.
        rules = [
            {name: each for name, each in rule.items() if name != "BlockedEncryptionTypes"}
            for rule in value.get("Rules", ())
        ]
        return {"Rules": _plain(rules)}
    plain: dict[str, Any] = _plain(value)
    return plain


def _named(what: str, member: str, parts: list[Any]) -> dict[str, Any]:
    """Parts by name. A part without a name has its digest; a second one of a name has it besides."""
    named: dict[str, Any] = {}
    for part in parts:
        name = str(part.get(member, [""])[0] if isinstance(part.get(member), list) else part.get(member, ""))
        digest = sha256(_text(part).encode()).hexdigest()[:SHOWN_DIGITS]
        is_unique = name and f"{what} {name}" not in named
        named[f"{what} {name}" if is_unique else f"{what} {name}{digest}"] = part
    return named


def _one_prefix(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule with its prefix in one place: S3 takes it in two."""
    filtered = dict(rule.get("Filter") or {})
    prefix = filtered.pop("Prefix", None) or rule.get("Prefix") or ""
    return {**rule, "Prefix": prefix, "Filter": filtered}


def _plain(value: Any) -> Any:
    """The normal form of a setting: scalars as text, lists in order, nothing that is false or empty."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items() if each}
    if isinstance(value, list | tuple):
        return sorted((_plain(each) for each in value), key=_text)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(value: Any) -> Any:
    """The normal form of a policy's statement: every scalar as a list of text."""
    if isinstance(value, Mapping):
        return {name: _listed(each) for name, each in value.items()}
    many = value if isinstance(value, list | tuple) else [value]
    return sorted(str(each).lower() if isinstance(each, bool) else str(each) for each in many)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
