"""The functions that read the archive, deployed: under their own roles, through Lambda."""

from __future__ import annotations

import gzip
import json
from urllib.request import urlopen

import pytest

from local.aws import DeployedStack
from tests.system.conftest import NewConsole

pytestmark = pytest.mark.timeout(400)  # the first of them builds and deploys the stack


def test_an_archive_is_audited_and_asked(stack: DeployedStack, new_console: NewConsole) -> None:
    console = new_console(entries=120)
    assert stack.invoke({"console": console.id}).result["outcome"] == "purged"

    audited = stack.invoke({"console": console.id, "depth": "content"}, "VerifyFunction")
    assert audited.error == ""
    assert audited.result["is_valid"] is True
    assert audited.result["faults"] == []
    assert audited.result["checked"]["checkpoints"] == 3
    assert audited.result["checked"]["entries"] == 120

    daily = stack.invoke({"console": console.id}, "VerifyFunction")
    assert (daily.error, daily.result["is_stale"]) == ("", False)
    # The bucket as the emulator keeps it has every setting of the template, and its whole policy.
    assert (daily.result["fault_count"], daily.result["checked"]["settings of the bucket"]) == (0, 7)

    answer = stack.invoke({"request": "entries", "console": console.id, "last_id": 100}, "RetrieveFunction")
    assert answer.error == ""
    with urlopen(answer.result["report"]["link"]) as file:  # noqa: S310 - the emulator's, on loopback
        lines = file.read().splitlines()
    files = list(stack.objects(f"entries/console={console.id}/"))
    archived = b"".join(gzip.decompress(stack.read(each.key, each.version_id)) for each in files)
    assert sorted(lines) == sorted(line for line in archived.splitlines() if json.loads(line)["id"] <= 100)

    status = stack.invoke({"request": "status", "console": console.id}, "RetrieveFunction")
    (row,) = status.result["consoles"]
    assert row["console"] == console.id


def test_a_wrong_question_names_its_field(stack: DeployedStack) -> None:
    asked = stack.invoke({"request": "entries", "console": "1234abcd", "from": "soon"}, "RetrieveFunction")
    assert asked.failed
    assert asked.error.startswith("from")
