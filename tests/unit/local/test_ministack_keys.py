"""What the emulator is given: keys, the class of an error, environments that last, pages of a listing."""

import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ministack.core import lambda_runtime  # type: ignore[import-untyped]

from local.aws.ministack_with_keys import (
    LOST,
    Once,
    going_on,
    in_pages,
    keys_of,
    role_of,
    with_class,
    with_errors,
    with_keys,
    with_leading_keys,
)


def test_the_headers_of_a_put_give_their_keys() -> None:
    until = datetime.now(UTC) + timedelta(days=2556)
    headers = {
        "If-None-Match": "*",
        "x-amz-object-lock-mode": "COMPLIANCE",
        "x-amz-object-lock-retain-until-date": until.isoformat().replace("+00:00", "Z"),
        "x-amz-server-side-encryption-customer-algorithm": "AES256",
        "x-amz-meta-console": "1234abcd",
    }
    assert keys_of(headers) == {
        "s3:if-none-match": "*",
        "s3:object-lock-mode": "COMPLIANCE",
        "s3:object-lock-remaining-retention-days": "2555",
        "s3:x-amz-server-side-encryption-customer-algorithm": "AES256",
    }
    assert keys_of({}) == {}


@pytest.mark.parametrize(("action", "is_put"), [("s3:PutObject", True), ("s3:GetObject", False)])
def test_they_go_beside_what_the_emulator_knows(action: str, is_put: bool) -> None:
    def known(*_: Any) -> dict[str, Any]:
        return {"s3:prefix": "a"}

    found = with_keys(known)(action, None, "/bucket/key", {"if-none-match": "*"})
    assert found == {"s3:prefix": "a"} | ({"s3:if-none-match": "*"} if is_put else {})


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        (b'{"Item": {"console": {"S": "verify/1"}, "item": {"S": "x"}}}', ["verify/1"]),
        (b'{"Key": {"console": {"S": "1"}, "item": {"S": "x"}}}', ["1"]),
        (b'{"KeyConditionExpression": "#c = :c"}', None),
        (b"", None),
    ],
)
def test_an_item_has_its_partition_as_leading_key(body: bytes, keys: list[str] | None) -> None:
    found = with_leading_keys(lambda _: {"dynamodb:Select": "ALL_ATTRIBUTES"})(body)
    assert found.get("dynamodb:LeadingKeys") == keys
    assert found["dynamodb:Select"] == "ALL_ATTRIBUTES"


@pytest.mark.parametrize(
    ("principal", "role"),
    [
        ("arn:aws:sts::111122223333:assumed-role/archive/session", "arn:aws:iam::111122223333:role/archive"),
        ("arn:aws:iam::111122223333:role/archive", "arn:aws:iam::111122223333:role/archive"),
        ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root"),
    ],
)
def test_the_principal_of_a_session_is_its_role(principal: str, role: str) -> None:
    assert role_of(principal) == role


TRACE = """Traceback (most recent call last):
  File "app.py", line 1, in handler
audit_archive.errors.ConsoleAuthError: the key was refused. See it (here)
a note
"""


@pytest.mark.parametrize(
    ("log", "told"),
    [(TRACE, "ConsoleAuthError"), ("KeyError: 'other'", LOST), ("", LOST)],
)
def test_the_error_of_a_function_has_its_class(log: str, told: str) -> None:
    body = {"errorMessage": "the key was refused. See it (here)", "errorType": LOST}
    executed = with_class(lambda *_: {"body": dict(body), "error": True, "log": log})
    assert executed({}, {}, "r")["body"] == body | {"errorType": told}


def test_an_answer_without_an_error_stays() -> None:
    answer = {"body": {"errorType": LOST, "errorMessage": "a"}, "log": "X: a"}
    assert with_class(lambda *_: answer)({}, {}, "r") == answer


def test_the_emulator_s_program_tells_an_error_in_the_way_that_is_known() -> None:
    program = lambda_runtime._PYTHON_WORKER_SCRIPT
    assert going_on(program) != program
    with pytest.raises(RuntimeError, match="ENDS"):
        going_on(going_on(program))


def test_an_error_that_did_not_end_the_environment_is_an_error() -> None:
    raised = {"status": "ok", "error": "no", "trace": "T"}
    assert with_errors(lambda *_, **__: raised)() == raised | {"status": "error"}
    assert with_errors(lambda *_, **__: {"status": "ok", "result": 1})() == {"status": "ok", "result": 1}


def test_what_is_unpacked_again_is_the_same_and_other_bytes_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for folder, content in (("a", "1"), ("b", "1"), ("c", "2")):
        (tmp_path / folder).mkdir()
        with zipfile.ZipFile(tmp_path / f"{folder}.zip", "w") as zipped:
            zipped.writestr("python/module.py", content)
        with Once(tmp_path / f"{folder}.zip") as unpacked:
            unpacked.extractall(tmp_path / folder)
    a, b, c = (tmp_path / folder / "python" / "module.py" for folder in "abc")
    assert a.samefile(b)
    assert (a.read_text(), c.read_text()) == ("1", "2")


def test_a_listing_of_schedules_has_pages_that_lead_to_the_last() -> None:
    everything = [{"Name": str(number)} for number in range(250)]

    def list_all(query: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        assert query["ScheduleGroup"] == "ours"
        return 200, {}, json.dumps({"Schedules": everything[: int(query["MaxResults"])]}).encode()

    found, sizes, more = [], [], {"ScheduleGroup": "ours"}
    while more:
        _, _, body = in_pages(list_all)(more)
        answer = json.loads(body)
        sizes.append(len(answer["Schedules"]))
        found += answer["Schedules"]
        token = answer.get("NextToken")
        more = {"ScheduleGroup": "ours", "NextToken": token} if token else {}
    assert (found, sizes) == (everything, [100, 100, 50])
