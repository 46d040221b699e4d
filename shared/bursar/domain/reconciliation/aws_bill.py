"""The metered book against Cost Explorer, by day: every dollar of difference has a name.

billed - metered = tax + credits + discounts + unmetered services + rounding
                   - what is not on the AWS bill + (each group: explained + residual)

What a group bills beyond its meter is explained, in this order, by hours that were not seen (at
the day's mean of those that were; of a day without any, by them alone), by a day that Cost
Explorer still estimates, and by what was booked later, after the month was closed. The rest is
the group's residual; so is what was booked later and is not billed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from bursar.domain.ledger.lines import LineKey
from bursar.domain.money import Money
from bursar.domain.reconciliation.books import HOURS_OF_A_DAY, BilledDay, MeteredDay
from bursar.domain.reconciliation.corrections import (
    LATER,
    BookedLater,
    booked_later,
    sum_moves,
    with_moves,
)
from bursar.domain.reconciliation.service_groups import (
    ServiceGroup,
    group_of_line,
    group_of_service,
)

TOLERANCE = Fraction(2, 100)
_CENT = 10**10  # of 10^-12 USD: more than that for each service is no rounding

ROUNDING = "rounding of services"
UNTOLD = "of no service that the bill tells"
UNMETERED = "not metered: "
ELSEWHERE = "not on the AWS bill: "
UNSEEN = "hours not seen: "
ESTIMATED = "still estimated by AWS: "
RESIDUAL = "residual: "


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
    """Days that are billed. Of the `unmetered` nothing was metered; `unbilled` are days that the
    metered book alone has, and they are in no sum.

    `residual` is gross, of each day and group: too much on one day does not make up for too
    little on another. Both books put an hour's usage into the UTC day in which it was used.
    `corrected` is what each group of the month was corrected by since, in 10^-12 USD.
    """

    days: tuple[ReconciledDay, ...]
    unbilled: tuple[date, ...] = ()
    unmetered: tuple[date, ...] = ()
    corrected: Mapping[str, int] = field(default_factory=dict)

    @property
    def closed(self) -> tuple[ReconciledDay, ...]:
        """Those that tell whether the books agree."""
        return tuple(day for day in self.days if day.closed and day.day not in self.unmetered)

    @property
    def parts(self) -> dict[str, Money]:
        """Those of the days, with what was booked later moved out of them."""
        return with_moves(sum_parts(self.days), self.moved)

    @property
    def moved(self) -> Mapping[str, Money]:
        """What was booked later, and the parts of days that it is out of: it names the month and
        no day, so it stands beside them. They sum to nothing."""
        return sum_moves(
            later.moves(f"{LATER}: {group}", self._of_rest + group)
            for group, later in self._booked_later().items()
        )

    @property
    def residual(self) -> Money:
        return Money.sum(day.residual for day in self.closed) + self.moved_residual

    @property
    def moved_residual(self) -> Money:
        """By how much what was booked later changes the days' residual, which is gross."""
        later = self._booked_later().items()
        explained = sum(abs(each.explains[RESIDUAL + group]) for group, each in later)
        not_billed = Money.sum(max(usd, -usd) for usd in self.not_billed.values())
        return not_billed - Money.from_units(explained)

    @property
    def not_billed(self) -> Mapping[str, Money]:
        """What of each group was booked later and is on no day of the bill, which is final."""
        if self._of_rest != RESIDUAL:
            return {}
        later = self._booked_later().items()
        return {group: Money.from_units(each.rest) for group, each in later if each.rest}

    @property
    def _of_rest(self) -> str:
        """What a difference is that no day explains: days to come may, while AWS estimates."""
        return RESIDUAL if all(day.closed for day in self.days) else ESTIMATED

    def _booked_later(self) -> dict[str, BookedLater]:
        """By group, what was metered after the month was closed."""
        found = {}
        for group, units in self.corrected.items():
            kinds = {RESIDUAL: self.closed, UNSEEN: self.days, ESTIMATED: self.days}
            differences = {
                kind + group: [usd.units for day in days if (usd := day.parts.get(kind + group))]
                for kind, days in kinds.items()
            }
            found[group] = booked_later(units, differences)
        return found

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


def reconcile(
    billed: Mapping[date, BilledDay],
    metered: Mapping[date, MeteredDay],
    corrected: Mapping[LineKey, int] | None = None,
) -> Reconciliation:
    """`corrected` is what their month was corrected by since, in 10^-12 USD; see there."""
    groups: dict[str, int] = {}
    for key, units in (corrected or {}).items():
        if group := group_of_line(key):
            groups[group] = groups.get(group, 0) + units
    return Reconciliation(
        days=tuple(
            _reconcile_day(day, billed[day], metered.get(day) or MeteredDay())
            for day in sorted(billed)
        ),
        unbilled=tuple(sorted(metered.keys() - billed.keys())),
        unmetered=tuple(sorted(billed.keys() - metered.keys())),
        corrected=groups,
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
    rest = billed.total - sum(billed.services.values())
    rest -= sum(  # told apart of a service that is not told: taken out above
        units
        for of in billed.apart.values()
        for service, units in of.items()
        if service not in billed.services
    )
    parts[ROUNDING if abs(rest) <= _CENT * (len(billed.services) + 1) else UNTOLD] = rest
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
