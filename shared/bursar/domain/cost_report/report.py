"""The cost report of one month: every figure that the page, the JSON and the terminal show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from pydantic import AwareDatetime

from bursar.domain.alerts import OutboxRow, Severity
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Amounts, Category, HourCosts, Unpriced
from bursar.domain.cluster.unowned import IDLE
from bursar.domain.cost_report.budget_lines import (
    BudgetLine,
    BudgetReading,
    MonthLimit,
    Standing,
    budget_line,
    month_limit,
)
from bursar.domain.cost_report.days import (
    CHART_DAYS,
    Carried,
    ClusterDay,
    DayTotal,
    carry_forward,
    cluster_days,
    day_totals,
)
from bursar.domain.cost_report.foreseen import foreseen
from bursar.domain.cost_report.parts import Frozen, Parts, Ranking, by_model, by_namespace
from bursar.domain.figures import Outlook, Projection, run_rate
from bursar.domain.health import SourceHealth
from bursar.domain.money import Money
from bursar.domain.periods import DAY, Window, day_of, month_of
from bursar.domain.prices import PriceChange
from bursar.domain.quality import Quality, worst


@dataclass(frozen=True, slots=True)
class SourceReading:
    """A source, and how long it may stay silent (None: nobody said)."""

    health: SourceHealth
    patience: timedelta | None = None


class ClusterMonth(Frozen):
    """One cluster's month. `parts` are measured; `carried` estimates what was not."""

    cluster: str
    parts: Parts
    by_category: dict[Category, Money]
    idle_by_category: dict[Category, Money]
    carried: Carried
    projected: Money | None
    known_seconds: int
    due_seconds: int
    quality: Quality
    basis: Basis | None
    unpriced: tuple[Unpriced, ...]
    as_of: AwareDatetime | None

    @property
    def unknown_seconds(self) -> int:
        return self.due_seconds - self.known_seconds

    @property
    def is_blind(self) -> bool:
        """Nothing of the month was seen: there is no figure, not even zero."""
        return not self.known_seconds


class SourceLine(Frozen):
    source: str
    quality: Quality
    good_at: AwareDatetime | None
    at: AwareDatetime
    detail: str
    late: bool


class CostReport(Frozen):
    """Everything that is shown, at full resolution; only a statement rounds."""

    organisation: str
    now: AwareDatetime
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    clusters: tuple[ClusterMonth, ...]
    days: tuple[DayTotal, ...]
    namespaces: Ranking
    models: Ranking
    limit: MonthLimit | None
    budgets: tuple[BudgetLine, ...]
    alerts: tuple[OutboxRow, ...]
    sources: tuple[SourceLine, ...]
    price_changes: tuple[PriceChange, ...]
    foreseen: Projection | None = None

    @property
    def month(self) -> Window:
        return Window(self.starts_at, self.ends_at)

    @property
    def parts(self) -> Parts:
        return Parts.sum([each.parts for each in self.clusters])

    @property
    def total(self) -> Money:
        """What was measured; the time that was not seen is in `carried`."""
        return self.parts.total

    @property
    def by_category(self) -> dict[Category, Money]:
        return _by_category([each.by_category for each in self.clusters])

    @property
    def idle_by_category(self) -> dict[Category, Money]:
        return _by_category([each.idle_by_category for each in self.clusters])

    @property
    def carried(self) -> Carried:
        return Carried(
            amount=Money.sum(each.carried.amount for each in self.clusters),
            seconds=sum(each.carried.seconds for each in self.clusters),
            uncovered_seconds=sum(each.carried.uncovered_seconds for each in self.clusters),
        )

    @property
    def projected(self) -> Money | None:
        """The clusters' run rates together; None when one of them has none."""
        rates = [each.projected for each in self.clusters]
        known = [rate for rate in rates if rate is not None]
        return Money.sum(known) if known and len(known) == len(rates) else None

    @property
    def is_blind(self) -> bool:
        return all(each.is_blind for each in self.clusters)

    @property
    def known_seconds(self) -> int:
        return sum(each.known_seconds for each in self.clusters)

    @property
    def unknown_seconds(self) -> int:
        return sum(each.unknown_seconds for each in self.clusters)

    @property
    def quality(self) -> Quality:
        """As good as the worst cluster; a sum that lacks one whole cluster is estimated."""
        quality = worst(each.quality for each in self.clusters)
        return Quality.ESTIMATED if quality is Quality.UNKNOWN and not self.is_blind else quality

    @property
    def as_of(self) -> datetime | None:
        """The oldest of the clusters: nothing shown is older."""
        seen = [each.as_of for each in self.clusters if each.as_of is not None]
        return min(seen) if seen else None


def chart_window(month: Window, now: datetime) -> Window:
    """The 60 UTC days that end with today, or with the month's last day when it is over."""
    end = min(day_of(now).end, month.end)
    return Window(min(end - CHART_DAYS * DAY, month.start), end)


def build_report(
    organisation: str,
    now: datetime,
    clusters: Mapping[str, Sequence[HourCosts]],
    *,
    month: Window | None = None,
    budgets: Sequence[BudgetReading] = (),
    alerts: Sequence[OutboxRow] = (),
    sources: Sequence[SourceReading] = (),
    price_changes: Sequence[PriceChange] = (),
    outlooks: Mapping[str, Outlook] | None = None,
) -> CostReport:
    """Report on a UTC month, this one by default.

    Args:
        clusters: of each cluster, its days within `chart_window(month, now)`, each summed
            over its closed hours. A cluster without any is reported as unknown.
        alerts: those raised in the month and those not yet sent are shown.
        outlooks: of each cluster that has a forecast.
    """
    month = month or month_of(now)
    window = chart_window(month, now)
    days = {name: cluster_days(name, window, days, now) for name, days in clusters.items()}
    in_month = {
        name: [day for day in stored if month.start <= day.window.start < month.end]
        for name, stored in clusters.items()
    }
    of_month = [day for stored in in_month.values() for day in stored]
    months = [_cluster_month(name, month, in_month[name], days[name]) for name in clusters]
    spent = [(each.cluster, each.parts.total + each.carried.amount, each.as_of) for each in months]
    return CostReport(
        organisation=organisation,
        now=now,
        starts_at=month.start,
        ends_at=month.end,
        clusters=tuple(months),
        days=tuple(
            day for day in day_totals(days) if day.day >= (window.end - CHART_DAYS * DAY).date()
        ),
        namespaces=by_namespace(of_month),
        models=by_model(of_month),
        limit=month_limit(budgets, clusters),
        budgets=_budgets(budgets, now),
        alerts=_alerts(alerts, month),
        sources=tuple(_source(reading, now) for reading in sources),
        price_changes=tuple(sorted(price_changes, key=_newest)),
        foreseen=foreseen(spent, outlooks or {}, month),
    )


def _cluster_month(
    name: str, month: Window, stored: Sequence[HourCosts], days: Sequence[ClusterDay]
) -> ClusterMonth:
    mine = [day for day in days if month.start.date() <= day.day < month.end.date()]
    parts = Parts.sum([day.parts for day in mine if day.parts is not None])
    carried = carry_forward(days, month)
    known = sum(day.known_seconds for day in mine)
    due = sum(day.due_seconds for day in mine)
    quality = worst(each.quality for each in stored) if known else Quality.UNKNOWN
    if known < due and known:
        quality = Quality.ESTIMATED
    as_of = max((each.as_of for each in stored if each.known_seconds), default=0)
    covered = timedelta(seconds=known + carried.seconds)
    return ClusterMonth(
        cluster=name,
        parts=parts,
        by_category=_by_category([amounts for each in stored for amounts in each.rows.values()]),
        idle_by_category=_by_category(
            [row for each in stored for key, row in each.rows.items() if key.namespace == IDLE]
        ),
        carried=carried,
        projected=run_rate(parts.total + carried.amount, month, covered) if known else None,
        known_seconds=known,
        due_seconds=due,
        quality=quality,
        basis=stored[-1].basis if stored else None,
        unpriced=tuple(dict.fromkeys(item for each in stored for item in each.unpriced)),
        as_of=datetime.fromtimestamp(as_of, UTC) if as_of else None,
    )


def _by_category(rows: Sequence[Amounts]) -> dict[Category, Money]:
    sums: dict[Category, Money] = {}
    for amounts in rows:
        for category, amount in amounts.items():
            sums[category] = sums.get(category, Money.zero()) + amount
    return {category: sums[category] for category in Category if category in sums}


_STANDINGS = list(Standing)
_SEVERITIES = [Severity.CRITICAL, Severity.WARNING, Severity.INFO]


def _budgets(readings: Sequence[BudgetReading], now: datetime) -> tuple[BudgetLine, ...]:
    """Worst first, then by how much of the limit is gone."""
    lines = [budget_line(reading, now) for reading in readings]

    def rank(line: BudgetLine) -> tuple[int, Fraction, str]:
        return _STANDINGS.index(line.standing), -(line.share or Fraction(0)), line.id

    return tuple(sorted(lines, key=rank))


def _alerts(rows: Sequence[OutboxRow], month: Window) -> tuple[OutboxRow, ...]:
    """Worst first, then newest."""
    mine = [
        row for row in rows if month.start <= row.alert.raised_at < month.end or not row.sent_at
    ]
    newest = sorted(mine, key=lambda row: (row.alert.raised_at, row.id), reverse=True)
    return tuple(sorted(newest, key=lambda row: _SEVERITIES.index(row.alert.severity)))


def _source(reading: SourceReading, now: datetime) -> SourceLine:
    health, patience = reading.health, reading.patience
    return SourceLine(
        source=health.source,
        quality=health.quality,
        good_at=health.good_at,
        at=health.at,
        detail=health.detail,
        late=health.good_at is None or (patience is not None and now - health.good_at > patience),
    )


def _newest(change: PriceChange) -> tuple[float, str]:
    return -change.new.effective_from.timestamp(), str(change.new.key)
