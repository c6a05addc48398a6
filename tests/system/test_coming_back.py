"""A stack is deleted, and one of the same name goes on with what it left: bucket, ledger and signing key.

What the emulator does not show: it can't import a bucket policy, so the policy is removed before and the
deploy makes it anew; and its Cloud Control does not know what CloudFormation made, so it is told before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import main
from local.aws import DeployedStack, Laptop
from local.aws.clients import CONFIG
from local.aws.mend import mend_bucket
from local.aws.sam import ARTIFACTS, STACK
from tests.system.conftest import NewConsole

pytestmark = pytest.mark.timeout(400)

NAME = "comes-back"
TEMPLATE = "template-of-the-laptop.yaml"


@pytest.mark.wide
def test_a_deleted_stack_s_archive_is_gone_on_with(
    laptop: Laptop, new_console: NewConsole, tmp_path: Path
) -> None:
    console, built = new_console(20), tmp_path / TEMPLATE
    with deployed(laptop, built) as old:
        assert old.invoke({"console": console.id}).result["outcome"] == "purged"
        kept = {name: old.outputs[name] for name in ("ArchiveBucket", "LedgerTable")}
        key = old.settings()["SIGNING_KEY"].rpartition("/")[2]
        before = [each.key for each in old.objects()]
        logs = log_group(old)
    assert stays(laptop, kept, key)

    known_to_cloud_control(laptop, kept, key)
    laptop.aws.s3.delete_bucket_policy(Bucket=kept["ArchiveBucket"])
    left = ("--bucket", kept["ArchiveBucket"], "--ledger", kept["LedgerTable"], "--key", key)
    told = adopted(laptop, *left)
    assert {each["resource"] for each in told["adopted"]} == {"ArchiveBucket", "LedgerTable", "SigningKey"}

    with deployed(laptop, built, told["parameters"]) as new:
        assert {name: new.outputs[name] for name in kept} == kept
        assert log_group(new) != logs
        assert new.settings()["SIGNING_KEY"].endswith(key)
        console.arrive(3)
        result = new.invoke({"console": console.id}).result
        assert result["outcome"] in {"archived", "purged"}  # by the age of the entries that were left
        assert result["new_entries"] == 4  # three, and the first purge's receipt
        added = {each.key.partition("/")[0] for each in new.objects() if each.key not in before}
        assert added == {"exports", "statements", "checkpoints", "entries"}
        role = laptop.aws.lambda_.get_function_configuration(FunctionName=new.function)["Role"]
        assert role in client(laptop, "kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        audit = new.invoke({"console": console.id, "depth": "content"}, "VerifyFunction").result
        assert (audit["faults"], audit["checked"]["entries"]) == ([], 24)


@contextmanager
def deployed(
    laptop: Laptop, built: Path, parameters: Mapping[str, str] | None = None
) -> Iterator[DeployedStack]:
    """The template of the laptop's stack, deployed as NAME; deleted at the end. It is written to `built`."""
    cloudformation: Any = laptop.aws.cloudformation
    template = cloudformation.get_template(StackName=STACK, TemplateStage="Original")["TemplateBody"]
    text = template if isinstance(template, str) else json.dumps(template)
    laptop.aws.s3.put_object(Bucket=ARTIFACTS, Key=TEMPLATE, Body=text.encode())
    (like,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    values = {each["ParameterKey"]: each["ParameterValue"] for each in like["Parameters"]}
    values |= {"Console": "first", **(parameters or {})}
    request: dict[str, Any] = {
        "StackName": NAME,
        "TemplateURL": f"{laptop.aws.endpoint}/{ARTIFACTS}/{TEMPLATE}",
        "Parameters": [{"ParameterKey": n, "ParameterValue": value} for n, value in values.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    if parameters is None:
        cloudformation.create_stack(**request)
    else:
        cloudformation.update_stack(**request)
    waiter = "stack_create_complete" if parameters is None else "stack_update_complete"
    cloudformation.get_waiter(waiter).wait(StackName=NAME, WaiterConfig={"Delay": 1})
    stack = DeployedStack(laptop.aws, laptop.aws.stack_outputs(NAME))
    built.write_text(text)
    mend_bucket(laptop.aws, stack.bucket, built, stack.settings())
    try:
        yield stack
    finally:
        cloudformation.delete_stack(StackName=NAME)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1})


def log_group(stack: DeployedStack) -> str:
    """Where the archive function writes."""
    found = stack.aws.lambda_.get_function_configuration(FunctionName=stack.function)
    return str(found["LoggingConfig"]["LogGroup"])


def stays(laptop: Laptop, kept: Mapping[str, str], key: str) -> bool:
    """Whether bucket, ledger and key are there, and the functions and the schedules are not."""
    scheduler, kms = (client(laptop, service) for service in ("scheduler", "kms"))
    assert laptop.aws.s3.get_bucket_versioning(Bucket=kept["ArchiveBucket"])["Status"] == "Enabled"
    assert (
        laptop.aws.dynamodb.describe_table(TableName=kept["LedgerTable"])["Table"]["TableStatus"] == "ACTIVE"
    )
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"]
    names = [each["FunctionName"] for each in laptop.aws.lambda_.list_functions()["Functions"]]
    assert not any(name.startswith(NAME) for name in names)
    groups = [each["Name"] for each in scheduler.list_schedule_groups()["ScheduleGroups"]]
    return NAME not in groups


def known_to_cloud_control(laptop: Laptop, kept: Mapping[str, str], key: str) -> None:
    """Tell the emulator's Cloud Control what AWS's reads from the resources themselves."""
    cloudcontrol = client(laptop, "cloudcontrol")
    keys = [{"AttributeName": "console", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}]
    attributes = [{"AttributeName": each["AttributeName"], "AttributeType": "S"} for each in keys]
    table = {"KeySchema": keys, "AttributeDefinitions": attributes, "BillingMode": "PAY_PER_REQUEST"}
    signs = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "Enabled": True, "KeyPolicy": {}}
    read: dict[str, tuple[str, str, dict[str, Any]]] = {
        "AWS::S3::Bucket": ("BucketName", kept["ArchiveBucket"], {"ObjectLockEnabled": True}),
        "AWS::DynamoDB::Table": ("TableName", kept["LedgerTable"], table),
        "AWS::KMS::Key": ("KeyId", key, signs),
    }
    for kind, (names, name, properties) in read.items():
        # The emulator finds a resource by its `Arn`.
        state = json.dumps({"Arn": name, names: name, **properties})
        cloudcontrol.create_resource(TypeName=kind, DesiredState=state)


def adopted(laptop: Laptop, *options: str) -> Any:
    """What `canary-audit adopt` says to a program."""
    runner = CliRunner(mix_stderr=False, env=laptop.aws.env())
    answer = runner.invoke(main, ["adopt", "--stack", NAME, *options, "--yes", "--json"])
    assert answer.exit_code == 0, answer.output + answer.stderr
    return json.loads(answer.stdout)


def client(laptop: Laptop, service: str) -> Any:
    """A further client of the emulator."""
    session: Any = laptop.aws.session
    return session.client(service, endpoint_url=laptop.aws.endpoint, config=CONFIG)
