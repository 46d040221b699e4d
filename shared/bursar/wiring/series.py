"""The ports of series: what months come to, and what was unusual."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bursar import ports


class SeriesPorts:
    """A part of `Ports`, which gives the table."""

    _table: Any

    @cached_property
    def forecasts(self) -> ports.ForecastStore:
        from bursar.adapters.dynamodb.forecasts import DynamoForecastStore

        return DynamoForecastStore(self._table)

    @cached_property
    def anomalies(self) -> ports.AnomalyStore:
        from bursar.adapters.dynamodb.anomalies import DynamoAnomalyStore

        return DynamoAnomalyStore(self._table)
