"""What each series' month will come to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from bursar.domain.forecast import Forecast, forecast
from bursar.domain.money import Money
from bursar.domain.periods import DAY, Window, month_of
from bursar.domain.series.amounts import Amounts
from bursar.domain.series.names import SeriesName
from bursar.domain.series.tables import Floats, table_of
from bursar.domain.spend_forecast.records import Outcome, SpendForecast

FEWEST_DAYS = 14
_WEEK = 7


def month_end(
    amounts: Amounts, as_of: datetime, *, fewest_days: int = FEWEST_DAYS
) -> list[SpendForecast]:
    """The month that goes on after the last whole day: its known days, and a forecast of others.

    A day that may still grow is not whole, and counts with the rest. On the first of a month
    nothing of it is known, and all of it is foreseen. Days that nobody knows are taken, by what
    is usual on such a day, into the outcome and not into `so_far`.
    """
    whole = amounts.beginnings[:-1] if amounts.is_growing else amounts.beginnings
    if not whole:
        return []
    next_day = whole[-1] + DAY
    month = month_of(next_day)
    names = sorted(amounts.units)
    table = table_of(amounts, names)[:, : len(whole)]
    foreseen = forecast(table, (month.end - next_day) // DAY, _WEEK)
    return [
        _foresee(amounts, name, row, table[row], foreseen, whole, month, as_of, fewest_days)
        for row, name in enumerate(names)
    ]


def _foresee(
    amounts: Amounts,
    name: SeriesName,
    row: int,
    values: Floats,
    foreseen: Forecast,
    whole: Sequence[datetime],
    month: Window,
    as_of: datetime,
    fewest_days: int,
) -> SpendForecast:
    past = [place for place, at in enumerate(whole) if at >= month.start]
    known = np.isfinite(values)
    unknown = [place for place in past if not known[place]]
    so_far = Money.from_units(sum(amounts.units[name][place] or 0 for place in past))
    history = int(known.sum())
    is_enough = history >= fewest_days and bool(np.isfinite(foreseen["total"][row]))
    outcome = None
    if is_enough:
        missed = sum(_usual(values, place) for place in unknown)
        outcome = _outcome(so_far, missed, foreseen, row, never_credits=not (values < 0).any())
    return SpendForecast(
        series=name,
        day=whole[-1].date(),
        month=f"{month.start:%Y-%m}",
        as_of=as_of,
        so_far=so_far,
        apart=Money.from_units(
            sum(amounts.apart[name][place] for place in past) if name in amounts.apart else 0
        ),
        unknown_days=len(unknown),
        history_days=history,
        needed_days=fewest_days,
        outcome=outcome,
        path=tuple(map(Money.estimate, foreseen["mean"][row].tolist())) if is_enough else (),
    )


def _usual(values: Floats, place: int) -> float:
    """What a day like it cost: the mean of the same weekday, else of all days."""
    alike = values[place % _WEEK :: _WEEK]
    alike = alike[np.isfinite(alike)]
    return float(alike.mean() if len(alike) else np.nanmean(values))


def _outcome(
    so_far: Money, missed: float, foreseen: Forecast, row: int, *, never_credits: bool
) -> Outcome:
    """A series that never credited anything ends no lower than where it stands."""

    def ends(rest: float) -> Money:
        return so_far + Money.estimate(missed + (max(rest, 0.0) if never_credits else rest))

    return Outcome(
        expected=ends(float(foreseen["total"][row])),
        low80=ends(float(foreseen["lo80"][row])),
        high80=ends(float(foreseen["hi80"][row])),
        low95=ends(float(foreseen["lo95"][row])),
        high95=ends(float(foreseen["hi95"][row])),
    )
