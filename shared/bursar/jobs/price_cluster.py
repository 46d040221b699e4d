"""Price one cluster as it is now, and keep nothing."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.cluster.cluster_items import (
    block_volume_ids,
    cluster_keys,
    volume_keys,
    volume_spec,
)
from bursar.domain.cluster.costs import CostPolicy
from bursar.domain.cluster.file_systems import file_system_ids, file_system_keys
from bursar.domain.cluster.node_prices import keys_of
from bursar.domain.cluster.rates import ClusterRate, rate_now
from bursar.domain.cluster.storage import Described, FileService
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
    described: Described = {
        **volumes.describe(block_volume_ids(held.volumes)),
        **file_systems.describe(file_system_ids(held.volumes, FileService.EFS)),
        **fsx.describe(file_system_ids(held.volumes, FileService.FSX)),
    }
    specs = [volume_spec(volume, described) for volume in held.volumes]
    keys = (
        keys_of(held.nodes, policy.region)
        | volume_keys(specs, policy.region)
        | file_system_keys(described.values(), policy.region)
        | cluster_keys(policy.region, held.load_balancers, is_eks=held.is_eks)
    )
    return rate_now(held, reader.pods(), described, prices.prices_at(keys, at), policy, at)
