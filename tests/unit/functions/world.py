"""Bursar's ports in memory, and one good event for each function that needs no more."""

from __future__ import annotations

import importlib
import json
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from bursar.adapters.memory.allowances import MemoryAllowances
from bursar.adapters.memory.budgets import MemoryBudgetStore, MemoryOutbox
from bursar.adapters.memory.cluster_use import MemoryClusterUseStore
from bursar.adapters.memory.clusters import (
    MemoryClusterReader,
    MemoryFileSystemCatalogue,
    MemoryLifetimeStore,
    MemoryReservationCatalogue,
    MemorySnapshotStore,
    MemoryVolumeCatalogue,
)
from bursar.adapters.memory.conflicts import MemoryConflictLog
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.ec2 import MemorySpotHistory
from bursar.adapters.memory.governance import MemoryAudit
from bursar.adapters.memory.ledger import MemoryLedger
from bursar.adapters.memory.metrics import MemoryBedrockMeter, MemoryMetrics
from bursar.adapters.memory.notices import MemoryHealthLog, MemoryPublisher
from bursar.adapters.memory.prices import MemoryPriceList, MemoryPriceStore
from bursar.adapters.memory.quarantine import MemoryQuarantine
from bursar.adapters.memory.series import MemoryAnomalyStore, MemoryForecastStore
from bursar.adapters.memory.spend import MemoryBill, MemoryCounter, MemorySpendStore
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.adapters.memory.stops import MemoryClusterObjects, MemoryEventBus, MemoryStops
from bursar.adapters.memory.usage import MemoryBulkUsage, MemoryUsageArchive
from bursar.adapters.usage_formats.reading import read
from bursar.domain.alerts import OutboxRow
from bursar.domain.blindness import blind
from bursar.domain.budgets import Budget
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.usage.bedrock import ProvisionedHour
from bursar.domain.usage.bulk import UsageGroup
from bursar.domain.usage.counters import Sample, Series
from bursar.domain.usage.price_books import OwnTokenPrices
from bursar.domain.usage.prices import ContextTier, TokenPrice, TokenRates
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.records import TokenCounts
from bursar.domain.usage.routes import ModelRoutes
from bursar.jobs.admission import Admission
from bursar.jobs.attribute_costs import Sources
from bursar.jobs.bill_usage import UsageBilling
from bursar.jobs.post_usage import Patience
from bursar.jobs.raised_limits import RaisedLimits
from bursar.jobs.stopping import Reach, Stopping
from bursar.jobs.take_usage import UsageIntake
from bursar.ports import ProviderBill
from bursar.wiring.raises import raised_budgets
from tests.unit.jobs.sample_config import budget, config
from tests.unit.sample_cluster import (
    TEN,
    book,
    inventory,
    node,
    pod,
)

CONTEXT = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:f",
    aws_request_id="1",
)
AT_ELEVEN = {"scheduled_at": "2026-11-20T11:11:00Z"}
FOLLOW_UP = {"version": "1.0", "requestPayload": AT_ELEVEN, "responsePayload": {"cluster": "prod"}}
INSTANCE = {
    "source": "aws.ec2",
    "time": "2026-11-20T10:04:00Z",
    "detail": {"instance-id": "i-n1", "state": "running"},
}
MINI = TokenPrice(
    provider="openai",
    model="gpt-4.1-mini",
    source="test",
    tiers=(ContextTier(0, TokenRates(input=Decimal("0.40"), output=Decimal("1.60"))),),
)
BULK = UsageGroup(
    producer="gateway",
    hour=TEN,
    tenant="search",
    model="gpt-4.1-mini",
    provider="openai",
    feature="",
    key="",
    batch=False,
    tier=0,
    requests=7,
    tokens=TokenCounts(input=7000),
)
SEARCH = Budget(id="search", scope="tenant=search", limit="1", owner="ana", enforced=True)
ALERT = blind("cluster/prod", None, TEN, "Look.")


def inserted(row: OutboxRow, *, pk: str | None = None, kind: str = "INSERT") -> dict[str, Any]:
    return {
        "eventName": kind,
        "dynamodb": {
            "Keys": {"pk": {"S": pk or f"OUTBOX#{row.id}"}, "sk": {"S": "O"}},
            "NewImage": {"json": {"S": row.model_dump_json()}},
        },
    }


ROW = OutboxRow(alert=ALERT, due_at=TEN)
TOLD = {
    "id": "r-1",
    "at": "2026-11-20T10:20:00Z",
    "tenant": "search",
    "model": "gpt-4.1-mini",
    "provider": "openai",
    "input_tokens": 1000,
    "output_tokens": 100,
}
GATEWAY_ROLE = "arn:aws:iam::111122223333:role/gateway"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:gateway"


def message(body: str, id_: str = "m-1") -> dict[str, Any]:
    return {
        "messageId": id_,
        "body": body,
        "eventSourceARN": QUEUE,
        "attributes": {"SentTimestamp": "1795173600000"},  # 2026-11-20T11:20Z
    }


def request(body: str, *, role: str = GATEWAY_ROLE, route: str = "POST /v1/usage") -> dict:
    method, path = route.split(" ")
    session = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/session"
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": method, "path": path},
            "requestId": "q-1",
            "stage": "$default",
            "timeEpoch": 1795173600000,
            "authorizer": {"iam": {"userArn": session}},
        },
        "body": body,
        "isBase64Encoded": False,
    }


EVENTS: dict[str, dict[str, Any]] = {
    "attribute_costs": AT_ELEVEN | {"book": "ledger"},
    "check_budgets": FOLLOW_UP,
    "check_health": AT_ELEVEN,
    "close_hour": AT_ELEVEN | {"cluster": "prod"},
    "collect_prices": AT_ELEVEN | {"part": "list"},
    "collect_spend": AT_ELEVEN,
    "collect_usage_metrics": AT_ELEVEN | {"source": "bedrock:eu-west-1"},
    "detect_anomalies": AT_ELEVEN | {"book": "ledger", "grain": "hour"},
    "enforce_stop": AT_ELEVEN,
    "forecast_spend": AT_ELEVEN | {"book": "billed"},
    "ingest_usage": {"Records": [message(json.dumps(TOLD))]},
    "reconcile_spend": AT_ELEVEN,
    "record_node_lifetimes": INSTANCE,
    "release_expired": AT_ELEVEN,
    "rollup_usage": AT_ELEVEN,
    "send_notifications": {"Records": [inserted(ROW)]},
    "snapshot_cluster": AT_ELEVEN | {"cluster": "prod"},
}


class MemoryPorts:
    """Bursar's ports without a cloud, by the names that wiring gives them."""

    def __init__(self) -> None:
        gateway = {"name": "gateway", "role_arns": [GATEWAY_ROLE], "tenants": ["search"]}
        usage = {"producers": [gateway], "bedrock": [{"region": "eu-west-1", "tenant": "search"}]}
        metrics = {"url": "https://prometheus.example.com", "tenants_by_namespace": True}
        prod = {"name": "prod", "region": "eu-west-1", "endpoint": "https://prod"}
        self.config = config(
            budget("namespace=search", "1"),
            usage=usage,
            clusters=[prod | {"metrics": metrics}],
            stops={},
        )
        self.cluster_use = MemoryClusterUseStore()
        self.snapshots, self.history = MemorySnapshotStore(), MemoryCostHistory()
        self.lifetimes, self.prices = MemoryLifetimeStore(), MemoryPriceStore(book().values())
        self.price_list, self.spot_history = MemoryPriceList([]), MemorySpotHistory([])
        self.bill, self.spend, self.counter = MemoryBill(), MemorySpendStore(), MemoryCounter()
        self.outbox, self.publisher = MemoryOutbox(), MemoryPublisher()
        self.budgets, self.health = MemoryBudgetStore(self.outbox), MemoryHealthLog()
        self.allowances = MemoryAllowances()
        self.statements, self.ledger = MemoryStatementStore(), MemoryLedger(self.allowances)
        self.forecasts, self.anomalies = MemoryForecastStore(), MemoryAnomalyStore(self.outbox)
        self.provider_bills: dict[str, ProviderBill] = {}
        self.touched_hours = self.month_gates = self.entries = self.ledger
        self.bulk_usage = MemoryBulkUsage([BULK])
        self.quarantine = MemoryQuarantine()
        self.raised_limits = RaisedLimits(self.allowances, raised_budgets(self.config))
        self.admission = Admission(
            reservations=self.ledger,
            ledger=self.ledger,
            conflicts=MemoryConflictLog(self.outbox),
            windows=self.ledger,
            budgets=EnforcedBudgets([SEARCH], "acme", lambda _: ""),
            raised=self.raised_limits,
            prices=OwnTokenPrices([MINI]),
            patience=Patience(lambda _: None, lambda low, _: low),
        )
        self.stopping = Stopping(
            stops=MemoryStops(self.outbox, MemoryAudit(), self.ledger),
            budgets=self.budgets,
            windows=self.ledger,
            raised=self.raised_limits,
            statements=self.statements,
            events=MemoryEventBus(),
            reach=lambda cluster: Reach(self.cluster_reader(cluster), MemoryClusterObjects()),
        )
        self.statement_sources = Sources(
            ["prod"], self.config.attribution, self.ledger, self.history, self.cluster_use
        )

    def cluster_reader(self, _cluster: object) -> MemoryClusterReader:
        return MemoryClusterReader(inventory([node()]), [pod()])

    def volumes(self, _cluster: object) -> MemoryVolumeCatalogue:
        return MemoryVolumeCatalogue()

    def file_systems(self, _cluster: object) -> MemoryFileSystemCatalogue:
        return MemoryFileSystemCatalogue()

    def fsx(self, _cluster: object) -> MemoryFileSystemCatalogue:
        return MemoryFileSystemCatalogue()

    def producer_of_queue(self, queue_arn: str) -> str:
        return {QUEUE: "gateway"}[queue_arn]

    def metrics(self, _cluster: object) -> MemoryMetrics:
        labels = {"namespace": "chat", "pod": "vllm-0", "model_name": "llama"}
        start = TEN.timestamp()
        counted = (
            ("vllm:prompt_tokens_total", 500.0),
            ("vllm:generation_tokens_total", 70.0),
            ("vllm:request_success_total", 3.0),
        )
        return MemoryMetrics(
            Series({"__name__": name} | labels, (Sample(start - 30, 0.0), Sample(start, rise)))
            for name, rise in counted
        )

    def bedrock(self, _place: object) -> MemoryBedrockMeter:
        arn = "arn:aws:bedrock:eu-west-1:111122223333:provisioned-model/abc"
        return MemoryBedrockMeter((), [ProvisionedHour("search", arn, "nova", 2, "", TEN)])

    def usage_intake(self, producer: ProducerPolicy) -> UsageIntake:
        return UsageIntake(
            producer=producer,
            read=read,
            archive=MemoryUsageArchive(),
            quarantine=self.quarantine,
            billing=UsageBilling(
                routes=ModelRoutes(),
                prices=OwnTokenPrices([MINI]),
                ledger=self.ledger,
                conflicts=MemoryConflictLog(self.outbox),
                windows=self.ledger,
                budgets=EnforcedBudgets((), "acme", lambda _: ""),
                patience=Patience(lambda _: None, lambda low, _: low),
            ),
        )

    def reservations(self, _cluster: object) -> MemoryReservationCatalogue:
        return MemoryReservationCatalogue()


def handler_of(function: str) -> Any:
    return importlib.import_module(f"functions.{function}.handler").handler
