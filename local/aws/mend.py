"""Repairs, after the deploy, what the emulator drops or can't judge. AWS needs no such repair.

1. CloudFormation there makes the bucket with Object Lock, but without its lock configuration, and refuses a
   locked put until it is set.
2. Its policy engine does not know `s3:if-none-match`, so that a Deny upon the key's absence would refuse
   every statement, and it speaks plain http on loopback. Those two Denies are taken out of the buckets'
   policies; the others stay, and are enforced. `tests/template` judges the whole policy, with every key.
3. Its CloudFormation does not know saved queries, and refuses a template that has one. They are left out;
   `tests/queries` runs them on its Athena.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from local.aws.emulator import LocalAws

NOT_KNOWN = "AWS::Athena::NamedQuery"
NOT_JUDGED = frozenset({"aws:SecureTransport", "s3:if-none-match"})


def without_unknown(template: Path) -> Path:
    """A copy of a built template, beside it, without the resources that the emulator does not know."""
    parsed: dict[str, Any] = yaml_parse(template.read_text())
    parsed["Resources"] = {name: r for name, r in parsed["Resources"].items() if r["Type"] != NOT_KNOWN}
    mended = template.with_name("template-for-the-emulator.json")
    mended.write_text(json.dumps(parsed))
    return mended


def mend_bucket(aws: LocalAws, bucket: str, mode: str, days: int) -> None:
    """Give a freshly deployed archive bucket what the template says and the emulator lost."""
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
    mend_policy(aws, bucket)


def mend_policy(aws: LocalAws, bucket: str) -> None:
    """Take out of a bucket's policy what the emulator can't judge."""
    policy: dict[str, Any] = json.loads(aws.s3.get_bucket_policy(Bucket=bucket)["Policy"])
    kept = [each for each in policy["Statement"] if not _keys(each) & NOT_JUDGED]
    if kept:
        aws.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy | {"Statement": kept}))
    else:
        aws.s3.delete_bucket_policy(Bucket=bucket)


def _keys(statement: dict[str, Any]) -> set[str]:
    return {key for test in statement.get("Condition", {}).values() for key in test}
