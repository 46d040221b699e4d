"""Reports of the ledger: sums of one set of lines, so every breakdown has the same total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from bursar.domain.ledger.gaps import NO_GAPS, Gaps
from bursar.domain.ledger.lines import IDLE, Kind, Line, LineKey, Statement, quality_of
from bursar.domain.ledger.serving import own_lines, self_hosted, serving, usd_per_tokens
from bursar.domain.money import Money, split_units
from bursar.domain.periods import Window
from bursar.domain.quality import Quality


class By(StrEnum):
    """What lines are broken down by. `hour` tells hours apart only in statements of hours."""

    TENANT = "tenant"
    TEAM = "team"
    MODEL = "model"
    FEATURE = "feature"
    KEY = "key"
    PROVIDER = "provider"
    CLUSTER = "cluster"
    NAMESPACE = "namespace"
    CATEGORY = "category"
    KIND = "kind"
    DAY = "day"
    HOUR = "hour"


Filters = Mapping[By, str]
Pivot = Mapping[tuple[str, ...], Line]
_ALL: Filters = {}


def pivot(statements: Sequence[Statement], by: Sequence[By], where: Filters = _ALL) -> Pivot:
    """Sum the lines by the values of some dimensions; a dimension that does not apply is ""."""
    sums: dict[tuple[str, ...], Line] = {}
    for statement in statements:
        for key, line in statement.lines.items():
            if _matches(statement, key, where):
                names = tuple(_value(statement, key, each) for each in by)
                sums[names] = sums[names] + line if names in sums else line
    return sums


def unpriced_models(
    statements: Sequence[Statement], where: Filters = _ALL
) -> list[tuple[str, Line]]:
    """The models of which some usage has no price, by name: their cost is missing."""
    models = pivot(statements, (By.MODEL,), where)
    found = {
        name: line
        for (name,), line in models.items()
        if line.unpriced_requests or line.unpriced.total
    }
    return [(name, found[name]) for name in sorted(found)]


def booked_later(statements: Sequence[Statement], where: Filters = _ALL) -> dict[str, Line]:
    """What of the statements' totals corrects closed months, by the month: it is in no rate."""
    sums: dict[str, Line] = {}
    for statement in statements:
        for key, line in statement.lines.items():
            if key.adjusts and _matches(statement, key, where):
                sums[key.adjusts] = sums.get(key.adjusts, Line()) + line
    return dict(sorted(sums.items()))


@dataclass(frozen=True, slots=True)
class Report:
    """What one tenant, team, model or feature cost over a window, whole in each breakdown.

    `breakdowns` are dearest first. `unpriced` are its models with usage that has no price.
    `booked_later` is what of the total corrects closed months, by month: it is in no rate, and
    nothing that is named below has a part of it. `idle` is the idle compute in the total.
    `idle_beside` is its share, by usage, of the idle of the models that it used, which nobody
    bears and which is not in the total. `serving` is the part of the total that serving models
    cost, on the usage basis; `serving_idle` is the idle of these models, its own and beside.
    """

    by: By
    name: str
    window: Window
    quality: Quality
    as_of: int
    missing: tuple[str, ...]
    total: Line
    breakdowns: Mapping[By, Sequence[tuple[str, Line]]]
    unpriced: Sequence[tuple[str, Line]]
    booked_later: Mapping[str, Line]
    idle: Money
    idle_beside: Money
    serving: Line
    serving_idle: Money
    gaps: Gaps = NO_GAPS

    @property
    def is_blind(self) -> bool:
        """Nothing of the window was stated: there is no number."""
        return self.quality is Quality.UNKNOWN

    @property
    def own(self) -> Line:
        """The total without what was booked later: what the window's own usage cost."""
        return sum((-line for line in self.booked_later.values()), self.total)

    @property
    def idle_share(self) -> Fraction | None:
        """Idle, borne and beside, as a share of both and all else."""
        return (self.idle + self.idle_beside).over(self.own.usd + self.idle_beside)

    def per_million(self, *, with_idle: bool) -> Money | None:
        """USD for a million tokens of models that it used, without their training."""
        idle = self.serving_idle if with_idle else Money.zero()
        return usd_per_tokens(self.serving.usd + idle, self.serving)


BREAKDOWNS = (By.TENANT, By.TEAM, By.MODEL, By.FEATURE, By.KEY, By.CATEGORY, By.DAY)


def report(
    statements: Sequence[Statement], by: By, name: str, window: Window, gaps: Gaps = NO_GAPS
) -> Report:
    """Report on one name of one dimension. `gaps` are what the statements leave out of the window:
    with some, the report is an estimate."""
    where = {by: name}
    hosted = self_hosted(statements)
    own = [replace(each, lines=dict(own_lines(each))) for each in statements]
    own_idle = pivot(hosted, (), {**where, By.KIND: Kind.IDLE}).get((), Line()).usd
    beside = Money.zero() if by is By.MODEL else _idle_beside(hosted, where)
    return Report(
        by=by,
        name=name,
        window=window,
        quality=gaps.quality(quality_of(each.quality for each in statements)),
        as_of=max((each.as_of for each in statements), default=0),
        missing=tuple(sorted({cluster for each in statements for cluster in each.missing})),
        total=pivot(statements, (), where).get((), Line()),
        breakdowns={
            each: _dearest_first(pivot(statements, (each,), where))
            for each in BREAKDOWNS
            if each is not by
        },
        unpriced=unpriced_models(statements, where),
        booked_later=booked_later(statements, where),
        idle=pivot(own, (), {**where, By.KIND: Kind.IDLE}).get((), Line()).usd,
        idle_beside=beside,
        serving=pivot(serving(statements), (), where).get((), Line()),
        serving_idle=own_idle + beside,
        gaps=gaps,
    )


def _idle_beside(hosted: Sequence[Statement], where: Filters) -> Money:
    """Its part of the idle that models have and nobody bears, by what it and others used of
    them: who bought a model of the same name used none of it."""
    idle = pivot(hosted, (By.MODEL,), {By.TENANT: IDLE, By.KIND: Kind.IDLE})
    used = pivot(hosted, (By.MODEL,), {By.KIND: Kind.ALLOCATED})
    mine = pivot(hosted, (By.MODEL,), {**where, By.KIND: Kind.ALLOCATED})
    units = 0
    for model, line in mine.items():
        others = used[model].units - line.units
        if model in idle and line.units > 0 and others >= 0:
            units += split_units(idle[model].units, [line.units, others])[0]
    return Money.from_units(units)


def _dearest_first(sums: Pivot) -> Sequence[tuple[str, Line]]:
    return sorted(((name, line) for (name,), line in sums.items()), key=_by_cost)


def _by_cost(row: tuple[str, Line]) -> tuple[int, str]:
    return -row[1].units, row[0]


def _matches(statement: Statement, key: LineKey, where: Filters) -> bool:
    return all(_value(statement, key, by) == value for by, value in where.items())


def _value(statement: Statement, key: LineKey, by: By) -> str:
    if by is By.DAY:
        return f"{statement.window.start:%Y-%m-%d}"
    if by is By.HOUR:
        return f"{statement.window.start:%Y-%m-%dT%H:00:00Z}"
    return key.seller if by is By.PROVIDER else str(getattr(key, by.value))
