"""Forecasts and anomalies in memory, kept as the text that the real stores keep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.domain.alerts import OutboxRow
from bursar.domain.anomaly_events.events import AnomalyEvent, State
from bursar.domain.books import Book
from bursar.domain.series.names import SeriesName
from bursar.domain.spend_forecast.records import SpendForecast

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class MemoryForecastStore:
    def __init__(self) -> None:
        self._kept: dict[SeriesName, dict[date, str]] = {}

    def put(self, forecasts: Sequence[SpendForecast]) -> None:
        for each in forecasts:
            self._kept.setdefault(each.series, {})[each.day] = each.model_dump_json()

    def latest(self, series: SeriesName, until: date) -> SpendForecast | None:
        made = self._kept.get(series, {})
        days = [day for day in made if day <= until]
        return SpendForecast.model_validate_json(made[max(days)]) if days else None

    def of_day(self, book: Book, day: date) -> Sequence[SpendForecast]:
        return [
            SpendForecast.model_validate_json(made[day])
            for name, made in sorted(self._kept.items())
            if name.book is book and day in made
        ]


class MemoryAnomalyStore:
    def __init__(self, outbox: MemoryOutbox) -> None:
        self._outbox = outbox
        self._kept: dict[str, str] = {}

    def known(self, since: datetime) -> Sequence[AnomalyEvent]:
        events = map(AnomalyEvent.model_validate_json, self._kept.values())
        kept = [
            each for each in events if each.state is not State.RESOLVED or each.latest_at >= since
        ]
        return sorted(kept, key=lambda each: (each.latest_at, each.id), reverse=True)

    def find(self, event_id: str) -> AnomalyEvent | None:
        return next((each for each in self.known(_BEGINNING) if each.id == event_id), None)

    def commit(
        self, old: AnomalyEvent | None, new: AnomalyEvent, outbox: Sequence[OutboxRow]
    ) -> bool:
        kept = self.find(new.id)
        if (kept.version if kept else None) != (old.version if old else None):
            return False
        self._kept[new.id] = new.model_dump_json()
        for row in outbox:
            self._outbox.put(row)
        return True
