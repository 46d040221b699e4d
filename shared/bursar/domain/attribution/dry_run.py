"""What rules would do to a span, beside what its statements say now. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from bursar.domain.attribution.hours import AttributedHour
from bursar.domain.attribution.rules import Attribution, Direct, Owner
from bursar.domain.cluster.hours import HourCosts
from bursar.domain.ledger.lines import LineKey, Statement
from bursar.domain.money import Money
from bursar.domain.periods import Window

DEFAULT_OWNER_LABELS = ("team", "owner", "tenant")


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """What one rule gave to whom; `uncovered` is what its activities charged beyond that."""

    name: str
    to: Mapping[Owner, Money]
    uncovered: Money

    @property
    def moved(self) -> Money:
        return Money.sum(self.to.values())


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    before: Money
    after: Money


@dataclass(frozen=True, slots=True)
class DryRun:
    """`label_coverage` is the share of the pods' cost that carries an owner label; None when
    pods cost nothing. Nothing is of hours that were not stated, or of which it is `forgotten`
    what their clusters cost: that is kept for a time only."""

    total_before: Money
    total_after: Money
    rules: tuple[RuleEffect, ...]
    teams: tuple[Change, ...]
    tenants: tuple[Change, ...]
    residual: Change
    label_coverage: Fraction | None
    unstated: tuple[Window, ...] = ()
    forgotten: tuple[Window, ...] = ()


def compare(
    now: Sequence[Statement],
    proposed: Sequence[AttributedHour],
    costs: Iterable[HourCosts],
    policy: Attribution,
) -> DryRun:
    """Set the stored statements beside the hours as the policy would state them."""
    after = [each.statement for each in proposed]
    return DryRun(
        total_before=_total(now),
        total_after=_total(after),
        rules=tuple(_effect(rule.name, proposed) for rule in policy.rules),
        teams=_changes(now, after, "team"),
        tenants=_changes(now, after, "tenant"),
        residual=Change("nobody", _residual(now), _residual(after)),
        label_coverage=label_coverage(costs, owner_labels(policy)),
    )


def owner_labels(policy: Attribution) -> tuple[str, ...]:
    """The labels that rules take owners from, else those that are usual."""
    labels = (rule.label for rule in policy.rules if isinstance(rule, Direct))
    return tuple(dict.fromkeys(label for label in labels if label)) or DEFAULT_OWNER_LABELS


def label_coverage(costs: Iterable[HourCosts], labels: Sequence[str]) -> Fraction | None:
    """The share of the pods' and volumes' cost whose row carries one of the labels."""
    labelled = whole = 0
    for each in costs:
        for key, amounts in each.rows.items():
            if key.namespace.startswith("__"):
                continue
            units = sum(amount.units for amount in amounts.values())
            whole += units
            if any(name in labels and value for name, value in key.labels):
                labelled += units
    return Fraction(labelled, whole) if whole else None


def _effect(name: str, hours: Sequence[AttributedHour]) -> RuleEffect:
    to: dict[Owner, int] = {}
    for hour in hours:
        for owner, units in hour.moved.get(name, {}).items():
            to[owner] = to.get(owner, 0) + units
    uncovered = sum(hour.uncovered.get(name, 0) for hour in hours)
    amounts = {owner: Money.from_units(to[owner]) for owner in sorted(to)}
    return RuleEffect(name, amounts, Money.from_units(uncovered))


def _changes(
    now: Sequence[Statement], after: Sequence[Statement], dimension: str
) -> tuple[Change, ...]:
    old, new = _by(now, dimension), _by(after, dimension)
    return tuple(
        Change(name, Money.from_units(old.get(name, 0)), Money.from_units(new.get(name, 0)))
        for name in sorted(old.keys() | new.keys())
    )


def _by(statements: Sequence[Statement], dimension: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for key, units in _units(statements):
        name = getattr(key, dimension)
        sums[name] = sums.get(name, 0) + units
    return sums


def _residual(statements: Sequence[Statement]) -> Money:
    return Money.from_units(sum(units for key, units in _units(statements) if key.is_nobodys))


def _total(statements: Sequence[Statement]) -> Money:
    return Money.sum(each.total for each in statements)


def _units(statements: Sequence[Statement]) -> Iterable[tuple[LineKey, int]]:
    return ((key, line.units) for each in statements for key, line in each.lines.items())
