"""`adopt`: begin a stack with the bucket, the ledger and the signing key that a deleted stack left.

CloudFormation imports them as they are. The deploy that follows then changes them like any stack's own: the
bucket's policy and the key's policy name roles, and those of the deleted stack are gone.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from cli.exits import Exit, Failure
from cli.options import Chosen, chosen, confirm, global_options, yes_option
from cli.show import say, show_json, show_records
from cli.stack import CloudError, Stack, asking, error_code_of
from cli.tables import Column

CHANGE_SET = "adopt"
GONE = re.compile("A(ROA|IDA)[A-Z0-9]+")
"""The id of a role or a user, which stands in a policy in place of the ARN when it is deleted."""
PATIENCE = {"Delay": 2, "MaxAttempts": 300}
COLUMNS = (Column("resource", "resource"), Column("type", "type", 1), Column("name", "name"))

STATED = {
    "AWS::S3::Bucket": (
        *("BucketName", "VersioningConfiguration", "ObjectLockEnabled", "ObjectLockConfiguration"),
        *(
            "BucketEncryption",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "LifecycleConfiguration",
        ),
    ),
    "AWS::S3::BucketPolicy": ("Bucket", "PolicyDocument"),
    "AWS::DynamoDB::Table": (
        *("TableName", "BillingMode", "DeletionProtectionEnabled", "PointInTimeRecoverySpecification"),
        *("AttributeDefinitions", "KeySchema"),
    ),
    "AWS::KMS::Key": ("Description", "KeySpec", "KeyUsage", "KeyPolicy"),
}
"""By type: the properties that our template states. The import states no others: what a later template leaves
out CloudFormation would take away, such as a tag that the owner gave."""


@dataclass(frozen=True)
class Kept:
    """A resource that a deleted stack left. `logical_id`: its name in our template; `key`: what names it."""

    logical_id: str
    kind: str
    key: str
    name: str
    properties: Mapping[str, Any]

    def in_template(self) -> dict[str, Any]:
        """As it stands in the template of the import: as it is."""
        policies = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
        stated = {name: self.properties[name] for name in STATED[self.kind] if name in self.properties}
        return {"Type": self.kind, **policies, "Properties": stated}

    def to_import(self) -> dict[str, Any]:
        """As CreateChangeSet wants it."""
        identifier = {self.key: self.name}
        return {
            "ResourceType": self.kind,
            "LogicalResourceId": self.logical_id,
            "ResourceIdentifier": identifier,
        }


@click.command()
@click.option("--bucket", required=True, metavar="NAME", help="The archive bucket.")
@click.option("--ledger", metavar="NAME", help="The ledger's table. Without it the deploy makes a new one, "
              "and the next runs write it anew from the bucket.")  # fmt: skip
@click.option("--key", metavar="KEY", help="The signing key's id. Without it the deploy makes a new key.")
@yes_option
@global_options(hidden=True)
@chosen
def adopt(chosen: Chosen, /, bucket: str, ledger: str | None, key: str | None, *, yes: bool) -> None:
    """Begin a new stack with what a deleted stack left.

    The stack then consists of the bucket, its policy, the ledger and the key, and nothing of them has
    changed. Deploy it next, as the command says at its end. docs/deploying.md has every step.

    \b
    canary-audit adopt --bucket my-bucket --ledger my-table --key 1234abcd-12ab-34cd-56ef-1234567890ab
    """
    stack = chosen.stack
    _check_new(stack)
    kept = left_behind(stack, bucket, ledger, key)
    records = [{"resource": each.logical_id, "type": each.kind, "name": each.name} for each in kept]
    if not chosen.is_json:
        show_records(COLUMNS, records)
    confirm(f"Begin the stack {stack.name} in {stack.region} with these?", yes=yes)
    _import(stack, kept)
    names = {"ArchiveBucketName": bucket} | ({"LedgerTableName": ledger} if ledger else {})
    parameters = names | stated_by(kept[0])
    if chosen.is_json:
        return show_json({"stack": stack.name, "adopted": records, "parameters": parameters})
    lock = parameters.pop("ObjectLockMode", "...")
    given = " ".join(f"{name}={value}" for name, value in parameters.items())
    return say(
        f"The stack {stack.name} has them now. Next, and before any other change of it: make deploy "
        f'STACK={stack.name} CONSOLE=... ENV=... LOCK={lock} PARAMETERS="{given} ..."'
    )


def stated_by(bucket: Kept) -> dict[str, str]:
    """The parameters of the deleted stack that its bucket shows: how long, and how, what is in it is locked.

    A deploy without them would take the template's, and S3 would hide what is locked for longer.
    """
    lock = bucket.properties.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention", {})
    rules = bucket.properties.get("LifecycleConfiguration", {}).get("Rules", [])
    # Rejected exports expire sooner than the template's least ExpiryDays.
    expiry = max(
        (int(rule["ExpirationInDays"]) for rule in rules if "ExpirationInDays" in rule), default=None
    )
    found = {"RetentionDays": lock.get("Days"), "ExpiryDays": expiry, "ObjectLockMode": lock.get("Mode")}
    return {name: str(value) for name, value in found.items() if value is not None}


def _check_new(stack: Stack) -> None:
    cloudformation = stack.client("cloudformation")
    try:
        with asking(f"The stack {stack.name} can't be described"):
            (found,) = cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    except CloudError as error:
        if error_code_of(error) != "ValidationError":
            raise
        return
    raise Failure(
        "StackExists",
        f"There is a stack {stack.name} in {stack.region} already ({found['StackStatus']}): name another "
        "with --stack, or delete this one first.",
        Exit.USAGE,
    )


def left_behind(stack: Stack, bucket: str, ledger: str | None, key: str | None) -> list[Kept]:
    """What is to be imported, as it is. Raises CloudError, Failure if it is not what a stack of ours left."""
    kept = [_read(stack, "ArchiveBucket", "AWS::S3::Bucket", "BucketName", bucket)]
    _insist(kept[-1], {"ObjectLockEnabled": True}, "a bucket with Object Lock")
    try:
        kept.append(_read(stack, "ArchiveBucketPolicy", "AWS::S3::BucketPolicy", "Bucket", bucket))
    except CloudError as error:
        if error_code_of(error) != "ResourceNotFoundException":
            raise
        say(f"The bucket {bucket} has no policy: the deploy makes one.")
    if ledger is not None:
        kept.append(_read(stack, "LedgerTable", "AWS::DynamoDB::Table", "TableName", ledger))
        keys = [("console", "HASH"), ("item", "RANGE")]
        schema = [{"AttributeName": name, "KeyType": kind} for name, kind in keys]
        _insist(kept[-1], {"KeySchema": schema}, "a ledger")
    if key is not None:
        kept.append(_read(stack, "SigningKey", "AWS::KMS::Key", "KeyId", key.rpartition("/")[2]))
        signing = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
        _insist(kept[-1], signing, "a key that signs checkpoints")
        _insist(kept[-1], {"Enabled": True}, "an enabled key: cancel its deletion, or enable it")
    return kept


def _read(stack: Stack, logical_id: str, kind: str, key: str, name: str) -> Kept:
    with asking(f"{name} ({kind}) can't be looked at", "Correct its name, the account or the region."):
        found = stack.client("cloudcontrol").get_resource(TypeName=kind, Identifier=name)
    properties = json.loads(found["ResourceDescription"]["Properties"])
    if "KeyPolicy" in properties:
        properties["KeyPolicy"] = _without_the_dead(properties["KeyPolicy"])
    return Kept(logical_id, kind, key, name, properties)


def _without_the_dead(policy: Any) -> Any:
    """A key's policy without its statements about roles that are gone.

    AWS shows such a role by its id, and takes no policy with one: not even the rollback of a failed deploy.
    """
    document = json.loads(policy) if isinstance(policy, str) else policy
    return document | {"Statement": [each for each in document.get("Statement", []) if not _is_dead(each)]}


def _is_dead(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    named = principal.get("AWS", []) if isinstance(principal, dict) else []
    return any(GONE.fullmatch(each) for each in ([named] if isinstance(named, str) else named))


def _insist(kept: Kept, wanted: Mapping[str, Any], what: str) -> None:
    if any(kept.properties.get(name) != value for name, value in wanted.items()):
        raise Failure("NotAdoptable", f"{kept.name} is not {what}. Nothing was done.", Exit.USAGE)


def change_set(name: str, kept: list[Kept]) -> dict[str, Any]:
    """The request to begin a stack of this name with all that was left, and nothing else."""
    template = {"Resources": {each.logical_id: each.in_template() for each in kept}}
    return {
        "StackName": name,
        "ChangeSetName": CHANGE_SET,
        "ChangeSetType": "IMPORT",
        "TemplateBody": json.dumps(template),
        "ResourcesToImport": [each.to_import() for each in kept],
    }


def _import(stack: Stack, kept: list[Kept]) -> None:
    cloudformation = stack.client("cloudformation")
    of = {"StackName": stack.name, "ChangeSetName": CHANGE_SET}
    action = f"The stack {stack.name} can't be begun"
    with asking(action):
        cloudformation.create_change_set(**change_set(stack.name, kept))
    advice = "Look at its events, delete it (what it would have imported stays), and adopt again."
    try:
        with asking(action, advice):
            cloudformation.get_waiter("change_set_create_complete").wait(**of, WaiterConfig=PATIENCE)
    except CloudError as error:
        with asking(action, advice):
            reason = cloudformation.describe_change_set(**of).get("StatusReason", error)
        raise CloudError(f"{action}: {reason}. Delete the stack {stack.name}, and adopt again") from error
    with asking(action, advice):
        cloudformation.execute_change_set(**of)
        waiter = cloudformation.get_waiter("stack_import_complete")
        waiter.wait(StackName=stack.name, WaiterConfig=PATIENCE)
