"""What a budget's scope has cost, by the ledger's statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from operator import attrgetter

from bursar.domain.budget_figures import top_drivers, whole_days
from bursar.domain.figures import Figures
from bursar.domain.ledger.lines import LineKey, Statement
from bursar.domain.money import Money
from bursar.domain.periods import SECOND, Window, hour_of
from bursar.domain.quality import Quality, worst
from bursar.domain.scopes import Dimension, Scope

_OF_LINE: Mapping[Dimension, Callable[[LineKey], str]] = {
    name: attrgetter(name)
    for name in (
        Dimension.TENANT,
        Dimension.TEAM,
        Dimension.MODEL,
        Dimension.FEATURE,
        Dimension.PROVIDER,
        Dimension.KEY,
        Dimension.CLUSTER,
        Dimension.NAMESPACE,
        Dimension.CATEGORY,
    )
} | {Dimension.PROVIDER: attrgetter("seller")}


@dataclass(frozen=True, slots=True)
class StatedPart:
    """A stated hour or day, and how much of it lies in the window (1 but at odd half-hours)."""

    statement: Statement
    share: Fraction = Fraction(1)


def stated_parts(
    window: Window,
    days: Callable[[Window], Sequence[Statement]],
    hours: Callable[[Window], Sequence[Statement]],
) -> list[StatedPart]:
    """What was stated of a window: whole UTC days, and hours at its edges."""
    inner = whole_days(window)
    if inner is None:
        return _cut(window, hours(window))
    before, after = Window(window.start, inner.start), Window(inner.end, window.end)
    return [
        *(_cut(before, hours(before)) if before.length else ()),
        *(StatedPart(day) for day in days(inner)),
        *(_cut(after, hours(after)) if after.length else ()),
    ]


def _cut(window: Window, hours: Sequence[Statement]) -> list[StatedPart]:
    lengths = [(hour, hour.window.overlap(window), hour.window.length) for hour in hours]
    return [
        StatedPart(hour, Fraction(inside // SECOND, of // SECOND)) for hour, inside, of in lengths
    ]


def stated(
    scope: Scope, everywhere: Mapping[Dimension, str], parts: Sequence[StatedPart]
) -> Figures | None:
    """Sum the lines that the scope covers; None when nothing was stated.

    A model's idle compute is part of what the model costs. Adjustments count in the window in
    which they were booked.

    Args:
        everywhere: the dimensions that all lines have: org and account.
    """
    known = [part for part in parts if part.statement.quality is not Quality.UNKNOWN]
    if not known:
        return None
    units: dict[str, int] = {}
    for part in parts:
        for name, amount in _covered(scope, everywhere, part):
            units[name] = units.get(name, 0) + amount
    quality = worst(part.statement.quality for part in parts)
    drivers = {name: Money.from_units(amount) for name, amount in units.items()}
    return Figures(
        spent=Money.sum(drivers.values()),
        as_of=datetime.fromtimestamp(max(part.statement.as_of for part in known), UTC),
        known=sum((_seen(part) for part in known), timedelta()),
        quality=Quality.ESTIMATED if quality is Quality.UNKNOWN else quality,
        drivers=top_drivers(drivers),
    )


def _seen(part: StatedPart) -> timedelta:
    """Of a day that is not over, the hours that were complete when it was stated."""
    window = part.statement.window
    stated_to = hour_of(datetime.fromtimestamp(part.statement.as_of, UTC)).start
    length = min(window.end, max(stated_to, window.start)) - window.start
    return timedelta(seconds=int(length // SECOND * part.share))


def _covered(
    scope: Scope, everywhere: Mapping[Dimension, str], part: StatedPart
) -> Iterator[tuple[str, int]]:
    asked = {name: value for name, value in scope.pairs.items() if everywhere.get(name) != value}
    if not asked.keys() <= _OF_LINE.keys():
        return  # another organisation, or another account
    values = [(_OF_LINE[name], value) for name, value in asked.items()]
    for key, line in part.statement.lines.items():
        if line.units and all(of(key) == value for of, value in values):
            whole = part.share == 1
            yield _name(key), line.units if whole else line.usd.times(part.share).units


def dimensions(key: LineKey) -> dict[Dimension, str]:
    return {name: of(key) for name, of in _OF_LINE.items()}


def _name(key: LineKey) -> str:
    """As a person would call it: the model and whose it was, else the place and its category."""
    if key.model:
        return f"{key.model} ({key.tenant or key.team})"
    return f"{key.namespace or key.seller}/{key.category}"
