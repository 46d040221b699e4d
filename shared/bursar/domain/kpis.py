"""KPIs of a month, against their targets, and the efficiency score that they add up to.

The efficiency score is the mean over the KPIs that have both a value and a target, each counting
the same. What has no data takes no part, and is never zero.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from bursar.domain.ai_system import per
from bursar.domain.cluster.use import ClusterUse, GpuUse
from bursar.domain.kpi_targets import Kpi, Status, Target
from bursar.domain.ledger.lines import Line, Statement, quality_of
from bursar.domain.ledger.months import month_name
from bursar.domain.ledger.serving import is_serving, usd_per_request, usd_per_tokens
from bursar.domain.ledger.whole_months import whole_month
from bursar.domain.money import Money
from bursar.domain.quality import Quality
from bursar.domain.trends import MONTH, Trend, month_points, trend

_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class GpuHours:
    """GPU hours that were seen: of them `used` had a pod, and `busy` ran work."""

    paid: float = 0.0
    used: float = 0.0
    busy: float = 0.0

    @property
    def efficiency(self) -> float | None:
        """used / paid x effective utilisation (busy / used), of the GPUs that were seen."""
        return self.busy / self.paid if self.paid else None


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """What a month's KPIs are made of. None: not known.

    `usd` is None where nothing of the month was stated. Of a partly stated one it is a part, and
    not what all its users and their actions cost.
    `serving` is what models cost on the usage basis, with their requests and tokens. `gpu_usd`
    is what the clusters cost in the hours in which their GPUs were seen. `label_coverage` is the
    share of the pods' cost that carries an owner label.
    """

    month: str
    usd: Money | None
    serving: Line = field(default_factory=Line)
    user_actions: int | None = None
    active_users: int | None = None
    gpu: GpuHours = field(default_factory=GpuHours)
    gpu_usd: Money = field(default_factory=Money.zero)
    label_coverage: Fraction | None = None
    unstated_hours: int = 0

    @property
    def whole_usd(self) -> Money | None:
        """None also where nothing that was used has a price: unknown, and not free."""
        nothing_priced = not self.usd and self.serving.known_usd is None
        return None if self.unstated_hours or nothing_priced else self.usd


@dataclass(frozen=True, slots=True)
class KpiResult:
    """A KPI of the last month of a span, and its history. `value` None is no data."""

    kpi: Kpi
    value: float | None
    status: Status
    score: float | None
    target: Target | None
    history: tuple[tuple[str, float | None], ...]
    trend: Trend


def kpi_values(figures: MonthFigures) -> dict[Kpi, float | None]:
    """Ratios of exact amounts; they are floats from here on, for statistics."""
    gpu_hours, coverage, served = figures.gpu.paid, figures.label_coverage, figures.serving
    return {
        Kpi.COST_PER_REQUEST: _ratio(usd_per_request(served.usd, served)),
        Kpi.COST_PER_1K_TOKENS: _ratio(usd_per_tokens(served.usd, served, 1000)),
        Kpi.COST_PER_USER_ACTION: _ratio(per(figures.whole_usd, figures.user_actions)),
        Kpi.COST_PER_ACTIVE_USER: _ratio(per(figures.whole_usd, figures.active_users)),
        Kpi.GPU_EFFICIENCY: figures.gpu.efficiency,
        Kpi.USD_PER_GPU_HOUR: float(figures.gpu_usd.amount) / gpu_hours if gpu_hours else None,
        Kpi.LABEL_COVERAGE: None if coverage is None else float(coverage),
    }


def assess(
    months: Sequence[MonthFigures], targets: Mapping[Kpi, Target], *, partial: bool = False
) -> list[KpiResult]:
    """Every KPI of the last of these months, oldest first, with its history and trend.

    A `partial` last month is not over, and in no trend; nor is one that was not wholly stated.
    """
    values = [(each.month, kpi_values(each)) for each in months]
    over = months[:-1] if partial else months
    whole = {each.month for each in over if not each.unstated_hours}
    return [
        _assess(kpi, tuple((month, of[kpi]) for month, of in values), targets.get(kpi), whole)
        for kpi in Kpi
    ]


def efficiency_score(results: Iterable[KpiResult]) -> float | None:
    """The mean score; None where no KPI has both a value and a target."""
    scores = [each.score for each in results if each.score is not None]
    return sum(scores) / len(scores) if scores else None


def month_figures(
    month: str,
    statements: Sequence[Statement],
    *,
    user_actions: int | None = None,
    active_users: int | None = None,
    gpu: GpuHours | None = None,
    gpu_usd: Money | None = None,
    label_coverage: Fraction | None = None,
    unstated_hours: int = 0,
) -> MonthFigures:
    """Sum a month, whenever it was told: what statements after it correct of it is its cost, and
    what its own correct of others is not."""
    units, serving = 0, Line()
    for each in whole_month(month, statements):
        for key, line in each.lines.items():
            units += line.units
            if is_serving(key):
                serving += line
    return MonthFigures(
        month=month,
        usd=Money.from_units(units) if is_known(month, statements) else None,
        serving=serving,
        user_actions=user_actions,
        active_users=active_users,
        gpu=gpu or GpuHours(),
        gpu_usd=gpu_usd or Money.zero(),
        label_coverage=label_coverage,
        unstated_hours=unstated_hours,
    )


def is_known(month: str, statements: Iterable[Statement]) -> bool:
    """Something of what is stated of the month itself is known: a sum of nothing else is no zero,
    and what was told late is not what the month cost."""
    own = (each.quality for each in statements if month_name(each.window.start) == month)
    return quality_of(own) is not Quality.UNKNOWN


def gpu_hours(hours: Iterable[ClusterUse]) -> GpuHours:
    """Sum what GPUs did. A GPU cut into instances counts once, its use the mean of theirs.

    One with a pod whose work is not measured is left out: it is not known to be idle.
    """
    paid = used = busy = 0.0
    for hour in hours:
        devices: dict[str, dict[str, list[GpuUse]]] = {}
        for use in hour.gpus:
            if use.busy is not None or not use.pod:
                instances = devices.setdefault(use.gpu.partition("/")[0], {})
                instances.setdefault(use.gpu, []).append(use)
        for parts in devices.values():
            share = 1 / len(parts) / _SECONDS_PER_HOUR
            seen = max(sum(use.known_seconds for use in uses) for uses in parts.values())
            paid += min(seen, _SECONDS_PER_HOUR) / _SECONDS_PER_HOUR
            for use in (use for uses in parts.values() for use in uses if use.pod):
                used += use.known_seconds * share
                busy += use.known_seconds * share * (use.busy or 0.0)
    return GpuHours(paid, used, busy)


def _assess(
    kpi: Kpi,
    history: tuple[tuple[str, float | None], ...],
    target: Target | None,
    whole: Collection[str],
) -> KpiResult:
    value = history[-1][1] if history else None
    status = Status.NO_DATA
    if value is not None:
        status = target.status(value) if target else Status.NO_TARGET
    known = [(month, each) for month, each in history if each is not None and month in whole]
    return KpiResult(
        kpi=kpi,
        value=value,
        status=status,
        score=target.score(value) if target and value is not None else None,
        target=target,
        history=history,
        trend=trend(month_points(known), MONTH),
    )


def _ratio(usd: Money | None) -> float | None:
    return None if usd is None else float(usd.amount)
