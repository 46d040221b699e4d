"""The metered book against Cost Explorer, by day: every dollar of difference has a name.

billed - metered = tax + credits + discounts + unmetered services + rounding
                   - what is not on the AWS bill + (each group: explained + residual)

What a group bills beyond its meter is explained, in this order, by hours that were not seen (at
the day's mean of those that were), and by a day that Cost Explorer still estimates. The rest is
the group's residual.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from bursar.domain.ledger.lines import Line, LineKey, Statement
from bursar.domain.money import Money
from bursar.domain.periods import HOUR
from bursar.domain.reconciliation.service_groups import (
    ServiceGroup,
    group_of_line,
    group_of_service,
)
from bursar.domain.spend import TOTAL_GROUP, SpendFact

TOLERANCE = Fraction(2, 100)
HOURS_OF_A_DAY = 24
_SERVICE, _TYPE = "service=", "type:"
_TAX = "Tax"
_CREDITS = frozenset({"Credit", "Refund"})

TAX, CREDITS, DISCOUNTS = "tax", "credits", "discounts"
ROUNDING = "rounding of services"
UNMETERED = "not metered: "
ELSEWHERE = "not on the AWS bill: "
UNSEEN = "hours not seen: "
ESTIMATED = "still estimated by AWS: "
RESIDUAL = "residual: "


@dataclass(slots=True)
class MeteredDay:
    """A day of statements, in 10^-12 USD; `seen_hours` were wholly known, and their sums apart."""

    groups: dict[ServiceGroup, int] = field(default_factory=dict)
    elsewhere: dict[str, int] = field(default_factory=dict)
    seen_hours: int = 0
    seen: dict[ServiceGroup, int] = field(default_factory=dict)
    unpriced_tokens: int = 0

    def add(self, part: Statement) -> None:
        """Add an hour of it; or all of it, when its hours are kept no more."""
        for key, line in part.lines.items():
            self._add_line(key, line)
        if not part.missing:
            self.seen_hours += part.window.length // HOUR
            for key, line in part.lines.items():
                if group := group_of_line(key):
                    self.seen[group] = self.seen.get(group, 0) + line.units

    @property
    def total(self) -> int:
        return sum(self.groups.values()) + sum(self.elsewhere.values())

    def unseen(self, group: ServiceGroup) -> int | None:
        """What the group's unseen hours would have cost beyond what was metered of them, at the
        mean of the seen ones. None when no hour was seen."""
        if not self.seen_hours:
            return None
        whole = self.seen.get(group, 0) * HOURS_OF_A_DAY // self.seen_hours
        return max(whole - self.groups.get(group, 0), 0)

    def _add_line(self, key: LineKey, line: Line) -> None:
        if group := group_of_line(key):
            self.groups[group] = self.groups.get(group, 0) + line.units
        else:
            name = key.provider or str(key.category)
            self.elsewhere[name] = self.elsewhere.get(name, 0) + line.units
        self.unpriced_tokens += line.unpriced.total


@dataclass(frozen=True, slots=True)
class BilledDay:
    """A day of Cost Explorer, in 10^-12 USD; `services` are as billed, with what is `apart`."""

    total: int
    services: Mapping[str, int]
    apart: Mapping[str, Mapping[str, int]]  # tax, credits, discounts: by service
    estimated: bool


@dataclass(frozen=True, slots=True)
class ReconciledDay:
    """One day: the parts sum to `difference` exactly. A closed day is billed for good."""

    day: date
    billed: Money
    metered: Money
    parts: Mapping[str, Money]
    closed: bool
    comparable: Money  # what of the bill the guard meters
    unseen_hours: int
    unpriced_tokens: int

    @property
    def difference(self) -> Money:
        return self.billed - self.metered

    @property
    def residuals(self) -> Mapping[str, Money]:
        return {name: usd for name, usd in self.parts.items() if name.startswith(RESIDUAL)}

    @property
    def residual(self) -> Money:
        """Gross: what one group has too much does not make up for another's lack."""
        return Money.sum(max(usd, -usd) for usd in self.residuals.values())


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Days of both books; days that only one of them has are `unbilled` or `unmetered`.

    `residual` is gross, of each day and group: too much on one day does not make up for too
    little on another. Both books put an hour's usage into the UTC day in which it was used.
    """

    days: tuple[ReconciledDay, ...]
    unbilled: tuple[date, ...] = ()
    unmetered: tuple[date, ...] = ()

    @property
    def closed(self) -> tuple[ReconciledDay, ...]:
        return tuple(day for day in self.days if day.closed)

    @property
    def parts(self) -> dict[str, Money]:
        return sum_parts(self.days)

    @property
    def residual(self) -> Money:
        return Money.sum(day.residual for day in self.closed)

    @property
    def share(self) -> Fraction | None:
        """The closed days' residual, of what they bill and the guard meters; None: no such."""
        return self.residual.over(Money.sum(day.comparable for day in self.closed))

    @property
    def agrees(self) -> bool | None:
        """None while there is no closed day to tell by."""
        if not self.closed:
            return None
        share = self.share
        return not self.residual if share is None else abs(share) <= TOLERANCE


def sum_parts(days: Iterable[ReconciledDay]) -> dict[str, Money]:
    sums: dict[str, Money] = {}
    for day in days:
        for name, usd in day.parts.items():
            sums[name] = sums.get(name, Money.zero()) + usd
    return sums


def metered_days(parts: Iterable[Statement]) -> dict[date, MeteredDay]:
    """The days of hours, and of whole days. Corrections of closed months are left out: that bill
    is another's."""
    days: dict[date, MeteredDay] = {}
    for part in parts:
        own = {key: line for key, line in part.lines.items() if not key.adjusts}
        kept = Statement(part.window, own, part.quality, part.as_of, part.missing)
        days.setdefault(part.window.start.date(), MeteredDay()).add(kept)
    return days


def billed_days(facts: Sequence[SpendFact]) -> dict[date, BilledDay]:
    """The days that facts of one account and metric tell a total of.

    `type:Credit=Amazon EC2` says what of a service's amount is a credit; taxes are told so, or
    as a service named Tax.
    """
    totals = {fact.day: fact for fact in facts if fact.group == TOTAL_GROUP}
    services: dict[date, dict[str, int]] = {day: {} for day in totals}
    apart: dict[date, dict[str, dict[str, int]]] = {day: {} for day in totals}
    for fact in facts:
        if fact.day not in totals:
            continue
        if fact.group.startswith(_SERVICE):
            services[fact.day][fact.group.removeprefix(_SERVICE)] = fact.amount.units
        elif fact.group.startswith(_TYPE):
            kind, _, service = fact.group.removeprefix(_TYPE).partition("=")
            if name := _apart(kind):
                sums = apart[fact.day].setdefault(name, {})
                sums[service] = sums.get(service, 0) + fact.amount.units
    for day, amounts in services.items():
        taxes = apart[day].setdefault(TAX, {})
        if _TAX in amounts and _TAX not in taxes:
            taxes[_TAX] = amounts[_TAX]
    return {
        day: BilledDay(total.amount.units, services[day], apart[day], total.estimated)
        for day, total in totals.items()
    }


def reconcile(
    billed: Mapping[date, BilledDay], metered: Mapping[date, MeteredDay]
) -> Reconciliation:
    both = sorted(billed.keys() & metered.keys())
    return Reconciliation(
        days=tuple(_reconcile_day(day, billed[day], metered[day]) for day in both),
        unbilled=tuple(sorted(metered.keys() - billed.keys())),
        unmetered=tuple(sorted(billed.keys() - metered.keys())),
    )


def _reconcile_day(day: date, billed: BilledDay, metered: MeteredDay) -> ReconciledDay:
    parts: dict[str, int] = {name: sum(of.values()) for name, of in billed.apart.items()}
    groups: dict[ServiceGroup, int] = {}
    for service, units in billed.services.items():
        own = units - sum(of.get(service, 0) for of in billed.apart.values())
        if group := group_of_service(service):
            groups[group] = groups.get(group, 0) + own
        else:
            parts[UNMETERED + service] = own
    parts[ROUNDING] = billed.total - sum(billed.services.values())
    parts[ROUNDING] -= sum(  # told apart of a service that is not told: taken out above
        units
        for of in billed.apart.values()
        for service, units in of.items()
        if service not in billed.services
    )
    for name, units in metered.elsewhere.items():
        parts[ELSEWHERE + name] = -units
    for group in sorted(groups.keys() | metered.groups.keys()):
        left = groups.get(group, 0) - metered.groups.get(group, 0)
        for name, units in _explain(left, group, billed, metered):
            parts[name + group] = units
    return ReconciledDay(
        day=day,
        billed=Money.from_units(billed.total),
        metered=Money.from_units(metered.total),
        parts={name: Money.from_units(units) for name, units in parts.items() if units},
        closed=not billed.estimated,
        comparable=Money.from_units(sum(groups.values())),
        unseen_hours=HOURS_OF_A_DAY - metered.seen_hours,
        unpriced_tokens=metered.unpriced_tokens,
    )


def _explain(
    left: int, group: ServiceGroup, billed: BilledDay, metered: MeteredDay
) -> list[tuple[str, int]]:
    """What of a group's difference has a cause; the last is what has none."""
    unseen = metered.unseen(group)
    part = max(left, 0) if unseen is None else min(max(left, 0), unseen)
    rest = left - part
    name = ESTIMATED if billed.estimated else RESIDUAL
    return [(UNSEEN, part), (name, rest)]


def _apart(kind: str) -> str | None:
    if kind == _TAX:
        return TAX
    if kind in _CREDITS:
        return CREDITS
    return DISCOUNTS if kind.endswith(" Discount") else None
