"""The ledger in one DynamoDB table: lease, head and index of every Console, and the audit's notes.

The notes have partition keys of their own, `verify/<console>` and `verify/_fleet`. So the role of the audit
can be kept from writing anywhere else (dynamodb:LeadingKeys).
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from audit_archive.adapters import bookmark_items, fleet_items
from audit_archive.adapters import ledger_items as items
from audit_archive.adapters.dynamodb import LedgerTable
from audit_archive.adapters.restraint_items import (
    RESTRAINTS,
    restraint_item,
    restraint_key,
    restraints_in,
)
from audit_archive.bookmark import Bookmark, BookmarkKind, Rotation
from audit_archive.errors import IntegrityError
from audit_archive.finding import Finding
from audit_archive.fleet_ports import Failure, Label, LastRuns, Told
from audit_archive.format.head import Head
from audit_archive.format.head_digest import holes_sha256
from audit_archive.format.index import Indexed
from audit_archive.format.statement import Statement
from audit_archive.ports import Lack, Look
from audit_archive.restraint import Restraint, RestraintOf, Restraints

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


LONGEST_LEASE = 3600
"""Seconds. No lease of a run lasts so long: a lease that does was not written by a run, and does not hold."""

HEAD_READS = 5
"""How often a head is read if other runs replace its parts meanwhile."""


class DynamoDbLedger:
    """A Ledger. The role needs dynamodb:GetItem, BatchGetItem, PutItem, DeleteItem and Query on the table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """`client` should be made with `aws.client_config()`; the table's keys are `console` and `item`."""
        self._table = LedgerTable(client, table)

    def look(self, console: str) -> Look | None:
        """The item of a lease is there as long as its run, and for ever if that died: see `release`."""
        known = self._table.get_all(
            [
                *((console, each) for each in (items.HEAD, items.LEASE, items.CLAIMS)),
                *((RESTRAINTS, restraint_key(of, console)) for of in RestraintOf),
                (_FLEET, console),
            ]
        )
        head, audited = known.get((console, items.HEAD)), known.get((_FLEET, console))
        is_disturbed = (console, items.LEASE) in known or (console, items.CLAIMS) in known
        if is_disturbed or head is None or head.get("format") != items.HEAD_ITEM_FORMAT:
            return None
        try:
            return Look(
                self._unpacked(console, head),
                restraints_in(known, console),
                bookmark_items.rotation_of(audited) if audited is not None else None,
            )
        except (_TornError, KeyError, ValueError):
            return None

    def acquire(self, console: str, owner: str, now: int, expires_at: int) -> bool:
        lease = items.lease_item(console, owner, expires_at)
        # The lease is free if there is no item, if it has expired, or if it ends later than any run does. It
        # may also be our own: the SDK repeats a request whose answer was lost, and its first attempt must not
        # lock out the second.
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
        # Only while it is ours: an expired lease may belong to another run by now.
        self._table.delete(console, items.LEASE, "#owner = :owner", {":owner": {"S": owner}})

    def claim(self, finding: Finding, now: int, expires_at: int) -> bool:
        is_ours = self.claim_unmarked(finding, now, expires_at)
        if is_ours:
            self._table.put(items.claims_item(finding.console, expires_at))
        return is_ours

    def claim_unmarked(self, finding: Finding, now: int, expires_at: int) -> bool:
        """The same for notes that nothing is looked up in by `look`."""
        # The claim is free if there is no item, or if an earlier claim has expired. The item of an announced
        # finding has no `expires_at`, so it never expires.
        condition = "attribute_not_exists(#item) OR #expires_at <= :now"
        return self._table.put(items.claim_item(finding, expires_at), condition, {":now": {"N": str(now)}})

    def announced(self, finding: Finding) -> None:
        self._table.put(items.announced_item(finding))

    def pending(self, console: str, now: int) -> list[Finding]:
        claims = [*self._table.query(console, items.FINDINGS_PREFIX, "item", "claim", "expires_at")]
        found = [items.finding_of(claim) for claim in claims if items.has_run_out(claim, now)]
        pending = [finding for finding in found if finding is not None]
        is_marked = any(each["item"]["S"] == items.CLAIMS for each in claims)
        if is_marked and not any("claim" in each for each in claims):
            # Nothing waits to be announced. A claim that is made at this moment marks it anew.
            self._table.delete(console, items.CLAIMS, "#expires_at <= :now", {":now": {"N": str(now)}})
        return pending

    def complete(self, console: str, at: int, seq: int, held_by: str | None = None) -> None:
        self._table.put(fleet_items.completed_item(console, at, seq, held_by))

    def fail(self, console: str, failure: Failure) -> None:
        self._table.put(fleet_items.failed_item(console, failure))

    def retire(self, console: str, at: int) -> None:
        self._table.put(fleet_items.removed_item(console, at))

    def name(self, console: str, label: Label) -> None:
        self._table.put(fleet_items.named_item(console, label))

    def last_runs(self, console: str) -> LastRuns:
        return fleet_items.last_runs_of(
            console, self._table.query(fleet_items.FLEET, fleet_items.runs_prefix(console))
        )

    def fleet(self) -> Iterator[LastRuns]:
        found = self._table.query(fleet_items.FLEET, "")
        for console, each in groupby(found, lambda item: item["item"]["S"].partition("#")[0]):
            yield fleet_items.last_runs_of(console, each)

    def lack(self, console: str) -> Lack | None:
        """An unreadable note counts as absent: it only delays an alert."""
        item = self._table.get(console, items.LACK)
        return items.lack_of(item) if item is not None else None

    def note_lack(self, console: str, lack: Lack | None) -> None:
        if lack is None:
            self._table.delete(console, items.LACK)
        else:
            self._table.put(items.lack_item(console, lack))

    def lock_cursor(self, console: str) -> str | None:
        """An unreadable note counts as absent: the extension then begins anew."""
        item = self._table.get(console, items.LOCK_CURSOR) or {}
        return item.get("key", {}).get("S")

    def note_lock_cursor(self, console: str, key: str | None) -> None:
        if key is None:
            self._table.delete(console, items.LOCK_CURSOR)
        else:
            self._table.put(items.lock_cursor_item(console, key))

    def restraints(self, console: str) -> Restraints:
        keys = [(RESTRAINTS, restraint_key(of, console)) for of in RestraintOf]
        return restraints_in(self._table.get_all(keys), console)

    def restrain(self, of: RestraintOf, console: str, restraint: Restraint | None) -> None:
        if restraint is None:
            self._table.delete(RESTRAINTS, restraint_key(of, console))
        else:
            self._table.put(restraint_item(of, console, restraint))

    def head(self, console: str) -> Head | None:
        """Raises IntegrityError if the recorded head can't be read."""
        for _ in range(HEAD_READS):
            item = self._table.get(console, items.HEAD)
            # A head of another release may have other fields. It counts as absent: the chain has the facts.
            if item is None or item.get("format") != items.HEAD_ITEM_FORMAT:
                return None
            try:
                return self._unpacked(console, item)
            except _TornError:
                continue  # another run recorded a newer head and removed parts of this one: read the newer
            except (KeyError, ValueError) as error:
                raise _damaged(console, str(error)) from error
        raise _damaged(console, "parts of it are missing or were altered")

    def remnant(self, console: str) -> Head:
        return items.remnant_of(console, self._table.get(console, items.HEAD) or {})

    def note(self, console: str) -> bytes:
        item = self._table.get(console, items.HEAD) or {}
        return bytes(item.get("note", {}).get("B", b""))

    def disown(self, console: str) -> None:
        item = self._table.get(console, items.HEAD)
        if item is None:
            return
        self._table.put(dict(item) | items.item_key(console, items.DISOWNED))
        # Only the head that was read: a newer one may be valid.
        known = {name: item[name] for name in ("seq", "digest", "statement_sha256") if name in item}
        condition = " AND ".join(f"#{name} = :{name}" for name in known)
        values = {f":{name}": value for name, value in known.items()}
        if not self._table.delete(console, items.HEAD, condition, values):
            self.forget_disowned(console)

    def disowned(self, console: str) -> Head | None:
        item = self._table.get(console, items.DISOWNED)
        if item is None:
            return None
        try:
            is_ours = item.get("format") == items.HEAD_ITEM_FORMAT
            return self._unpacked(console, item) if is_ours else items.remnant_of(console, item)
        except (_TornError, KeyError, ValueError):
            return items.remnant_of(console, item)

    def forget_disowned(self, console: str) -> None:
        self._table.delete(console, items.DISOWNED)

    def record(self, head: Head, statement: Statement, note: bytes = b"") -> None:
        """The index is written first, then the head's parts, and last the head, which puts them in force."""
        ref = head.statement
        if ref is None or (head.console, head.seq) != (statement.console, statement.seq):
            raise IntegrityError(f"The head of {head.console} does not belong to statement {statement.seq}.")
        self._table.put(items.statement_item(statement, ref))
        holes_at = self._holes_at(head) if items.is_large(head) else None
        item, parts = items.head_items(head, ref, note, holes_at)
        for part in parts:
            self._table.put(part)
        # The head may be written if none is recorded, or if the recorded one is of another release, is older,
        # or is of this very statement, which a repair may write again.
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
        for item in self._table.query(console, items.STATEMENTS_PREFIX, *items.INDEX_ATTRIBUTES):
            try:
                yield items.indexed_of(item)
            except (KeyError, ValueError) as error:
                raise _damaged(console, f"an item of its index is damaged: {error}") from error

    def recent_statements(self, console: str, most: int) -> list[Indexed]:
        found = self._table.newest(console, items.STATEMENTS_PREFIX, most, *items.INDEX_ATTRIBUTES)
        try:
            return [items.indexed_of(item) for item in found]
        except (KeyError, ValueError) as error:
            raise _damaged(console, f"an item of its index is damaged: {error}") from error

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
            raise ValueError("its item names a statement that is not its own")
        return head

    def _packed(
        self, console: str, item: "Mapping[str, AttributeValueTypeDef]", name: str, seq: int, digest: str
    ) -> bytes:
        if name in item:
            return bytes(item[name]["B"])
        parts = self._table.query(console, items.parts_prefix(seq, digest), "body")
        return b"".join(bytes(part["body"]["B"]) for part in parts)

    def _holes_at(self, head: Head) -> int | None:
        """The number under which a head's holes are stored, if the recorded head has the same holes."""
        item = self._table.get(head.console, items.HEAD) or {}
        try:
            is_same = item["holes_sha256"]["S"] == holes_sha256(head.holes) and "holes" not in item
            # Recording a head again writes its holes again: that repairs them.
            return int(item["holes_at"]["N"]) if is_same and int(item["seq"]["N"]) < head.seq else None
        except (KeyError, ValueError):
            return None

    def _accept_newer(self, head: Head) -> None:
        """The table refused a head: raise IntegrityError for a fork, unless a newer head is recorded."""
        item = self._table.get(head.console, items.HEAD) or {}
        if int(item.get("seq", {}).get("N", "0")) <= head.seq:
            raise _fork(head.console, head.seq)

    def _remove_parts_before(self, head: Head) -> None:
        """Remove parts of older heads. Another run may need parts of this number or a later one."""
        oldest_kept = items.parts_prefix(head.seq, "")
        for part in self._table.query(head.console, items.PARTS_PREFIX, "item"):
            if part["item"]["S"] < oldest_kept:
                self._table.delete(head.console, part["item"]["S"])


class _TornError(Exception):
    """A part of a head is missing."""


def _damaged(console: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"The head of {console} in the ledger can't be read: {why}. Recreate the ledger from the bucket: "
        f"`canary-audit ledger rebuild {console}`."
    )


def _fork(console: str, seq: int) -> IntegrityError:
    return IntegrityError(
        f"The ledger already knows another statement {seq} of {console}: the chain was forked or "
        "replaced. Verify the archive before you run anything else."
    )


class DynamoDbVerifications:
    """AuditorNotes. The role needs dynamodb:GetItem, PutItem and Query under `verify/*`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """`client` should be made with `aws.client_config()`."""
        self._table = LedgerTable(client, table)
        self._ledger = DynamoDbLedger(client, table)

    def claim(self, finding: Finding, now: int, expires_at: int) -> bool:
        return self._ledger.claim_unmarked(_in_partition(finding), now, expires_at)

    def announced(self, finding: Finding) -> None:
        self._ledger.announced(_in_partition(finding))

    def pending(self, console: str, now: int) -> list[Finding]:
        return [replace(found, console=console) for found in self._ledger.pending(_partition(console), now)]

    def last(self, console: str) -> Rotation | None:
        item = self._table.get(_FLEET, console)
        try:
            return bookmark_items.rotation_of(item) if item is not None else None
        except (KeyError, ValueError) as error:
            raise IntegrityError(
                f"The audit's notes on {console} in the ledger can't be read: {error}. Delete the item "
                f"{console} of {_FLEET}: the audit then begins a new cycle."
            ) from error

    def save(self, console: str, rotation: Rotation) -> None:
        self._table.put(bookmark_items.progress_item(_FLEET, console, rotation))

    def rotations(self) -> dict[str, Rotation | None]:
        found = {item["item"]["S"]: item for item in self._table.query(_FLEET, "")}
        return {name: _readable(item) for name, item in found.items() if name != fleet_items.TOLD}

    def told(self) -> Told | None:
        item = self._table.get(_FLEET, fleet_items.TOLD)
        return fleet_items.told_of(item) if item is not None else None

    def tell(self, told: Told) -> None:
        self._table.put(fleet_items.told_item(_FLEET, told))

    def bookmark(self, console: str, kind: BookmarkKind) -> Bookmark | None:
        item = self._table.get(_partition(console), bookmark_items.bookmark_name(kind))
        if item is None:
            return None
        parts = self._table.query(_partition(console), bookmark_items.bookmark_parts(kind), "body")
        try:
            return bookmark_items.bookmark_of(item, parts)
        except (KeyError, TypeError, ValueError, zlib.error):
            return None

    def save_bookmark(self, console: str, kind: BookmarkKind, bookmark: Bookmark) -> None:
        for item in bookmark_items.bookmark_items(_partition(console), kind, bookmark):
            self._table.put(item)


def _partition(console: str) -> str:
    return f"verify/{console}"


_FLEET = _partition(fleet_items.FLEET)


def _readable(item: "Mapping[str, AttributeValueTypeDef]") -> Rotation | None:
    try:
        return bookmark_items.rotation_of(item)
    except (KeyError, ValueError):
        return None


def _in_partition(finding: Finding) -> Finding:
    return replace(finding, console=_partition(finding.console))
