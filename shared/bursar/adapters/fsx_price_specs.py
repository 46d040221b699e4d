"""Which products of the AWS Price List are the prices of FSx.

Attributes and their values are those of the AmazonFSx offer file, as published code that reads
it has them: infracost (Windows, OpenZFS, with its golden prices), Cycloid's TerraCost (all four),
AWS' own Scale-Out Computing solution and NetApp's samples (deployment options of ONTAP).
What no such source shows has no line: Lustre on HDD (`cacheType` tells whether an SSD cache is in
the price, in words that are not known here), Intelligent-Tiering, OpenZFS with `SINGLE_AZ_HA`,
the SSD IOPS of Windows, backups.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from bursar.adapters.price_spec import GIB_MONTH, IOPS_MONTH, MBPS_MONTH, PriceSpec
from bursar.domain import prices
from bursar.domain.cluster.storage import FileService
from bursar.domain.price_selection import Tier

_LUSTRE_MBPS_PER_TIB = ("50", "100", "200", "125", "250", "500", "1000")
_DEPLOYMENTS = {  # AWS' word for each that `domain.cluster.fsx` names
    "Windows": {"single-az": "Single-AZ", "multi-az": "Multi-AZ"},
    "OpenZFS": {"single-az": "Single-AZ", "single-az-2": "Single-AZ_2", "multi-az": "Multi-AZ"},
    "ONTAP": {  # a file system in one zone has two servers; `-2` is the second generation
        "single-az": "Single-AZ_2N",
        "single-az-2": "Single-AZ_2N-2",
        "multi-az": "Multi-AZ",
        "multi-az-2": "Multi-AZ-2",
    },
}
_STORAGE_TYPES = {"Windows": ("SSD", "HDD"), "OpenZFS": ("SSD",), "ONTAP": ("SSD",)}
_STORAGE = r"(?!.*Backup).*Storage.*"


def _storage(kind: str, storage_class: str, usage: str = _STORAGE, **where: str) -> PriceSpec:
    return PriceSpec(
        lambda region: prices.file_storage(region, FileService.FSX, storage_class),
        "gb-month",
        FileService.FSX,
        usage,
        GIB_MONTH,
        {"fileSystemType": kind},
        tier=Tier.FIRST_PAID,
        where={"productFamily": "Storage", **where},
    )


def _beside(
    kind: str, name: str, family: str, units: Mapping[str, Fraction], **where: str
) -> PriceSpec:
    """What is billed beside the storage: a month of an IOPS or of a MB/s."""
    return PriceSpec(
        lambda region: prices.file_performance(region, FileService.FSX, name),
        name.rpartition(":")[2],
        FileService.FSX,
        r".*",
        units,
        {"fileSystemType": kind},
        where={"productFamily": family, **where},
    )


def _deployed(kind: str, slug: str, option: str) -> tuple[PriceSpec, ...]:
    name, where = f"{kind.lower()}-{slug}", {"deploymentOption": option}
    storage = (
        _storage(kind, f"{kind.lower()}-{of.lower()}-{slug}", storageType=of, **where)
        for of in _STORAGE_TYPES[kind]
    )
    throughput = _beside(kind, f"{name}:mbps-month", "Provisioned Throughput", MBPS_MONTH, **where)
    if kind == "Windows":
        return (*storage, throughput)
    iops = _beside(kind, f"{name}:iops-month", "Provisioned IOPS", IOPS_MONTH, **where)
    return (*storage, throughput, iops)


FSX_SPECS: tuple[PriceSpec, ...] = (
    *(
        _storage("Lustre", f"lustre-ssd-{mbps}", storageType="SSD", throughputCapacity=mbps)
        for mbps in _LUSTRE_MBPS_PER_TIB
    ),
    _storage(
        *("Lustre", "lustre-scratch-ssd", "Storage"),
        storageType="SSD",
        deploymentOption="Single-AZ",
        throughputCapacity="N/A",
    ),
    _beside("Lustre", "lustre:metadata-iops-month", "Provisioned IOPS", IOPS_MONTH),
    *(
        spec
        for kind, options in _DEPLOYMENTS.items()
        for slug, option in options.items()
        for spec in _deployed(kind, slug, option)
    ),
)
