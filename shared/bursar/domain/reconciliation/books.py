"""A day of the metered book, and a day of Cost Explorer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from bursar.domain.ledger.lines import Line, LineKey, Statement
from bursar.domain.periods import HOUR
from bursar.domain.reconciliation.service_groups import ServiceGroup, group_of_line
from bursar.domain.spend import TOTAL_GROUP, SpendFact

HOURS_OF_A_DAY = 24
TAX, CREDITS, DISCOUNTS = "tax", "credits", "discounts"
_SERVICE, _TYPE = "service=", "type:"
_TAX = "Tax"
_CREDITS = frozenset({"Credit", "Refund"})


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
            name = key.seller or str(key.category)
            self.elsewhere[name] = self.elsewhere.get(name, 0) + line.units
        self.unpriced_tokens += line.unpriced.total


@dataclass(frozen=True, slots=True)
class BilledDay:
    """A day of Cost Explorer, in 10^-12 USD; `services` are as billed, with what is `apart`."""

    total: int
    services: Mapping[str, int]
    apart: Mapping[str, Mapping[str, int]]  # tax, credits, discounts: by service
    estimated: bool


def metered_days(parts: Iterable[Statement]) -> dict[date, MeteredDay]:
    """The days of hours, and of whole days. Corrections of closed months are left out: that bill
    is another's (see `corrections`)."""
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


def _apart(kind: str) -> str | None:
    if kind == _TAX:
        return TAX
    if kind in _CREDITS:
        return CREDITS
    return DISCOUNTS if kind.endswith(" Discount") else None
