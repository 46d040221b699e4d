"""What an EFS file system costs: by its metered size, shared by the volumes that stand on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction

from bursar.domain.cluster.cluster_items import Claim, ClaimOwner, is_file_system, volume_row
from bursar.domain.cluster.costs import SECONDS_PER_HOUR, CostPolicy, CostSheet
from bursar.domain.cluster.hours import Category
from bursar.domain.cluster.node_prices import Prices
from bursar.domain.cluster.records import Volume
from bursar.domain.cluster.storage import Described, FileSystemSpec, VolumeSpec
from bursar.domain.money import Money
from bursar.domain.periods import hours_in_month
from bursar.domain.prices import PriceKey, file_storage

_SERVICE = "AmazonEFS"
_GIB = 2**30  # AWS writes GB: `storage usage is calculated in binary gigabytes`


def file_system_ids(volumes: Iterable[Volume]) -> set[str]:
    return {v.volume_id for v in volumes if is_file_system(v) and v.volume_id}


def stored_bytes(spec: FileSystemSpec) -> dict[str, int]:
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


def file_system_keys(specs: Iterable[VolumeSpec | FileSystemSpec], region: str) -> set[PriceKey]:
    """The prices that `usd_per_hour` will look at; what is no file system has none here."""
    known = (spec for spec in specs if isinstance(spec, FileSystemSpec))
    return {file_storage(region, _SERVICE, each) for spec in known for each in stored_bytes(spec)}


def usd_per_hour(
    spec: FileSystemSpec, book: Prices, *, region: str, at: datetime
) -> Money | list[PriceKey]:
    """An hour of what is stored, by the actual hours of the UTC month; or the missing prices.

    Reads, writes and tiering are billed by the request, which DescribeFileSystems does not
    count: they are not in it.
    """
    lines, missing = [], []
    for storage_class, size in stored_bytes(spec).items():
        key = file_storage(region, _SERVICE, storage_class)
        row = book.get(key)
        if row is None:
            missing.append(key)
        else:
            lines.append(row.usd.times(Fraction(size, _GIB * hours_in_month(at))))
    return missing or Money.sum(lines)


def add_file_systems(
    sheet: CostSheet,
    volumes: Iterable[tuple[Volume, int]],
    described: Described,
    owners: Mapping[Claim, ClaimOwner],
    policy: CostPolicy,
    book: Prices,
    at: datetime,
) -> None:
    """Charge each file system to the volumes on it, evenly; by their seconds where these differ.

    What a file system holds for one volume or another nobody meters. It is charged for as
    long as its longest-lived volume was there.
    """
    on: dict[str, list[tuple[Volume, int]]] = {}
    for volume, seconds in volumes:
        if is_file_system(volume) and volume.volume_id:
            on.setdefault(volume.volume_id, []).append((volume, seconds))
    for id_, uses in sorted(on.items()):
        spec = described.get(id_)
        hourly = _hourly(id_, spec, policy, book, at)
        if isinstance(hourly, str):
            sheet.unpriced |= {volume.name: hourly for volume, _ in uses}
            continue
        if isinstance(spec, FileSystemSpec) and spec.provisioned_throughput:
            sheet.unpriced[f"{id_} throughput"] = "provisioned throughput of EFS has no price here"
        in_order = sorted(uses, key=lambda use: use[0].name)
        weights = [seconds for _, seconds in in_order]
        if longest := max(weights):
            whole = hourly.times(Fraction(longest, SECONDS_PER_HOUR))
            for (volume, _), part in zip(in_order, whole.split(weights), strict=True):
                sheet.add(volume_row(volume, owners), Category.STORAGE, part)


def _hourly(
    id_: str,
    spec: VolumeSpec | FileSystemSpec | None,
    policy: CostPolicy,
    book: Prices,
    at: datetime,
) -> Money | str:
    """The price of an hour, or why there is none."""
    if not isinstance(spec, FileSystemSpec):
        return f"EFS does not know file system {id_}: its size is unknown"
    if spec.standard_bytes is None:
        return f"nothing of file system {id_} has been metered yet: its size is unknown"
    hourly = usd_per_hour(spec, book, region=policy.region, at=at)
    return hourly if isinstance(hourly, Money) else f"no price for {', '.join(map(str, hourly))}"
