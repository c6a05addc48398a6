"""A Console, a bucket, a table and secrets, real processes that work on them, and what must be true."""

import threading
from base64 import b64decode
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from audit_archive.adapters.ledger import DynamoDbLedger
from audit_archive.adapters.ledger_items import CLAIMS, FINDINGS_PREFIX
from audit_archive.adapters.signing import is_signed
from audit_archive.format.checkpoint import Checkpoint, open_checkpoint
from audit_archive.format.head import Head
from audit_archive.format.keys import PublicKey
from audit_archive.format.layout import checkpoint_key
from local.aws import LocalAws
from local.console import ConsoleServer
from tests.processes.copied import CopiedBucket
from tests.processes.relay import Relay, Striker
from tests.processes.trail import Watched
from tests.processes.workers import Ended, Sandboxes, Worker
from tests.support.aws import REGION, client, ledger_table, locked_bucket
from tests.support.reading import Reading
from tests.support.stack import render
from tests.support.world import CONSOLE

READ_KEY = "5d1f3b7a9c0e2468aceb1357d9f80246"
PURGE_KEY = "e7c4a1908b6d2f53c0ffee42badf00d1"
EVENT = {"console": CONSOLE}
REBUILD = {"console": CONSOLE, "action": "rebuild", "who": "somebody", "reason": "to compare"}
GOES_WELL = {"idle", "archived", "purged"}
MOST_RUNS = 5


def environment(aws: LocalAws) -> dict[str, str]:
    """What every process of the function sees: the template's variables, and the way to AWS."""
    function = render(PurgeMode="on").properties("ArchiveFunction")
    variables: dict[str, str] = function["Environment"]["Variables"]
    key = client("kms", aws.endpoint).create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    made = {"SIGNING_KEY": key["KeyMetadata"]["Arn"], "ALERT_TOPIC": ""}
    return aws.env() | variables | made | {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}


def new_request() -> str:
    """A request id that no other invocation has."""
    return str(uuid4())


class World:
    """One Console and its archive; use it as a context manager. With a striker, all goes through relays."""

    def __init__(self, aws: LocalAws, sandboxes: Sandboxes, striker: Striker | None = None) -> None:
        self.trail = Watched()
        self.console = ConsoleServer(self.trail, read_key=READ_KEY, admin_key=PURGE_KEY)
        self._aws = aws
        self._sandboxes = sandboxes
        self._striker = striker
        self._s3, self._dynamodb = client("s3", aws.endpoint), client("dynamodb", aws.endpoint)
        self._bucket, self._table = locked_bucket(aws.endpoint), ledger_table(aws.endpoint)
        self._copy = CopiedBucket(self._s3, self._bucket)
        self._lock = threading.Lock()
        self._open = ExitStack()
        self.reading = Reading(self._copy)
        self.trail.watch = self._look_at_purge

    def __enter__(self) -> Self:
        self._open.enter_context(self.console)
        endpoint, url = self._aws.endpoint, self.console.url
        if self._striker is not None:
            port = int(endpoint.rpartition(":")[2])
            endpoint = self._open.enter_context(Relay(port, self._striker)).url
            url = self._open.enter_context(Relay(self.console.port, self._striker)).url
        prefix = uuid4().hex
        secrets = client("secretsmanager", self._aws.endpoint)
        for use, key in (("read", READ_KEY), ("purge", PURGE_KEY)):
            secrets.create_secret(Name=f"{prefix}/{CONSOLE}/{use}", SecretString=key)
        self._variables = {
            "AWS_ENDPOINT_URL": endpoint,
            "ARCHIVE_BUCKET": self._bucket,
            "LEDGER_TABLE": self._table,
            "SECRET_PREFIX": prefix,
            "CONSOLE_URL_TEMPLATE": url,
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    # -------------------------------------------------------------------------------- what happens

    def worker(self) -> Worker:
        """A new process of the function."""
        return self._sandboxes.new(self._variables)

    def free_lease(self) -> None:
        """The lease is gone, as if it had run out."""
        self._dynamodb.delete_item(TableName=self._table, Key=self._key("lease"))

    def lease_holder(self) -> str | None:
        """The request id of the run that holds the lease."""
        found = self._dynamodb.get_item(TableName=self._table, Key=self._key("lease"), ConsistentRead=True)
        return str(found["Item"]["owner"]["S"]) if "Item" in found else None

    def go_on(self, request_id: str | None = None) -> Ended:
        """A new process takes over from whatever there was: as its retry, or once its lease has run out."""
        if request_id is None:
            self.free_lease()
        ended = self.worker().invoke(EVENT, request_id or new_request())
        assert ended.outcome in GOES_WELL, ended
        return ended

    def come_to_rest(self) -> None:
        """Everything becomes old enough, and run follows run until there is nothing to do; then look."""
        for _ in range(MOST_RUNS):
            self.trail.settle()
            ended = self.go_on()
            if ended.outcome == "idle":
                return self.look_at_rest()
        raise AssertionError(f"no rest after {MOST_RUNS} runs: {ended}")

    # -------------------------------------------------------------------------------- what must be true

    @property
    def head(self) -> Head:
        """The recorded head."""
        return DynamoDbLedger(self._dynamodb, self._table).head(CONSOLE) or Head(CONSOLE)

    def findings(self) -> list[str]:
        """What a person was told, or is about to be: the ledger's items about it."""
        return [item for item in self._items() if item.startswith(FINDINGS_PREFIX) and item != CLAIMS]

    def look(self) -> None:
        """While no process runs: one chain, signed, read by independent means; a ledger that stands at its
        end; each destroyed entry archived once, and written up."""
        assert self.console.crashes == []
        with self._lock:
            self._copy.refresh()
            self.reading.catch_up()
        self._look_at_checkpoints()
        live, lines = self.trail.live(), self.reading.epoch.lines
        destroyed = {i: line for i, line in self.trail.issued.items() if i not in live}
        unarchived = [i for i, line in destroyed.items() if lines.get(i) != line]
        assert unarchived == [], "destroyed, and not in the archive"
        assert self._written_up() == len(destroyed), "not as many were destroyed as the chain says"
        head, epoch = self.head, self.reading.epoch
        assert head.seq == len(self.reading.statements)
        assert (head.highest_archived_id, head.highest_purged_id) == (
            epoch.highest_archived,
            epoch.highest_purged,
        )

    def look_at_rest(self) -> None:
        """Besides: every intent is settled, and what is live is archived, or a receipt that we know."""
        self.look()
        head = self.head
        assert head.open_intents == ()
        known = {receipt.entry_id for receipt in head.receipts}
        for entry_id, line in self.trail.live().items():
            assert (self.reading.epoch.lines.get(entry_id) == line) != (entry_id in known)
        assert self.lease_holder() is None

    def look_at_rebuild(self) -> None:
        """The ledger, rebuilt by hand or by a run that finds none, is what it was."""
        worker = self.worker()
        assert worker.invoke(REBUILD, new_request()).outcome == "stated"
        rebuilt = self._index()
        for item in self._items():
            self._dynamodb.delete_item(TableName=self._table, Key=self._key(item))
        assert worker.invoke(EVENT, new_request()).outcome == "idle"
        assert self._index() == rebuilt
        assert len(self.findings()) == 1, "the decision is told, and nothing else"
        self.look_at_rest()

    def _look_at_checkpoints(self) -> None:
        """Each statement has one, by the key that the chain names."""
        statements = self.reading.statements
        keys = [PublicKey(b64decode(said["public_key"])) for said in statements if said.get("public_key")]
        assert self.reading.signed == {said["seq"] for said in statements}
        for said, ref in zip(statements, self.reading.refs, strict=True):
            (version,) = self._copy.history(checkpoint_key(CONSOLE, said["seq"]))
            found = open_checkpoint(version.data or b"", CONSOLE, keys, is_signed)
            assert found == Checkpoint(CONSOLE, said["tree"]["size"], said["tree"]["root"], ref["sha256"])

    def _written_up(self) -> int:
        """How many entries the chain says were destroyed: for each intent one count, by its purge statement
        or by the receipt that came after a crash had left its end unknown. Others' purges are none here."""
        counts: dict[int, int] = {}
        for said in self.reading.statements:
            if said["kind"] == "purge" and said["reported_count"] is not None:
                told = {said["intent_seq"]: said["reported_count"]}
            else:
                told = {seen["intent_seq"]: seen["count"] for seen in said.get("receipts_seen", ())}
            assert None not in told, "our own purge was taken for somebody else's"
            assert all(counts.get(seq, count) == count for seq, count in told.items()), "two counts of one"
            counts |= told
        return sum(counts.values())

    def _look_at_purge(self, boundary: int) -> None:
        """In the moment before a purge: what is about to die is archived, and that is signed and recorded."""
        head = self.head  # first: other runs may go on while we look
        with self._lock:
            self._copy.refresh()
            self.reading.catch_up(lenient=True)
            lines = self.reading.epoch.lines
        doomed = {i: line for i, line in self.trail.live().items() if i <= boundary}
        assert [i for i, line in doomed.items() if lines.get(i) != line] == [], "about to die unarchived"
        assert head.highest_archived_id >= boundary, "a purge beyond the recorded watermark"
        assert self.reading.signed >= set(range(1, head.seq + 1)), "a purge upon what is not signed"

    def _index(self) -> dict[str, Any]:
        """What the ledger holds of the chain."""
        return {name: item for name, item in self._items().items() if name.startswith(("head", "statement#"))}

    def _items(self) -> dict[str, Any]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="console = :console",
            ExpressionAttributeValues={":console": {"S": CONSOLE}},
        )
        return {item["item"]["S"]: item for page in pages for item in page["Items"]}

    def _key(self, item: str) -> dict[str, Any]:
        return {"console": {"S": CONSOLE}, "item": {"S": item}}
