"""What EFS says of file systems: how much each holds, in which storage class."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from botocore.exceptions import ClientError

from bursar.domain.cluster.storage import FileSystemSpec

_NOT_FOUND = "FileSystemNotFound"


class EfsFileSystemCatalogue:
    """DescribeFileSystems, one by one: it takes a single id, or lists a whole account.

    `connect` gives the client, and is not asked for one when there is nothing to describe.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect

    def describe(self, file_system_ids: Collection[str]) -> Mapping[str, FileSystemSpec]:
        """What is metered of each; those that EFS does not know are absent."""
        if not file_system_ids:
            return {}
        client = self._connect()
        specs: dict[str, FileSystemSpec] = {}
        for id_ in sorted(set(file_system_ids)):
            try:
                answer = client.describe_file_systems(FileSystemId=id_)
            except ClientError as error:
                if error.response["Error"]["Code"] == _NOT_FOUND:
                    continue
                raise
            specs |= {told["FileSystemId"]: _spec(told) for told in answer["FileSystems"]}
        return specs


def _spec(told: Mapping[str, Any]) -> FileSystemSpec:
    size, throughput = told["SizeInBytes"], told.get("ThroughputMode")
    return FileSystemSpec(
        file_system_id=told["FileSystemId"],
        standard_bytes=size.get("ValueInStandard"),
        infrequent_access_bytes=size.get("ValueInIA", 0),
        archive_bytes=size.get("ValueInArchive", 0),
        one_zone=bool(told.get("AvailabilityZoneName")),
        elastic_throughput=throughput == "elastic",
        provisioned_throughput=throughput == "provisioned",
    )
