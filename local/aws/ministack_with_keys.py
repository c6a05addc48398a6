"""Starts ministack with the condition keys of S3, DynamoDB and KMS that its policy engine lacks.

It also gives the error of a function its class, which the emulator loses, and a listing of schedules its
pages: the emulator ends one after 100 schedules, and does not say that there are more. An environment of a
function outlives an error that its handler raises, as Lambda's does; the emulator would start another one.
What all environments have of a layer and of the code is unpacked once, where the emulator does so for each.

Run as a program of its own, by path. Without these keys a Deny upon the absence of `s3:if-none-match` would
refuse every statement, and the bounds of locks would never be judged. `aws:PrincipalArn` is the ARN of a role
here, as on AWS, and not that of its session. Plain http on loopback counts as TLS: no byte leaves the
machine. What the body of a request says, such as the lock of PutObjectRetention, stays unknown. So does every
request of the account's root user: the emulator asks no policy about it, where S3 obeys a Deny.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import threading
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from ministack import app  # type: ignore[import-untyped]
from ministack.core import iam_actions, iam_evaluator, lambda_runtime  # type: ignore[import-untyped]
from ministack.services import lambda_svc, scheduler  # type: ignore[import-untyped]

HEADERS = {
    "if-none-match": "s3:if-none-match",
    "x-amz-object-lock-mode": "s3:object-lock-mode",
    "x-amz-server-side-encryption-customer-algorithm": ("s3:x-amz-server-side-encryption-customer-algorithm"),
}
UNTIL = "x-amz-object-lock-retain-until-date"
REMAINING = "s3:object-lock-remaining-retention-days"

LOST = "Runtime.HandlerError"
PAGE, ALL = 100, 10**6
"""Schedules of a page, and more than there can be."""

PARTITION_KEY = "console"
SIGNING = ("MessageType", "SigningAlgorithm")

Context = Callable[..., dict[str, Any]]


def keys_of(headers: Mapping[str, str]) -> dict[str, str]:
    """The condition keys that the headers of a put give."""
    lower = {name.lower(): value for name, value in headers.items()}
    keys = {key: lower[name] for name, key in HEADERS.items() if lower.get(name)}
    if lower.get(UNTIL):
        until = datetime.fromisoformat(lower[UNTIL].replace("Z", "+00:00"))
        keys[REMAINING] = str((until - datetime.now(UTC)).days)
    return keys


def with_keys(context_of: Context) -> Context:
    """The emulator's own function, and what it leaves out."""

    def context(
        action: str,
        query_params: dict[str, Any] | None,
        path: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        known = context_of(action, query_params, path, headers)
        return known | keys_of(headers or {}) if action.startswith("s3:PutObject") else known

    return context


def with_leading_keys(context_of: Callable[[bytes], dict[str, Any]]) -> Callable[[bytes], dict[str, Any]]:
    """The emulator's own function for DynamoDB, and the partition of an item in our one table."""

    def context(body: bytes) -> dict[str, Any]:
        known = context_of(body)
        asked = json.loads(body or b"{}")
        key = (asked.get("Item") or asked.get("Key") or {}).get(PARTITION_KEY, {}).get("S")
        return known | {"dynamodb:LeadingKeys": [key]} if key else known

    return context


def with_signing_keys(context_of: Context) -> Context:
    """The emulator's own function, and how KMS is asked to sign."""

    def context(service: str, action: str, body: bytes, *others: Any) -> dict[str, Any]:
        known: dict[str, Any] = context_of(service, action, body, *others)
        asked = json.loads(body or b"{}") if action == "kms:Sign" else {}
        return known | {f"kms:{name}": asked[name] for name in SIGNING if name in asked}

    return context


def role_of(principal: str) -> str:
    """The ARN of the role in whose session a request is made; that of the principal without a session."""
    session = re.fullmatch(r"arn:([a-z-]+):sts::([0-9]{12}):assumed-role/([^/]+)/.+", principal)
    return f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else principal


def with_class(execute: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The emulator's own execution of a function; its answer names the class of the error, as Lambda's does.

    The emulator calls every error `Runtime.HandlerError`. Its log has the trace, which ends with the class.
    """

    def executed(*arguments: Any) -> dict[str, Any]:
        answer = execute(*arguments)
        body = answer.get("body")
        if answer.get("error") and isinstance(body, dict) and body.get("errorType") == LOST:
            first_line = str(body.get("errorMessage", "")).partition("\n")[0]
            end = rf"^(?:\w+\.)*(\w+): {re.escape(first_line)}$"
            found = re.findall(end, str(answer.get("log", "")), re.MULTILINE)
            body["errorType"] = found[-1] if found else LOST
        return answer

    return executed


ENDS, GOES_ON = (f'{{"status": "{status}", "error": str(e), ' for status in ("error", "ok"))
"""What the emulator's program in an environment says of an error that the handler raised, and what it says
here: that the invocation is over, and nothing that would end the environment."""


def going_on(program: str) -> str:
    """The emulator's program for an environment, which tells an error and goes on."""
    if program.count(ENDS) != 1:
        raise RuntimeError("the emulator has another program for its environments: look at ENDS")
    return program.replace(ENDS, GOES_ON)


def with_errors(invoke: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The emulator's own invocation; the error of a handler that `going_on` tells is one again."""

    def invoked(*arguments: Any, **options: Any) -> dict[str, Any]:
        answer = invoke(*arguments, **options)
        return answer | {"status": "error"} if "error" in answer else answer

    return invoked


class Once(zipfile.ZipFile):
    """A zip that is unpacked once. All who unpack the same bytes get links to what is in it."""

    _unpacked: ClassVar[dict[str, Path]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def namelist(self) -> list[str]:
        """No names: whoever asks looks each of thousands up, and `extractall` leaves no folder anyway."""
        return []

    def extractall(self, path: Any = None, *_: Any) -> None:
        """Fill a folder that is there with links to what is in the zip."""
        digest = hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
        with self._lock:
            if digest not in self._unpacked:
                folder = Path(tempfile.mkdtemp(prefix="unpacked-"))
                for name in super().namelist():
                    self.extract(name, folder)
                self._unpacked[digest] = folder
        for each in self._unpacked[digest].iterdir():
            (Path(path) / each.name).symlink_to(each)


Listing = Callable[[Mapping[str, str]], tuple[int, dict[str, str], bytes]]


def in_pages(list_all: Listing) -> Listing:
    """The emulator's own listing of schedules, a page at a time, as EventBridge Scheduler gives it."""

    def listed(query: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        start, size = int(query.get("NextToken", 0)), int(query.get("MaxResults", PAGE))
        status, headers, body = list_all({**query, "MaxResults": str(ALL)})
        answer = json.loads(body)
        found = answer.get("Schedules", [])
        answer["Schedules"] = found[start : start + size]
        more = {"NextToken": str(start + size)} if start + size < len(found) else {}
        return status, headers, json.dumps(answer | more).encode()

    return listed


def start() -> None:
    """Run the emulator until it is ended."""
    iam_actions.s3_service_context = with_keys(iam_actions.s3_service_context)
    iam_actions.dynamodb_service_context = with_leading_keys(iam_actions.dynamodb_service_context)
    iam_actions.request_tag_context = with_signing_keys(iam_actions.request_tag_context)
    resolve = iam_evaluator._resolve_condition_key

    def resolve_key(key: str, request: Any) -> Any:
        found = resolve(key, request)
        return role_of(found) if key.lower() == "aws:principalarn" else found

    iam_evaluator._resolve_condition_key = resolve_key
    lambda_svc._execute_function_warm = with_class(lambda_svc._execute_function_warm)
    lambda_runtime._PYTHON_WORKER_SCRIPT = going_on(lambda_runtime._PYTHON_WORKER_SCRIPT)
    lambda_runtime.Worker.invoke = with_errors(lambda_runtime.Worker.invoke)
    lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": Once})
    scheduler._list_schedules = in_pages(scheduler._list_schedules)
    pin = app.pin_request_origin
    app.pin_request_origin = lambda source_ip, _: pin(source_ip, True)
    app.main()


if __name__ == "__main__":
    start()
