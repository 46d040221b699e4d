"""Price one cluster as it is now, and keep nothing."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.cluster.cluster_items import cluster_keys
from bursar.domain.cluster.costs import CostPolicy
from bursar.domain.cluster.node_prices import keys_of
from bursar.domain.cluster.rates import ClusterRate, rate_now
from bursar.domain.cluster.storage_costs import storage_keys
from bursar.jobs.describe_storage import describe_storage
from bursar.ports import ClusterReader, FileSystemCatalogue, PriceBook, VolumeCatalogue


def price_cluster(
    reader: ClusterReader,
    *,
    prices: PriceBook,
    volumes: VolumeCatalogue,
    file_systems: FileSystemCatalogue,
    fsx: FileSystemCatalogue,
    policy: CostPolicy,
    at: datetime,
) -> ClusterRate:
    """What the cluster costs per hour at this moment.

    Raises:
        ClusterUnreadableError: it cannot be read, or only half of it: there is no number.
    """
    held = reader.inventory()
    described = describe_storage(held.volumes, volumes=volumes, file_systems=file_systems, fsx=fsx)
    keys = (
        keys_of(held.nodes, policy.region)
        | storage_keys(held.volumes, described, policy.region)
        | cluster_keys(policy.region, held.load_balancers, is_eks=held.is_eks)
    )
    return rate_now(held, reader.pods(), described, prices.prices_at(keys, at), policy, at)
