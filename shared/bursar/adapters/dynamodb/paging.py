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
