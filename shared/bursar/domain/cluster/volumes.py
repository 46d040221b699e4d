"""Whose each volume is, what it is, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from bursar.domain.cluster import storage
from bursar.domain.cluster.costs import SECONDS_PER_HOUR, CostPolicy, CostSheet
from bursar.domain.cluster.hours import Category, RowKey
from bursar.domain.cluster.node_prices import Prices
from bursar.domain.cluster.records import NETWORK_DRIVER, Pod, Volume
from bursar.domain.cluster.storage import Described, FileService, VolumeSpec
from bursar.domain.cluster.unowned import UNALLOCATED
from bursar.domain.money import Money
from bursar.domain.prices import PriceKey

UNMOUNTED = "__unmounted__"
_GIB = 2**30
_EBS_DRIVERS = frozenset({"ebs.csi.aws.com", "kubernetes.io/aws-ebs", "ebs.csi.eks.amazonaws.com"})
_FILE_SERVICES = {
    f"{NETWORK_DRIVER}efs": FileService.EFS,
    f"{NETWORK_DRIVER}fsx": FileService.FSX,
    "efs.csi.aws.com": FileService.EFS,
    "fsx.csi.aws.com": FileService.FSX,
    "fsx.openzfs.csi.aws.com": FileService.FSX,
}

Claim = tuple[str, str]  # namespace, name


VolumeTimes = Sequence[tuple[Volume, int]]  # each with its seconds


@dataclass(frozen=True, slots=True)
class ClaimOwner:
    """The workload whose pod mounts a claim."""

    workload: str
    model: str
    labels: tuple[tuple[str, str], ...]


def claim_owners(pods: Iterable[Pod]) -> dict[Claim, ClaimOwner]:
    """Who mounts each claim; a claim of several pods belongs to the first workload by name."""
    owners: dict[Claim, ClaimOwner] = {}
    for pod in pods:
        note_claims(owners, pod)
    return owners


def note_claims(owners: dict[Claim, ClaimOwner], pod: Pod) -> None:
    for name in pod.claims:
        owner = ClaimOwner(pod.workload, pod.model, tuple(sorted(pod.labels.items())))
        claim = (pod.namespace, name)
        if claim not in owners or owner.workload < owners[claim].workload:
            owners[claim] = owner


def file_service(volume: Volume) -> FileService | None:
    """Whose file system the volume stands on, where that is named and billed instead of it."""
    named = (volume.volume_id or "").startswith("fs-")
    return _FILE_SERVICES.get(volume.driver or "") if named else None


def block_volume_ids(volumes: Iterable[Volume]) -> set[str]:
    """The ids that EC2 may know."""
    return {v.volume_id for v in volumes if v.volume_id and v.driver not in _FILE_SERVICES}


def volume_spec(volume: Volume, described: Described) -> VolumeSpec | str:
    """What the volume is: as EC2 says, else as its StorageClass asked for; or why nobody knows.

    The name of the class decides nothing: `gp2` may be the name of a class of gp3 volumes.
    """
    spec = described.specs.get(volume.volume_id) if volume.volume_id else None
    if isinstance(spec, VolumeSpec):
        return spec
    if (volume.volume_id or "").startswith("fsvol-"):
        return f"{volume.volume_id} is part of an OpenZFS file system that its id does not name"
    if volume.driver not in _EBS_DRIVERS:
        return f"{volume.driver or 'a volume without a driver'} is not billed by its claimed size"
    asked = volume.class_parameters
    if not (volume_type := asked.get("type")):
        return f"volume {volume.volume_id or 'without an id'}: its type is not known"
    if volume.capacity_bytes <= 0:
        return f"volume {volume.volume_id or 'without an id'}: its size is not known"
    size_gib = -(-volume.capacity_bytes // _GIB)
    iops = _whole(asked.get("iops"))
    if iops is None and (per_gib := _whole(asked.get("iopsPerGB"))):
        iops = per_gib * size_gib
    throughput = _whole(asked.get("throughput"))
    return VolumeSpec(volume.volume_id or "", volume_type, size_gib, iops, throughput)


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def volume_keys(specs: Iterable[VolumeSpec | str], region: str) -> set[PriceKey]:
    known = (spec for spec in specs if not isinstance(spec, str))
    return {key for spec in known for key in storage.price_keys(spec, region)}


@dataclass(frozen=True, slots=True)
class StoragePricing:
    """What storage is priced from: AWS' word, who mounts it, the policy, and prices as of `at`."""

    described: Described
    owners: Mapping[Claim, ClaimOwner]
    policy: CostPolicy
    book: Prices
    at: datetime


def add_volumes(
    sheet: CostSheet,
    volumes: VolumeTimes,
    pricing: StoragePricing,
) -> None:
    """Charge each volume to the workload that mounts it, else to its claim's namespace.

    A released volume has no claim any more and is still billed: it is unallocated. Those on
    EFS and FSx are left to `add_file_systems`.
    """
    for volume, seconds in volumes:
        if file_service(volume):
            continue
        spec = volume_spec(volume, pricing.described)
        if isinstance(spec, str):
            sheet.unpriced[volume.name] = spec
            continue
        hourly = storage.usd_per_hour(
            spec, pricing.book, region=pricing.policy.region, at=pricing.at
        )
        if not isinstance(hourly, Money):
            sheet.unpriced[volume.name] = f"no price for {', '.join(map(str, hourly))}"
            continue
        amount = hourly.times(Fraction(seconds, SECONDS_PER_HOUR))
        sheet.add(volume_row(volume, pricing.owners), Category.STORAGE, amount)
        if spec.volume_type == "standard":
            sheet.unpriced[f"{volume.name} I/O requests"] = "EC2 does not say how many there were"


def volume_row(volume: Volume, owners: Mapping[Claim, ClaimOwner]) -> RowKey:
    if volume.phase != "Bound" or not volume.claim_namespace or not volume.claim_name:
        workload = f"__{volume.phase.lower()}__" if volume.phase else UNMOUNTED
        return RowKey(UNALLOCATED, workload, UNALLOCATED)
    owner = owners.get((volume.claim_namespace, volume.claim_name))
    if owner is None:
        return RowKey(volume.claim_namespace, UNMOUNTED, UNALLOCATED)
    return RowKey(volume.claim_namespace, owner.workload, owner.model, labels=owner.labels)
