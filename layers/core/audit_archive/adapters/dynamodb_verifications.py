"""The audit's own notes, in the ledger's table under a partition key of their own: `verify/<console>`.

So its role can be kept from writing anywhere else (dynamodb:LeadingKeys).
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from audit_archive.adapters import ledger_items as items
from audit_archive.adapters.dynamodb_ledger import DynamoDbLedger
from audit_archive.adapters.dynamodb_table import LedgerTable
from audit_archive.domain.finding import Finding
from audit_archive.domain.rotation import Rotation
from audit_archive.errors import IntegrityError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


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
