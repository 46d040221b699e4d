"""What a file system costs, shared by the volumes that stand on it.

EFS is billed by its metered size in each storage class, FSx by its provisioned one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction

from bursar.domain.cluster import fsx
from bursar.domain.cluster.costs import SECONDS_PER_HOUR, CostSheet
from bursar.domain.cluster.hours import Category
from bursar.domain.cluster.node_prices import Prices
from bursar.domain.cluster.records import Volume
from bursar.domain.cluster.storage import (
    FileService,
    FileSystem,
    FileSystemSpec,
    FsxSpec,
    VolumeSpec,
)
from bursar.domain.cluster.volumes import (
    StoragePricing,
    VolumeTimes,
    file_service,
    volume_row,
)
from bursar.domain.money import Money
from bursar.domain.periods import hours_in_month
from bursar.domain.prices import PriceKey, file_storage

_GIB = 2**30  # AWS writes GB: `storage usage is calculated in binary gigabytes`


def file_system_ids(volumes: Iterable[Volume], service: FileService) -> set[str]:
    """Those of one service, that the volumes stand on."""
    return {v.volume_id for v in volumes if file_service(v) is service and v.volume_id}


def billed_bytes(spec: FileSystem, region: str) -> dict[PriceKey, int]:
    """Bytes by the price of their GB-month; none of an FSx file system that has no price."""
    if isinstance(spec, FileSystemSpec):
        service, sizes = FileService.EFS, _stored_bytes(spec)
    elif fsx.unpriced_reason(spec):
        return {}
    else:
        service, sizes = FileService.FSX, {fsx.storage_class(spec): (spec.size_gib or 0) * _GIB}
    return {file_storage(region, service, each): size for each, size in sizes.items()}


def _stored_bytes(spec: FileSystemSpec) -> dict[str, int]:
    """Bytes by the storage class that prices them; classes that hold nothing are left out.

    Infrequent access is dearer where throughput is not elastic: it is a class of its own.
    """
    infrequent = "infrequent-access-elastic" if spec.elastic_throughput else "infrequent-access"
    if spec.one_zone:
        infrequent = "one-zone-infrequent-access"
    stored = {
        "one-zone" if spec.one_zone else "standard": spec.standard_bytes or 0,
        infrequent: spec.infrequent_access_bytes,
        "archive": spec.archive_bytes,
    }
    return {storage_class: size for storage_class, size in stored.items() if size}


def file_system_keys(specs: Iterable[VolumeSpec | FileSystem], region: str) -> set[PriceKey]:
    """The prices that `add_file_systems` will look at; what is no file system has none here."""
    known = [spec for spec in specs if not isinstance(spec, VolumeSpec)]
    beside = (line for spec in known for line in _billed_beside(spec, region).values())
    return {key for spec in known for key in billed_bytes(spec, region)} | {
        line[0] for line in beside if not isinstance(line, str)
    }


def usd_per_hour(
    spec: FileSystem, book: Prices, *, region: str, at: datetime
) -> Money | list[PriceKey]:
    """An hour of the storage, by the actual hours of the UTC month; or the missing prices.

    Reads, writes and tiering of EFS are billed by the request, which DescribeFileSystems does
    not count: they are not in it.
    """
    lines, missing = [], []
    for key, size in billed_bytes(spec, region).items():
        row = book.get(key)
        if row is None:
            missing.append(key)
        else:
            lines.append(row.usd.times(Fraction(size, _GIB * hours_in_month(at))))
    return missing or Money.sum(lines)


def add_file_systems(
    sheet: CostSheet,
    volumes: VolumeTimes,
    pricing: StoragePricing,
) -> None:
    """Charge each file system to the volumes on it, evenly; by their seconds where these differ.

    What a file system holds for one volume or another nobody meters. It is charged for as
    long as its longest-lived volume was there.
    """
    on: dict[tuple[FileService, str], list[tuple[Volume, int]]] = {}
    for volume, seconds in volumes:
        if (service := file_service(volume)) and volume.volume_id:
            on.setdefault((service, volume.volume_id), []).append((volume, seconds))
    for (service, id_), uses in sorted(on.items()):
        spec = pricing.described.specs.get(id_)
        hourly = _hourly(service, id_, spec, pricing)
        if isinstance(hourly, str):
            sheet.unpriced |= {volume.name: hourly for volume, _ in uses}
            continue
        hourly += _beside_per_hour(sheet, spec, pricing)
        in_order = sorted(uses, key=lambda use: use[0].name)
        weights = [seconds for _, seconds in in_order]
        if longest := max(weights):
            whole = hourly.times(Fraction(longest, SECONDS_PER_HOUR))
            for (volume, _), part in zip(in_order, whole.split(weights), strict=True):
                sheet.add(volume_row(volume, pricing.owners), Category.STORAGE, part)


def _beside_per_hour(
    sheet: CostSheet, spec: VolumeSpec | FileSystem | None, pricing: StoragePricing
) -> Money:
    """An hour of what is billed beside the storage; what of it has no price is listed."""
    lines = []
    for name, line in _billed_beside(spec, pricing.policy.region).items():
        if isinstance(line, str):
            sheet.unpriced[name] = line
        elif row := pricing.book.get(line[0]):
            lines.append(row.usd.times(Fraction(line[1], hours_in_month(pricing.at))))
        else:
            sheet.unpriced[name] = f"no price for {line[0]}"
    return Money.sum(lines)


def _billed_beside(
    spec: VolumeSpec | FileSystem | None, region: str
) -> dict[str, tuple[PriceKey, int] | str]:
    if isinstance(spec, FsxSpec):
        return fsx.billed_beside(spec, region)
    if isinstance(spec, FileSystemSpec) and spec.provisioned_throughput:
        reason = "provisioned throughput of EFS has no price here"
        return {f"{spec.file_system_id} throughput": reason}
    return {}


def _hourly(
    service: FileService,
    id_: str,
    spec: VolumeSpec | FileSystem | None,
    pricing: StoragePricing,
) -> Money | str:
    """The price of an hour, or why there is none."""
    if spec is None or isinstance(spec, VolumeSpec):
        name = service.removeprefix("Amazon")
        return f"{name} does not know file system {id_}: its size is unknown"
    if isinstance(spec, FileSystemSpec) and spec.standard_bytes is None:
        return f"nothing of file system {id_} has been metered yet: its size is unknown"
    if isinstance(spec, FsxSpec) and (reason := fsx.unpriced_reason(spec)):
        return reason
    region, at = pricing.policy.region, pricing.at
    hourly = usd_per_hour(spec, pricing.book, region=region, at=at)
    return hourly if isinstance(hourly, Money) else f"no price for {', '.join(map(str, hourly))}"
