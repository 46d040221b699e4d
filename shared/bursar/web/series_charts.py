"""A series as inline SVG: its last days with what was unusual, and its month with the forecast.

No script, no request; colours are classes of the page that it stands in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup

from bursar.domain.money import Money
from bursar.domain.periods import DAY, midnight, month_window
from bursar.jobs.read_forecast import ForeseenSeries
from bursar.web.charts import Canvas, axis, round_step

CANVAS = Canvas(width=1080, height=300, left=72, bottom=28)
_GRID_LINES = 4
_Point = tuple[float, float]


def days_chart(shown: ForeseenSeries, limit: Money | None, canvas: Canvas = CANVAS) -> Markup:
    """A line of what days cost, dashed where it is foreseen; a gap is a day that nobody knows.
    Unusual days are marked, on a bar from the lowest to the highest that was to be expected."""
    path = shown.forecast.path
    first = shown.days[0][0] if shown.days else midnight(shown.forecast.day)
    last = midnight(shown.forecast.day) + len(path) * DAY
    places = max((last - first) // DAY, 1)
    known = [((at - first) // DAY, None if usd is None else _float(usd)) for at, usd in shown.days]
    marks = {
        reading.at: reading
        for event in shown.events
        if event.series == shown.forecast.series
        for reading in event.readings
        if reading.is_off and reading.at >= first
    }
    pace = _pace(shown, limit)
    highest = max(
        [value for _, value in known if value is not None]
        + [_float(each) for each in path]
        + [_float(each.high) for each in marks.values()]
        + [pace or 0.0],
        default=0.0,
    )
    scale = _Scale(canvas, places, highest)
    begun = (midnight(shown.forecast.day) - first) // DAY + 1
    foreseen = [scale.at(begun + n, _float(usd)) for n, usd in enumerate(path)]
    anomalies = Markup().join(
        Markup(
            '<g class="anomaly"><title>{title}</title><line x1="{x:.1f}" x2="{x:.1f}"'
            ' y1="{low:.1f}" y2="{high:.1f}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="5"/></g>'
        ).format(
            title=f"{at:%Y-%m-%d}: {each.actual}, {each.expected} expected",
            x=(spot := scale.at((at - first) // DAY, _float(each.actual)))[0],
            y=spot[1],
            low=scale.at(0, max(_float(each.low), 0.0))[1],
            high=scale.at(0, _float(each.high))[1],
        )
        for at, each in sorted(marks.items())
    )
    lines = Markup().join(_line("known", run) for run in _runs(known, scale))
    told = f"The last {len(shown.days)} days, {len(marks)} of them unusual"
    return _drawing(
        "days",
        f"{shown.forecast.series.scope}, USD a day",
        f"{told}; {len(path)} days are foreseen.",
        scale,
        lines + _line("foreseen", foreseen) + _limit(scale, pace, "even pace of the budget"),
        anomalies,
        [first, midnight(shown.forecast.day), last],
        first,
    )


def month_chart(shown: ForeseenSeries, limit: Money | None, canvas: Canvas = CANVAS) -> Markup:
    """The month's sum, day by day, and the fan in which it should end: its 80 and 95% bands. The
    spread grows as the square root of the days ahead up to the interval of the whole."""
    made, outcome = shown.forecast, shown.forecast.outcome
    month = month_window(made.month)
    places = (month.end - month.start) // DAY
    begun = max((midnight(made.day) + DAY - month.start) // DAY, 0)
    sums, running = [(0, 0.0)], 0.0
    for at, usd in shown.days:
        if month.start <= at:
            running += _float(usd) if usd is not None else 0.0
            sums.append(((at - month.start) // DAY + 1, running))
    ends = [outcome.high95, limit, made.so_far] if outcome else [limit, made.so_far]
    scale = _Scale(canvas, places, max(_float(each) for each in ends if each is not None))
    fan = Markup()
    if outcome:
        ahead, so_far = len(made.path), _float(made.so_far)
        missed = _float(outcome.expected) - so_far - sum(map(_float, made.path))
        middle = [so_far]
        for usd in made.path:
            middle.append(middle[-1] + _float(usd) + missed / max(ahead, 1))
        for name, low, high in (
            ("band95", outcome.low95, outcome.high95),
            ("band80", outcome.low80, outcome.high80),
        ):
            down, up = (_float(end) - _float(outcome.expected) for end in (low, high))
            shares = [math.sqrt(n / max(ahead, 1)) for n in range(ahead + 1)]
            upper = [scale.at(begun + n, middle[n] + up * s) for n, s in enumerate(shares)]
            lower = [scale.at(begun + n, middle[n] + down * s) for n, s in enumerate(shares)]
            fan += Markup('<polygon class="{}" points="{}"/>').format(
                name, _points([*upper, *reversed(lower)])
            )
        fan += _line("foreseen", [scale.at(begun + n, each) for n, each in enumerate(middle)])
    told = f"{made.so_far} so far; " + (
        f"{outcome.expected} expected, {outcome.low80} to {outcome.high80} in 80 of 100 cases."
        if outcome
        else f"{made.history_days} days are too little history to foresee it."
    )
    return _drawing(
        "month",
        f"{made.series.scope} in {made.month}, USD",
        told,
        scale,
        fan + _line("known", [scale.at(*each) for each in sums]),
        _limit(scale, _float(limit) if limit else None, "budget"),
        [month.start, month.end - DAY],
        month.start,
    )


class _Scale:
    def __init__(self, canvas: Canvas, places: int, highest: float) -> None:
        self.canvas, self.places = canvas, places
        self.step = round_step(highest, _GRID_LINES)
        self.ceiling = self.step * max(math.ceil(highest / self.step), 1)

    def at(self, place: float, value: float) -> _Point:
        canvas = self.canvas
        x = canvas.left + canvas.plot_width * place / max(self.places, 1)
        return x, canvas.y(min(max(value, 0.0), self.ceiling), self.ceiling)


def _drawing(
    name: str,
    title: str,
    told: str,
    scale: _Scale,
    below: Markup,
    above: Markup,
    dates: Sequence[datetime],
    first: datetime,
) -> Markup:
    canvas = scale.canvas
    ticks = Markup().join(
        Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
            scale.at((at - first) // DAY, 0)[0],
            canvas.height - 6,
            "end" if (at - first) // DAY >= scale.places - 1 else "start",
            f"{at:%Y-%m-%d}",
        )
        for at in dict.fromkeys(dates)
    )
    return Markup(
        '<svg class="series" viewBox="0 0 {w} {h}" role="img" aria-labelledby="{n}-t {n}-d">'
        '<title id="{n}-t">{title}</title><desc id="{n}-d">{told}</desc>'
        "{axis}{below}{above}{ticks}</svg>"
    ).format(
        w=canvas.width,
        h=canvas.height,
        n=name,
        title=title,
        told=told,
        axis=axis(canvas, scale.ceiling, scale.step),
        below=below,
        above=above,
        ticks=ticks,
    )


def _runs(known: Sequence[tuple[int, float | None]], scale: _Scale) -> list[list[_Point]]:
    """The known days in stretches without a gap."""
    runs: list[list[_Point]] = [[]]
    for place, value in known:
        if value is None:
            runs.append([])
        else:
            runs[-1].append(scale.at(place, value))
    return [run for run in runs if run]


def _line(name: str, points: Sequence[_Point]) -> Markup:
    return Markup('<polyline class="{}" points="{}"/>').format(name, _points(points))


def _points(points: Sequence[_Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _limit(scale: _Scale, value: float | None, what: str) -> Markup:
    if value is None:
        return Markup()
    (x1, y), (x2, _) = scale.at(0, value), scale.at(scale.places, value)
    return Markup(
        '<g class="limit"><title>{}</title><line x1="{:.1f}" x2="{:.1f}" y1="{:.1f}"'
        ' y2="{:.1f}"/></g>'
    ).format(f"{what}: ${value:,.2f}", x1, x2, y, y)


def _pace(shown: ForeseenSeries, limit: Money | None) -> float | None:
    month = month_window(shown.forecast.month)
    return _float(limit) / (month.length // DAY) if limit else None


def _float(amount: Money) -> float:
    return float(amount.amount)
