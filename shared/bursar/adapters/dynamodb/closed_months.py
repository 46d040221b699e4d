"""Frozen months: `CHARGEBACK#2026-11` / `CLOSED`, which names the body that it was closed with.

A body (header and chunks) may be more than one transaction holds, so it is written first, under
a name that follows from its bytes; whoever writes the item `CLOSED` first has closed the month.
A body that nobody names is left over from a close that broke off, or came second.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from botocore.exceptions import ClientError

from bursar.adapters import closed_month_codec
from bursar.adapters.dynamodb.chunks import chunked_items, decode_items, read_whole
from bursar.domain.chargeback import FrozenMonth

_CLOSED = "CLOSED"


class DynamoClosedMonthStore:
    def __init__(self, table: Any) -> None:
        self._table = table

    def freeze(self, month: FrozenMonth) -> bool:
        header, chunks = encoded = closed_month_codec.encode(month)
        digest = sha256(b"".join([header.encode(), *chunks])).hexdigest()[:32]
        pk, body = _pk(month.month), f"BODY#{digest}"
        with self._table.batch_writer() as batch:
            for item in chunked_items(pk, body, encoded, {}):
                batch.put_item(Item=item)
        try:
            self._table.put_item(
                Item={"pk": pk, "sk": _CLOSED, "body": body},
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def frozen(self, month: str) -> FrozenMonth | None:
        key = {"pk": _pk(month), "sk": _CLOSED}
        found = self._table.get_item(Key=key, ConsistentRead=True).get("Item")
        if found is None:
            return None
        body = found["body"]
        items = read_whole(self._table, _pk(month), body, body, consistent=True)
        [frozen] = decode_items(items, closed_month_codec.decode)
        return frozen


def _pk(month: str) -> str:
    return f"CHARGEBACK#{month}"
