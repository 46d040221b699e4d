"""What the ledger's statements are made from."""

from __future__ import annotations

from typing import Any

from bursar.adapters.dynamodb.cluster_use import DynamoClusterUseStore
from bursar.adapters.dynamodb.costs import DynamoCostHistory
from bursar.adapters.dynamodb.ledger.store import DynamoLedgerStore
from bursar.config import Config
from bursar.jobs.attribute_costs import Sources


def statement_sources(config: Config, table: Any) -> Sources:
    return Sources(
        clusters=[cluster.name for cluster in config.clusters],
        policy=config.attribution,
        ledger=DynamoLedgerStore(table),
        history=DynamoCostHistory(table),
        use=DynamoClusterUseStore(table),
    )
