"""What common EC2 instance types hold, for a place where EC2 cannot be asked.

Sizes as AWS publishes them at https://aws.amazon.com/ec2/instance-types/. General families grow
by a rule: an N-xlarge has 4 N vCPU, and each vCPU comes with the family's memory. Sizes that
are not sold do no harm: they have no price. Metal sizes are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache

from bursar.domain.instance_types import Accelerator, InstanceType

_MIB = 1024
_GENERAL = {  # GiB of each vCPU: x86 families, Graviton families
    2: ("c5 c5a c5ad c5d c6a c6i c6id c6in c7a c7i c8i", "c6g c6gd c7g c7gd c8g"),
    4: ("m5 m5a m5ad m5d m5n m6a m6i m6id m6in m7a m7i m8i", "m6g m6gd m7g m7gd m8g"),
    8: ("r5 r5a r5ad r5b r5d r5n r6a r6i r6id r6in r7a r7i r8i", "r6g r6gd r7g r7gd r8g"),
}
_MULTIPLES = (1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 32, 48)

# name, maker, GiB of one device; then size: vCPU, GiB, devices
_G_SIZES = "xlarge 4 {} 1;2xlarge 8 {} 1;4xlarge 16 {} 1;8xlarge 32 {} 1;16xlarge 64 {} 1"
_G_LARGE = ";12xlarge 48 {} 4;24xlarge 96 {} 4;48xlarge 192 {} 8"


def _g(gib_per_vcpu: int) -> str:
    vcpus = (4, 8, 16, 32, 64, 48, 96, 192)
    return (_G_SIZES + _G_LARGE).format(*(gib_per_vcpu * each for each in vcpus))


_ACCELERATED = (
    ("g4dn", "T4", "NVIDIA", 16, _G_SIZES.format(16, 32, 64, 128, 256) + ";12xlarge 48 192 4"),
    ("g5", "A10G", "NVIDIA", 24, _g(4)),
    ("g6", "L4", "NVIDIA", 24, _g(4)),
    ("g6e", "L40S", "NVIDIA", 48, _g(8)),
    ("p3", "V100", "NVIDIA", 16, "2xlarge 8 61 1;8xlarge 32 244 4;16xlarge 64 488 8"),
    ("p3dn", "V100", "NVIDIA", 32, "24xlarge 96 768 8"),
    ("p4d", "A100", "NVIDIA", 40, "24xlarge 96 1152 8"),
    ("p4de", "A100", "NVIDIA", 80, "24xlarge 96 1152 8"),
    ("p5", "H100", "NVIDIA", 80, "4xlarge 16 256 1;48xlarge 192 2048 8"),
    ("p5e", "H200", "NVIDIA", 141, "48xlarge 192 2048 8"),
    ("p5en", "H200", "NVIDIA", 141, "48xlarge 192 2048 8"),
    ("p6-b200", "B200", "NVIDIA", 179, "48xlarge 192 2048 8"),
    ("dl1", "Gaudi HL-205", "Habana", 32, "24xlarge 96 768 8"),
    (
        "inf1",
        "Inferentia",
        "AWS",
        8,
        "xlarge 4 8 1;2xlarge 8 16 1;6xlarge 24 48 4;24xlarge 96 192 16",
    ),
    (
        "inf2",
        "Inferentia2",
        "AWS",
        32,
        "xlarge 4 16 1;8xlarge 32 128 1;24xlarge 96 384 6;48xlarge 192 768 12",
    ),
    ("trn1", "Trainium", "AWS", 32, "2xlarge 8 32 1;32xlarge 128 512 16"),
    ("trn1n", "Trainium", "AWS", 32, "32xlarge 128 512 16"),
    ("trn2", "Trainium2", "AWS", 96, "48xlarge 192 2048 16"),
)


class PublishedInstanceTypes:
    """An InstanceCatalogue that asks nobody."""

    def describe(self, names: Collection[str] = ()) -> Mapping[str, InstanceType]:
        known = _known()
        if not names:
            return known
        return {name: known[name] for name in names if name in known}


@cache
def _known() -> Mapping[str, InstanceType]:
    return {each.name: each for each in (*_general(), *_accelerated())}


def _general() -> Iterator[InstanceType]:
    sizes = {"large": 2} | {f"{n}xlarge" if n > 1 else "xlarge": 4 * n for n in _MULTIPLES}
    for gib, architectures in _GENERAL.items():
        for arm, families in enumerate(architectures):
            for family in families.split():
                for size, vcpus in sizes.items():
                    name = f"{family}.{size}"
                    yield InstanceType(name, vcpus, vcpus * gib * _MIB, arm=bool(arm))


def _accelerated() -> Iterator[InstanceType]:
    for family, device, maker, device_gib, sizes in _ACCELERATED:
        for told in sizes.split(";"):
            size, vcpus, gib, count = told.split()
            yield InstanceType(
                f"{family}.{size}",
                int(vcpus),
                int(gib) * _MIB,
                arm=False,
                accelerators=(Accelerator(device, maker, int(count), device_gib * _MIB),),
            )
