"""The ledger in one DynamoDB table: lease, head and index of every Console."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from audit_archive.adapters import ledger_items as index
from audit_archive.adapters import ledger_items as items
from audit_archive.adapters.dynamodb import LedgerTable
from audit_archive.errors import IntegrityError
from audit_archive.finding import Finding
from audit_archive.format.head import Head
from audit_archive.format.head_digest import holes_sha256
from audit_archive.format.index import Indexed
from audit_archive.format.statement import Statement
from audit_archive.ports import Lack, Rotation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


LONGEST_LEASE = 3600
"""Seconds: no lease of ours lasts so long. One that does is somebody else's writing."""

HEAD_READS = 5
"""How often a head is read again when another run replaced its parts meanwhile."""


class DynamoDbLedger:
    """A Ledger. The role needs dynamodb:GetItem, PutItem, DeleteItem and Query on the table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """`client` should be made with `aws.client_config()`; the table's keys are `console` and `item`."""
        self._table = LedgerTable(client, table)

    def acquire(self, console: str, owner: str, now: int, expires_at: int) -> bool:
        """As the port says."""
        lease = items.lease_item(console, owner, expires_at)
        # There is no lease; or it has run out; or it is our own: the SDK repeats a request whose answer was
        # lost, and must not find itself locked out by its first attempt. Or it ends later than any run does.
        condition = (
            "attribute_not_exists(#item) OR #expires_at <= :now OR #expires_at > :latest OR #owner = :owner"
        )
        values: dict[str, AttributeValueTypeDef] = {
            ":now": {"N": str(now)},
            ":latest": {"N": str(now + LONGEST_LEASE)},
            ":owner": {"S": owner},
        }
        return self._table.put(lease, condition, values)

    def release(self, console: str, owner: str) -> None:
        """As the port says."""
        # Only while it is ours: once it ran out, it may be another run's.
        self._table.delete(console, items.LEASE, "#owner = :owner", {":owner": {"S": owner}})

    def claim(self, finding: Finding, now: int, expires_at: int) -> bool:
        """As the port says."""
        # Nobody has announced it nor is about to; or whoever was about to has had their time. What was
        # announced has no time to run out.
        condition = "attribute_not_exists(#item) OR #expires_at <= :now"
        return self._table.put(items.claim_item(finding, expires_at), condition, {":now": {"N": str(now)}})

    def announced(self, finding: Finding) -> None:
        """As the port says."""
        self._table.put(items.announced_item(finding))

    def pending(self, console: str, now: int) -> list[Finding]:
        """As the port says."""
        claims = self._table.query(console, items.FINDINGS_PREFIX, "claim")
        found = [items.finding_of(claim) for claim in claims if items.has_run_out(claim, now)]
        return [finding for finding in found if finding is not None]

    def complete(self, console: str, at: int) -> None:
        """As the port says."""
        self._table.put(items.completed_item(console, at))

    def last_completed(self, console: str) -> int | None:
        """As the port says."""
        item = self._table.get(console, items.LAST_COMPLETED)
        return items.moment_of(item) if item is not None else None

    def lack(self, console: str) -> Lack | None:
        """Read as it was noted; one that can't be read counts as none, for it only counts time."""
        item = self._table.get(console, items.LACK)
        return items.lack_of(item) if item is not None else None

    def note_lack(self, console: str, lack: Lack | None) -> None:
        """Write the note, or remove it."""
        if lack is None:
            self._table.delete(console, items.LACK)
        else:
            self._table.put(items.lack_item(console, lack))

    def head(self, console: str) -> Head | None:
        """As the port says. Raises IntegrityError if what is recorded can't be read."""
        for _ in range(HEAD_READS):
            item = self._table.get(console, items.HEAD)
            # A head that another release wrote may have other fields: the chain tells the same.
            if item is None or item.get("format") != items.HEAD_ITEM_FORMAT:
                return None
            try:
                return self._unpacked(console, item)
            except _TornError:
                continue  # a run that recorded a newer head has removed parts of this one: read the newer
            except (KeyError, ValueError) as error:
                raise _damaged(console, str(error)) from error
        raise _damaged(console, "parts of it are missing or altered")

    def note(self, console: str) -> bytes:
        """As the port says."""
        item = self._table.get(console, items.HEAD) or {}
        return bytes(item.get("note", {}).get("B", b""))

    def disown(self, console: str) -> None:
        """As the port says."""
        item = self._table.get(console, items.HEAD)
        if item is None:
            return
        self._table.put(dict(item) | items.item_key(console, items.DISOWNED))
        # Only while it is the one that was read: a newer one may be good.
        known = {name: item[name] for name in ("seq", "digest", "statement_sha256") if name in item}
        condition = " AND ".join(f"#{name} = :{name}" for name in known)
        values = {f":{name}": value for name, value in known.items()}
        if not self._table.delete(console, items.HEAD, condition, values):
            self.forget_disowned(console)

    def disowned(self, console: str) -> Head | None:
        """As the port says."""
        item = self._table.get(console, items.DISOWNED)
        if item is None:
            return None
        try:
            is_ours = item.get("format") == items.HEAD_ITEM_FORMAT
            return self._unpacked(console, item) if is_ours else Head(console)
        except (_TornError, KeyError, ValueError):
            return Head(console)

    def forget_disowned(self, console: str) -> None:
        """As the port says."""
        self._table.delete(console, items.DISOWNED)

    def record(self, head: Head, statement: Statement, note: bytes = b"") -> None:
        """As the port says: first the index, then the head's parts, last the head, which makes it so."""
        ref = head.statement
        if ref is None or (head.console, head.seq) != (statement.console, statement.seq):
            raise IntegrityError(f"The head of {head.console} does not belong to statement {statement.seq}.")
        self._table.put(items.statement_item(statement, ref))
        holes_at = self._holes_at(head) if items.is_large(head) else None
        item, parts = items.head_items(head, ref, note, holes_at)
        for part in parts:
            self._table.put(part)
        # Nothing is recorded; or by another release; or something older; or this very statement, which a
        # repair may write again.
        condition = (
            "attribute_not_exists(#seq) OR #format <> :format OR #seq < :seq "
            "OR ( #seq = :seq AND #statement_sha256 = :sha )"
        )
        values: dict[str, AttributeValueTypeDef] = {
            ":format": items.HEAD_ITEM_FORMAT,
            ":sha": {"S": ref.sha256},
        }
        if not self._table.put(item, condition, values | {":seq": {"N": str(head.seq)}}):
            self._accept_newer(head)
        elif holes_at is None:
            self._remove_parts_before(head)

    def statements(self, console: str) -> Iterator[Indexed]:
        """As the port says."""
        for item in self._table.query(console, index.PREFIX, *index.ATTRIBUTES):
            try:
                yield index.indexed_of(item)
            except (KeyError, ValueError) as error:
                raise _damaged(console, f"an item of its index: {error}") from error

    def _unpacked(self, console: str, item: "Mapping[str, AttributeValueTypeDef]") -> Head:
        """The head of an item. Raises _TornError if a part is missing, KeyError or ValueError if damaged."""
        seq, digest, holes_digest = int(item["seq"]["N"]), item["digest"]["S"], item["holes_sha256"]["S"]
        packed = self._packed(console, item, "body", seq, digest)
        if items.digest_of(packed) != digest:
            raise _TornError
        packed_holes = self._packed(console, item, "holes", int(item["holes_at"]["N"]), holes_digest)
        try:
            head = items.unpack_head(packed, packed_holes)
        except ValueError as error:
            raise _TornError from error
        if holes_sha256(head.holes) != holes_digest:
            raise _TornError
        if (head.seq, head.statement and head.statement.sha256) != (seq, item["statement_sha256"]["S"]):
            raise ValueError("it is of another statement than its item says")
        return head

    def _packed(
        self, console: str, item: "Mapping[str, AttributeValueTypeDef]", name: str, seq: int, digest: str
    ) -> bytes:
        if name in item:
            return bytes(item[name]["B"])
        parts = self._table.query(console, items.parts_prefix(seq, digest), "body")
        return b"".join(bytes(part["body"]["B"]) for part in parts)

    def _holes_at(self, head: Head) -> int | None:
        """Under which number the parts of a head's holes lie already, if the recorded head has the same."""
        item = self._table.get(head.console, items.HEAD) or {}
        try:
            is_same = item["holes_sha256"]["S"] == holes_sha256(head.holes) and "holes" not in item
            # What is recorded once more is written once more: that repairs it.
            return int(item["holes_at"]["N"]) if is_same and int(item["seq"]["N"]) < head.seq else None
        except (KeyError, ValueError):
            return None

    def _accept_newer(self, head: Head) -> None:
        """The table refused the head: fine if it stands beyond it, a fork if at another of this number."""
        item = self._table.get(head.console, items.HEAD) or {}
        if int(item.get("seq", {}).get("N", "0")) <= head.seq:
            raise _fork(head.console, head.seq)

    def _remove_parts_before(self, head: Head) -> None:
        """Parts of older heads. One of this number or a later may be another writer's, still to be used."""
        oldest_kept = items.parts_prefix(head.seq, "")
        for part in self._table.query(head.console, items.PARTS_PREFIX, "item"):
            if part["item"]["S"] < oldest_kept:
                self._table.delete(head.console, part["item"]["S"])


class _TornError(Exception):
    """A part of a head is not there."""


def _damaged(console: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"The head of {console} in the ledger can't be read: {why}. The bucket is the truth: recreate the "
        "ledger from it: invoke the archive function with an event like events/rebuild.json."
    )


def _fork(console: str, seq: int) -> IntegrityError:
    return IntegrityError(
        f"The ledger already knows another statement {seq} of {console}: the chain has forked or "
        "was replaced. Verify the archive before anything else is run."
    )


# The audit's own notes, in the ledger's table under a partition key of their own: `verify/<console>`.
#
# So its role can be kept from writing anywhere else (dynamodb:LeadingKeys).


class DynamoDbVerifications:
    """Verifications. The role needs dynamodb:GetItem, PutItem and Query under `verify/*`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """`client` should be made with `aws.client_config()`."""
        self._table = LedgerTable(client, table)
        self._ledger = DynamoDbLedger(client, table)

    def claim(self, finding: Finding, now: int, expires_at: int) -> bool:
        """As the port says."""
        return self._ledger.claim(_ours(finding), now, expires_at)

    def announced(self, finding: Finding) -> None:
        """As the port says."""
        self._ledger.announced(_ours(finding))

    def pending(self, console: str, now: int) -> list[Finding]:
        """As the port says."""
        return [replace(found, console=console) for found in self._ledger.pending(_partition(console), now)]

    def last(self, console: str) -> Rotation | None:
        """As the port says."""
        item = self._table.get(_partition(console), items.PROGRESS)
        try:
            return items.rotation_of(item) if item is not None else None
        except (KeyError, ValueError) as error:
            raise IntegrityError(
                f"What the audit noted of {console} in the ledger can't be read: {error}. Delete the item "
                f"{items.PROGRESS} of {_partition(console)}: the audit begins anew"
            ) from error

    def save(self, console: str, rotation: Rotation) -> None:
        """As the port says."""
        self._table.put(items.progress_item(_partition(console), rotation))


def _partition(console: str) -> str:
    return f"verify/{console}"


def _ours(finding: Finding) -> Finding:
    return replace(finding, console=_partition(finding.console))
