"""Which series are off what is usual, since when, and what they should have cost instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from bursar.domain.anomalies import detect
from bursar.domain.anomaly_events.events import MERGED_WITHIN, PERIOD, Direction, Reading
from bursar.domain.forecast import forecast
from bursar.domain.money import Money
from bursar.domain.series.amounts import Amounts
from bursar.domain.series.names import Grain, SeriesName, Unit
from bursar.domain.series.tables import Floats, as_floats, table_of

SEASONS = {Grain.DAY: (7,), Grain.HOUR: (24, 168)}
_ALERT = 1.0
_BAND80_OF_BAND95 = 1.2816 / 1.9600  # of a normal error


@dataclass(frozen=True, slots=True)
class Deviation:
    """One series from where it went off to its newest known period.

    `tokens` are those of the newest period beyond what was expected, where tokens were judged.
    """

    series: SeriesName
    grain: Grain
    direction: Direction
    readings: tuple[Reading, ...]
    tokens: float = 0.0

    @property
    def started_at(self) -> datetime:
        return self.readings[0].at

    @property
    def off(self) -> tuple[Reading, ...]:
        return tuple(each for each in self.readings if each.is_off)

    @property
    def size(self) -> Money:
        return Money.sum(each.over for each in self.off)

    @property
    def peak(self) -> Money:
        signed = -1 if self.direction is Direction.DOWN else 1
        return max((each.over for each in self.off), key=lambda over: over.units * signed)


def find_deviations(
    amounts: Amounts, grain: Grain, since: Mapping[SeriesName, datetime]
) -> list[Deviation]:
    """Series with an alert in the last 7 days (24 hours), and those of `since`, from there on.

    A period is off when it is an alert, or goes on from one beyond the 80% band of what was
    foreseen before it began. What is judged is USD; of hours, tokens, whose series stand beside
    those of their USD. A fall of the newest period that may still grow is none.
    """
    unit = Unit.TOKENS if grain is Grain.HOUR else Unit.USD
    names = sorted(name for name in amounts.units if name.unit is unit)
    if not names or not amounts.beginnings:
        return []
    table = table_of(amounts, names)
    scores = detect(table, SEASONS[grain])
    back = MERGED_WITHIN[grain] // PERIOD[grain]
    alerts = scores[:, -back:] >= _ALERT
    first = np.where(alerts.any(axis=1), np.argmax(alerts, axis=1), -1)
    place_of = {at: place for place, at in enumerate(amounts.beginnings)}
    skipped = max(table.shape[1] - back, 0)
    found = []
    for row, name in enumerate(names):
        begun = place_of.get(since[name]) if name in since else None
        if begun is None:
            if first[row] < 0:
                continue
            begun = skipped + int(first[row])
        deviation = _follow(amounts, grain, name, table[row], scores[row] >= _ALERT, begun)
        if deviation is not None:
            found.append(deviation)
    return found


def _follow(
    amounts: Amounts,
    grain: Grain,
    name: SeriesName,
    values: Floats,
    alerts: np.ndarray,
    begun: int,
) -> Deviation | None:
    """None when nothing was known before it began, or nothing of it is known or off."""
    if not np.isfinite(values[:begun]).any():
        return None
    mean, half = _foresee(values, begun, grain)
    known = np.isfinite(values[begun:])
    over = np.where(known, values[begun:] - mean, 0.0)
    if not known.any():
        return None
    rises = bool(over[int(np.argmax(np.abs(over)))] >= 0)
    sign = 1.0 if rises else -1.0
    beyond = over * sign > np.where(alerts[begun:], 0.0, half * _BAND80_OF_BAND95)
    off = known & beyond & (np.abs(over) > 0)
    if amounts.is_growing and not rises:
        off[-1] = False
    if not off.any():
        return None
    usd, expected, spread = _in_usd(amounts, name, values, begun, mean, half, grain)
    return Deviation(
        series=name,
        grain=grain,
        direction=Direction.UP if rises else Direction.DOWN,
        readings=tuple(
            Reading(
                at=at,
                actual=Money.estimate(float(usd[n])),
                expected=Money.estimate(float(expected[n])),
                low=Money.estimate(float(expected[n] - spread)),
                high=Money.estimate(float(expected[n] + spread)),
                is_off=bool(off[n]),
            )
            for n, at in enumerate(amounts.beginnings[begun:])
            if known[n]
        ),
        tokens=float(over[known][-1]) if name.unit is Unit.TOKENS else 0.0,
    )


def _foresee(values: Floats, begun: int, grain: Grain) -> tuple[Floats, float]:
    """Each period from `begun` on as foreseen before it, and half the 95% band of the first."""
    season = SEASONS[grain][0]
    before = values[None, :begun]
    path = forecast(before, len(values) - begun, season)["mean"][0]
    one = forecast(before, 1, season)
    return path, float(one["hi95"][0] - one["total"][0])


def _in_usd(
    amounts: Amounts,
    name: SeriesName,
    values: Floats,
    begun: int,
    mean: Floats,
    half: float,
    grain: Grain,
) -> tuple[Floats, Floats, float]:
    """Actual, expected and half the band in USD: of tokens, by the USD of the same periods."""
    if name.unit is Unit.USD:
        return values[begun:], mean, half
    usd = as_floats(amounts.running(name._replace(unit=Unit.USD)), Unit.USD)
    path, half_usd = _foresee(usd, begun, grain)
    return usd[begun:], path, half_usd
