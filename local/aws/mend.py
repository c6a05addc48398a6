"""Repairs, after the deploy, what the emulator drops. AWS needs no such repair.

1. CloudFormation there makes the bucket with Object Lock, but without its lock configuration, and refuses a
   locked put until it is set. It drops the lifecycle and the ownership, too: the daily audit would miss them.
2. Its CloudFormation does not know saved queries, and refuses a template that has one. They are left out;
   `tests/queries` runs them on its Athena.

What its policy engine does not know, `ministack_with_keys.py` gives it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from local.aws.emulator import LocalAws

NOT_KNOWN = "AWS::Athena::NamedQuery"


def without_unknown(template: Path) -> Path:
    """A copy of a built template, beside it, without the resources that the emulator does not know."""
    parsed = _parsed(template)
    parsed["Resources"] = {name: r for name, r in parsed["Resources"].items() if r["Type"] != NOT_KNOWN}
    mended = template.with_name("template-for-the-emulator.json")
    mended.write_text(json.dumps(parsed))
    return mended


def _parsed(template: Path) -> dict[str, Any]:
    """A template; JSON is YAML too, but its own parser takes a hundredth of the time."""
    text = template.read_text()
    found: dict[str, Any] = json.loads(text) if text.startswith("{") else yaml_parse(text)
    return found


def mend_bucket(aws: LocalAws, bucket: str, template: Path, settings: Mapping[str, str]) -> None:
    """Give a freshly deployed archive bucket what its built template says and the emulator lost.

    `settings`: the environment of the archive function, which has the parameters.
    """
    mode, days = settings["OBJECT_LOCK_MODE"], int(settings["RETENTION_DAYS"])
    said = _parsed(template)["Resources"]["ArchiveBucket"]["Properties"]
    aws.s3.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {
                "DefaultRetention": {
                    "Mode": "COMPLIANCE" if mode == "COMPLIANCE" else "GOVERNANCE",
                    "Days": days,
                }
            },
        },
    )
    rules: Any = [
        _rule(rule, int(settings["EXPIRY_DAYS"])) for rule in said["LifecycleConfiguration"]["Rules"]
    ]
    aws.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    aws.s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=said["OwnershipControls"])


def _rule(rule: dict[str, Any], expiry_days: int) -> dict[str, Any]:
    """A rule of the template as S3's API takes it. The one parameter in a rule is the expiry."""
    same = ("Status", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    made = {name: rule[name] for name in same if name in rule}
    made |= {"ID": rule["Id"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "ExpirationInDays" in rule:
        days = rule["ExpirationInDays"]
        made["Expiration"] = {"Days": days if isinstance(days, int) else expiry_days}
    if "Transitions" in rule:
        made["Transitions"] = [
            {"StorageClass": each["StorageClass"], "Days": each["TransitionInDays"]}
            for each in rule["Transitions"]
        ]
    return made
