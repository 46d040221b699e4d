"""Series of the bill, from Cost Explorer's facts, with what is no running cost kept apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from bursar.domain.books import Book
from bursar.domain.periods import DAY, midnight
from bursar.domain.series.amounts import Amounts, cap_series, sum_capped
from bursar.domain.series.monthly_charges import monthly_charges
from bursar.domain.series.names import SeriesName
from bursar.domain.spend import NETWORK_GROUP, TOTAL_GROUP, UNALLOCATED, SpendFact

TAX = "service=Tax"
# parts of Cost Explorer's record types that are charged once or monthly, or are no charges
_APART = (
    *("tax", "credit", "refund", "upfront", "support", "out-of-cycle"),
    *("recurring reservation", "rifee", "onetime", "one-time"),
)
_AMORTIZED_PART = 2  # a charge is a purchase when less than half of it belongs to its own day

Days = Mapping[date, int]


def billed_amounts(
    facts: Iterable[SpendFact],
    organisation: str,
    *,
    per_dimension: int,
    amortized: Iterable[SpendFact] = (),
) -> Amounts:
    """Series of the whole, of accounts, services and tags.

    Apart from running costs, by rule: tax; credits, refunds, support and reservation fees, where
    the bill tells record types; what a service charges on the first of months only; and what is
    spread over other days when it is amortized (`amortized`, the other metric): a purchase. What
    is apart in a service is apart in the whole; in an account only when it is the only one; tax
    also in what carries no tag.

    A group that a day's bill leaves out cost nothing; a day without a bill is unknown. The newest
    day may still grow.
    """
    told: dict[str, dict[date, int]] = {}
    for fact in facts:
        if fact.group.startswith(NETWORK_GROUP):
            continue
        told.setdefault(fact.group, {})[fact.day] = fact.amount.units
    if TOTAL_GROUP not in told:
        return Amounts((), {})
    days = _consecutive(told[TOTAL_GROUP])
    spread: dict[str, dict[date, int]] = {}
    for fact in amortized:
        spread.setdefault(fact.group, {})[fact.day] = fact.amount.units
    apart = _apart(told, spread, days)
    known = {
        _name(group, organisation): [
            amounts.get(day, 0) if day in told[TOTAL_GROUP] else None for day in days
        ]
        for group, amounts in told.items()
        if not group.startswith("type:") and group != TAX
    }
    kept_as = cap_series(known, per_dimension)
    parts = {
        _name(group, organisation): [amounts.get(day, 0) for day in days]
        for group, amounts in apart.items()
        if any(amounts.values()) and group != TAX
    }
    return Amounts(
        beginnings=tuple(midnight(day) for day in days),
        units=sum_capped(known, kept_as),
        apart={
            name: tuple(each or 0 for each in row)
            for name, row in sum_capped(parts, kept_as).items()
        },
        is_growing=True,
    )


def _name(group: str, organisation: str) -> SeriesName:
    scope = f"org={organisation}" if group == TOTAL_GROUP else group
    return SeriesName(Book.BILLED, scope)


def _consecutive(days: Iterable[date]) -> list[date]:
    first, last = min(days), max(days)
    return [first + n * DAY for n in range((last - first).days + 1)]


def _apart(
    told: Mapping[str, Days], spread: Mapping[str, Days], days: Sequence[date]
) -> dict[str, dict[date, int]]:
    """What of each group is no running cost, by day."""
    apart: dict[str, dict[date, int]] = {}
    for group, amounts in told.items():
        if group.startswith("service="):
            apart[group] = _of_service(group, amounts, told, spread.get(group, {}), days)
    whole = _sum_days(apart.values())
    apart[TOTAL_GROUP] = whole
    accounts = [group for group in told if group.startswith("account=")]
    if len(accounts) == 1:
        apart[accounts[0]] = whole
    for group in told:
        if group.startswith("tag:") and group.endswith(f"={UNALLOCATED}"):
            apart[group] = apart.get(TAX, {})
    return apart


def _of_service(
    group: str,
    amounts: Days,
    told: Mapping[str, Days],
    amortized: Days,
    days: Sequence[date],
) -> dict[date, int]:
    if group == TAX:
        return dict(amounts)
    service = group.removeprefix("service=")
    typed = _sum_days(
        of_type
        for name, of_type in told.items()
        if name.startswith("type:") and name.endswith(f"={service}") and _is_apart(name, service)
    )
    bought = {
        day: over
        for day, amount in amounts.items()
        if amortized and (over := _purchase(amount - typed.get(day, 0), amortized.get(day, 0)))
    }
    apart = _sum_days([typed, bought])
    left = [amounts.get(day, 0) - apart.get(day, 0) for day in days]
    monthly = dict(zip(days, monthly_charges(days, left), strict=True))
    return _sum_days([apart, {day: amount for day, amount in monthly.items() if amount}])


def _is_apart(name: str, service: str) -> bool:
    kind = name.removeprefix("type:").removesuffix(f"={service}").casefold()
    return any(word in kind for word in _APART)


def _purchase(amount: int, own: int) -> int:
    """What of a day's charge belongs to other days; 0 when most of it is its own."""
    return amount - own if amount > max(own, 0) * _AMORTIZED_PART else 0


def _sum_days(parts: Iterable[Days]) -> dict[date, int]:
    sums: dict[date, int] = {}
    for part in parts:
        for day, amount in part.items():
            sums[day] = sums.get(day, 0) + amount
    return sums
