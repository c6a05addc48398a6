"""Answers of AWS of which only a part came: the SDK takes them for whole, our clients do not."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config

from audit_archive.adapters.aws import reject_partial_answers
from audit_archive.adapters.dynamodb import LedgerTable
from audit_archive.adapters.s3 import S3ArchiveStore
from audit_archive.adapters.secrets import Secret, StoredKey
from audit_archive.errors import ArchiveStoreError, AuditArchiveError, ConsoleUnavailableError, LedgerError
from tests.support.scripted import answer, scripted
from tests.support.stubbed import IMPATIENT, client

CUT_OFF = b"HTTP/1.1 200 OK\r\nServer: AmazonS3\r\nContent-Le"
JSON = {"Content-Type": "application/x-amz-json-1.0"}
TWICE = IMPATIENT.merge(Config(retries={"total_max_attempts": 2, "mode": "standard"}))
STATEMENTS = "statements/"

Act = Callable[[Any], object]

S3_CALLS: dict[str, Act] = {
    "inspect": lambda s3: S3ArchiveStore(s3, "bucket").inspect("key"),
    "read": lambda s3: b"".join(S3ArchiveStore(s3, "bucket").read("key", "v1")),
    "versions": lambda s3: list(S3ArchiveStore(s3, "bucket").versions(STATEMENTS)),
}
TABLE_CALLS: dict[str, Act] = {
    "get": lambda table: LedgerTable(table, "table").get("c", "head"),
    "put": lambda table: LedgerTable(table, "table").put({"console": {"S": "c"}, "item": {"S": "i"}}),
    "query": lambda table: list(LedgerTable(table, "table").query("c", "finding#", "claim")),
}


@pytest.mark.parametrize(
    ("service", "act", "kind"),
    [
        *(pytest.param("s3", act, ArchiveStoreError, id=name) for name, act in S3_CALLS.items()),
        *(pytest.param("dynamodb", act, LedgerError, id=name) for name, act in TABLE_CALLS.items()),
        pytest.param(
            "secretsmanager",
            lambda s: StoredKey(Secret(s, "name")).value(),
            ConsoleUnavailableError,
            id="secret",
        ),
    ],
)
def test_an_answer_whose_head_was_cut_off_is_none(
    service: str, act: Act, kind: type[AuditArchiveError]
) -> None:
    with scripted(CUT_OFF) as server, pytest.raises(kind, match="only in part"):
        act(reject_partial_answers(client(service, server.url, TWICE)))
    assert len(server.requests) == 2, "the SDK repeats it, as after any fault of the server"


@pytest.mark.parametrize("body", [b'{"Item": {"it', b'{"Item": \xff}'], ids=["half", "no-text"])
def test_json_that_cannot_be_read_is_no_answer(body: bytes) -> None:
    with scripted(answer(body, headers=JSON)) as server, pytest.raises(LedgerError):
        LedgerTable(reject_partial_answers(client("dynamodb", server.url, TWICE)), "table").get("c", "head")


def test_the_repeat_is_believed() -> None:
    with scripted(CUT_OFF, answer('{"Item": {"item": {"S": "head"}}}', headers=JSON)) as server:
        found = LedgerTable(reject_partial_answers(client("dynamodb", server.url, TWICE)), "table").get(
            "c", "head"
        )
    assert found == {"item": {"S": "head"}}


def test_a_head_that_cannot_be_read_is_a_store_error() -> None:
    for said in ({"x-amz-object-lock-retain-until-date": "2026-99-99"}, {"Last-Modified": "Frday"}):
        with (
            scripted(answer(headers=said)) as server,
            pytest.raises(ArchiveStoreError, match="inspected"),
        ):
            S3ArchiveStore(reject_partial_answers(client("s3", server.url)), "bucket").inspect("key")


def test_a_listing_that_cannot_be_read_is_a_store_error() -> None:
    with scripted(answer("<ListVersionsResult><Vers")) as server, pytest.raises(ArchiveStoreError):
        list(S3ArchiveStore(reject_partial_answers(client("s3", server.url)), "bucket").versions(STATEMENTS))
