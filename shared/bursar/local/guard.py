"""The whole guard on one machine: the synthesized stack on the embedded AWS, and its clusters."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import boto3

from bursar.adapters.cost_explorer import CostExplorerBill
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
from bursar.adapters.memory.spend import MemoryCounter
from bursar.adapters.pricing_api import PricingApiPriceList
from bursar.adapters.s3 import S3SnapshotStore
from bursar.adapters.s3_usage import S3UsageArchive
from bursar.config import Cluster, Config
from bursar.domain.periods import Window, hours
from bursar.local.cluster_objects import cluster_objects
from bursar.local.cost_explorer_service import cost_explorer
from bursar.local.ec2_service import Ec2Service
from bursar.local.embedded.clock import Clock
from bursar.local.embedded.cloud import EmbeddedCloud
from bursar.local.embedded.http_api import JsonRpcServer, Operation
from bursar.local.embedded.schedules import Step
from bursar.local.gateway_traffic import GATEWAY, usage_message
from bursar.local.kubernetes_server import KubernetesServer
from bursar.local.price_list_service import price_list
from bursar.local.scenario import Scenario, kubernetes_objects
from bursar.ports import Bill

_GATEWAY_QUEUE = "".join(map(str.title, GATEWAY.split("-")))
_DUMMY = {"aws_access_key_id": "embedded", "aws_secret_access_key": "embedded"}


@dataclass(frozen=True, slots=True)
class Stores:
    """The deployed table and bucket, through the same adapters that the functions use."""

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


class Services:
    """What AWS answers about prices, the bill and EC2, computed from the scenario."""

    def __init__(self, scenario: Scenario, config: Config, clock: Clock) -> None:
        self._config, self._clock = config, clock
        self._stack = ExitStack()
        bill = cost_explorer(
            scenario.daily_costs, lambda: clock.now, tag=config.spend.tag, rows_per_page=2000
        )
        enter = self._stack.enter_context
        self.price_list = enter(JsonRpcServer(_price_list(scenario, clock)))
        self.cost_explorer = enter(JsonRpcServer(bill))
        self.ec2 = enter(Ec2Service(scenario.spot_points, scenario.volumes))

    @property
    def endpoints(self) -> dict[str, str]:
        return {
            "PRICING": self.price_list.url,
            "COST_EXPLORER": self.cost_explorer.url,
            "EC2": self.ec2.url,
        }

    def read_price_list(self) -> PricingApiPriceList:
        return PricingApiPriceList(self._client("pricing", self.price_list.url))

    def bill(self, at: datetime) -> Bill:
        """The bill as it is told at that time."""
        self._clock.set(at)
        return CostExplorerBill(
            self._client("ce", self.cost_explorer.url),
            MemoryCounter(),
            account=self._config.account,
            tag=self._config.spend.tag,
            pages_per_day=self._config.spend.pages_per_day,
        )

    def close(self) -> None:
        self._stack.close()

    def _client(self, service: str, url: str) -> Any:
        return boto3.client(service, region_name="us-east-1", endpoint_url=url, **_DUMMY)


def _price_list(scenario: Scenario, clock: Clock) -> dict[str, Operation]:
    """GetProducts as of the clock; the list is built anew only when its prices have changed."""
    before = price_list(scenario.price_list_items(scenario.start))["GetProducts"]
    after = price_list(scenario.price_list_items(scenario.price_change_at))["GetProducts"]

    def get_products(request: dict[str, Any]) -> dict[str, Any]:
        return (before if clock.now < scenario.price_change_at else after)(request)

    return {"GetProducts": get_products}


class LocalGuard:
    """The deployed stack, its clusters and its clock. Ends every process on close."""

    def __init__(
        self,
        config: Config,
        scenario: Scenario,
        services: Services,
        clock: Clock,
        assembly: Path,
        work: Path,
        api_url: str = "",
    ) -> None:
        self.config, self.scenario = config, scenario
        with ExitStack() as stack:
            self.cloud = stack.enter_context(
                EmbeddedCloud(
                    region=config.region,
                    now=clock.now,
                    endpoints=services.endpoints,
                    directory=work,
                    api_url=api_url,
                )
            )
            self.deployment = self.cloud.deploy(assembly)
            self.clusters = {
                cluster.name: stack.enter_context(self._serve(cluster))
                for cluster in config.clusters
            }
            self.stores = self._stores()
            self._told_until = self._usage_until = clock.now
            self._follow = clock
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def run(self, start: datetime, end: datetime, on_step: Any = None) -> int:
        """Let the template's schedules fire over [start, end); answers how many did."""
        return self.cloud.run(start, end, on_step=on_step, before_step=self._tell)

    def _tell(self, step: Step) -> None:
        """What the world tells by the time of a step: EC2 its changes, each at its own time, then
        the gateway the usage of the hours that are over."""
        self._tell_instances(step)
        for hour in hours(Window(self._usage_until, step.due)):
            if hour.end <= step.due:
                self._send_usage(usage_message(self.scenario, hour.start))
                self._usage_until = hour.end

    def _send_usage(self, body: str) -> None:
        queue = self.deployment.outputs[f"UsageQueue{_GATEWAY_QUEUE}"]
        self.cloud.client("sqs").send_message(QueueUrl=queue, MessageBody=body)

    def _tell_instances(self, step: Step) -> None:
        """EC2 tells of the instances that changed since the last step, each at its own time."""
        self._follow.set(step.due)
        for cluster in self.config.clusters:
            events = self.scenario.instance_events(cluster.name, self._told_until, step.due)
            for at, instance_id, state in events:
                detail = {"instance-id": instance_id, "state": state}
                kind = "EC2 Instance State-change Notification"
                self.cloud.put_event("aws.ec2", kind, detail, at)
        self._told_until = step.due
        self.cloud.clock.set(step.due)

    def _serve(self, cluster: Cluster) -> KubernetesServer:
        return KubernetesServer(
            partial(self._objects, cluster.name),
            lambda token: token.startswith("k8s-aws-v1."),
            port=urlsplit(cluster.endpoint).port or 0,
            git_version=self.scenario.git_version(cluster.name),
            stored=cluster_objects(
                self.scenario, cluster.name, partial(self._objects, cluster.name, "pods")
            ),
        )

    def _objects(self, cluster: str, plural: str) -> Sequence[dict[str, Any]]:
        return kubernetes_objects(self.scenario.state(cluster, self.cloud.clock.now), plural)

    def _stores(self) -> Stores:
        outputs = self.deployment.outputs
        table = self.cloud.resource("dynamodb").Table(outputs["TableName"])
        return Stores(
            history=DynamoCostHistory(table),
            statements=DynamoStatementStore(table),
            ledger=DynamoLedgerStore(table),
            archive=S3UsageArchive(self.cloud.client("s3"), outputs["UsageBucket"]),
            table=table,
            prices=DynamoPriceStore(table),
            spend=DynamoSpendStore(table),
            budgets=DynamoBudgetStore(table),
            outbox=DynamoOutbox(table),
            lifetimes=DynamoLifetimeStore(table),
            health=DynamoHealthLog(table),
            snapshots=S3SnapshotStore(self.cloud.client("s3"), outputs["SnapshotsBucket"]),
            forecasts=DynamoForecastStore(table),
            anomalies=DynamoAnomalyStore(table),
        )
