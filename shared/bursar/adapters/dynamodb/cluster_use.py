"""Use of GPUs and models: `USE#cluster` / `HOUR#2026-11-20T13`, compressed, one item an hour."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from boto3.dynamodb.conditions import Key

from bursar.adapters.dynamodb.paging import query
from bursar.domain.cluster.use import ClusterUse
from bursar.domain.periods import Window

_KEPT = timedelta(days=400)  # a year's comparison
_LARGEST_BYTES = 390_000  # DynamoDB takes 400 KB; some 10,000 GPUs


class TooMuchUseError(Exception):
    """An hour of a cluster has more GPUs and models than one item can hold."""


class DynamoClusterUseStore:
    def __init__(self, table: Any) -> None:
        self._table = table

    def put(self, use: ClusterUse) -> None:
        """Replace the hour.

        Raises:
            TooMuchUseError: it does not fit into an item.
        """
        body = gzip.compress(use.model_dump_json().encode(), mtime=0)
        if len(body) > _LARGEST_BYTES:
            raise TooMuchUseError(f"{use.cluster}: {len(use.gpus)} GPUs are {len(body)} bytes")
        self._table.put_item(
            Item={
                "pk": f"USE#{use.cluster}",
                "sk": _hour(use.hour),
                "gzip": body,
                "expires_at": int((use.hour + _KEPT).timestamp()),
            }
        )

    def between(self, cluster: str, window: Window) -> Sequence[ClusterUse]:
        # the window's end is not in it, and BETWEEN includes both of its ends
        last = window.end - timedelta(microseconds=1)
        span = Key("pk").eq(f"USE#{cluster}") & Key("sk").between(_hour(window.start), _hour(last))
        found = (
            ClusterUse.model_validate_json(gzip.decompress(bytes(item["gzip"])))
            for item in query(self._table, KeyConditionExpression=span)
        )
        return [use for use in found if window.start <= use.hour < window.end]


def _hour(at: datetime) -> str:
    return f"HOUR#{at.astimezone(UTC):%Y-%m-%dT%H}"
