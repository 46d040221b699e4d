"""Unit economics of a service: what a request, a user and a dollar of revenue cost, and margin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bursar.domain.ai_system import per
from bursar.domain.kpis import own_lines
from bursar.domain.ledger.lines import Line, LineKey, Statement
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension, Scope
from bursar.domain.trends import MONTH, Trend, month_points, trend


@dataclass(frozen=True, slots=True)
class ServiceMonth:
    """A service's month. `users` and `revenue` are None where nobody told them.

    `unpriced_requests` are those of `requests` whose cost is missing in `usd`.
    """

    month: str
    usd: Money
    requests: int
    users: int | None = None
    revenue: Money | None = None
    unpriced_requests: int = 0

    @property
    def usd_per_request(self) -> Money | None:
        """None without a request that has a price: no data, and not free."""
        return per(self.usd, self.requests - self.unpriced_requests)

    @property
    def usd_per_user(self) -> Money | None:
        return per(self.usd, self.users)

    @property
    def usd_per_revenue_dollar(self) -> Money | None:
        return per(self.usd, self.revenue.amount) if self.revenue else None

    @property
    def margin(self) -> Money | None:
        return self.revenue - self.usd if self.revenue is not None else None

    @property
    def margin_share(self) -> float | None:
        """Of the revenue: 0.6 is 60%. Below zero: it costs more than it brings."""
        if self.revenue is None or self.margin is None or not self.revenue:
            return None
        return float(self.margin.over(self.revenue) or 0)


Measure = Callable[[ServiceMonth], float | None]


def _of_money(read: Callable[[ServiceMonth], Money | None]) -> Measure:
    def measure(month: ServiceMonth) -> float | None:
        usd = read(month)
        return None if usd is None else float(usd.amount)

    return measure


MEASURES: Mapping[str, Measure] = {
    "usd": _of_money(lambda month: month.usd),
    "usd_per_request": _of_money(lambda month: month.usd_per_request),
    "usd_per_user": _of_money(lambda month: month.usd_per_user),
    "usd_per_revenue_dollar": _of_money(lambda month: month.usd_per_revenue_dollar),
    "margin_share": lambda month: month.margin_share,
}


def service_month(
    month: str,
    scope: Scope,
    statements: Iterable[Statement],
    *,
    users: int | None = None,
    revenue: Money | None = None,
) -> ServiceMonth:
    """Sum the lines that a service's scope covers; corrections of closed months are left out."""
    total = Line()
    for key, line in own_lines(statements):
        if scope.covers(facts_of(key)):
            total += line
    return ServiceMonth(month, total.usd, total.requests, users, revenue, total.unpriced_requests)


def service_trends(months: Sequence[ServiceMonth]) -> dict[str, Trend]:
    """The trend of each measure over the months that have it."""
    return {
        name: trend(
            month_points(
                [(each.month, value) for each in months if (value := measure(each)) is not None]
            ),
            MONTH,
        )
        for name, measure in MEASURES.items()
    }


def facts_of(key: LineKey) -> dict[Dimension, str]:
    """What a line says of itself, as scopes ask it."""
    return {
        Dimension.TENANT: key.tenant,
        Dimension.TEAM: key.team,
        Dimension.MODEL: key.model,
        Dimension.FEATURE: key.feature,
        Dimension.KEY: key.key,
        Dimension.PROVIDER: key.provider,
        Dimension.CLUSTER: key.cluster,
        Dimension.NAMESPACE: key.namespace,
        Dimension.CATEGORY: str(key.category),
    }
