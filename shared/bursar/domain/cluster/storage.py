"""What a volume or file system is, as EC2, EFS and FSx say; and the price of an EBS volume.

The volume's own type, IOPS and throughput decide it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from bursar.domain.money import Money
from bursar.domain.periods import hours_in_month
from bursar.domain.prices import PriceKey, PriceRow, VolumeMeasure, volume

GP3_FREE_IOPS = 3_000
GP3_FREE_MIBPS = 125
IO2_TIER_1_IOPS = 32_000
IO2_TIER_2_IOPS = 64_000


@dataclass(frozen=True, slots=True)
class VolumeSpec:
    """One EBS volume: `size_gib` is billed; IOPS and throughput are the provisioned totals."""

    volume_id: str
    volume_type: str  # gp2, gp3, io1, io2, st1, sc1, standard
    size_gib: int
    iops: int | None = None
    throughput_mibps: int | None = None
    attached: bool = True


class FileService(StrEnum):
    """Whose a file system is, by AWS' own service code: its id tells EFS and FSx not apart."""

    EFS = "AmazonEFS"
    FSX = "AmazonFSx"


@dataclass(frozen=True, slots=True)
class FileSystemSpec:
    """One EFS file system, and what was last metered of it in each storage class."""

    file_system_id: str
    standard_bytes: int | None  # None: nothing was metered yet
    infrequent_access_bytes: int = 0
    archive_bytes: int = 0
    one_zone: bool = False
    elastic_throughput: bool = False
    provisioned_throughput: bool = False


@dataclass(frozen=True, slots=True)
class FsxSpec:
    """One FSx file system: `size_gib` is provisioned, and billed however little it holds."""

    file_system_id: str
    kind: str  # LUSTRE, OPENZFS, ONTAP, WINDOWS
    storage_type: str  # SSD, HDD, INTELLIGENT_TIERING
    deployment: str | None  # PERSISTENT_2, SINGLE_AZ_2, ...
    size_gib: int | None  # None: FSx did not say
    mbps_per_tib: int | None = None  # of Lustre: it decides the price of a GB
    mbps: int | None = None  # of the others: the whole throughput, billed beside the storage
    provisioned_iops: int | None = None  # the total; None: what comes with the size


FileSystem = FileSystemSpec | FsxSpec


@dataclass(frozen=True, slots=True)
class EbsSnapshot:
    """One completed snapshot; `full_bytes` is all that its volume held, not what it added."""

    snapshot_id: str
    volume_id: str
    full_bytes: int | None  # None: EC2 does not say
    archived: bool = False


EbsSnapshots = Mapping[str, Sequence[EbsSnapshot]]  # by vol-...


@dataclass(frozen=True, slots=True)
class Described:
    """What AWS says of a cluster's storage; `snapshots` is None where it could not be asked."""

    specs: Mapping[str, VolumeSpec | FileSystem] = field(default_factory=dict)  # vol-..., fs-...
    snapshots: EbsSnapshots | None = field(default_factory=dict)


def billed_quantities(spec: VolumeSpec) -> dict[VolumeMeasure, int | None]:
    """What a month of the volume is billed for; None is a quantity that nobody told us.

    gp3 includes 3,000 IOPS and 125 MiB/s; the IOPS of io1 and io2 are all billed, those of
    io2 in three tiers; the other types are billed by size alone. The I/O requests of
    `standard` volumes are not in it: EC2 does not say how many there were.
    """
    billed: dict[VolumeMeasure, int | None] = {VolumeMeasure.SIZE: spec.size_gib}
    match spec.volume_type:
        case "gp3":
            billed[VolumeMeasure.IOPS] = max((spec.iops or 0) - GP3_FREE_IOPS, 0)
            billed[VolumeMeasure.THROUGHPUT] = max(
                (spec.throughput_mibps or 0) - GP3_FREE_MIBPS, 0
            )
        case "io1":
            billed[VolumeMeasure.IOPS] = spec.iops
        case "io2" if spec.iops is None:
            billed[VolumeMeasure.IOPS] = None
        case "io2":
            iops = spec.iops or 0
            billed[VolumeMeasure.IOPS] = min(iops, IO2_TIER_1_IOPS)
            billed[VolumeMeasure.IOPS_TIER_2] = max(
                min(iops, IO2_TIER_2_IOPS) - IO2_TIER_1_IOPS, 0
            )
            billed[VolumeMeasure.IOPS_TIER_3] = max(iops - IO2_TIER_2_IOPS, 0)
    return {measure: amount for measure, amount in billed.items() if amount != 0}


def price_keys(spec: VolumeSpec, region: str) -> list[PriceKey]:
    """The prices that `usd_per_month` will look at."""
    return [volume(region, spec.volume_type, measure) for measure in billed_quantities(spec)]


def usd_per_month(
    spec: VolumeSpec, prices: Mapping[PriceKey, PriceRow], *, region: str
) -> Money | list[PriceKey]:
    """The price of the volume for a month, or the keys without which there is none."""
    lines, missing = [], []
    for measure, amount in billed_quantities(spec).items():
        key = volume(region, spec.volume_type, measure)
        row = prices.get(key)
        if row is None or amount is None:
            missing.append(key)
        else:
            lines.append(row.usd.times(amount))
    return missing or Money.sum(lines)


def usd_per_hour(
    spec: VolumeSpec, prices: Mapping[PriceKey, PriceRow], *, region: str, at: datetime
) -> Money | list[PriceKey]:
    """An hour's share of the month's price, by the actual hours of the UTC month of `at`."""
    monthly = usd_per_month(spec, prices, region=region)
    if isinstance(monthly, Money):
        return monthly.times(Fraction(1, hours_in_month(at)))
    return monthly
