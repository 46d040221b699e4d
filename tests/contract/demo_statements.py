"""Days of the demo's ledger, made in memory by the jobs that make them in a deployment."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from functools import cache

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.config.bursar_yaml import validated
from bursar.domain.ledger.lines import Statement
from bursar.domain.periods import DAY, Window, days
from bursar.local.backfill import live_cluster
from bursar.local.demo_config import demo_config
from bursar.local.embedded.clock import Clock
from bursar.local.scenario import Scenario
from bursar.local.services import Services
from bursar.local.usage_past import UsagePast

MONTH = "2026-10"
_WINDOW = Window(START := datetime(2026, 10, 19, tzinfo=UTC), START + 2 * DAY)


@cache
def demo_days() -> tuple[Statement, ...]:
    """Monday and Tuesday of a week in October, from scratch in a few seconds."""
    config = validated(demo_config({"inference": 1, "training": 2}))
    scenario = Scenario(start=_WINDOW.start, seed=7, days=3)
    with closing(Services(scenario, config, Clock(_WINDOW.start))) as services:
        prices = list(services.read_price_list().rows(config.region, _WINDOW.start))
    clusters = [
        live_cluster(config, scenario, cluster.name, _WINDOW, prices)
        for cluster in config.clusters
    ]
    history, kept = MemoryCostHistory(), MemoryStatementStore()
    past = UsagePast(config, scenario, history, MemoryOutbox())
    for day in days(_WINDOW):
        for told in clusters:
            for hour in next(told).hours:
                history.put_hour(hour)
        past.live_day(day).put_into(kept)
    return tuple(kept.days(_WINDOW))
