"""Bulk usage summed by Athena: one query, waited for, its pages read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

from bursar.domain.periods import Window
from bursar.domain.usage.bulk import (
    BulkUsage,
    BulkUsageUnreadableError,
    UnsoundRows,
    UsageGroup,
)
from bursar.domain.usage.records import TokenCounts

_POLL_SECONDS = 2.0
_MOST_POLLS = 120  # four minutes
_OVER = {"SUCCEEDED", "FAILED", "CANCELLED"}
_REASON_LENGTH = 300

Row = Sequence[str]


def rollup_sql() -> str:
    return files("bursar.adapters.athena").joinpath("rollup.sql").read_text(encoding="utf-8")


def parameters(hours: Window) -> list[str]:
    """The query's, in its order. What arrives has happened, by a clock up to minutes ahead."""
    first_arrival = hours.start - timedelta(hours=1)
    start, end = f"{hours.start:%Y-%m-%dT%H}", f"{hours.end:%Y-%m-%dT%H}"
    return [f"{first_arrival:%Y-%m-%d}", f"{hours.end:%Y-%m-%d}", end, start, end]


def read_sums(rows: Iterable[Row]) -> BulkUsage:
    """Groups of the query's rows; one with a fault counts what nobody could sum."""
    groups, unsound = [], []
    for row in rows:
        producer, fault, ids, told, held_id, *names, batch, tier = row[:12]
        tenant, model, provider, feature, key = names
        hour = datetime.strptime(told, "%Y-%m-%dT%H").replace(tzinfo=UTC)
        requests, *tokens = map(int, row[12:])
        if fault:
            named = tuple(ids.splitlines())
            unsound.append(UnsoundRows(producer, hour, fault, requests, named))
            continue
        groups.append(
            UsageGroup(
                producer=producer,
                hour=hour,
                tenant=tenant,
                model=model,
                provider=provider,
                feature=feature,
                key=key,
                batch=batch == "true",
                tier=int(tier),
                requests=requests,
                tokens=TokenCounts(*tokens),
                held_id=held_id,
            )
        )
    return BulkUsage(groups, unsound)


class AthenaUsageSums:
    def __init__(
        self, client: Any, workgroup: str, database: str, *, sleep: Callable[[float], None]
    ) -> None:
        self._client, self._workgroup, self._database = client, workgroup, database
        self._sleep = sleep

    def between(self, hours: Window) -> BulkUsage:
        """Sum what has arrived of these hours until they were over.

        Raises:
            BulkUsageUnreadableError: the query failed, or took more than four minutes.
        """
        # Athena takes parameters as literals of SQL
        told = [f"'{each}'" for each in parameters(hours)]
        started = self._client.start_query_execution(
            QueryString=rollup_sql(),
            QueryExecutionContext={"Database": self._database},
            WorkGroup=self._workgroup,
            ExecutionParameters=told,
        )
        query = started["QueryExecutionId"]
        self._wait(query)
        return read_sums(self._rows(query))

    def _wait(self, query: str) -> None:
        for _ in range(_MOST_POLLS):
            told = self._client.get_query_execution(QueryExecutionId=query)["QueryExecution"]
            status = told["Status"]
            if status["State"] in _OVER:
                break
            self._sleep(_POLL_SECONDS)
        if status["State"] != "SUCCEEDED":
            reason = status.get("StateChangeReason", "")[:_REASON_LENGTH]
            raise BulkUsageUnreadableError(f"query {query} is {status['State']}: {reason}")

    def _rows(self, query: str) -> Iterator[Row]:
        pages = self._client.get_paginator("get_query_results").paginate(QueryExecutionId=query)
        rows = (row["Data"] for page in pages for row in page["ResultSet"]["Rows"])
        next(rows, None)  # the names of the columns
        for row in rows:
            yield [cell.get("VarCharValue", "") for cell in row]
