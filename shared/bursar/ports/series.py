"""What is foreseen, and what was noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # whoever imports a port pays for no domain
    from collections.abc import Sequence
    from datetime import date, datetime

    from bursar.domain.alerts import OutboxRow
    from bursar.domain.anomaly_events.events import AnomalyEvent
    from bursar.domain.books import Book
    from bursar.domain.periods import Window
    from bursar.domain.series.names import SeriesName
    from bursar.domain.spend_forecast.records import BilledForecast, SpendForecast


class ForecastStore(Protocol):
    """What months were foreseen to come to, by series and the day they were foreseen on."""

    def put(self, forecasts: Sequence[SpendForecast]) -> None:
        """Replace those of the same series and day; they are kept for 400 days."""
        ...

    def latest(self, series: SeriesName, until: date) -> SpendForecast | None:
        """The newest of a series that was foreseen on a day up to this one."""
        ...

    def of_day(self, book: Book, day: date) -> Sequence[SpendForecast]:
        """Those of every series of a book, by their names."""
        ...


class BilledForecaster(Protocol):
    """Cost Explorer's own forecast. Every question costs money, and is counted before."""

    def forecast(self, scope: str, window: Window, as_of: datetime) -> BilledForecast:
        """What whole UTC days to come will cost: `org=...`, `account=`, `service=` or `tag:...=`.

        Raises:
            BillUnavailableError: Cost Explorer refused, or has too little history.
            SpendCapReachedError: the day's pages are used up.
        """
        ...


class AnomalyStore(Protocol):
    def known(self, since: datetime) -> Sequence[AnomalyEvent]:
        """Those that go on, those that people said to expect, and those whose latest unusual
        period was since then; the newest first."""
        ...

    def find(self, event_id: str) -> AnomalyEvent | None: ...

    def commit(
        self, old: AnomalyEvent | None, new: AnomalyEvent, outbox: Sequence[OutboxRow]
    ) -> bool:
        """Write the event and its messages together, or neither.

        False when `old` is no longer the one that is kept.
        """
        ...
