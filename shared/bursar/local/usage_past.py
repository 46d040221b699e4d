"""The ledger's past: the usage of weeks, posted and stated hour by hour on memory adapters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.cluster_use import MemoryClusterUseStore
from bursar.adapters.memory.ledger import MemoryConflictLog, MemoryLedger
from bursar.adapters.memory.quarantine import MemoryQuarantine
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.adapters.memory.usage import MemoryUsageArchive
from bursar.config import Config
from bursar.domain.periods import Window
from bursar.domain.usage.records import UsageRecord
from bursar.jobs.attribute_costs import Sources, attribute_costs
from bursar.jobs.post_usage import Patience
from bursar.jobs.take_usage import UsageIntake
from bursar.local.gateway_traffic import GATEWAY, usage_records
from bursar.local.scenario import Scenario
from bursar.ports import CostHistory
from bursar.wiring.usage import enforced_budgets, model_routes, token_prices

_STATED_AFTER = timedelta(minutes=21)


def _no_messages(*_: object) -> Iterator[UsageRecord]:
    """Records come as they are here; formats are read by the deployed functions."""
    return iter(())


class UsagePast:
    """What the gateway told, and what the ledger says of it."""

    def __init__(
        self, config: Config, scenario: Scenario, history: CostHistory, outbox: MemoryOutbox
    ) -> None:
        self._scenario = scenario
        self.ledger, self.archive = MemoryLedger(), MemoryUsageArchive()
        self.statements = MemoryStatementStore()
        self._intake = UsageIntake(
            producer=config.usage.producer(GATEWAY).policy(),
            read=_no_messages,
            routes=model_routes(config),
            prices=token_prices(config),
            archive=self.archive,
            quarantine=MemoryQuarantine(),
            ledger=self.ledger,
            conflicts=MemoryConflictLog(outbox),
            windows=self.ledger,
            budgets=enforced_budgets(config),
            patience=Patience(lambda _: None, lambda low, _: low),
        )
        self._sources = Sources(
            clusters=[cluster.name for cluster in config.clusters],
            policy=config.attribution,
            ledger=self.ledger,
            history=history,
            use=MemoryClusterUseStore(),
        )

    def tell(self, records: list[UsageRecord], at: datetime) -> None:
        self.archive.put(records, at)
        self._intake.post(records, at)

    def live(self, hour: Window) -> None:
        """Post what was used in the hour, and state it: its clusters are closed."""
        self.tell(list(usage_records(self._scenario, hour.start)), hour.end)
        attribute_costs(
            hour,
            sources=self._sources,
            touched=self.ledger,
            gates=self.ledger,
            statements=self.statements,
            as_of=int((hour.end + _STATED_AFTER).timestamp()),
        )
