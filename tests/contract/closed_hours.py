"""Closed hours of a cluster, as tests want them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Amounts, Category, HourCosts, RowKey
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.quality import Quality

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SEARCH = RowKey("search", "api", "llama", "gpu", "eu-west-1a", (("team", "search"),))


def closed(
    rows: Mapping[RowKey, Mapping[Category, str]] | str = "1.5",
    start: datetime = NOON,
    cluster: str = "prod",
    **more: Any,
) -> HourCosts:
    """One hour; a bare amount is what `SEARCH` paid for GPUs."""
    told = {SEARCH: {Category.GPU: rows}} if isinstance(rows, str) else rows
    amounts: dict[RowKey, Amounts] = {
        key: {category: Money.of(amount) for category, amount in row.items()}
        for key, row in told.items()
    }
    values = {"quality": Quality.FINAL, "known_seconds": 3600, "basis": Basis.RESIDUAL, **more}
    return HourCosts(cluster, Window(start, start + timedelta(hours=1)), rows=amounts, **values)


def many_rows(count: int, amount: str = "0.123456789012") -> dict[RowKey, dict[Category, str]]:
    """Rows with names that gzip cannot shrink to nothing."""
    return {
        RowKey(f"team-{n * 2654435761 % 2**32:08x}", f"job-{n * 40503 % 65536:04x}-{n}"): {
            Category.GPU: f"{n}.{n * 2654435761 % 10**12:012d}",
            Category.CPU: amount,
        }
        for n in range(count)
    }
