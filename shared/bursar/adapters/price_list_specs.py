"""Which products of the AWS Price List are which of Bursar's prices: one line each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from bursar.adapters.fsx_price_specs import FSX_SPECS
from bursar.adapters.price_spec import (
    GB,
    GIB_HOUR,
    GIB_MONTH,
    HOUR,
    IOPS_MONTH,
    MIBPS_MONTH,
    VCPU_HOUR,
    PriceSpec,
)
from bursar.domain import prices
from bursar.domain.price_selection import Tier
from bursar.domain.prices import VolumeMeasure


def _volume(volume_type: str, usage: str) -> PriceSpec:
    return PriceSpec(
        lambda region: prices.volume(region, volume_type, VolumeMeasure.SIZE),
        VolumeMeasure.SIZE,
        "AmazonEC2",
        re.escape(usage),
        GIB_MONTH,
        {"productFamily": "Storage"},
    )


def _provisioned(
    volume_type: str,
    measure: VolumeMeasure,
    usage: str,
    units: Mapping[str, Fraction] = IOPS_MONTH,
    family: str = "System Operation",
) -> PriceSpec:
    return PriceSpec(
        lambda region: prices.volume(region, volume_type, measure),
        "mibps-month" if measure is VolumeMeasure.THROUGHPUT else "iops-month",
        "AmazonEC2",
        re.escape(usage),
        units,
        {"productFamily": family},
    )


def _snapshots(usage: str, *, archived: bool) -> PriceSpec:
    return PriceSpec(
        lambda region: prices.snapshot_storage(region, archived=archived),
        "gib-month",
        "AmazonEC2",
        usage,
        GIB_MONTH,
        {"productFamily": "Storage Snapshot"},
    )


def _balancer(kind: str, family: str) -> PriceSpec:
    return PriceSpec(
        lambda region: prices.load_balancer(region, kind),
        "hour",
        "AWSELB",
        "LoadBalancerUsage",
        HOUR,
        {"productFamily": family},
    )


def _fargate(measure: str, usage: str, service: str, *, arm: bool = False) -> PriceSpec:
    return PriceSpec(
        lambda region: prices.fargate(region, measure, arm=arm),
        measure,
        service,
        usage,
        VCPU_HOUR if measure == "vcpu-hour" else GIB_HOUR,
    )


def _transfer(
    kind: str, transfer_type: str, usage: str, tier: Tier | Decimal = Tier.FIRST_PAID
) -> PriceSpec:
    """`kind` may hold `{}`: what the usage pattern's group matches stands there."""
    return PriceSpec(
        lambda region, *groups: prices.data_transfer(region, kind.format(*groups)),
        "gb",
        "AWSDataTransfer",
        usage,
        GB,
        {"transferType": transfer_type},
        region_field="fromRegionCode",
        tier=tier,
    )


def _files(service: str, storage_class: str, usage: str, **filters: str) -> PriceSpec:
    return PriceSpec(
        lambda region: prices.file_storage(region, service, storage_class),
        "gb-month",
        service,
        usage,
        GIB_MONTH,
        {"productFamily": "Storage", **filters},
        tier=Tier.FIRST_PAID,
    )


def _cluster_hour(*, extended: bool) -> PriceSpec:
    return PriceSpec(
        lambda region: prices.control_plane(region, extended_support=extended),
        "hour",
        "AmazonEKS",
        "AmazonEKS-Hours:perCluster",
        HOUR,
        plus="AmazonEKS-Hours:extendedSupport" if extended else None,
    )


SPECS: tuple[PriceSpec, ...] = (
    _volume("gp2", "EBS:VolumeUsage.gp2"),
    _volume("gp3", "EBS:VolumeUsage.gp3"),
    _volume("io1", "EBS:VolumeUsage.piops"),
    _volume("io2", "EBS:VolumeUsage.io2"),
    _volume("st1", "EBS:VolumeUsage.st1"),
    _volume("sc1", "EBS:VolumeUsage.sc1"),
    _volume("standard", "EBS:VolumeUsage"),
    _provisioned("gp3", VolumeMeasure.IOPS, "EBS:VolumeP-IOPS.gp3"),
    _provisioned("io1", VolumeMeasure.IOPS, "EBS:VolumeP-IOPS.piops"),
    _provisioned("io2", VolumeMeasure.IOPS, "EBS:VolumeP-IOPS.io2"),
    _provisioned("io2", VolumeMeasure.IOPS_TIER_2, "EBS:VolumeP-IOPS.io2.tier2"),
    _provisioned("io2", VolumeMeasure.IOPS_TIER_3, "EBS:VolumeP-IOPS.io2.tier3"),
    _provisioned(
        "gp3",
        VolumeMeasure.THROUGHPUT,
        "EBS:VolumeP-Throughput.gp3",
        MIBPS_MONTH,
        "Provisioned Throughput",
    ),
    _snapshots("EBS:SnapshotUsage", archived=False),
    _snapshots("EBS:SnapshotArchiveStorage", archived=True),
    _cluster_hour(extended=False),
    _cluster_hour(extended=True),
    PriceSpec(prices.auto_mode, "hour", "AmazonEKS", r"EKS-Auto:([\w.-]+)-management-hours", HOUR),
    _fargate("vcpu-hour", "Fargate-vCPU-Hours:perCPU", "AmazonEKS"),
    _fargate("gib-hour", "Fargate-GB-Hours", "AmazonEKS"),
    # EKS sells no Fargate on Arm; the ECS list carries the rate for the day it does
    _fargate("vcpu-hour", "Fargate-ARM-vCPU-Hours:perCPU", "AmazonECS", arm=True),
    _fargate("gib-hour", "Fargate-ARM-GB-Hours", "AmazonECS", arm=True),
    PriceSpec(
        prices.hyperpod,
        "hour",
        "AmazonSageMaker",
        r"Cluster:(ml\.[\w.-]+)",
        HOUR,
        {"component": "Cluster"},
    ),
    _balancer("application", "Load Balancer-Application"),
    _balancer("network", "Load Balancer-Network"),
    _balancer("gateway", "Load Balancer-Gateway"),
    _balancer("classic", "Load Balancer"),
    PriceSpec(prices.public_ipv4, "hour", "AmazonVPC", "PublicIPv4:InUseAddress", HOUR),
    PriceSpec(
        lambda region: prices.nat_gateway(region, "hour"),
        "hour",
        "AmazonEC2",
        "NatGateway-Hours",
        HOUR,
        {"productFamily": "NAT Gateway"},
    ),
    PriceSpec(
        lambda region: prices.nat_gateway(region, "gb"),
        "gb",
        "AmazonEC2",
        "NatGateway-Bytes",
        GB,
        {"productFamily": "NAT Gateway"},
    ),
    _transfer("inter-zone", "IntraRegion", "DataTransfer-Regional-Bytes"),
    _transfer("inter-region:{}", "InterRegion Outbound", r"([A-Z]{2,4}\d*)-AWS-Out-Bytes"),
    _transfer("internet", "AWS Outbound", "DataTransfer-Out-Bytes"),
    *(
        _transfer(
            f"internet:over-{terabytes}-tb",
            "AWS Outbound",
            "DataTransfer-Out-Bytes",
            Decimal(terabytes * 1024),
        )
        for terabytes in (10, 50, 150)
    ),
    _files("AmazonEFS", "standard", "TimedStorage-ByteHrs"),
    _files("AmazonEFS", "infrequent-access", "IATimedStorage-ByteHrs"),
    _files("AmazonEFS", "infrequent-access-elastic", "IATimedStorage-ET-ByteHrs"),
    _files("AmazonEFS", "archive", "ArchiveTimedStorage-ByteHrs"),
    _files("AmazonEFS", "one-zone", "TimedStorage-Z-ByteHrs"),
    _files("AmazonEFS", "one-zone-infrequent-access", "IATimedStorage-Z-ByteHrs"),
    *FSX_SPECS,
    _files("AmazonS3", "standard", "TimedStorage-ByteHrs"),
    _files("AmazonS3", "standard-ia", "TimedStorage-SIA-ByteHrs"),
    _files("AmazonS3", "one-zone-ia", "TimedStorage-ZIA-ByteHrs"),
    _files("AmazonS3", "intelligent-tiering-frequent", "TimedStorage-INT-FA-ByteHrs"),
    _files("AmazonS3", "intelligent-tiering-infrequent", "TimedStorage-INT-IA-ByteHrs"),
    _files("AmazonS3", "glacier-instant-retrieval", "TimedStorage-GIR-ByteHrs"),
    _files("AmazonS3", "glacier-flexible-retrieval", "TimedStorage-GlacierByteHrs"),
    _files("AmazonS3", "glacier-deep-archive", "TimedStorage-GDA-ByteHrs"),
)
