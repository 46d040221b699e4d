"""Stops: who begins, carries out and ends them, and its way into the clusters."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_eks as eks
from aws_cdk import aws_iam as iam
from constructs import Construct

from bursar.config import Config
from bursar.config.stops import is_reached
from bursar.domain.stops.rules import IN_CLUSTERS
from bursar.settings import EnforceStopSettings
from infra.constructs.cluster_snapshots import READERS
from infra.constructs.function import Function, Shared
from infra.constructs.schedules import Schedules

STOPPERS = "bursar-stoppers"  # the Kubernetes group of `bursar cluster manifest --stops`
_SOURCE = "bursar"


class Stops(Construct):
    """Nothing at all where stops are not configured.

    In a cluster the function may read what snapshots read; what it may write there, the
    cluster's administrator allows by a ClusterRole of its own, or does not.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: Config,
        shared: Shared,
        table_name: str,
        grant_cluster_access: bool,
    ) -> None:
        super().__init__(scope, id_)
        self.functions: list[Function] = []
        if config.stops is None:
            return
        function = Function(
            self,
            "enforce_stop",
            EnforceStopSettings(table_name=table_name),
            shared=shared,
            timeout_seconds=300,
            memory_mib=512,
        )
        self.functions = [function]
        self._let_send_events(function)
        rules = [config.stops.rule(budget.id) for budget in config.budgets]
        if grant_cluster_access and any(IN_CLUSTERS & rule.actions.keys() for rule in rules):
            self._admit(function, config)

    def schedule(self, when: Schedules) -> None:
        for function in self.functions:
            when.run(function, cron="2/5 *")

    def _let_send_events(self, function: Function) -> None:
        """On the default bus, and under no other name than Bursar's."""
        bus = Stack.of(self).format_arn(
            service="events", resource="event-bus", resource_name="default"
        )
        function.lambda_function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["events:PutEvents"],
                resources=[bus],
                conditions={"StringEquals": {"events:source": _SOURCE}},
            )
        )

    def _admit(self, function: Function, config: Config) -> None:
        for cluster in config.clusters:
            at_home = config.account_of(cluster) == config.account
            if is_reached(cluster) and at_home and cluster.region == config.region:
                eks.CfnAccessEntry(
                    self,
                    f"Access-{cluster.name}",
                    cluster_name=cluster.name,
                    principal_arn=function.role_arn,
                    type="STANDARD",
                    kubernetes_groups=[READERS, STOPPERS],
                )
