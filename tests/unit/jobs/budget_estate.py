"""What budgets are checked against: closed hours, statements, bills, forecasts, exceptions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from bursar.adapters.memory.allowances import MemoryAllowances
from bursar.adapters.memory.budgets import MemoryBudgetStore, MemoryOutbox
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.series import MemoryForecastStore
from bursar.adapters.memory.spend import MemorySpendStore
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.config import Config
from bursar.domain.attribution.hours import attribute_hour
from bursar.domain.attribution.rules import Attribution
from bursar.domain.books import Book, News
from bursar.domain.budgets import BudgetState
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Category, HourCosts, RowKey
from bursar.domain.governance.consumption import Allowance
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window
from bursar.domain.quality import Quality
from bursar.domain.scopes import Scope
from bursar.domain.spend import Metric, SpendFact
from bursar.jobs.check_budgets import check_budgets
from bursar.jobs.raised_limits import RaisedLimits
from bursar.wiring.raises import raised_budgets
from tests.unit.jobs.sample_config import ACCOUNT, config


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


class Estate:
    def __init__(self, *budgets: dict, **changes: object) -> None:
        self.config: Config = config(*budgets, **changes)
        self.history = MemoryCostHistory()
        self.statements = MemoryStatementStore()
        self.spend = MemorySpendStore()
        self.outbox = MemoryOutbox()
        self.budgets = MemoryBudgetStore(self.outbox)
        self.forecasts = MemoryForecastStore()
        self.allowances = MemoryAllowances()

    def approve(self, usd: str, since: datetime, until: datetime, scope: str = "") -> None:
        """An exception for the scope, or for that of the budget."""
        scope_ = Scope.parse(scope) if scope else self.config.budgets[0].scope
        amount = Money.of(usd)
        self.allowances.grant(Allowance("E1", "team-month", scope_, amount, amount, since, until))

    def left(self) -> str:
        found = self.allowances.allowance("E1")
        assert found is not None
        return found.remaining.plain()

    def close(
        self, start: datetime, usd: str, *, known: int = 3600, cluster: str = "prod"
    ) -> None:
        rows = {RowKey("search", "web", "llama"): {Category.CPU: Money.of(usd)}} if known else {}
        quality = Quality.FINAL if known == 3600 else Quality.UNKNOWN
        hour = Window(start, start + HOUR)
        seen = int(hour.end.timestamp())
        costs = HourCosts(cluster, hour, quality, known, Basis.RESIDUAL, rows, as_of=seen)
        self.history.put_hour(costs)
        closed = [
            each for name in self.config.clusters for each in self.history.hours(name.name, hour)
        ]
        stated = attribute_hour(hour, {}, closed, Attribution(), as_of=seen + 21 * 60)
        self.statements.put_hour(stated.statement)

    def bill(self, day: date, usd: str, *, estimated: bool = False) -> None:
        fact = SpendFact(
            account=ACCOUNT,
            metric=Metric.UNBLENDED,
            day=day,
            group="total",
            amount=Money.of(usd),
            estimated=estimated,
            as_of=datetime.combine(day, datetime.min.time(), UTC) + timedelta(days=1, hours=9),
        )
        self.spend.record([fact])

    def check(self, now: datetime) -> list[str]:
        """After every cluster's hour, after the ledger's, and after a bill."""
        closed = [News(Book.METERED, cluster.name) for cluster in self.config.clusters]
        news = [*closed, News(Book.LEDGER), News(Book.BILLED)]
        return [title for each in news for title in self.check_after(each, now)]

    def check_after(self, news: News, now: datetime) -> list[str]:
        alerts = check_budgets(
            self.config,
            now,
            news=news,
            history=self.history,
            statements=self.statements,
            spend=self.spend,
            budgets=self.budgets,
            forecasts=self.forecasts,
            limits=RaisedLimits(self.allowances, raised_budgets(self.config)),
        )
        return [alert.title for alert in alerts]

    def state(self, start: datetime) -> BudgetState | None:
        return self.budgets.state("search", Window(start, start))
