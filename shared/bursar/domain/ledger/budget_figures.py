"""What a budget's scope has cost, by the ledger's statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from bursar.domain.budget_figures import top_drivers, whole_days
from bursar.domain.figures import Figures
from bursar.domain.ledger.lines import LineKey, Statement
from bursar.domain.money import Money
from bursar.domain.periods import SECOND, Window, hour_of
from bursar.domain.quality import Quality, worst
from bursar.domain.scopes import Dimension, Scope


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
    drivers: dict[str, Money] = {}
    for part in parts:
        for name, amount in _covered(scope, everywhere, part):
            drivers[name] = drivers.get(name, Money.zero()) + amount
    quality = worst(part.statement.quality for part in parts)
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
) -> Iterator[tuple[str, Money]]:
    for key, line in part.statement.lines.items():
        if line.units and scope.covers({**everywhere, **dimensions(key)}):
            amount = line.usd
            yield _name(key), amount if part.share == 1 else amount.times(part.share)


def dimensions(key: LineKey) -> dict[Dimension, str]:
    return {
        Dimension.TENANT: key.tenant,
        Dimension.TEAM: key.team,
        Dimension.MODEL: key.model,
        Dimension.FEATURE: key.feature,
        Dimension.PROVIDER: key.provider,
        Dimension.KEY: key.key,
        Dimension.CLUSTER: key.cluster,
        Dimension.NAMESPACE: key.namespace,
        Dimension.CATEGORY: key.category,
    }


def _name(key: LineKey) -> str:
    """As a person would call it: the model and whose it was, else the place and its category."""
    if key.model:
        return f"{key.model} ({key.tenant or key.team})"
    return f"{key.namespace or key.provider}/{key.category}"
