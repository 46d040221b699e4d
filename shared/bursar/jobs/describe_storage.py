"""Ask AWS what a cluster's storage really is, each service only of what stands on it."""

from __future__ import annotations

from collections.abc import Iterable

from bursar.domain.cluster.file_systems import file_system_ids
from bursar.domain.cluster.records import Volume
from bursar.domain.cluster.storage import Described, FileService
from bursar.domain.cluster.volumes import block_volume_ids
from bursar.ports import FileSystemCatalogue, VolumeCatalogue


def describe_storage(
    held: Iterable[Volume],
    *,
    volumes: VolumeCatalogue,
    file_systems: FileSystemCatalogue,
    fsx: FileSystemCatalogue,
) -> Described:
    listed = tuple(held)
    blocks = block_volume_ids(listed)
    return Described(
        specs={
            **volumes.describe(blocks),
            **file_systems.describe(file_system_ids(listed, FileService.EFS)),
            **fsx.describe(file_system_ids(listed, FileService.FSX)),
        },
        snapshots=volumes.snapshots(blocks),
    )
