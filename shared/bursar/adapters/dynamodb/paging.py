"""Reading a query to its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def query(table: Any, **request: Any) -> Iterator[dict[str, Any]]:
    """Every item of a Query on a boto3 Table, a page at a time: pages end at 1 MB."""
    while True:
        page = table.query(**request)
        yield from page["Items"]
        if (key := page.get("LastEvaluatedKey")) is None:
            return
        request["ExclusiveStartKey"] = key


def partition(table: Any, pk: str) -> list[dict[str, Any]]:
    """Every item of a partition, consistently; any thread may ask, for clients are shared."""
    client, items = table.meta.client, list[dict[str, Any]]()
    request = {
        "TableName": table.name,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": pk},
        "ConsistentRead": True,
    }
    while True:
        page = client.query(**request)
        items += page["Items"]
        if (key := page.get("LastEvaluatedKey")) is None:
            return items
        request["ExclusiveStartKey"] = key
