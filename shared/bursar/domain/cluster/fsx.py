"""Which price the storage of an FSx file system has, and what of its bill has none here."""

from __future__ import annotations

from bursar.domain.cluster.storage import FileService, FsxSpec
from bursar.domain.prices import PriceKey, file_performance

_LUSTRE_PERSISTENT = frozenset({"PERSISTENT_1", "PERSISTENT_2"})
_OPENZFS_SINGLE_AZ = frozenset({"SINGLE_AZ_1", "SINGLE_AZ_2"})
_OPENZFS_IOPS_PER_GIB = 3


def unpriced_reason(spec: FsxSpec) -> str | None:
    """Why the storage has no price here; None where it has one."""
    name = f"FSx {spec.kind} file system {spec.file_system_id}"
    if spec.kind not in {"LUSTRE", "OPENZFS"}:
        return f"{name}: {spec.kind} has no price here"
    if spec.storage_type != "SSD":
        return f"{name}: {spec.storage_type} storage has no price here"
    priced = _LUSTRE_PERSISTENT if spec.kind == "LUSTRE" else _OPENZFS_SINGLE_AZ
    if spec.deployment not in priced:
        return f"{name}: deployment {spec.deployment or 'unknown'} has no price here"
    if spec.size_gib is None:
        return f"{name}: its size is unknown"
    if spec.kind == "LUSTRE" and spec.mbps_per_tib is None:
        return f"{name}: its throughput, which decides the price, is unknown"
    return None


def storage_class(spec: FsxSpec) -> str:
    """The class of the price list, for a file system that `unpriced_reason` lets pass."""
    if spec.kind == "LUSTRE":
        return f"lustre-ssd-{spec.mbps_per_tib}"
    return "openzfs-ssd-single-az"


def billed_beside(spec: FsxSpec, region: str) -> dict[str, tuple[PriceKey, int] | str]:
    """What is billed beside the storage, by name: its price and how much of it, or why neither.

    The throughput of Lustre is in the price of its storage; that of OpenZFS is billed apart,
    and so are its IOPS beyond the three that come with each GiB (Amazon FSx for OpenZFS
    pricing). Backups are billed too, and DescribeFileSystems says nothing of their size.
    """
    if unpriced_reason(spec):
        return {}
    beside: dict[str, tuple[PriceKey, int] | str] = {}
    throughput, iops = f"{spec.file_system_id} throughput", f"{spec.file_system_id} IOPS"
    if spec.kind == "OPENZFS":
        key = file_performance(region, FileService.FSX, "openzfs-single-az:mbps-month")
        beside[throughput] = "FSx does not say how much" if spec.mbps is None else (key, spec.mbps)
    if spec.provisioned_iops is None:
        return beside
    if spec.kind == "OPENZFS":
        extra = max(spec.provisioned_iops - _OPENZFS_IOPS_PER_GIB * (spec.size_gib or 0), 0)
        key = file_performance(region, FileService.FSX, "openzfs-single-az:iops-month")
        beside[iops] = (key, extra)
    else:
        beside[iops] = "provisioned metadata IOPS of Lustre have no price here"
    return beside
