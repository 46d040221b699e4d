"""Forecasts: `FORECAST#ledger/team=search/usd` / `2026-11-20`; gsi1 lists those of a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from boto3.dynamodb.conditions import Key

from bursar.adapters.dynamodb.paging import query
from bursar.domain.books import Book
from bursar.domain.periods import midnight
from bursar.domain.series.names import SeriesName
from bursar.domain.spend_forecast.records import SpendForecast

_KEPT = timedelta(days=400)


class DynamoForecastStore:
    def __init__(self, table: Any) -> None:
        self._table = table

    def put(self, forecasts: Sequence[SpendForecast]) -> None:
        with self._table.batch_writer(overwrite_by_pkeys=["pk", "sk"]) as batch:
            for each in forecasts:
                batch.put_item(
                    Item={
                        "pk": _pk(each.series),
                        "sk": each.day.isoformat(),
                        "gsi1pk": _of_day(each.series.book, each.day),
                        "gsi1sk": str(each.series),
                        "json": each.model_dump_json(),
                        "expires_at": int((midnight(each.day) + _KEPT).timestamp()),
                    }
                )

    def latest(self, series: SeriesName, until: date) -> SpendForecast | None:
        found = self._table.query(
            KeyConditionExpression=Key("pk").eq(_pk(series)) & Key("sk").lte(until.isoformat()),
            ScanIndexForward=False,
            Limit=1,
        )["Items"]
        return SpendForecast.model_validate_json(found[0]["json"]) if found else None

    def of_day(self, book: Book, day: date) -> Sequence[SpendForecast]:
        key = Key("gsi1pk").eq(_of_day(book, day))
        items = query(self._table, IndexName="gsi1", KeyConditionExpression=key)
        found = [SpendForecast.model_validate_json(item["json"]) for item in items]
        return sorted(found, key=lambda each: each.series)


def _pk(series: SeriesName) -> str:
    return f"FORECAST#{series}"


def _of_day(book: Book, day: date) -> str:
    return f"FORECASTS#{book}#{day.isoformat()}"
