"""The whole system on one page: what is kept, what runs, when, who watches, who may touch what."""

from __future__ import annotations

from functools import partial
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from bursar import settings
from bursar.config import Config
from infra.bundling import Bundle
from infra.constructs.addresses import publish_addresses, publish_audit, publish_intake
from infra.constructs.admission import Admission
from infra.constructs.alarms import Alarms, alarm_groups, heartbeats
from infra.constructs.approvals import Approvals
from infra.constructs.billed_spend import BilledSpend
from infra.constructs.bulk_usage import BulkUsage
from infra.constructs.cluster_snapshots import ClusterSnapshots
from infra.constructs.collected_usage import CollectedUsage
from infra.constructs.dead_letters import DeadLetters
from infra.constructs.encryption import EncryptionKey
from infra.constructs.function import Function, Shared
from infra.constructs.http_api import HttpApi
from infra.constructs.schedules import Schedules
from infra.constructs.slack_app import SlackApp
from infra.constructs.spend_series import SpendSeries
from infra.constructs.stops import Stops
from infra.constructs.storage import SNAPSHOTS, USAGE, Storage
from infra.constructs.topics import Topics
from infra.constructs.triggers import InstanceStateChanges, follow_outbox
from infra.constructs.usage_intake import UsageIntake

HOURLY = 60


class BursarStack(Stack):
    """`retain_data` keeps table, snapshots and key when the stack is deleted;
    `grant_cluster_access` lets Bursar's role into the EKS clusters of this account and region.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: Config,
        bundle: Bundle,
        retain_data: bool = True,
        grant_cluster_access: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        # what is kept, and who is told
        key = EncryptionKey(self, "Encryption", retain=retain_data).key
        storage = Storage(self, "Storage", key=key, retain=retain_data)
        dead = DeadLetters(self, "DeadLetters", key=key)
        topics = Topics(self, "Topics", config=config, key=key, undelivered=dead.undelivered)

        # what runs
        layer = lambda_.LayerVersion(
            self,
            "Dependencies",
            code=bundle.layer,
            compatible_architectures=[lambda_.Architecture.ARM_64],
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
        )
        shared = Shared(bundle.code, layer, dead.failed_events)
        add = partial(Function, self, shared=shared)
        table = {"table_name": storage.table.table_name}
        stored = table | {"snapshots_bucket": storage.snapshots.bucket_name}
        told = table | {
            "alerts_topic_arn": topics.alerts.topic_arn,
            "slack_topic_arn": topics.slack.topic_arn,
        }
        check_budgets = add("check_budgets", settings.CheckBudgetsSettings(**table))
        collect_prices = add(
            "collect_prices",
            settings.CollectPricesSettings(**stored),
            timeout_seconds=300,
            memory_mib=512,
        )
        spend = BilledSpend(
            self, "Spend", spend=config.spend, shared=shared, **table, then=check_budgets
        )
        snapshot_cluster = ClusterSnapshots(
            self,
            "Snapshots",
            config=config,
            shared=shared,
            settings=settings.SnapshotClusterSettings(**stored),
            grant_cluster_access=grant_cluster_access,
        )
        record_node_lifetimes = add(
            "record_node_lifetimes", settings.RecordNodeLifetimesSettings(**table)
        )
        close_hour = add(
            "close_hour",
            settings.CloseHourSettings(**stored),
            timeout_seconds=300,
            memory_mib=1024,
            then=check_budgets,
        )
        attribute_costs = add(
            "attribute_costs",
            settings.AttributeCostsSettings(**table),
            timeout_seconds=300,
            memory_mib=1024,
            then=check_budgets,
        )
        admission = Admission(self, "Admission", config=config, shared=shared, **table)
        usage = UsageIntake(
            self,
            "UsageIntake",
            producers=config.usage.producers,
            shared=shared,
            stored=table | {"usage_bucket": storage.usage.bucket_name},
            dead=dead,
        )
        slack = SlackApp(self, "SlackApp", config=config, shared=shared, **table)
        approvals = Approvals(
            self,
            "Approvals",
            config=config,
            shared=shared,
            **table,
            key=key,
            dead=dead,
            slack=slack,
            retain=retain_data,
        )
        http = HttpApi(
            self,
            "Http",
            config=config,
            shared=shared,
            settings=settings.ServeApiSettings(
                **table,
                usage_bucket=storage.usage.bucket_name,
                state_machine_arn=approvals.state_machine_arn,
                slack_function_arn=slack.decide_arn,
            ),
            retain=retain_data,
        )
        collected = CollectedUsage(
            self,
            "CollectedUsage",
            config=config,
            shared=shared,
            settings=settings.CollectUsageMetricsSettings(
                **table, usage_bucket=storage.usage.bucket_name
            ),
            grant_cluster_access=grant_cluster_access,
        )
        bulk = (
            BulkUsage(
                self,
                "BulkUsage",
                producers=config.usage.producers,
                shared=shared,
                table_name=storage.table.table_name,
                storage=storage,
                key=key,
                retain=retain_data,
            )
            if config.usage.bulk
            else None
        )
        series = SpendSeries(
            self, "Series", config=config, shared=shared, numeric=bundle.numeric, **table
        )
        stops = Stops(
            self,
            "Stops",
            config=config,
            shared=shared,
            **table,
            grant_cluster_access=grant_cluster_access,
        )
        send_notifications = add(
            "send_notifications",
            settings.SendNotificationsSettings(**told, pages_url=http.pages_url),
        )
        check_health = add("check_health", settings.CheckHealthSettings(**table))

        # when
        when = Schedules(self, "Schedules", undelivered=dead.undelivered)
        when.run(collect_prices, twin="List", cron="9 *", part="list")
        when.run(collect_prices, twin="Spot", cron="9 *", part="spot")
        spend.schedule(when)
        _read_clusters(when, config, snapshot_cluster, close_hour)
        collected.schedule(when)
        admission.schedule(when)
        approvals.schedule(when)
        series.schedule(when)
        stops.schedule(when)
        if bulk:
            when.run(bulk.function, cron="17 *")
        when.run(attribute_costs, cron="21 *", book="ledger")
        when.run(send_notifications, cron="21 *")
        when.run(check_health, cron="21 *")
        InstanceStateChanges(
            self, "InstanceStates", target=record_node_lifetimes, undelivered=dead.undelivered
        )
        follow_outbox(storage.table, send_notifications, dead.failed_events)
        approvals.follow_audit(storage.table, dead.failed_events)

        # who watches the guard
        alarms = Alarms(self, "Alarms", topic=topics.alerts)
        for names, every_minutes in alarm_groups(heartbeats(config)):
            alarms.heartbeat(*names, every_minutes=every_minutes)
        alarms.holds_nothing("FailedEvents", dead.failed_events, "A function gave up on an event.")
        alarms.holds_nothing("Undelivered", dead.undelivered, "A message reached nobody.")

        rolling_up = [bulk.function] if bulk else []
        functions = [
            *(check_budgets, collect_prices, *snapshot_cluster.functions, close_hour),
            *(record_node_lifetimes, attribute_costs, send_notifications, check_health),
            *(*usage.functions, *http.functions, *approvals.functions, *slack.functions),
            *collected.functions,
            *admission.functions,
            *spend.functions,
            *series.functions,
            *stops.functions,
            *rolling_up,
        ]
        publish_addresses(self, storage, topics, dead, functions)
        publish_intake(self, usage, http)
        publish_audit(self, approvals)

        # who may touch what
        for function in functions:
            storage.grant_write(function.lambda_function)
            if function is not record_node_lifetimes:
                storage.grant_read(function.lambda_function)
        for function in snapshot_cluster.functions:
            storage.snapshots.grant_put(function.lambda_function, SNAPSHOTS + "*")
        for function in (*snapshot_cluster.functions, collect_prices, close_hour):
            storage.snapshots.grant_read(function.lambda_function, SNAPSHOTS + "*")
        for function in (*usage.functions, *http.functions, *collected.functions, *rolling_up):
            storage.usage.grant_put(function.lambda_function, USAGE + "*")
        for function in http.functions:
            approvals.let_start(function)
            approvals.let_answer(function)
        slack.hear(http.functions, http.pages_url)
        topics.alerts.grant_publish(send_notifications.lambda_function)
        topics.slack.grant_publish(send_notifications.lambda_function)
        collect_prices.may("pricing:GetProducts", "ec2:DescribeSpotPriceHistory")
        close_hour.may(
            *("ec2:DescribeVolumes", "ec2:DescribeSnapshots"),
            "ec2:DescribeCapacityReservations",
            *("elasticfilesystem:DescribeFileSystems", "fsx:DescribeFileSystems"),
        )
        for function in (*snapshot_cluster.functions_abroad, close_hour):
            function.may_assume(config.role_arns)


def _read_clusters(
    when: Schedules, config: Config, snapshots: ClusterSnapshots, close_hour: Function
) -> None:
    """One schedule for each cluster, so that a failing one touches no other."""
    for cluster in config.clusters:
        every = cluster.snapshot_every_minutes
        cron = "0 *" if every == HOURLY else f"0/{every} *"
        reader = snapshots.function_for(cluster)
        when.run(reader, twin=f"-{cluster.name}", cron=cron, cluster=cluster.name)
        when.run(close_hour, twin=f"-{cluster.name}", cron="11 *", cluster=cluster.name)
