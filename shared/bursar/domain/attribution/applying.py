"""Rules at work: each takes what it can from what has no owner, and the sum never changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from bursar.domain.attribution.rules import (
    ActivityBased,
    As,
    Direct,
    Driver,
    Fixed,
    Metric,
    Owner,
    Proportional,
    Rule,
)
from bursar.domain.attribution.selection import Facts, Selection
from bursar.domain.attribution.self_hosted import whole_weights
from bursar.domain.ledger.lines import NOBODY, Line, LineKey
from bursar.domain.ledger.months import month_name
from bursar.domain.money import PLACES, split_units
from bursar.domain.periods import HOUR, hours_in_month, month_window

_ALL = Selection()


@dataclass(slots=True)
class Unowned:
    """An amount, in 10^-12 USD, of which a rule may take a part."""

    facts: Facts
    units: int


@dataclass(slots=True)
class Attributing:
    """The lines of an hour while rules are applied to it, and what each rule did.

    `moved` counts units by rule and owner; `uncovered` what activities charged beyond what
    there was.
    """

    at: datetime
    teams: Mapping[str, str]
    lines: dict[LineKey, Line]
    unowned: list[Unowned]
    moved: dict[str, dict[Owner, int]] = field(default_factory=dict)
    uncovered: dict[str, int] = field(default_factory=dict)
    _ruled: set[LineKey] = field(default_factory=set)  # lines whose team a rule has told
    _named: dict[str, str] = field(default_factory=dict)  # teams of tenants, as rules tell them

    def apply(self, rules: Iterable[Rule]) -> None:
        """Apply those that hold, in their order: of tenants' teams, when each line is of."""
        for rule in rules:
            match rule:
                case Direct(by="tenant"):
                    self._give_teams(rule)
                case _ if not rule.holds_at(self.at):
                    continue
                case Direct():
                    self._give_directly(rule)
                case Proportional():
                    self._divide(rule)
                case Fixed():
                    self._share(rule)
                case ActivityBased():
                    self._charge(rule)

    def settle(self) -> dict[LineKey, Line]:
        """The lines, with what nobody was found for in rows of its own."""
        for each in self.unowned:
            if each.units:
                self._add(each.facts.key, Line(each.units))
        self.unowned = []
        return self.lines

    def _give_teams(self, rule: Direct) -> None:
        """`teams` is not dated and a rule may be: while it holds, its team is the tenant's. Of
        several rules the first one tells it."""
        for key in list(self.lines):
            owner = rule.owners.get(key.tenant)
            if not owner or key in self._ruled or key.team not in ("", self.teams.get(key.tenant)):
                continue
            if not (rule.holds_at(self._time_of(key)) and rule.where.selects(Facts(key))):
                continue
            given = key._replace(team=owner.team)
            self._ruled.add(given)
            if given != key:
                line = self.lines.pop(key)
                self._add(given, line)
                self._note(rule.name, Owner(key.tenant, owner.team), line.units)
        if rule.where == _ALL and rule.holds_at(self.at):  # what later rules give these tenants
            named = {tenant: owner.team for tenant, owner in rule.owners.items()}
            self._named = {**named, **self._named}

    def _time_of(self, key: LineKey) -> datetime:
        """When a line is of. Late usage of a closed month knows its month alone, and has its last
        hour: most of what comes late is of the last days."""
        if not key.adjusts or key.adjusts == month_name(self.at):
            return self.at
        return month_window(key.adjusts).end - HOUR

    def _give_directly(self, rule: Direct) -> None:
        for each in self._selected(rule):
            if owner := _direct_owner(rule, each.facts):
                self._give(rule.name, each, owner, each.units)

    def _divide(self, rule: Proportional) -> None:
        used: dict[tuple[str, ...], dict[Owner, int]] = {}
        for key, line in self.lines.items():
            if rule.used.selects(Facts(key)):
                place = used.setdefault(_place(key, rule.within), {})
                _count(place, key, line, rule.metric, rule.among)
        for each in self._selected(rule):
            weights = used.get(_place(each.facts.key, rule.within), {})
            self._split(rule.name, each, weights)

    def _share(self, rule: Fixed) -> None:
        left = 1 - sum(rule.shares.values())
        *weights, rest = whole_weights([Fraction(each) for each in (*rule.shares.values(), left)])
        for each in self._selected(rule):
            *parts, _ = split_units(each.units, [*weights, rest])
            for owner, units in zip(rule.shares, parts, strict=True):
                self._give(rule.name, each, owner, units)

    def _charge(self, rule: ActivityBased) -> None:
        charges = self._charges(rule)
        pool = [each for each in self._selected(rule) if each.units > 0]
        there, asked = sum(each.units for each in pool), sum(charges.values())
        if asked > there:
            self.uncovered[rule.name] = self.uncovered.get(rule.name, 0) + asked - there
            scaled = split_units(there, list(charges.values()))
            charges = dict(zip(charges, scaled, strict=True))
        for owner, units in charges.items():
            if not units:
                continue
            parts = split_units(units, [each.units for each in pool])
            for each, part in zip(pool, parts, strict=True):
                self._give(rule.name, each, owner, part)

    def _charges(self, rule: ActivityBased) -> dict[Owner, int]:
        charges: dict[Owner, int] = {}
        for driver in rule.drivers:
            for owner, count in self._counts(driver):
                units = round(Fraction(driver.usd.amount) * count * 10**PLACES / driver.units)
                charges[owner] = charges.get(owner, 0) + units
        return charges

    def _counts(self, driver: Driver) -> Iterator[tuple[Owner, Fraction]]:
        if driver.metric is None:
            hours = {"hour": 1, "day": 24, "month": hours_in_month(self.at)}[driver.per]
            for owner, count in driver.counts.items():
                yield owner, Fraction(count) / hours
            return
        used: dict[Owner, int] = {}
        for key, line in self.lines.items():
            _count(used, key, line, driver.metric, driver.among)
        for owner, whole in used.items():
            yield owner, Fraction(whole)

    def _selected(self, rule: Rule) -> Iterator[Unowned]:
        return (each for each in self.unowned if each.units and rule.where.selects(each.facts))

    def _split(self, rule: str, each: Unowned, weights: Mapping[Owner, int]) -> None:
        if not any(weights.values()):
            return
        owners = sorted(weights)
        for owner, units in zip(
            owners, split_units(each.units, [weights[owner] for owner in owners]), strict=True
        ):
            self._give(rule, each, owner, units)

    def _give(self, rule: str, each: Unowned, owner: Owner, units: int) -> None:
        if not units:
            return
        team = owner.team or {**self.teams, **self._named}.get(owner.tenant, "")
        self._add(each.facts.key._replace(tenant=owner.tenant, team=team), Line(units))
        each.units -= units
        self._note(rule, Owner(owner.tenant, team), units)

    def _add(self, key: LineKey, line: Line) -> None:
        self.lines[key] = self.lines[key] + line if key in self.lines else line

    def _note(self, rule: str, owner: Owner, units: int) -> None:
        owners = self.moved.setdefault(rule, {})
        owners[owner] = owners.get(owner, 0) + units


def merge_alike(unowned: Iterable[Unowned], rules: Sequence[Rule]) -> list[Unowned]:
    """Sum the amounts that no rule tells apart: by workloads and labels that none looks at."""
    by_workload = any(rule.where.workloads for rule in rules)
    labels = {name for rule in rules for name in rule.where.labels}
    labels |= {rule.label for rule in rules if isinstance(rule, Direct) and rule.label}
    merged: dict[tuple[LineKey, str, tuple[tuple[str, str], ...]], Unowned] = {}
    for each in unowned:
        kept = {name: value for name, value in each.facts.labels.items() if name in labels}
        workload = each.facts.workload if by_workload else ""
        name = (each.facts.key, workload, tuple(sorted(kept.items())))
        if name in merged:
            merged[name].units += each.units
        else:
            merged[name] = Unowned(Facts(each.facts.key, workload, kept), each.units)
    return list(merged.values())


def _direct_owner(rule: Direct, facts: Facts) -> Owner | None:
    name = facts.labels.get(rule.label) if rule.label else facts.key.namespace
    if not name or name.startswith("__"):
        return None
    if rule.owners:
        return rule.owners.get(name)
    return Owner(team=name) if rule.as_ is As.TEAM else Owner(tenant=name)


def _place(key: LineKey, within: Sequence[str]) -> tuple[str, ...]:
    return tuple(getattr(key, name) for name in within)


def _count(into: dict[Owner, int], key: LineKey, line: Line, metric: Metric, among: As) -> None:
    """Add what a line used to its owner's count. Usage of a closed month is not this hour's."""
    if key.adjusts:
        return
    name = key.tenant if among is As.TENANT else key.team
    count = _METRICS[metric](line)
    if name and name not in NOBODY and count > 0:
        owner = Owner(key.tenant, key.team) if among is As.TENANT else Owner(team=name)
        into[owner] = into.get(owner, 0) + count


_METRICS = {
    Metric.TOKENS: lambda line: line.tokens.total + line.unpriced.total,
    Metric.INPUT_TOKENS: lambda line: line.tokens.input + line.unpriced.input,
    Metric.OUTPUT_TOKENS: lambda line: line.tokens.output + line.unpriced.output,
    Metric.REQUESTS: lambda line: line.requests,
    Metric.COST: lambda line: line.units,
}
