"""Prices are dated rows: what a unit of something costs in a region, since when, and who says so.

An absent price is `None`, listed as unpriced; there is no default price anywhere.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bursar.domain.money import Money

STALE_AFTER = timedelta(hours=48)


class VolumeMeasure(StrEnum):
    SIZE = "gib-month"
    IOPS = "iops-month"
    IOPS_TIER_2 = "iops-tier-2-month"  # io2: the IOPS above 32,000
    IOPS_TIER_3 = "iops-tier-3-month"  # io2: the IOPS above 64,000
    THROUGHPUT = "mibps-month"


class PriceKey(BaseModel):
    """What is priced. `item` is built by the named constructors below, never by hand."""

    model_config = ConfigDict(frozen=True)

    service: str
    region: str
    item: str

    def __str__(self) -> str:
        return f"{self.service} {self.region} {self.item}"


class PriceRow(BaseModel):
    """One price from one source: `usd` per `unit`, from `effective_from` until a later row.

    `read_at` is when a list that gives no reliable date of its own was read; a price that
    such a list restates without a later date holds from then on (see `price_changes`).
    """

    model_config = ConfigDict(frozen=True)

    key: PriceKey
    usd: Money
    unit: str
    source: str
    sku: str | None = None
    effective_from: AwareDatetime
    author: str | None = None
    read_at: AwareDatetime | None = None


class PriceChange(BaseModel):
    """p5.48xlarge 98.32 -> 55.04 on 2025-06-23."""

    model_config = ConfigDict(frozen=True)

    old: PriceRow
    new: PriceRow

    def __str__(self) -> str:
        when = self.new.effective_from.date().isoformat()
        return f"{self.new.key.item} {self.old.usd.plain()} -> {self.new.usd.plain()} on {when}"


def on_demand(region: str, instance_type: str) -> PriceKey:
    """An EC2 instance-hour: Linux, shared tenancy, nothing pre-installed."""
    return PriceKey(service="AmazonEC2", region=region, item=instance_type)


def spot(region: str, instance_type: str, zone: str) -> PriceKey:
    return PriceKey(service=_SPOT, region=region, item=f"{instance_type}@{zone}")


def spot_parts(key: PriceKey) -> tuple[str, str] | None:
    """The instance type and zone of a spot key; None for any other key."""
    if key.service != _SPOT:
        return None
    instance_type, _, zone = key.item.partition("@")
    return instance_type, zone


_SPOT = "AmazonEC2Spot"


def hyperpod(region: str, instance_type: str) -> PriceKey:
    """A SageMaker HyperPod instance-hour (`ml.p5.48xlarge`)."""
    return PriceKey(service="AmazonSageMaker", region=region, item=instance_type)


def auto_mode(region: str, instance_type: str) -> PriceKey:
    """The fee per instance-hour of EKS Auto Mode, on top of the instance."""
    return PriceKey(service="AmazonEKS", region=region, item=f"auto-mode:{instance_type}")


def fargate(region: str, measure: str, *, arm: bool = False) -> PriceKey:
    """A Fargate `vcpu-hour` or `gib-hour` on EKS."""
    return PriceKey(
        service="AmazonEKS", region=region, item=f"fargate:{'arm:' if arm else ''}{measure}"
    )


def control_plane(region: str, *, extended_support: bool = False) -> PriceKey:
    """An hour of an EKS cluster, whole: AWS bills extended support as a surcharge on top of the
    standard hour, and the `extended` price here is the sum of the two."""
    tier = "extended" if extended_support else "standard"
    return PriceKey(service="AmazonEKS", region=region, item=f"control-plane:{tier}")


def volume(region: str, volume_type: str, measure: VolumeMeasure) -> PriceKey:
    return PriceKey(service="AmazonEBS", region=region, item=f"{volume_type}:{measure}")


def snapshot_storage(region: str, *, archived: bool = False) -> PriceKey:
    item = "snapshot-archive" if archived else "snapshot"
    return PriceKey(service="AmazonEBS", region=region, item=f"{item}:gib-month")


def load_balancer(region: str, kind: str) -> PriceKey:
    """An hour of an `application`, `network`, `gateway` or `classic` load balancer."""
    return PriceKey(service="AWSELB", region=region, item=f"{kind}:hour")


def public_ipv4(region: str) -> PriceKey:
    return PriceKey(service="AmazonVPC", region=region, item="public-ipv4:hour")


def nat_gateway(region: str, measure: str) -> PriceKey:
    """A NAT gateway's `hour` or `gb`."""
    return PriceKey(service="AmazonEC2", region=region, item=f"nat:{measure}")


def data_transfer(region: str, kind: str) -> PriceKey:
    """A GB of transfer: `inter-zone`, `inter-region:USW2` (by the other region's billing code),
    `internet` (the first tier that is paid), `internet:over-10-tb` and so on.
    """
    return PriceKey(service="AWSDataTransfer", region=region, item=kind)


def file_storage(region: str, service: str, storage_class: str) -> PriceKey:
    """A GB-month of an EFS, FSx or S3 storage class; `service` is AWS' own service code."""
    return PriceKey(service=service, region=region, item=f"{storage_class}:gb-month")


def file_performance(region: str, service: str, name: str) -> PriceKey:
    """A month of what an FSx file system is billed beside its storage: `openzfs:mbps-month`."""
    return PriceKey(service=service, region=region, item=name)


def is_instance_hour(key: PriceKey) -> bool:
    """Whether the key is one that `on_demand` made."""
    return key.service == "AmazonEC2" and ":" not in key.item


def is_stale(checked_at: datetime | None, now: datetime) -> bool:
    """A price book that nobody has been able to check for more than 48 hours."""
    return checked_at is None or now - checked_at > STALE_AFTER
