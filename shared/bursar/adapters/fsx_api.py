"""What FSx says of file systems: of which kind each is, and how much it was provisioned with."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from bursar.domain.cluster.storage import FsxSpec

_AT_ONCE = 50  # FSx takes no more ids in a question
_ID = re.compile(r"fs-[0-9a-f]{8,}")  # what else a volume may say, FSx refuses to look up
_NOT_FOUND = "FileSystemNotFound"
_CHOSEN = "USER_PROVISIONED"
_CONFIGURATIONS = {
    "LUSTRE": "LustreConfiguration",
    "OPENZFS": "OpenZFSConfiguration",
    "ONTAP": "OntapConfiguration",
    "WINDOWS": "WindowsConfiguration",
}


class FsxFileSystemCatalogue:
    """DescribeFileSystems, many at once; one by one where FSx does not know one of them.

    `connect` gives the client, and is not asked for one when there is nothing to describe.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect

    def describe(self, file_system_ids: Collection[str]) -> Mapping[str, FsxSpec]:
        """What was provisioned of each; those that FSx does not know are absent."""
        all_ids = sorted({id_ for id_ in file_system_ids if _ID.fullmatch(id_)})
        if not all_ids:
            return {}
        client = self._connect()
        specs: dict[str, FsxSpec] = {}
        for start in range(0, len(all_ids), _AT_ONCE):
            ids = all_ids[start : start + _AT_ONCE]
            told = _told(client, ids)
            if told is None and len(ids) > 1:
                each = [_told(client, [id_]) for id_ in ids]
                told = [found for answer in each if answer for found in answer]
            specs |= {found["FileSystemId"]: _spec(found) for found in told or ()}
        return specs


def _told(client: Any, ids: Sequence[str]) -> list[Mapping[str, Any]] | None:
    """What FSx says of these, on all its pages; None when it does not know one of them."""
    try:
        pages = client.get_paginator("describe_file_systems").paginate(FileSystemIds=list(ids))
        return [found for page in pages for found in page["FileSystems"]]
    except ClientError as error:
        if error.response["Error"]["Code"] == _NOT_FOUND:
            return None
        raise


def _spec(told: Mapping[str, Any]) -> FsxSpec:
    kind = told["FileSystemType"]
    configuration = told.get(_CONFIGURATIONS.get(kind, ""), {})
    iops = (
        configuration.get("DiskIopsConfiguration") or configuration.get("MetadataConfiguration")
    ) or {}
    return FsxSpec(
        file_system_id=told["FileSystemId"],
        kind=kind,
        storage_type=told.get("StorageType", "SSD"),
        deployment=configuration.get("DeploymentType"),
        size_gib=told.get("StorageCapacity"),
        mbps_per_tib=configuration.get("PerUnitStorageThroughput"),
        mbps=_mbps(configuration),
        provisioned_iops=iops.get("Iops") if iops.get("Mode") == _CHOSEN else None,
    )


def _mbps(configuration: Mapping[str, Any]) -> int | None:
    """ONTAP may say how much each of its pairs of servers has."""
    if (of_pair := configuration.get("ThroughputCapacityPerHAPair")) is not None:
        return int(of_pair * configuration.get("HAPairs", 1))
    return configuration.get("ThroughputCapacity")
