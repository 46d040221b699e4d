"""Everything that a cluster's volumes cost: blocks, file systems, snapshots."""

from __future__ import annotations

from collections.abc import Iterable

from bursar.domain.cluster.costs import CostSheet
from bursar.domain.cluster.ebs_snapshots import add_ebs_snapshots, snapshot_keys
from bursar.domain.cluster.file_systems import add_file_systems, file_system_keys
from bursar.domain.cluster.records import Volume
from bursar.domain.cluster.storage import Described
from bursar.domain.cluster.volumes import (
    StoragePricing,
    VolumeTimes,
    add_volumes,
    volume_keys,
    volume_spec,
)
from bursar.domain.prices import PriceKey


def storage_keys(volumes: Iterable[Volume], described: Described, region: str) -> set[PriceKey]:
    """The prices that `add_storage` will look at."""
    return (
        volume_keys((volume_spec(volume, described) for volume in volumes), region)
        | file_system_keys(described.specs.values(), region)
        | snapshot_keys((described.snapshots or {}).values(), region)
    )


def add_storage(sheet: CostSheet, volumes: VolumeTimes, pricing: StoragePricing) -> None:
    add_volumes(sheet, volumes, pricing)
    add_file_systems(sheet, volumes, pricing)
    add_ebs_snapshots(sheet, volumes, pricing)
