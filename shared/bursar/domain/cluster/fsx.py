"""Which price the storage of an FSx file system has, and what of its bill has none here."""

from __future__ import annotations

from bursar.domain.cluster.storage import FileService, FsxSpec
from bursar.domain.prices import PriceKey, file_performance

_SCRATCH = frozenset({"SCRATCH_1", "SCRATCH_2"})
_PERSISTENT = frozenset({"PERSISTENT_1", "PERSISTENT_2"})
_DEPLOYMENTS = {
    "OPENZFS": {
        "SINGLE_AZ_1": "single-az",
        "SINGLE_AZ_2": "single-az-2",
        "MULTI_AZ_1": "multi-az",
    },
    "ONTAP": {
        "SINGLE_AZ_1": "single-az",
        "SINGLE_AZ_2": "single-az-2",
        "MULTI_AZ_1": "multi-az",
        "MULTI_AZ_2": "multi-az-2",
    },
    # the second generation of Windows in one zone has the price of the first
    "WINDOWS": {"SINGLE_AZ_1": "single-az", "SINGLE_AZ_2": "single-az", "MULTI_AZ_1": "multi-az"},
}
_STORAGE_TYPES = {
    "LUSTRE": ("SSD",),
    "OPENZFS": ("SSD",),
    "ONTAP": ("SSD",),
    "WINDOWS": ("SSD", "HDD"),
}
_IOPS_PER_GIB = 3
_METADATA_IOPS = ((4_800, 9_600, 6_000), (12_000, 45_600, 12_000))  # GiB from, to: included

Beside = dict[str, tuple[PriceKey, int] | str]


def unpriced_reason(spec: FsxSpec) -> str | None:
    """Why the storage has no price here; None where it has one."""
    name = f"FSx {spec.kind} file system {spec.file_system_id}"
    if spec.kind not in _STORAGE_TYPES:
        return f"{name}: {spec.kind} has no price here"
    if spec.storage_type not in _STORAGE_TYPES[spec.kind]:
        return f"{name}: {spec.storage_type} storage has no price here"
    if spec.deployment not in _DEPLOYMENTS.get(spec.kind, _SCRATCH | _PERSISTENT):
        return f"{name}: deployment {spec.deployment or 'unknown'} has no price here"
    if spec.size_gib is None:
        return f"{name}: its size is unknown"
    if spec.deployment in _PERSISTENT and spec.mbps_per_tib is None:
        return f"{name}: its throughput, which decides the price, is unknown"
    return None


def storage_class(spec: FsxSpec) -> str:
    """The class of the price list, for a file system that `unpriced_reason` lets pass."""
    if spec.kind != "LUSTRE":
        return f"{spec.kind}-{spec.storage_type}-{_deployment(spec)}".lower()
    return (
        "lustre-scratch-ssd" if spec.deployment in _SCRATCH else f"lustre-ssd-{spec.mbps_per_tib}"
    )


def billed_beside(spec: FsxSpec, region: str) -> Beside:
    """What is billed beside the storage, by name: its price and how much of it, or why neither.

    The throughput of Lustre is in the price of its storage; that of the others is billed apart,
    and so are IOPS beyond the three that come with each GiB (FSx API, DiskIopsConfiguration), and
    Lustre's metadata IOPS beyond those that come with its size (FSx for Lustre user guide, file
    system metadata performance; sizes outside the known ones are told as such). Backups are billed
    too, and DescribeFileSystems says nothing of their size; nor of what a capacity pool holds.
    """
    if unpriced_reason(spec):
        return {}
    throughput, iops = f"{spec.file_system_id} throughput", f"{spec.file_system_id} IOPS"
    if spec.kind == "LUSTRE":
        return _metadata_iops(spec, region, iops)
    name = f"{spec.kind.lower()}-{_deployment(spec)}"
    key = file_performance(region, FileService.FSX, f"{name}:mbps-month")
    beside: Beside = {
        throughput: "FSx does not say how much" if spec.mbps is None else (key, spec.mbps)
    }
    if spec.provisioned_iops is not None:
        extra = max(spec.provisioned_iops - _IOPS_PER_GIB * (spec.size_gib or 0), 0)
        key = file_performance(region, FileService.FSX, f"{name}:iops-month")
        beside[iops] = (key, extra)
        if spec.kind == "WINDOWS":
            beside[iops] = "provisioned SSD IOPS of Windows have no price here"
    if spec.kind == "ONTAP":
        pool = f"{spec.file_system_id} capacity pool"
        beside[pool] = "FSx does not say how much it holds, nor how often it is read and written"
    return beside


def _metadata_iops(spec: FsxSpec, region: str, name: str) -> Beside:
    if spec.provisioned_iops is None:
        return {}
    size = spec.size_gib or 0
    included = [iops for least, most, iops in _METADATA_IOPS if least <= size <= most]
    if not included:
        return {name: f"how many metadata IOPS come with {size:,} GiB is not known here"}
    key = file_performance(region, FileService.FSX, "lustre:metadata-iops-month")
    return {name: (key, max(spec.provisioned_iops - included[0], 0))}


def _deployment(spec: FsxSpec) -> str:
    return _DEPLOYMENTS[spec.kind][spec.deployment or ""]
