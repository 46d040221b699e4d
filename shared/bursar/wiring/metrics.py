"""The way to a cluster's Prometheus."""

from __future__ import annotations

from botocore.session import get_session

from bursar.adapters.assumed_role import AssumedRole, Identity
from bursar.adapters.kubernetes_api.eks import eks_transport
from bursar.adapters.prometheus import (
    Ask,
    PrometheusSource,
    amazon_managed,
    at_url,
    through_cluster,
)
from bursar.config.clusters import Cluster


def prometheus(cluster: Cluster) -> PrometheusSource:
    """The Prometheus of a cluster; nothing is asked yet.

    Raises:
        LookupError: the cluster has no metrics.
    """
    return PrometheusSource(_ask(cluster))


def _ask(cluster: Cluster) -> Ask:
    metrics = cluster.metrics
    if metrics is None:
        raise LookupError(f"cluster {cluster.name!r} has no metrics")
    if metrics.url:
        return at_url(metrics.url)
    if workspace := metrics.amazon_managed:
        session = get_session()
        identity: Identity = (
            AssumedRole(cluster.role_arn, session) if cluster.role_arn else session
        )
        return at_url(workspace.endpoint, amazon_managed(identity, workspace.region))
    namespace, _, service = str(metrics.service).partition("/")
    return through_cluster(eks_transport(cluster), namespace, service)
