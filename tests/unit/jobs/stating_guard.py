"""A guard that states hours, as tests of attribution want it."""

from __future__ import annotations

from datetime import UTC, datetime

from bursar.adapters.memory.cluster_use import MemoryClusterUseStore
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.ledger import MemoryLedger
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.domain.attribution.rules import Attribution
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Category, HourCosts, RowKey
from bursar.domain.ledger.entries import Entry, Leaf, LeafKey, Pricing
from bursar.domain.ledger.months import MonthState
from bursar.domain.ledger.postings import Posting
from bursar.domain.money import Money
from bursar.domain.periods import Window, hour_of
from bursar.domain.quality import Quality
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenCounts
from bursar.jobs.attribute_costs import Sources, StatedHours, attribute_costs
from bursar.ports import StatementStore

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW = hour_of(NOON)
OCTOBER = hour_of(datetime(2026, 10, 31, 23, tzinfo=UTC))


class Guard:
    """A guard with one cluster, in memory but for the statements that it is given."""

    def __init__(self, statements: StatementStore | None = None) -> None:
        self.ledger, self.history = MemoryLedger(), MemoryCostHistory()
        self.use = MemoryClusterUseStore()
        self.statements = statements or MemoryStatementStore()
        self.policy = Attribution()
        self.posted = 0

    def buy(self, usd: str, hour: Window = NOW, **key: str) -> None:
        amounts = ClassAmounts(output=Money.of(usd).units)
        self.post(hour, LeafKey(hour.start, "acme", "gpt", **key), TokenCounts(), amounts)

    def serve(self, tenant: str, tokens: TokenCounts, hour: Window = NOW) -> None:
        key = LeafKey(hour.start, tenant, "llama", pricing=Pricing.SELF_HOSTED)
        self.post(hour, key, tokens, ClassAmounts())

    def post(self, hour: Window, key: LeafKey, tokens: TokenCounts, paid: ClassAmounts) -> None:
        self.posted += 1
        entry = Entry("app", str(self.posted), "d", hour.start, key, 1, tokens, paid)
        self.ledger.post(Posting((entry,), {key: Leaf(1, 1, tokens, paid)}), shard=0)

    def run_pods(self, usd: str, hour: Window = NOW) -> None:
        rows = {RowKey("serving", "api", "llama"): {Category.GPU: Money.of(usd)}}
        costs = HourCosts("prod", hour, Quality.FINAL, 3600, Basis.RESIDUAL, rows)
        self.history.put_hour(costs)

    def state(self, hour: Window = NOW) -> StatedHours:
        sources = Sources(["prod"], self.policy, self.ledger, self.history, self.use)
        return attribute_costs(
            hour,
            sources=sources,
            touched=self.ledger,
            gates=self.ledger,
            statements=self.statements,
            as_of=7,
        )

    def total(self, hour: Window) -> Money:
        [found] = self.statements.hours(hour)
        return found.total

    @property
    def waiting(self) -> list[datetime]:
        """The hours that are to be stated again."""
        return [each.hour for each in self.ledger.touched()]

    def close(self, month: str) -> None:
        for state in (MonthState.FROZEN, MonthState.CLOSED):
            self.ledger.turn(month, state)
