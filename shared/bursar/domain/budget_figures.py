"""What a budget's scope has cost: from closed cluster hours (metered), or from the bill."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from bursar.domain.alerts import Driver
from bursar.domain.cluster.hours import HourCosts, RowKey
from bursar.domain.figures import Figures
from bursar.domain.money import Money
from bursar.domain.periods import DAY, SECOND, Window, day_of, midnight
from bursar.domain.quality import Quality, worst
from bursar.domain.scopes import Dimension, Scope
from bursar.domain.spend import SpendFact

TOP_DRIVERS = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A closed hour or day, and how much of it lies in the window (1 but at odd half-hours)."""

    costs: HourCosts
    share: Fraction = Fraction(1)


def whole_days(window: Window) -> Window | None:
    """The UTC days that lie wholly in the window, as one span; None when there are none."""
    start = midnight(window.start.astimezone(UTC).date())
    if start < window.start:
        start += DAY
    end = midnight(window.end.astimezone(UTC).date())
    return Window(start, end) if start < end else None


def parts_of(
    window: Window,
    days: Callable[[Window], Sequence[HourCosts]],
    hours: Callable[[Window], Sequence[HourCosts]],
) -> list[Part]:
    """One cluster's closed time in a window: whole UTC days, and hours at its edges.

    A window in a zone of half hours cuts an hour in two; each side gets its share of it.
    """
    inner = whole_days(window)
    if inner is None:
        return _cut(window, hours(window))
    before, after = Window(window.start, inner.start), Window(inner.end, window.end)
    return [
        *(_cut(before, hours(before)) if before.length else ()),
        *(Part(day) for day in days(inner)),
        *(_cut(after, hours(after)) if after.length else ()),
    ]


def _cut(window: Window, hours: Iterable[HourCosts]) -> list[Part]:
    return [
        Part(hour, Fraction(hour.window.overlap(window) // SECOND, hour.window.length // SECOND))
        for hour in hours
    ]


def metered(
    scope: Scope,
    clusters: Sequence[tuple[Mapping[Dimension, str], Sequence[Part]]],
) -> Figures | None:
    """Sum the rows that the scope covers; None when nothing of any such cluster was seen.

    A cluster without a closed hour is not one that costs nothing: its time is unknown.

    Args:
        clusters: of each cluster, its own dimensions (org, account, cluster) and its parts.
    """
    drivers, runs = dict[str, Money](), list[tuple[Money, timedelta]]()
    qualities, as_of = set[Quality](), list[int]()
    for dimensions, parts in clusters:
        spent = Money.zero()
        qualities |= {part.costs.quality for part in parts} or {Quality.UNKNOWN}
        for part in parts:
            for name, amount in _covered(scope, dimensions, part):
                spent += amount
                drivers[name] = drivers.get(name, Money.zero()) + amount
        known = sum(int(part.costs.known_seconds * part.share) for part in parts)
        runs.append((spent, timedelta(seconds=known)))
        if known:
            as_of.append(max(part.costs.as_of for part in parts if part.costs.known_seconds))
    if not as_of:
        return None
    quality = worst(qualities)
    return Figures(
        spent=Money.sum(spent for spent, _ in runs),
        as_of=datetime.fromtimestamp(min(as_of), UTC),
        known=min(known for _, known in runs),
        quality=Quality.ESTIMATED if quality is Quality.UNKNOWN else quality,
        drivers=top_drivers(drivers),
        runs=tuple(runs),
    )


def _covered(
    scope: Scope, dimensions: Mapping[Dimension, str], part: Part
) -> Iterable[tuple[str, Money]]:
    for key, amounts in part.costs.rows.items():
        facts = {**dimensions, Dimension.NAMESPACE: key.namespace, Dimension.MODEL: key.model}
        if scope.covers(facts):
            total = Money.sum(amounts.values())
            yield _name(key), total if part.share == 1 else total.times(part.share)


def _name(key: RowKey) -> str:
    return f"{key.namespace}/{key.workload}" if key.workload else key.namespace


def billed(scope: Scope, facts: Sequence[SpendFact], window: Window) -> Figures | None:
    """Sum what the bill reports for the organisation or one account; None when nothing is.

    A bill knows only UTC days. Of a day that the window cuts in two, each side gets its share
    of time, and the figures are estimated.
    """
    account = scope.get(Dimension.ACCOUNT)
    group = f"account={account}" if account else "total"
    mine = [fact for fact in facts if fact.group == group]
    if not mine:
        return None
    seen = {fact.day: window.overlap(day_of(midnight(fact.day))) for fact in facts}
    shares = {day: Fraction(length // SECOND, DAY // SECOND) for day, length in seen.items()}
    is_cut = any(share != 1 for share in shares.values())
    services: dict[str, Money] = {}
    for fact in facts:
        if fact.group.startswith("service="):
            name = fact.group.removeprefix("service=")
            services[name] = services.get(name, Money.zero()) + fact.amount.times(shares[fact.day])
    return Figures(
        spent=Money.sum(fact.amount.times(shares[fact.day]) for fact in mine),
        as_of=midnight(max(seen)) + DAY,
        known=sum(seen.values(), timedelta(0)),
        quality=worst(
            Quality.ESTIMATED if fact.estimated or is_cut else Quality.FINAL for fact in mine
        ),
        drivers=() if account else top_drivers(services),
    )


def top_drivers(amounts: Mapping[str, Money]) -> tuple[Driver, ...]:
    dearest = sorted(amounts.items(), key=lambda item: (-item[1].amount, item[0]))
    return tuple(Driver(name=name, amount=amount) for name, amount in dearest[:TOP_DRIVERS])
