"""A configured EKS cluster, read with this function's own role or the cluster's `role_arn`."""

from __future__ import annotations

from functools import cache

from botocore.session import Session, get_session

from bursar.adapters.assumed_role import AssumedRole, Identity
from bursar.adapters.kubernetes_api.access import ClusterAccess
from bursar.adapters.kubernetes_api.eks_token import EksToken
from bursar.adapters.kubernetes_api.reader import KubernetesApiReader
from bursar.adapters.kubernetes_api.transport import KubernetesTransport
from bursar.config.clusters import Cluster


def eks_transport(cluster: Cluster) -> KubernetesTransport:
    """The way to the cluster's configured endpoint; nothing is asked yet.

    A role of another account is assumed anew for each token, so also after a 401.
    """
    session = _session()
    identity: Identity = AssumedRole(cluster.role_arn, session) if cluster.role_arn else session
    access = ClusterAccess(
        endpoint=cluster.endpoint,
        certificate_authority=cluster.certificate_authority,
        token=EksToken(cluster.name, cluster.region, identity),
    )
    return KubernetesTransport(access)


def eks_reader(cluster: Cluster) -> KubernetesApiReader:
    """A reader of the cluster; nothing is asked until it reads."""
    return KubernetesApiReader(
        eks_transport(cluster),
        model_labels=cluster.model_labels,
        labels=cluster.labels,
        usage=True,
    )


@cache
def _session() -> Session:
    """One for the process: to build it takes longer than to read a small cluster."""
    return get_session()
