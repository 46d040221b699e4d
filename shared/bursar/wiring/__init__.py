"""Composition root: the one place that chooses adapters.

Each port is built on first use and its adapter imported with it, so a handler pays only
for what it touches. A port whose settings the function was not given is refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bursar.config import Config, load_bundled
from bursar.settings import (
    HasSnapshots,
    HasTable,
    HasTopics,
    HasUsage,
    IngestUsageSettings,
    RollupUsageSettings,
    Settings,
)
from bursar.wiring.stops import StopPorts

if TYPE_CHECKING:
    from bursar import ports
    from bursar.config.clusters import Cluster
    from bursar.config.usage import Bedrock
    from bursar.domain.usage.producers import ProducerPolicy
    from bursar.jobs.admission import Admission
    from bursar.jobs.attribute_costs import Sources
    from bursar.jobs.take_usage import UsageIntake
    from bursar.wiring.governance import Governance

S = TypeVar("S", bound=Settings)

COST_EXPLORER_REGION = "us-east-1"  # the one where it is served


class NotGivenError(LookupError):
    """A function asked for a port that its settings do not allow it."""


class Ports(StopPorts):
    """The outside world in AWS, one lazy attribute a port."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def config(self) -> Config:
        return load_bundled(Path(self._settings.config_file))

    def cluster_reader(self, cluster: Cluster) -> ports.ClusterReader:
        from bursar.adapters.kubernetes_api.eks import eks_reader

        return eks_reader(cluster)

    @cached_property
    def snapshots(self) -> ports.SnapshotStore:
        from bursar.adapters.s3 import S3SnapshotStore

        return S3SnapshotStore(_client("s3"), self._given(HasSnapshots).snapshots_bucket)

    @cached_property
    def history(self) -> ports.CostHistory:
        from bursar.adapters.dynamodb.costs import DynamoCostHistory

        return DynamoCostHistory(self._table)

    @cached_property
    def statements(self) -> ports.StatementStore:
        from bursar.adapters.dynamodb.statements import DynamoStatementStore

        return DynamoStatementStore(self._table)

    @cached_property
    def statement_sources(self) -> Sources:
        from bursar.wiring import ledger

        return ledger.statement_sources(self.config, self._table)

    @cached_property
    def touched_hours(self) -> ports.TouchedHours:
        from bursar.adapters.dynamodb.ledger.touched import DynamoTouchedHours

        return DynamoTouchedHours(self._table)

    @cached_property
    def month_gates(self) -> ports.MonthGates:
        from bursar.adapters.dynamodb.ledger.gates import DynamoMonthGates

        return DynamoMonthGates(self._table)

    @cached_property
    def lifetimes(self) -> ports.LifetimeStore:
        from bursar.adapters.dynamodb.lifetimes import DynamoLifetimeStore

        return DynamoLifetimeStore(self._table)

    @cached_property
    def prices(self) -> ports.PriceStore:
        from bursar.adapters.dynamodb.prices import DynamoPriceStore

        return DynamoPriceStore(self._table)

    @cached_property
    def price_list(self) -> ports.CheckedPriceList:
        from bursar.adapters.pricing_api import PricingApiPriceList, pricing_client

        return PricingApiPriceList(pricing_client())

    def volumes(self, cluster: Cluster) -> ports.VolumeCatalogue:
        from bursar.adapters.ec2_api import Ec2VolumeCatalogue

        return Ec2VolumeCatalogue(_client_where("ec2", cluster))

    def file_systems(self, cluster: Cluster) -> ports.FileSystemCatalogue:
        from bursar.adapters.efs_api import EfsFileSystemCatalogue

        return EfsFileSystemCatalogue(lambda: _client_where("efs", cluster))

    def fsx(self, cluster: Cluster) -> ports.FileSystemCatalogue:
        from bursar.adapters.fsx_api import FsxFileSystemCatalogue

        return FsxFileSystemCatalogue(lambda: _client_where("fsx", cluster))

    def reservations(self, cluster: Cluster) -> ports.ReservationCatalogue:
        from bursar.adapters.ec2_api import Ec2ReservationCatalogue

        return Ec2ReservationCatalogue(_client_where("ec2", cluster))

    @cached_property
    def spot_history(self) -> ports.SpotHistory:
        from bursar.adapters.ec2_api import Ec2SpotHistory

        return Ec2SpotHistory(lambda region: _client("ec2", region))

    @cached_property
    def bill(self) -> ports.Bill:
        from bursar.adapters.cost_explorer import CostExplorerBill

        spend = self.config.spend
        return CostExplorerBill(
            _client("ce", COST_EXPLORER_REGION),
            self.counter,
            *(self.config.account, spend.tag, spend.pages_per_day),
            network=spend.network,
        )

    @cached_property
    def spend(self) -> ports.SpendStore:
        from bursar.adapters.dynamodb.spend import DynamoSpendStore

        return DynamoSpendStore(self._table)

    @cached_property
    def provider_bills(self) -> Mapping[str, ports.ProviderBill]:
        from bursar.wiring.provider_bills import provider_bills

        of = self.config.spend.providers
        return provider_bills(
            of.openai_secret, of.anthropic_secret, lambda: _client("secretsmanager")
        )

    @cached_property
    def counter(self) -> ports.Counter:
        from bursar.adapters.dynamodb.counters import DynamoCounter

        return DynamoCounter(self._table)

    @cached_property
    def budgets(self) -> ports.BudgetStore:
        from bursar.adapters.dynamodb.budgets import DynamoBudgetStore

        return DynamoBudgetStore(self._table)

    @cached_property
    def outbox(self) -> ports.Outbox:
        from bursar.adapters.dynamodb.outbox import DynamoOutbox

        return DynamoOutbox(self._table)

    @cached_property
    def publisher(self) -> ports.Publisher:
        from bursar.adapters.sns import SnsPublisher

        sns, to = _client("sns"), self._given(HasTopics)
        return SnsPublisher(sns, to.alerts_topic_arn, to.slack_topic_arn, self.pages_url)

    @cached_property
    def health(self) -> ports.HealthLog:
        from bursar.adapters.dynamodb.health import DynamoHealthLog

        return DynamoHealthLog(self._table)

    def producer_of_queue(self, queue_arn: str) -> str:
        """Which producer's queue that is.

        Raises:
            LookupError: no producer's.
        """
        pairs = self._given(IngestUsageSettings).producer_queues.split(",")
        return {arn: name for name, _, arn in (pair.partition("=") for pair in pairs)}[queue_arn]

    def usage_intake(self, producer: ProducerPolicy) -> UsageIntake:
        from bursar.wiring import usage

        raw = _client("s3"), self._given(HasUsage).usage_bucket
        return usage.usage_intake(self.config, producer, self._table, *raw, self.token_prices)

    def metrics(self, cluster: Cluster) -> ports.MetricsSource:
        from bursar.wiring import metrics

        return metrics.prometheus(cluster)

    def bedrock(self, place: Bedrock) -> ports.BedrockMeter:
        from bursar.adapters.cloudwatch_bedrock import CloudWatchBedrockUsage

        cloudwatch = _client_of("cloudwatch", place.region, place.role_arn)
        bedrock = _client_of("bedrock", place.region, place.role_arn)
        return CloudWatchBedrockUsage(cloudwatch, bedrock, place.where)

    @cached_property
    def bulk_usage(self) -> ports.BulkUsageSums:
        import time

        from bursar.adapters.athena.sums import AthenaUsageSums

        given = self._given(RollupUsageSettings)
        return AthenaUsageSums(
            _client("athena"), given.athena_workgroup, given.glue_database, sleep=time.sleep
        )

    @cached_property
    def entries(self) -> ports.EntryReader:
        from bursar.adapters.dynamodb.ledger.entries import DynamoEntryReader

        return DynamoEntryReader(self._table)

    @cached_property
    def cluster_use(self) -> ports.ClusterUseStore:
        from bursar.adapters.dynamodb.cluster_use import DynamoClusterUseStore

        return DynamoClusterUseStore(self._table)

    @cached_property
    def admission(self) -> Admission:
        from bursar.wiring.admission import admission

        return admission(self.config, self._table, self.token_prices)

    @cached_property
    def governance(self) -> Governance:
        from bursar.wiring.governance import Governance

        return Governance(self.config, self._settings, self._table, _client)

    @cached_property
    def token_prices(self) -> ports.TokenPriceBook:
        from bursar.wiring import usage

        return usage.token_prices(self.config)

    @cached_property
    def _table(self) -> Any:
        import boto3

        return boto3.resource("dynamodb").Table(self._given(HasTable).table_name)

    def _given(self, kind: type[S]) -> S:
        if not isinstance(self._settings, kind):
            raise NotGivenError(f"{type(self._settings).__name__} is not {kind.__name__}")
        return self._settings


@cache
def _client(service: str, region: str | None = None) -> Any:
    """One for each service and region: EC2's alone takes a tenth of a second to build."""
    import boto3

    return boto3.client(service, region_name=region)


def _client_where(service: str, cluster: Cluster) -> Any:
    """A client of the cluster's region and account."""
    return _client_of(service, cluster.region, cluster.role_arn)


def _client_of(service: str, region: str, role_arn: str | None) -> Any:
    """A client of a region, in a role of another account where there is one."""
    if role_arn is None:
        return _client(service, region)
    from botocore.session import get_session

    from bursar.adapters.assumed_role import AssumedRole

    return AssumedRole(role_arn, get_session()).client(service, region)
