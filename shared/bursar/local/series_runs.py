"""Both jobs over series for one day, in process: what a past that is lived through needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bursar.config import Config
from bursar.domain.alerts import Alert
from bursar.domain.books import Book
from bursar.domain.periods import day_of
from bursar.events.series import SeriesRun
from bursar.jobs.detect_anomalies import detect_read
from bursar.jobs.forecast_spend import forecast_read
from bursar.jobs.read_series import BookRead
from bursar.ports import AnomalyStore, CostHistory, ForecastStore, SpendStore, StatementStore

_FORESEEN = {
    Book.LEDGER: timedelta(hours=1, minutes=35),
    Book.BILLED: timedelta(hours=9, minutes=45),
}
_JUDGED_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SeriesStores:
    """What the jobs read, and what they write."""

    statements: StatementStore
    spend: SpendStore
    history: CostHistory
    forecasts: ForecastStore
    anomalies: AnomalyStore


def look_at_series(
    at: datetime, config: Config, stores: SeriesStores, book: Book = Book.LEDGER
) -> tuple[Alert, ...]:
    """Foresee and judge a book as the schedules do on the day of `at`, about the days before it;
    what was told. It is read once for both, as nothing changes between them here."""
    due = day_of(at).start + _FORESEEN[book]
    foreseen = SeriesRun(scheduled_at=due, book=book)
    judged = SeriesRun(scheduled_at=due + _JUDGED_AFTER, book=book)
    read = BookRead(foreseen, config, stores.statements, stores.spend)
    if config.forecast.enabled:
        forecast_read(read, foreseen, config, stores.forecasts)
    if not config.anomalies.enabled:
        return ()
    return detect_read(read, judged, config, stores.history, stores.anomalies).alerts
