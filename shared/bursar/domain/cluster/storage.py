"""What a volume is, as EC2 says: the volume's own type, IOPS and throughput decide its price."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VolumeSpec:
    """One EBS volume: `size_gib` is billed; IOPS and throughput are the provisioned totals."""

    volume_id: str
    volume_type: str  # gp2, gp3, io1, io2, st1, sc1, standard
    size_gib: int
    iops: int | None = None
    throughput_mibps: int | None = None
    attached: bool = True
