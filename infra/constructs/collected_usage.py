"""Usage that is asked for: clusters' Prometheus and Bedrock's metrics, by one function."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import aws_eks as eks
from aws_cdk import aws_iam as iam
from constructs import Construct

from bursar.config import Config
from bursar.config.clusters import Cluster
from bursar.settings import CollectUsageMetricsSettings
from infra.constructs.cluster_snapshots import READERS
from infra.constructs.function import Function, Shared
from infra.constructs.schedules import Schedules


class CollectedUsage(Construct):
    """Nothing at all where no metrics are configured."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: Config,
        shared: Shared,
        settings: CollectUsageMetricsSettings,
        grant_cluster_access: bool,
    ) -> None:
        super().__init__(scope, id_)
        self._config = config
        self.functions: list[Function] = []
        if not config.metrics_producers:
            return
        function = Function(
            self,
            "collect_usage_metrics",
            settings,
            shared=shared,
            timeout_seconds=300,
            memory_mib=512,
        )
        self.functions = [function]
        self._grant(function)
        for cluster in config.clusters if grant_cluster_access else ():
            # one of another account is entered in its own role, which is admitted already
            if self._is_here(cluster) and cluster.metrics and cluster.metrics.service:
                eks.CfnAccessEntry(
                    self,
                    f"Access-{cluster.name}",
                    cluster_name=cluster.name,
                    principal_arn=function.role_arn,
                    type="STANDARD",
                    kubernetes_groups=[READERS],
                )

    def schedule(self, when: Schedules) -> None:
        """One schedule a source, so that a failing one touches no other; after the clusters'
        hours are closed and before they are stated."""
        for function in self.functions:
            for source in self._config.metrics_producers:
                twin = "-" + source.replace(":", "-").replace("/", "-")
                when.run(function, twin=twin, cron="14 *", source=source)

    def _grant(self, function: Function) -> None:
        if self._config.usage.bedrock:
            function.may(
                *("cloudwatch:ListMetrics", "cloudwatch:GetMetricData"),
                "bedrock:ListProvisionedModelThroughputs",
            )
        if workspaces := list(self._workspaces()):
            function.lambda_function.add_to_role_policy(
                iam.PolicyStatement(actions=["aps:QueryMetrics"], resources=workspaces)
            )
        function.may_assume(self._config.metrics_role_arns)

    def _workspaces(self) -> Iterator[str]:
        for cluster in self._config.clusters:
            managed = cluster.metrics.amazon_managed if cluster.metrics else None
            if managed and not cluster.role_arn:
                account = self._config.account
                yield f"arn:aws:aps:{managed.region}:{account}:workspace/{managed.workspace_id}"

    def _is_here(self, cluster: Cluster) -> bool:
        return cluster.role_arn is None and cluster.region == self._config.region
