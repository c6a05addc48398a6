"""An AWS on loopback that asks the template's policies about each request before it serves it.

It stands before `Cloud`. A request that the policies refuse is answered as AWS answers it, and
goes no further. The access key that signed the request, or the link, is the name of the role that asks.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from tests.functions.cloud import XML, Cloud
from tests.functions.permissions.account import ALLOWED, Account, Permission
from tests.functions.permissions.asked import Asked, Http, asked_by, sees_absence, sees_locks, signer

Answer: TypeAlias = tuple[str, list[tuple[str, str]], bytes]

_JSON = {"dynamodb", "kms", "lambda", "scheduler", "secretsmanager", "ssm"}
LOCK_HEADERS = ("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date")


@dataclass(frozen=True)
class Names:
    """How what exists here is called in the rendered template."""

    buckets: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    prefix: tuple[str, str] = ("", "")

    def of(self, asked: Asked) -> Asked:
        """The same request, with the template's name of its resource."""
        if asked.action.startswith("s3:"):
            bucket, slash, key = asked.resource.removeprefix("arn:aws:s3:::").partition("/")
            return replace(asked, resource=f"arn:aws:s3:::{self.buckets.get(bucket, bucket)}{slash}{key}")
        resource = self.others.get(asked.resource, asked.resource)
        return replace(asked, resource=resource.replace(*self.prefix) if self.prefix[0] else resource)


class Gateway:
    """The application. `used` are the permissions that were needed since it was last cleared.

    `alone` are those of them that alone allowed some request: without it, that would have been refused.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.names = Names()
        self.without: set[Permission] = set()
        self.used: set[Permission] = set()
        self.alone: set[Permission] = set()
        self.refused: list[Asked] = []
        self.faults: list[Exception] = []
        self.cloud = Cloud()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            status, headers, body = self._answer(environ)
        except Exception as error:  # it would be lost in the server's thread
            self.faults.append(error)
            raise
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        request = _read(environ)
        role, service = signer(request)
        for asked in asked_by(request):
            # Secrets Manager judges by the ARN of a secret that exists, which ends with six characters.
            known = (
                replace(asked, resource=f"{asked.resource}-AbCdEf") if service == "secretsmanager" else asked
            )
            if not self._may(role, known):
                return _denial(service, asked)
        answer = self._serve(environ)
        return self._without_what_is_hidden(role, request, service, answer)

    def _without_what_is_hidden(self, role: str, request: Http, service: str, answer: Answer) -> Answer:
        """An answer as AWS gives it to somebody who may not know all of it."""
        status, headers, body = answer
        is_of_an_object = "/" in request.path.strip("/")
        if service == "s3" and status.startswith("404") and is_of_an_object:
            absence = sees_absence(request)
            return answer if self._may(role, absence) else _denial(service, absence)
        if service == "secretsmanager" and b"ResourceNotFound" in body:
            absent = asked_by(request)[0]
            return answer if self._may(role, absent) else _denial(service, absent)
        lock = sees_locks(request)
        has_lock = any(name.lower() in LOCK_HEADERS for name, _ in headers)
        if lock is None or not has_lock or self._may(role, lock):
            return answer
        return status, [each for each in headers if each[0].lower() not in LOCK_HEADERS], body

    def _may(self, role: str, asked: Asked) -> bool:
        named = self.names.of(asked)
        verdict = self.account.judge(role, named, self.without)
        with self._lock:
            self.used.update(verdict.by)
            if len(verdict.by) == 1:
                self.alone.update(verdict.by)
            if verdict.word != ALLOWED:
                self.refused.append(named)
        return verdict.word == ALLOWED

    def _serve(self, environ: dict[str, Any]) -> Answer:
        told: list[Any] = []
        body = b"".join(self.cloud(environ, lambda status, headers, *_: told.extend((status, headers))))
        kept = [each for each in told[1] if each[0].lower() != "content-length"]
        length = {name.lower(): value for name, value in told[1]}.get("content-length")
        if environ["REQUEST_METHOD"] == "HEAD" and length is not None:
            body = b"\0" * int(length)
        return told[0], kept, body


def _read(environ: dict[str, Any]) -> Http:
    """The request, whose body can be read again."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = BytesIO(body)
    headers = {
        name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"
    }
    return Http(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].encode("latin-1").decode(),
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        headers=headers,
        body=body,
    )


def _denial(service: str, asked: Asked) -> Answer:
    """AWS's answer to a request that is not allowed."""
    words = f"User is not authorized to perform: {asked.action} on resource: {asked.resource}"
    if service in _JSON:
        body = json.dumps({"__type": "AccessDeniedException", "Message": words}).encode()
        return "400 Bad Request", [("Content-Type", "application/x-amz-json-1.1")], body
    if service == "s3":
        said = f"<Error><Code>AccessDenied</Code><Message>{words}</Message></Error>"
    else:
        said = (
            "<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code>"
            f"<Message>{words}</Message></Error></ErrorResponse>"
        )
    return "403 Forbidden", [("Content-Type", "application/xml")], (XML + said).encode()
