"""What is around the function: its layer, its schedule, and where a run that keeps failing ends up."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from local.aws import DeployedStack, Laptop
from local.aws.clients import CONFIG
from local.aws.emulator import DIRECT

pytestmark = pytest.mark.timeout(400)  # the first of them builds and deploys the stack

LAMBDA_BRINGS = ("boto3", "botocore", "s3transfer", "dateutil", "six.py")
"""The SDK, and what it needs and we do not."""

PATIENCE_SECONDS = 100.0


def test_the_layer_carries_everything_but_what_lambda_brings(stack: DeployedStack, tmp_path: Path) -> None:
    configuration = stack.aws.lambda_.get_function_configuration(FunctionName=stack.function)
    (layer,) = configuration["Layers"]
    content = stack.aws.lambda_.get_layer_version_by_arn(Arn=layer["Arn"])["Content"]["Location"]
    function = stack.aws.lambda_.get_function(FunctionName=stack.function)["Code"]["Location"]
    for url in (content, function):
        with DIRECT.open(url, timeout=30) as answer, zipfile.ZipFile(BytesIO(answer.read())) as zipped:
            zipped.extractall(tmp_path)  # the layer's `python` folder, and `app.py` beside it
    assert not [name for name in LAMBDA_BRINGS if (tmp_path / "python" / name).exists()]

    site = Path(json.__file__).parents[1]
    packages = next(Path(p) for p in sys.path if (Path(p) / "botocore").is_dir())
    brought = tmp_path / "brought"
    brought.mkdir()
    for name in LAMBDA_BRINGS:
        (brought / name).symlink_to(packages / name)
    path = [str(site), str(tmp_path), str(tmp_path / "python"), str(brought)]
    script = f"import sys; sys.path[:0] = {path!r}; import app, audit_archive; print(audit_archive.__file__)"
    env = {"AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(  # noqa: S603 - our own code, in a Python that sees nothing else
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "python" / "audit_archive" / "__init__.py")


def test_the_schedule_is_there_and_invokes_the_function(laptop: Laptop) -> None:
    stack = laptop.stack
    scheduler = stack.aws.session.client("scheduler", endpoint_url=stack.aws.endpoint, config=CONFIG)
    try:
        schedule = scheduler.get_schedule(GroupName=stack.outputs["ScheduleGroup"], Name=laptop.console.id)
    finally:
        scheduler.close()
    assert schedule["Target"]["Arn"] == stack.outputs["ArchiveFunctionArn"]
    assert schedule["Target"]["RoleArn"] == stack.outputs["ScheduleRoleArn"]
    assert json.loads(schedule["Target"]["Input"]) == {"console": laptop.console.id}
    assert schedule["Target"]["DeadLetterConfig"]["Arn"] == stack.outputs["UndeliveredSchedules"]


def test_a_run_that_keeps_failing_is_kept_for_a_person(stack: DeployedStack) -> None:
    event = {"console": "not-a-port"}
    stack.aws.lambda_.invoke(
        FunctionName=stack.function, InvocationType="Event", Payload=json.dumps(event).encode()
    )
    kept = _receive(stack, stack.outputs["FailedRuns"])
    assert kept["requestPayload"] == event
    assert kept["requestContext"]["condition"] == "RetriesExhausted"
    assert kept["requestContext"]["approximateInvokeCount"] == 3


def _receive(stack: DeployedStack, queue: str) -> dict[str, Any]:
    sqs: Any = stack.aws.session.client("sqs", endpoint_url=stack.aws.endpoint, config=CONFIG)
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while time.monotonic() < deadline:
            for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
                kept: dict[str, Any] = json.loads(message["Body"])
                return kept
    finally:
        sqs.close()
    raise AssertionError(f"nothing arrived in {queue}")


def test_the_fleet_check_knows_the_console_of_the_stack(laptop: Laptop) -> None:
    """Under the role of the template, which may list schedules and not change them."""
    answer = laptop.stack.invoke({"fleet": True}, "VerifyFunction").result
    (row,) = [each for each in answer["fleet"] if each["console"] == laptop.console.id]
    assert [each["judgement"] for each in row["problems"] if each["judgement"] == "unscheduled"] == []
    assert answer["consoles"] >= 1
