"""What EC2 says: spot prices, volumes and their snapshots, instance types, unused capacity."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bursar.domain.cluster.storage import EbsSnapshot, EbsSnapshots, VolumeSpec
from bursar.domain.instance_types import Accelerator, CapacityReservation, InstanceType
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.spot import SpotPoint, SpotUnavailableError

_FILTER_VALUES = 200  # the most that one EC2 filter takes
_TYPES_PER_REQUEST = 100
_SNAPSHOTS_PER_PAGE = 1000


class Ec2SpotHistory:
    """DescribeSpotPriceHistory, for Linux. `client_in(region)` gives an EC2 client."""

    def __init__(self, client_in: Callable[[str], Any]) -> None:
        self._client_in = client_in

    def points(
        self, region: str, instance_types: Collection[str], window: Window
    ) -> Iterator[SpotPoint]:
        """The points of the window, and the one before it that was in force at its start.

        EC2 answers with that earlier point by itself, under its own earlier time. No types,
        no question: EC2 would take it as all of them.

        Raises:
            SpotUnavailableError: EC2 could not be asked.
        """
        for types in _batches(instance_types, _TYPES_PER_REQUEST):
            request = {
                "InstanceTypes": types,
                "ProductDescriptions": ["Linux/UNIX"],
                "StartTime": window.start,
                "EndTime": window.end,
            }
            try:
                client = self._client_in(region)
                for page in client.get_paginator("describe_spot_price_history").paginate(
                    **request
                ):
                    for told in page["SpotPriceHistory"]:
                        yield _point(told)
            except (BotoCoreError, ClientError) as error:
                raise SpotUnavailableError(f"spot prices of {region}: {error}") from error


def _point(told: Mapping[str, Any]) -> SpotPoint:
    return SpotPoint(
        instance_type=told["InstanceType"],
        zone=told["AvailabilityZone"],
        at=told["Timestamp"],
        usd=Money.of(told["SpotPrice"]),
    )


class Ec2VolumeCatalogue:
    """DescribeVolumes and DescribeSnapshots by filter: unknown ids are left out, not refused."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def describe(self, volume_ids: Collection[str]) -> Mapping[str, VolumeSpec]:
        """What the volumes really are; those that EC2 does not know are absent."""
        specs: dict[str, VolumeSpec] = {}
        for ids in _batches(volume_ids, _FILTER_VALUES):
            pages = self._client.get_paginator("describe_volumes").paginate(
                Filters=[{"Name": "volume-id", "Values": ids}]
            )
            for page in pages:
                specs |= {told["VolumeId"]: _volume(told) for told in page["Volumes"]}
        return specs

    def snapshots(self, volume_ids: Collection[str]) -> EbsSnapshots:
        """The completed snapshots that this account has of each volume, by snapshot id."""
        found: dict[str, list[EbsSnapshot]] = {}
        for ids in _batches(volume_ids, _FILTER_VALUES):
            pages = self._client.get_paginator("describe_snapshots").paginate(
                OwnerIds=["self"],
                Filters=[
                    {"Name": "status", "Values": ["completed"]},
                    {"Name": "volume-id", "Values": ids},
                ],
                PaginationConfig={"PageSize": _SNAPSHOTS_PER_PAGE},
            )
            for page in pages:
                for told in page["Snapshots"]:
                    found.setdefault(told["VolumeId"], []).append(_snapshot(told))
        return {
            name: sorted(each, key=lambda snapshot: snapshot.snapshot_id)
            for name, each in found.items()
        }


def _volume(told: Mapping[str, Any]) -> VolumeSpec:
    return VolumeSpec(
        volume_id=told["VolumeId"],
        volume_type=told["VolumeType"],
        size_gib=told["Size"],
        iops=told.get("Iops"),
        throughput_mibps=told.get("Throughput"),
        attached=bool(told.get("Attachments")),
    )


def _snapshot(told: Mapping[str, Any]) -> EbsSnapshot:
    return EbsSnapshot(
        snapshot_id=told["SnapshotId"],
        volume_id=told["VolumeId"],
        full_bytes=told.get("FullSnapshotSizeInBytes"),
        archived=told.get("StorageTier") == "archive",
    )


class Ec2InstanceTypes:
    """DescribeInstanceTypes of one region."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def describe(self, names: Collection[str] = ()) -> Mapping[str, InstanceType]:
        """The named types, or every type of the region; types that it does not have are absent."""
        found = {}
        groups = [*_batches(names, _TYPES_PER_REQUEST)] or [[]]
        for group in groups:
            wanted = [{"Name": "instance-type", "Values": group}] if group else []
            pages = self._client.get_paginator("describe_instance_types").paginate(Filters=wanted)
            for page in pages:
                for told in page["InstanceTypes"]:
                    found[told["InstanceType"]] = instance_type(told)
        return found


class Ec2ReservationCatalogue:
    """DescribeCapacityReservations of one region, by filter as above."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def reserved(self, ids: Collection[str]) -> Sequence[CapacityReservation]:
        """The active ones of these reservations, by id, with how much of each nobody uses."""
        found = []
        for batch in _batches(ids, _FILTER_VALUES):
            pages = self._client.get_paginator("describe_capacity_reservations").paginate(
                Filters=[
                    {"Name": "state", "Values": ["active"]},
                    {"Name": "capacity-reservation-id", "Values": batch},
                ]
            )
            found += [
                _reservation(told) for page in pages for told in page["CapacityReservations"]
            ]
        return sorted(found, key=lambda reservation: reservation.id)


def _batches(values: Iterable[str], size: int) -> Iterator[list[str]]:
    """Sorted and without doubles, so that the same question is asked the same way."""
    each = sorted(set(values))
    return (each[start : start + size] for start in range(0, len(each), size))


def instance_type(told: Mapping[str, Any]) -> InstanceType:
    """Read one element of a DescribeInstanceTypes answer."""
    devices = [
        *told.get("GpuInfo", {}).get("Gpus", []),
        *told.get("NeuronInfo", {}).get("NeuronDevices", []),
    ]
    # inf1 shows its chips here only where NeuronInfo does not have them
    devices = devices or told.get("InferenceAcceleratorInfo", {}).get("Accelerators", [])
    return InstanceType(
        name=told["InstanceType"],
        vcpus=told["VCpuInfo"]["DefaultVCpus"],
        memory_mib=told["MemoryInfo"]["SizeInMiB"],
        arm="arm64" in told.get("ProcessorInfo", {}).get("SupportedArchitectures", []),
        accelerators=tuple(
            Accelerator(
                name=device.get("Name", "unknown"),
                manufacturer=device.get("Manufacturer", "AWS"),
                count=device["Count"],
                memory_mib=device.get("MemoryInfo", {}).get("SizeInMiB"),
            )
            for device in devices
        ),
    )


def _reservation(told: Mapping[str, Any]) -> CapacityReservation:
    return CapacityReservation(
        id=told["CapacityReservationId"],
        instance_type=told["InstanceType"],
        zone=told["AvailabilityZone"],
        total=told["TotalInstanceCount"],
        unused=told["AvailableInstanceCount"],
        is_capacity_block=told.get("ReservationType") == "capacity-block",
        owner=told["OwnerId"],
    )
