"""The kept price book: `PRICE#service#region#item` / the time from which the price holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from bursar.adapters.dynamodb.paging import query
from bursar.domain.price_changes import changes
from bursar.domain.prices import PriceChange, PriceKey, PriceRow

_AT_ONCE = 10  # botocore's own pool of connections


class PriceKeys:
    @staticmethod
    def pk(key: PriceKey) -> str:
        return f"PRICE#{key.service}#{key.region}#{key.item}"

    @staticmethod
    def sk(at: datetime) -> str:
        """Always with microseconds and in UTC, so that text sorts as time."""
        return at.astimezone(UTC).isoformat(timespec="microseconds")


class DynamoPriceStore:
    """One Query for each key that is read; a region's list is some 2,500 of them."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self._client = table.meta.client  # unlike a Table, it may be shared between threads

    def prices_at(self, keys: Collection[PriceKey], at: datetime) -> Mapping[PriceKey, PriceRow]:
        return self._newest(keys, Key("sk").lte(PriceKeys.sk(at)))

    def record(self, rows: Iterable[PriceRow]) -> Sequence[PriceChange]:
        told = list(rows)
        update = changes(self._newest({row.key for row in told}), told)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._put, update.kept))
        return update.changed

    def history(self, key: PriceKey) -> Sequence[PriceRow]:
        items = query(self._table, KeyConditionExpression=Key("pk").eq(PriceKeys.pk(key)))
        return [PriceRow.model_validate_json(item["json"]) for item in items]

    def _newest(
        self, keys: Collection[PriceKey], until: Any | None = None
    ) -> dict[PriceKey, PriceRow]:
        def read(key: PriceKey) -> PriceRow | None:
            of_key = Key("pk").eq(PriceKeys.pk(key))
            page = self._client.query(
                TableName=self._table.name,
                KeyConditionExpression=of_key & until if until is not None else of_key,
                ScanIndexForward=False,
                Limit=1,
            )
            items = page["Items"]
            return PriceRow.model_validate_json(items[0]["json"]) if items else None

        wanted = list(keys)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(read, wanted)
            return {key: row for key, row in zip(wanted, found, strict=True) if row is not None}

    def _put(self, row: PriceRow) -> None:
        item = {
            "pk": PriceKeys.pk(row.key),
            "sk": PriceKeys.sk(row.effective_from),
            "json": row.model_dump_json(exclude_none=True),
        }
        try:
            self._client.put_item(
                TableName=self._table.name,
                Item=item,
                ConditionExpression=Attr("pk").not_exists(),
            )
        except ClientError as error:
            # a run at the same time has told this price of this time already: rows never change
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
