"""The list prices of the scenario's world: AWS' own, for us-east-1.

EC2 on-demand list prices, us-east-1, July 2026. The other services' are the long-standing ones of
their public pricing pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

ON_DEMAND: Mapping[str, Decimal] = MappingProxyType(
    {
        "m5.large": Decimal("0.096"),
        "m5.2xlarge": Decimal("0.384"),
        "m5.4xlarge": Decimal("0.768"),
        "c5.2xlarge": Decimal("0.34"),
        "g5.xlarge": Decimal("1.006"),
        "g5.12xlarge": Decimal("5.672"),
        "g6.xlarge": Decimal("0.8048"),
        "g6.12xlarge": Decimal("4.6016"),
        "g6e.xlarge": Decimal("1.861"),
        "p4d.24xlarge": Decimal("21.957642"),
        "p5.48xlarge": Decimal("55.04"),
        "p5en.48xlarge": Decimal("63.296"),
    }
)
CLUSTER_HOUR = Decimal("0.10")
EXTENDED_SUPPORT_HOUR = Decimal("0.50")  # on top of the cluster's hour
NETWORK_BALANCER_HOUR = Decimal("0.0225")
PUBLIC_IPV4_HOUR = Decimal("0.005")
# a month of: a GiB; an IOPS, the io2 tiers above 32,000 and 64,000; a MiB/s
VOLUME_MONTH: Mapping[str, Decimal] = MappingProxyType(
    {
        "gp2": Decimal("0.10"),
        "gp3": Decimal("0.08"),
        "io1": Decimal("0.125"),
        "io2": Decimal("0.125"),
        "st1": Decimal("0.045"),
        "sc1": Decimal("0.015"),
        "standard": Decimal("0.05"),
        "gp3:iops": Decimal("0.005"),
        "io1:iops": Decimal("0.065"),
        "io2:iops": Decimal("0.065"),
        "io2:iops-tier-2": Decimal("0.0455"),
        "io2:iops-tier-3": Decimal("0.03185"),
        "gp3:throughput": Decimal("0.04"),
    }
)

# what else the list has: (service, product family, usage type, USD, unit)
OTHERS: tuple[tuple[str, str, str, Decimal, str], ...] = (
    ("AmazonEC2", "Storage Snapshot", "EBS:SnapshotUsage", Decimal("0.05"), "GB-Mo"),
    (
        *("AmazonEC2", "Storage Snapshot", "EBS:SnapshotArchiveStorage"),
        *(Decimal("0.0125"), "GB-Mo"),
    ),
    ("AmazonEC2", "NAT Gateway", "NatGateway-Hours", Decimal("0.045"), "Hrs"),
    ("AmazonEC2", "NAT Gateway", "NatGateway-Bytes", Decimal("0.045"), "GB"),
    ("AmazonEKS", "Compute", "AmazonEKS-Hours:perCluster", CLUSTER_HOUR, "Hours"),
    ("AmazonEKS", "Compute", "AmazonEKS-Hours:extendedSupport", EXTENDED_SUPPORT_HOUR, "Hours"),
    ("AmazonEKS", "Compute", "Fargate-vCPU-Hours:perCPU", Decimal("0.04048"), "hours"),
    ("AmazonEKS", "Compute", "Fargate-GB-Hours", Decimal("0.004445"), "hours"),
    ("AWSELB", "Load Balancer-Application", "LoadBalancerUsage", Decimal("0.0225"), "Hrs"),
    ("AWSELB", "Load Balancer-Network", "LoadBalancerUsage", NETWORK_BALANCER_HOUR, "Hrs"),
    ("AWSELB", "Load Balancer-Gateway", "LoadBalancerUsage", Decimal("0.0125"), "Hrs"),
    ("AWSELB", "Load Balancer", "LoadBalancerUsage", Decimal("0.025"), "Hrs"),
    # looks like a load balancer's hour, and is its trust store's
    ("AWSELB", "Load Balancer-Application", "TS-LoadBalancerUsage", Decimal("0.0056"), "Hrs"),
    ("AWSELB", "Load Balancer-Network", "LCUUsage", Decimal("0.006"), "LCU-Hrs"),
    ("AmazonVPC", "VpcPublicIPv4Address", "PublicIPv4:InUseAddress", PUBLIC_IPV4_HOUR, "Hrs"),
    ("AmazonVPC", "VpcPublicIPv4Address", "PublicIPv4:IdleAddress", Decimal("0.005"), "Hrs"),
    ("AmazonEFS", "Storage", "TimedStorage-ByteHrs", Decimal("0.30"), "GB-Mo"),
    ("AmazonS3", "Storage", "TimedStorage-ByteHrs", Decimal("0.023"), "GB-Mo"),
)
