"""One cluster, two budgets, and a guard that stops them, all in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bursar.adapters.memory.budgets import MemoryBudgetStore
from bursar.adapters.memory.clusters import MemoryClusterReader
from bursar.adapters.memory.ledger import MemoryLedger
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.adapters.memory.stops import MemoryClusterObjects, MemoryEventBus, MemoryStops
from bursar.config import Config
from bursar.config.clusters import Cluster
from bursar.domain.budgets import BudgetState
from bursar.domain.cluster.records import Inventory, Pod
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.stops.objects import ObjectKind, StoredObject
from bursar.domain.stops.records import Stop
from bursar.jobs.enforce_stop import Enforced, enforce_stop
from bursar.jobs.raised_limits import RaisedLimits
from bursar.jobs.stopping import Reach, Stopping
from bursar.wiring.raises import raised_budgets
from tests.contract.exception_stores import stores_on
from tests.unit.domain.stops.cluster import GPU, job, node, pods, pool, queue
from tests.unit.jobs.sample_config import budget, config

AT = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)
NOVEMBER = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
DAY = timedelta(days=1)
ALL = dict.fromkeys(
    (
        *("refuse_reservations", "cap_accelerators", "hold_queues"),
        *("cap_node_pools", "suspend_queued_jobs", "send_event"),
    ),
    "automatic",
)
BY_HAND = dict.fromkeys(ALL, "manual")
SEARCH_1, PROD_1 = "search-20261101-automatic-1", "prod-20261101-automatic-1"  # their stops
SEARCH = budget("team=search", "100", id="search", enforced=True)
PROD = budget("cluster=prod", "1000", id="prod")
WORKLOADS = (queue("gpu", policy="None"), pool("gpu", {GPU: "64"}), job("waits"))


class World:
    """The budgets' spending, the cluster, and everything that was told."""

    def __init__(
        self, *budgets: dict[str, Any], objects: Sequence[StoredObject] = WORKLOADS, **stops: Any
    ) -> None:
        self.config = configured(*(budgets or (SEARCH, PROD)), **stops)
        governed = stores_on(None)
        self.governed, self.outbox, self.audit = governed, governed.outbox, governed.audit
        self.windows = MemoryLedger()
        self.stops = MemoryStops(self.outbox, self.audit, self.windows)  # type: ignore[arg-type]
        self.states = MemoryBudgetStore(self.outbox)  # type: ignore[arg-type]
        self.objects = MemoryClusterObjects(objects)
        self.events = MemoryEventBus()
        self.pods: list[Pod] = pods("research", "trainer", 4)
        self.is_up = True

    def spend(self, budget_id: str, usd: str, limit: str = "100") -> None:
        """As check_budgets has seen it; an enforced window is charged by itself."""
        old = self.states.state(budget_id, NOVEMBER)
        state = BudgetState(
            budget_id=budget_id,
            starts_at=NOVEMBER.start,
            ends_at=NOVEMBER.end,
            limit=Money.of(limit),
            spent=Money.of(usd),
            projected=None,
            as_of=AT,
            version=old.version + 1 if old else 1,
        )
        assert self.states.commit(old, state, ())

    def run(self, at: datetime = AT, config: Config | None = None) -> Enforced:
        return enforce_stop(config or self.config, at, self.ports)

    @property
    def ports(self) -> Stopping:
        return Stopping(
            stops=self.stops,
            budgets=self.states,
            windows=self.windows,
            raised=RaisedLimits(self.governed.exceptions, raised_budgets(self.config)),
            statements=MemoryStatementStore(),
            events=self.events,
            reach=self.reach,
        )

    def reach(self, cluster: Cluster) -> Reach:
        nodes = (node("n1", "gpu", gpu=8),)
        seen = Inventory(nodes, (), (), "1.33", True) if self.is_up else None
        return Reach(MemoryClusterReader(seen, self.pods), self.objects)

    def approve(self, usd: str) -> None:
        """An exception of that amount for team=search, signed as it needs."""
        step = self.governed.opening("E1", usd)
        assert self.governed.exceptions.commit(step)
        assert self.governed.exceptions.commit(self.governed.deciding(step.new, "emil"))

    def told(self) -> list[str]:
        """The kinds of the messages on stops, oldest first."""
        rows = sorted(self.outbox.unsent(AT + 99 * DAY), key=lambda row: row.alert.raised_at)
        kinds = [row.alert.kind for row in rows if row.alert.kind.startswith("stop.")]
        return [kind.removeprefix("stop.") for kind in kinds]

    def audited(self) -> list[str]:
        return [each.id for each in self.audit.waiting(99) if not each.id.startswith("E1")]

    def is_stopped(self, budget_id: str = "search") -> bool:
        balance = self.windows.balance(BudgetWindow(budget_id, NOVEMBER.start))
        return balance is not None and balance.stopped

    def found(self, id_: str) -> Stop:
        stop = self.stops.find(id_)
        assert stop is not None
        return stop

    def content(self) -> dict[str, Any]:
        """What stands in the cluster."""
        return {
            str(each.name): dict(each.fields)
            for kind in ObjectKind
            for each in self.objects.objects(kind)
        }


def configured(*budgets: dict[str, Any], **stops: Any) -> Config:
    told = {"mode": "enforce", "actions": ALL, **stops}
    return config(*budgets, stops=told)


def stopped(**more: Any) -> World:
    """A world whose cluster has used up its $1,000, after a run."""
    world = World(**more)
    world.spend("prod", "1000", limit="1000")
    world.run()
    return world
