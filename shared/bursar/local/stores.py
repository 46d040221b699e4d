"""The deployed table and buckets, through the same adapters that the functions use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from bursar.adapters.dynamodb.anomalies import DynamoAnomalyStore
from bursar.adapters.dynamodb.budgets import DynamoBudgetStore
from bursar.adapters.dynamodb.costs import DynamoCostHistory
from bursar.adapters.dynamodb.forecasts import DynamoForecastStore
from bursar.adapters.dynamodb.health import DynamoHealthLog
from bursar.adapters.dynamodb.ledger.store import DynamoLedgerStore
from bursar.adapters.dynamodb.lifetimes import DynamoLifetimeStore
from bursar.adapters.dynamodb.outbox import DynamoOutbox
from bursar.adapters.dynamodb.prices import DynamoPriceStore
from bursar.adapters.dynamodb.spend import DynamoSpendStore
from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.adapters.s3 import S3SnapshotStore
from bursar.adapters.s3_usage import S3UsageArchive

_DUMMY = {"aws_access_key_id": "embedded", "aws_secret_access_key": "embedded"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a deployed stack is, for any process of this machine."""

    region: str
    url: str
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stores:
    """What a deployed guard keeps."""

    history: DynamoCostHistory
    statements: DynamoStatementStore
    ledger: DynamoLedgerStore
    archive: S3UsageArchive
    table: Any
    prices: DynamoPriceStore
    spend: DynamoSpendStore
    budgets: DynamoBudgetStore
    outbox: DynamoOutbox
    lifetimes: DynamoLifetimeStore
    health: DynamoHealthLog
    snapshots: S3SnapshotStore
    forecasts: DynamoForecastStore
    anomalies: DynamoAnomalyStore


def stores_at(address: Address) -> Stores:
    session, outputs = boto3.Session(region_name=address.region, **_DUMMY), address.outputs
    table = session.resource("dynamodb", endpoint_url=address.url).Table(outputs["TableName"])
    s3 = session.client("s3", endpoint_url=address.url)
    return Stores(
        history=DynamoCostHistory(table),
        statements=DynamoStatementStore(table),
        ledger=DynamoLedgerStore(table),
        archive=S3UsageArchive(s3, outputs["UsageBucket"]),
        table=table,
        prices=DynamoPriceStore(table),
        spend=DynamoSpendStore(table),
        budgets=DynamoBudgetStore(table),
        outbox=DynamoOutbox(table),
        lifetimes=DynamoLifetimeStore(table),
        health=DynamoHealthLog(table),
        snapshots=S3SnapshotStore(s3, outputs["SnapshotsBucket"]),
        forecasts=DynamoForecastStore(table),
        anomalies=DynamoAnomalyStore(table),
    )
