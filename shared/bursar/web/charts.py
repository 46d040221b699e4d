"""The daily chart as inline SVG: no script, no request; its colours are the page's classes.

It holds its own labels, so it is drawn twice: for wide pages and for narrow ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from markupsafe import Markup

from bursar.domain.cost_report import DayState, DayTotal, Parts
from bursar.domain.money import Money

# (class, what it is called) in the order in which a day is stacked
DAY_STACK = (
    ("allocated", "allocated"),
    ("shared", "shared"),
    ("beside", "storage, control plane, network"),
    ("idle", "idle"),
)


@dataclass(frozen=True, slots=True)
class Canvas:
    """The size of a drawing and the room that its axes take."""

    width: int
    height: int
    left: int
    bottom: int
    top: int = 14
    right: int = 4

    @property
    def plot_width(self) -> int:
        return self.width - self.left - self.right

    @property
    def floor(self) -> int:
        return self.height - self.bottom

    def y(self, value: float, ceiling: float) -> float:
        return self.floor - (self.floor - self.top) * value / ceiling


WIDE = Canvas(width=1080, height=300, left=64, bottom=28)
NARROW = Canvas(width=340, height=230, left=44, bottom=26)


def even_pace(limit: Money, month: tuple[date, date]) -> Money:
    """What a day may cost if the month's limit is to last."""
    return limit.times(Fraction(1, (month[1] - month[0]).days))


def daily_chart(
    days: Sequence[DayTotal],
    month: tuple[date, date],
    limit: Money | None,
    canvas: Canvas,
    name: str,
) -> Markup:
    """A bar a day, stacked; days that were not wholly seen stand on a hatched ground.

    Args:
        month: the first day of the month and the first of the next.
        limit: what the month may cost; drawn as its even pace over the month's days.
        name: distinguishes the ids of two drawings on one page.
    """
    pace = even_pace(limit, month) if limit else None
    amounts = [day.parts.total for day in days if day.parts is not None]
    highest = max(
        [*amounts, *([pace] if pace else [])], key=lambda each: each.amount, default=None
    )
    step = round_step(float(highest.amount) if highest else 0.0, 4)
    ceiling = step * max(math.ceil(float(highest.amount) / step) if highest else 1, 1)
    slot = canvas.plot_width / max(len(days), 1)
    label = _describe(days, pace)
    return Markup(
        '<svg class="daily" viewBox="0 0 {w} {h}" role="img" aria-labelledby="{n}-t {n}-d">'
        '<title id="{n}-t">Cost a day, stacked by part</title><desc id="{n}-d">{label}</desc>'
        '<defs><pattern id="{n}-hatch" width="6" height="6" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><rect class="hatch-ground" width="6" height="6"/>'
        '<line class="hatch-line" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>'
        "{axis}{gaps}{bars}{pace}{dates}</svg>"
    ).format(
        w=canvas.width,
        h=canvas.height,
        n=name,
        label=label,
        axis=axis(canvas, ceiling, step),
        gaps=_gaps(canvas, days, slot, name),
        bars=_join(_day(canvas, day, i, slot, ceiling) for i, day in enumerate(days)),
        pace=_pace(canvas, days, month, pace, slot, ceiling),
        dates=_dates(canvas, days, slot),
    )


def _describe(days: Sequence[DayTotal], pace: Money | None) -> str:
    if not days:
        return "No day is known."
    known = [day for day in days if day.parts is not None]
    text = f"{len(days)} days from {days[0].day} to {days[-1].day} (UTC)."
    if known:
        highest = max(known, key=lambda day: day.parts.total.amount if day.parts else 0)
        total = highest.parts.total if highest.parts else Money.zero()
        text += f" The highest is {highest.day} with {total}."
    if pace is not None:
        text += f" The budgets' even pace is {pace} a day."
    gaps = [f"{day.day} ({day.state})" for day in days if day.unknown_seconds]
    return text + (f" Not wholly known: {', '.join(gaps)}." if gaps else "")


def round_step(highest: float, lines: int) -> float:
    """A round distance between grid lines: 1, 2, 2.5 or 5 times a power of ten."""
    if highest <= 0:
        return 1.0
    rough = highest / lines
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough)


def axis(canvas: Canvas, ceiling: float, step: float) -> Markup:
    lines = []
    for i in range(round(ceiling / step) + 1):
        y = canvas.y(i * step, ceiling)
        lines.append(
            Markup(
                '<line class="{cls}" x1="{x1}" x2="{x2}" y1="{y:.1f}" y2="{y:.1f}"/>'
                '<text class="tick" x="{tx}" y="{ty:.1f}" text-anchor="end">{label}</text>'
            ).format(
                cls="axis" if i == 0 else "grid",
                x1=canvas.left,
                x2=canvas.width - canvas.right,
                y=y,
                tx=canvas.left - 8,
                ty=y + 4,
                label=_short(i * step, step),
            )
        )
    return _join(lines)


def _short(value: float, step: float) -> str:
    if not value:
        return "$0"
    if step >= 1000:
        return f"${value / 1000:,.0f}k" if step % 1000 == 0 else f"${value / 1000:,.1f}k"
    return f"${value:,.0f}" if step >= 1 else f"${value:,.2f}"


def _gaps(canvas: Canvas, days: Sequence[DayTotal], slot: float, name: str) -> Markup:
    """Neighbouring unknown days are one band."""
    bands: list[tuple[int, int, str]] = []
    for i, day in enumerate(days):
        if not day.unknown_seconds:
            continue
        if day.state is DayState.UNKNOWN and bands and bands[-1][1] == i and not bands[-1][2]:
            bands[-1] = (bands[-1][0], i + 1, "")
        else:
            whole = day.state is DayState.UNKNOWN
            bands.append((i, i + 1, "" if whole else _gap_text(day)))
    return _join(
        Markup(
            '<rect class="gap" fill="url(#{n}-hatch)" x="{x:.1f}" y="{y}" width="{w:.1f}"'
            ' height="{h}"><title>{title}</title></rect>'
        ).format(
            n=name,
            x=canvas.left + first * slot,
            y=canvas.top,
            w=(after - first) * slot,
            h=canvas.floor - canvas.top,
            title=text or _unseen(days[first].day, days[after - 1].day),
        )
        for first, after, text in bands
    )


def _unseen(first: date, last: date) -> str:
    span = f"{first}" if first == last else f"{first} to {last}"
    return f"{span}: unknown. Nothing was seen; this is a gap, not a cost of zero."


def _gap_text(day: DayTotal) -> str:
    hours = day.unknown_seconds / 3600
    return f"{day.day}: partly known. {hours:,.1f} h unknown in {', '.join(day.gaps)}."


def _stack(parts: Parts) -> list[tuple[str, str, Money]]:
    amounts = {
        "allocated": parts.allocated,
        "shared": parts.shared,
        "idle": parts.idle,
        "beside": parts.total - parts.compute,
    }
    return [(key, text, amounts[key]) for key, text in DAY_STACK]


def _day(canvas: Canvas, day: DayTotal, i: int, slot: float, ceiling: float) -> Markup:
    if day.parts is None:
        return Markup()
    x, width = canvas.left + i * slot + slot * 0.14, slot * 0.72
    rects, level = [], 0.0
    for key, _, amount in _stack(day.parts):
        height = float(amount.amount)
        if height <= 0:
            continue
        top = canvas.y(level + height, ceiling)
        rects.append(
            Markup(
                '<rect class="{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"/>'
            ).format(key, x, top, width, canvas.y(level, ceiling) - top)
        )
        level += height
    lines = [f"{day.day}: {_qualified(day)}"]
    lines += [f"{text} {amount}" for _, text, amount in _stack(day.parts)]
    if day.gaps:
        lines.append(_gap_text(day))
    return Markup('<g class="day {}"><title>{}</title>{}</g>').format(
        day.state.value, "\n".join(lines), _join(rects)
    )


def _qualified(day: DayTotal) -> str:
    total = day.parts.total if day.parts else None
    return {
        DayState.SO_FAR: f"{total} so far",
        DayState.PARTIAL: f"at least {total}",
    }.get(day.state, f"{total}")


def _pace(
    canvas: Canvas,
    days: Sequence[DayTotal],
    month: tuple[date, date],
    pace: Money | None,
    slot: float,
    ceiling: float,
) -> Markup:
    inside = [i for i, day in enumerate(days) if month[0] <= day.day < month[1]]
    if pace is None or not inside:
        return Markup()
    x1 = canvas.left + inside[0] * slot
    x2 = canvas.left + (inside[-1] + 1) * slot
    y = canvas.y(float(pace.amount), ceiling)
    return Markup(
        '<g class="pace"><title>Even pace of the month\'s budgets: {pace} a day</title>'
        '<line x1="{x1:.1f}" x2="{x2:.1f}" y1="{y:.1f}" y2="{y:.1f}"/></g>'
    ).format(pace=pace, x1=x1, x2=x2, y=y)


def _dates(canvas: Canvas, days: Sequence[DayTotal], slot: float) -> Markup:
    every = max(math.ceil((120 if canvas.width < 600 else 96) / slot / 7) * 7, 7)
    shown = [i for i in range(len(days) - 1, -1, -1) if (len(days) - 1 - i) % every == 0]
    return _join(
        Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
            canvas.left + (i + 1) * slot if i == len(days) - 1 else canvas.left + (i + 0.5) * slot,
            canvas.height - 6,
            "end" if i == len(days) - 1 else "middle",
            days[i].day.isoformat(),
        )
        for i in shown
        if i == len(days) - 1 or (i + 0.5) * slot > 30
    )


def _join(pieces: Iterable[Markup]) -> Markup:
    return Markup().join(pieces)
