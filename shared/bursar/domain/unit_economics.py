"""Unit economics of a service: what a request, a user and a dollar of revenue cost, and margin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bursar.domain.ai_system import per
from bursar.domain.kpis import is_known
from bursar.domain.ledger.lines import Line, LineKey, Statement
from bursar.domain.ledger.serving import is_serving, usd_per_request
from bursar.domain.ledger.whole_months import whole_month
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension, Scope
from bursar.domain.trends import MONTH, Trend, month_points, trend

_NOTHING = Line()


@dataclass(frozen=True, slots=True)
class ServiceMonth:
    """A service's month. `users` and `revenue` are None where nobody told them, and `usd` where
    nothing of the month was stated, no line is the service's, or none of its usage has a price.
    Of a partly stated one `usd` and `requests` are a part, which is not set against the users
    and the revenue of the whole.

    `unpriced_requests` are those of `requests` whose cost is missing in `usd`. `serving` is what
    models cost on the usage basis, with their requests: `usd` has idle and training, too.
    """

    month: str
    usd: Money | None
    requests: int
    users: int | None = None
    revenue: Money | None = None
    unpriced_requests: int = 0
    unstated_hours: int = 0
    serving: Line = _NOTHING

    @property
    def is_part(self) -> bool:
        return self.usd is not None and self.unstated_hours > 0

    @property
    def is_used(self) -> bool:
        """Something of it is known: that it has no price may be all."""
        return self.usd is not None or self.requests > 0 or self.serving.used.total > 0

    @property
    def whole_usd(self) -> Money | None:
        return None if self.unstated_hours else self.usd

    @property
    def usd_per_request(self) -> Money | None:
        """On the usage basis. None without a request that has a price: no data, and not free."""
        return usd_per_request(self.serving.usd, self.serving)

    @property
    def usd_per_user(self) -> Money | None:
        return per(self.whole_usd, self.users)

    @property
    def usd_per_revenue_dollar(self) -> Money | None:
        return per(self.whole_usd, self.revenue.amount) if self.revenue else None

    @property
    def margin(self) -> Money | None:
        if self.revenue is None or self.whole_usd is None:
            return None
        return self.revenue - self.whole_usd

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
    statements: Sequence[Statement],
    *,
    users: int | None = None,
    revenue: Money | None = None,
    unstated_hours: int = 0,
) -> ServiceMonth:
    """Sum the lines of a month that a service's scope covers, whenever they were told."""
    total: Line | None = None
    served = _NOTHING
    whole = whole_month(month, statements)
    for key, line in (item for each in whole for item in each.lines.items()):
        if scope.covers(facts_of(key)):
            total = line if total is None else total + line
            served += line if is_serving(key) else _NOTHING
    usd = total.known_usd if total and is_known(month, statements) else None
    total = total or _NOTHING
    return ServiceMonth(
        month,
        usd,
        total.requests,
        users,
        revenue,
        total.unpriced_requests,
        unstated_hours,
        served,
    )


def service_trends(months: Sequence[ServiceMonth]) -> dict[str, Trend]:
    """The trend of each measure over the wholly stated months that have it."""
    whole = [each for each in months if not each.unstated_hours]
    return {
        name: trend(
            month_points(
                [(each.month, value) for each in whole if (value := measure(each)) is not None]
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
        Dimension.PROVIDER: key.seller,
        Dimension.CLUSTER: key.cluster,
        Dimension.NAMESPACE: key.namespace,
        Dimension.CATEGORY: str(key.category),
    }
