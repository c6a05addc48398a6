"""A bucket or a table that is not what it must be, through the real handler.

What an emulator would let pass whatever we do is in `tests/unit/run/test_bad_bucket.py`.
"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import botocore.endpoint
import pytest

from audit_archive.bootstrap.clients import forget
from audit_archive.errors import ArchiveStoreError, AuditArchiveError, IntegrityError, LedgerError
from tests.functions.world import World


def test_a_bucket_without_object_lock_over_http(world: World) -> None:
    name = f"{world.name}-plain"
    world.aws.s3.create_bucket(Bucket=name)
    world.set(ARCHIVE_BUCKET=name)
    messages = world.topic()
    with pytest.raises(IntegrityError, match="Object Lock"):
        world.run()
    assert [message["kind"] for message in messages()] == ["IntegrityError"]
    assert (world.posts, world.live_ids) == ([], [1, 2, 3])
    assert "Contents" not in world.aws.s3.list_objects_v2(Bucket=name)


def test_a_bucket_that_is_not_there(world: World) -> None:
    world.set(ARCHIVE_BUCKET="nobody-has-this-bucket")
    with pytest.raises(ArchiveStoreError, match="The stack's bucket does not exist"):
        world.run()
    assert (list(world.console.requests), world.live_ids) == ([], [1, 2, 3])


def test_a_table_that_is_not_there(world: World) -> None:
    world.set(LEDGER_TABLE="nobody-has-this-table")
    with pytest.raises(LedgerError, match="LedgerTable"):
        world.run()
    assert (list(world.console.requests), world.live_ids, world.keys()) == ([], [1, 2, 3], [])


class _Throttling(BaseHTTPRequestHandler):
    """An AWS service that has no capacity left, in S3's words and in DynamoDB's."""

    def do_POST(self) -> None:
        name = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
        self._answer(400, f'{{"__type":"{name}","message":"too fast"}}'.encode())

    def do_GET(self) -> None:
        self._answer(503, b"<Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
        """Nothing is logged."""


@pytest.fixture(params=["throttling", "closed"])
def unwell(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a service that throttles, or of a port at which nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Throttling) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        if request.param == "closed":
            server.shutdown()
            server.server_close()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("service", "kind"), [("S3", ArchiveStoreError), ("DYNAMODB", LedgerError)])
def test_a_service_that_is_down_or_throttles(
    world: World, monkeypatch: pytest.MonkeyPatch, unwell: str, service: str, kind: type[AuditArchiveError]
) -> None:
    """The SDK repeats (its pauses are only noted down here, or this would take a minute), then we say so."""
    pauses: list[float] = []
    with monkeypatch.context() as patch:
        patch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=pauses.append))
        patch.setenv(f"AWS_ENDPOINT_URL_{service}", unwell)
        forget()
        with pytest.raises(AuditArchiveError) as caught:
            world.run()
    forget()
    assert type(caught.value) is kind
    assert "next run" in str(caught.value)
    assert len(pauses) >= 5
    assert (world.posts, world.live_ids, world.keys()) == ([], [1, 2, 3], [])
    if service == "DYNAMODB":
        assert world.run()["outcome"] == "purged"
