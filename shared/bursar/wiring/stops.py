"""The ports of stops: their store, what they are judged by, and the clusters within reach."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from bursar.wiring.pages import PagesPorts

if TYPE_CHECKING:
    from bursar import ports
    from bursar.config.clusters import Cluster
    from bursar.jobs.stopping import Reach, Stopping


class StopPorts(PagesPorts):
    """A part of `Ports`, on top of the one of pages."""

    if TYPE_CHECKING:

        @cached_property
        def statements(self) -> ports.StatementStore: ...

        @cached_property
        def budgets(self) -> ports.BudgetStore: ...

    @cached_property
    def stopping(self) -> Stopping:
        import boto3

        from bursar.adapters.dynamodb.ledger.windows import DynamoEnforcedWindows
        from bursar.adapters.dynamodb.stops import DynamoStops
        from bursar.adapters.event_bridge import EventBridgeBus
        from bursar.jobs.stopping import Stopping

        return Stopping(
            stops=DynamoStops(self._table),
            budgets=self.budgets,
            windows=DynamoEnforcedWindows(self._table),
            raised=self.raised_limits,
            statements=self.statements,
            events=EventBridgeBus(boto3.client("events")),
            reach=_reach,
        )


def _reach(cluster: Cluster) -> Reach:
    """With this function's own role: what it may write there, the cluster's administrator says."""
    from bursar.adapters.kubernetes_api.eks import eks_transport
    from bursar.adapters.kubernetes_api.reader import KubernetesApiReader
    from bursar.adapters.kubernetes_api.stop_objects import KubernetesStopObjects
    from bursar.jobs.stopping import Reach

    transport = eks_transport(cluster)
    reader = KubernetesApiReader(transport, model_labels=cluster.model_labels)
    return Reach(reader, KubernetesStopObjects(transport))
