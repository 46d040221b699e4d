"""What the EBS snapshots of a cluster's volumes cost, at least.

AWS bills the blocks that each snapshot adds to those before it, and EC2 tells of none how many
those are. Two things are known. All blocks of the fullest snapshot in the standard tier are
stored, in it or in an earlier one: so the standard tier bills no less than its full size. And
a snapshot in the archive tier is a full copy of its own: the archive bills their sum. Hence
what is charged here is a lower bound, and the hour is estimated. (Amazon EBS User Guide: how
snapshots work, archiving snapshots; EC2 API: Snapshot.fullSnapshotSizeInBytes.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from fractions import Fraction

from bursar.domain.cluster.costs import SECONDS_PER_HOUR, CostSheet
from bursar.domain.cluster.hours import Category
from bursar.domain.cluster.storage import EbsSnapshot
from bursar.domain.cluster.volumes import (
    StoragePricing,
    VolumeTimes,
    block_volume_ids,
    volume_row,
)
from bursar.domain.periods import hours_in_month
from bursar.domain.prices import PriceKey, snapshot_storage

_GIB = 2**30


class Tier(StrEnum):
    STANDARD = "standard"
    ARCHIVE = "archive"


def snapshot_price(region: str, tier: Tier) -> PriceKey:
    return snapshot_storage(region, archived=tier is Tier.ARCHIVE)


def stored_bytes(snapshots: Iterable[EbsSnapshot]) -> dict[Tier, int | None]:
    """What one volume's snapshots store at least, by tier; None where EC2 tells no size."""
    sizes: dict[Tier, list[int | None]] = {}
    for each in snapshots:
        tier = Tier.ARCHIVE if each.archived else Tier.STANDARD
        sizes.setdefault(tier, []).append(each.full_bytes)
    stored: dict[Tier, int | None] = {}
    for tier, told in sizes.items():
        known = [size for size in told if size is not None]
        least = sum(known) if tier is Tier.ARCHIVE else max(known, default=0)
        stored[tier] = least if known else None
    return stored


def snapshot_keys(snapshots: Iterable[Sequence[EbsSnapshot]], region: str) -> set[PriceKey]:
    """The prices that `add_ebs_snapshots` will look at."""
    return {snapshot_price(region, tier) for each in snapshots for tier in stored_bytes(each)}


def add_ebs_snapshots(sheet: CostSheet, volumes: VolumeTimes, pricing: StoragePricing) -> None:
    """Charge each volume's row for its snapshots, for as long as the volume was listed.

    A volume that was deleted in EC2 is still named by its PersistentVolume, and its snapshots
    are still billed: they are found by its id.
    """
    held = pricing.described.snapshots
    if held is None:
        if block_volume_ids(volume for volume, _ in volumes):
            sheet.unpriced["EBS snapshots"] = "EC2 could not be asked which there are"
        return
    for volume, seconds in volumes:
        for tier, size in stored_bytes(held.get(volume.volume_id or "", ())).items():
            name = f"{volume.name} {tier} snapshots"
            row = pricing.book.get(key := snapshot_price(pricing.policy.region, tier))
            if size is None:
                sheet.unpriced[name] = f"EC2 tells the size of none of {volume.volume_id}"
            elif row is None:
                sheet.unpriced[name] = f"no price for {key}"
            else:
                hours = Fraction(seconds, SECONDS_PER_HOUR * hours_in_month(pricing.at))
                amount = row.usd.times(Fraction(size, _GIB) * hours)
                sheet.add(volume_row(volume, pricing.owners), Category.STORAGE, amount)
                sheet.is_estimate = True
