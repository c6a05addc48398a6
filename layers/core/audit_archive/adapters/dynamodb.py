"""A DynamoDB table with the keys `console` and `item`: the calls that we make, and their errors in words."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audit_archive.adapters.aws import AwsFault, error_code, failure_sentence
from audit_archive.adapters.ledger_items import item_key
from audit_archive.errors import LedgerError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


_ADVICE = {
    "ResourceNotFoundException": "The table does not exist: check LedgerTable, or deploy the stack again.",
    "AccessDeniedException": "Check the function's role.",
    "ValidationException": "This is a fault of this program: please report it.",
    "NoCredentialsError": "There are no AWS credentials: log in, or give the function a role.",
}
_OTHERWISE = "The next run tries again."
_CONDITION = "ConditionalCheckFailedException"


BATCH_TRIES = 5
"""How often the items are asked for that a busy table left out of its answer."""


class LedgerTable:
    """Uses only GetItem, BatchGetItem, PutItem, DeleteItem and Query. Every read is strongly consistent."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def get(self, console: str, item: str) -> "Mapping[str, AttributeValueTypeDef] | None":
        """One item, or None."""
        try:
            answer = self._client.get_item(
                TableName=self._name, Key=item_key(console, item), ConsistentRead=True
            )
        except AwsFault as error:
            raise self._error(f"read {item} of {console}", error) from error
        return answer.get("Item")

    def get_all(
        self, keys: Sequence[tuple[str, str]]
    ) -> "dict[tuple[str, str], Mapping[str, AttributeValueTypeDef]]":
        """Those items that exist, by Console and item, in one request. None is left out."""
        found: dict[tuple[str, str], Mapping[str, AttributeValueTypeDef]] = {}
        wanted: Any = {self._name: {"Keys": [item_key(*key) for key in keys], "ConsistentRead": True}}
        try:
            for turn in range(BATCH_TRIES):
                answer = self._client.batch_get_item(RequestItems=wanted)
                for item in answer["Responses"].get(self._name, []):
                    found[item["console"]["S"], item["item"]["S"]] = item
                wanted = answer.get("UnprocessedKeys")
                if not wanted:
                    return found
                time.sleep(0.05 * 2**turn)
        except AwsFault as error:
            raise self._error(f"read {len(keys)} items", error) from error
        raise LedgerError(f"The ledger {self._name} is busy and left out items. {_OTHERWISE}")

    def put(
        self,
        item: "Mapping[str, AttributeValueTypeDef]",
        condition: str = "",
        values: "Mapping[str, AttributeValueTypeDef] | None" = None,
    ) -> bool:
        """Write an item. Returns False if its condition did not hold.

        In a condition `#name` stands for the attribute `name` (many plain names are reserved words).
        """
        try:
            self._client.put_item(TableName=self._name, Item=item, **_conditional(condition, values))
        except AwsFault as error:
            if error_code(error) == _CONDITION:
                return False
            raise self._error(f"write {item['item']['S']} of {item['console']['S']}", error) from error
        return True

    def delete(
        self,
        console: str,
        item: str,
        condition: str = "",
        values: "Mapping[str, AttributeValueTypeDef] | None" = None,
    ) -> bool:
        """Remove an item, if it exists. Returns False if its condition did not hold."""
        key = item_key(console, item)
        try:
            self._client.delete_item(TableName=self._name, Key=key, **_conditional(condition, values))
        except AwsFault as error:
            if error_code(error) == _CONDITION:
                return False
            raise self._error(f"remove {item} of {console}", error) from error
        return True

    def query(
        self, console: str, prefix: str, *attributes: str
    ) -> "Iterator[Mapping[str, AttributeValueTypeDef]]":
        """The Console's items whose sort key begins with `prefix`, in order, with some attributes only.

        Without a prefix every item of the partition; without attributes the whole items.
        """
        query = self._query(console, prefix, attributes)
        pages = self._client.get_paginator("query").paginate(ConsistentRead=True, **query)
        try:
            for page in pages:
                yield from page["Items"]
        except AwsFault as error:
            raise self._error(f"list {prefix}* of {console}", error) from error

    def newest(
        self, console: str, prefix: str, most: int, *attributes: str
    ) -> "list[Mapping[str, AttributeValueTypeDef]]":
        """The last of these items, the last one first, in one request. Not read consistently."""
        query = self._query(console, prefix, attributes)
        try:
            answer = self._client.query(ScanIndexForward=False, Limit=most, **query)
        except AwsFault as error:
            raise self._error(f"list {prefix}* of {console}", error) from error
        return [*answer["Items"]]

    def _query(self, console: str, prefix: str, attributes: tuple[str, ...]) -> dict[str, Any]:
        names = ("console", *(("item",) if prefix else ()), *attributes)
        query: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": "#console = :console"
            + (" AND begins_with(#item, :prefix)" if prefix else ""),
            "ExpressionAttributeNames": {f"#{name}": name for name in names},
            "ExpressionAttributeValues": {
                ":console": {"S": console},
                **({":prefix": {"S": prefix}} if prefix else {}),
            },
        }
        if attributes:
            query["ProjectionExpression"] = ", ".join(f"#{name}" for name in attributes)
        return query

    def _error(self, action: str, error: Exception) -> LedgerError:
        return LedgerError(
            failure_sentence(f"The ledger {self._name} could not {action}", error, _ADVICE, _OTHERWISE)
        )


def _conditional(condition: str, values: "Mapping[str, AttributeValueTypeDef] | None") -> dict[str, Any]:
    if not condition:
        return {}
    names = {
        word: word[1:] for word in condition.replace("(", " ").replace(")", " ").split() if word[0] == "#"
    }
    return {
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": dict(values or {}),
    }
