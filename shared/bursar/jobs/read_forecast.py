"""What is kept of one series: its forecast, the days behind it, and what was unusual on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bursar.domain.anomaly_events.events import AnomalyEvent
from bursar.domain.books import Book
from bursar.domain.money import Money
from bursar.domain.periods import DAY, Window, midnight
from bursar.domain.scopes import Scope, ScopeError
from bursar.domain.series.amounts import Amounts
from bursar.domain.series.billed import billed_amounts
from bursar.domain.series.names import Grain, SeriesName
from bursar.domain.series.stated import stated_amounts
from bursar.domain.spend import Metric
from bursar.domain.spend_forecast.records import SpendForecast
from bursar.ports import AnomalyStore, ForecastStore, SpendStore, StatementStore

SHOWN_DAYS = 60
_MADE_WITHIN = 7  # days
_MANY = 100_000
_SCOPES_NAMED = 8


class NothingForeseenError(LookupError):
    """Of such a series no month was foreseen in the last week."""


@dataclass(frozen=True, slots=True)
class ForeseenSeries:
    """`days` are the last known ones, oldest first; a day that nobody knows has no amount."""

    forecast: SpendForecast
    days: tuple[tuple[datetime, Money | None], ...]
    events: tuple[AnomalyEvent, ...]


def read_forecast(
    series: SeriesName | Book,
    now: datetime,
    account: str,
    *,
    statements: StatementStore,
    spend: SpendStore,
    forecasts: ForecastStore,
    anomalies: AnomalyStore,
) -> ForeseenSeries:
    """The newest forecast of a series, or of all that a book holds.

    Raises:
        NothingForeseenError
    """
    made = _newest(series, now, forecasts)
    shown = Window(midnight(made.day) - (SHOWN_DAYS + 1) * DAY, midnight(made.day) + DAY)
    amounts = _amounts(made.series, shown, account, statements, spend)
    known = amounts.units.get(made.series, ())
    days = zip(amounts.beginnings, known, strict=False)
    return ForeseenSeries(
        forecast=made,
        days=tuple((at, None if units is None else Money.from_units(units)) for at, units in days),
        events=tuple(
            event
            for event in anomalies.known(shown.start)
            if made.series == event.series or str(made.series) in event.also
            if event.latest_at >= shown.start
        ),
    )


def _newest(series: SeriesName | Book, now: datetime, forecasts: ForecastStore) -> SpendForecast:
    for back in range(_MADE_WITHIN + 1):
        day = (now - timedelta(days=back)).date()
        if isinstance(series, SeriesName):
            found = forecasts.latest(series, day)
            if found is not None and midnight(found.day) >= now - (_MADE_WITHIN + 1) * DAY:
                return found
            break
        whole = [each for each in forecasts.of_day(series, day) if each.series.is_whole]
        if whole:
            return whole[0]
    raise NothingForeseenError(_nothing_of(series, now, forecasts))


def _nothing_of(series: SeriesName | Book, now: datetime, forecasts: ForecastStore) -> str:
    """In words; where others were foreseen, with what they are called."""
    said = f"was foreseen in the last {_MADE_WITHIN} days"
    if not isinstance(series, SeriesName):
        return f"no month of the {series} book {said}"
    text = f"no month of {series.scope} {said} from the {series.book} book"
    for back in range(_MADE_WITHIN + 1):
        day = (now - timedelta(days=back)).date()
        if made := forecasts.of_day(series.book, day):
            scopes = list(dict.fromkeys(each.series.scope for each in made))
            more = ", ..." if len(scopes) > _SCOPES_NAMED else ""
            return f"{text}; there is {', '.join(scopes[:_SCOPES_NAMED])}{more}"
    return text


def _amounts(
    series: SeriesName,
    shown: Window,
    account: str,
    statements: StatementStore,
    spend: SpendStore,
) -> Amounts:
    organisation = series.scope.partition("=")[2] if series.is_whole else ""
    if series.book is Book.BILLED:
        last = (shown.end - DAY).date()
        facts = spend.latest(account, Metric.UNBLENDED, shown.start.date(), last)
        return billed_amounts(facts, organisation, per_dimension=_MANY)
    try:
        scopes = [Scope.parse(series.scope)]
    except ScopeError:  # a name that only series have, such as the others of a dimension
        scopes = []
    stated = statements.days(shown)
    return stated_amounts(stated, Grain.DAY, organisation, per_dimension=_MANY, scopes=scopes)
