"""The machines that the scenario rents, as EC2 and the kubelet describe them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

REGION = "us-east-1"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
GPU = "nvidia.com/gpu"


@dataclass(frozen=True, slots=True)
class Machine:
    """`memory` is what the kubelet reports, which is a little less than what EC2 sells."""

    instance_type: str
    vcpus: int
    memory: str
    gpus: int = 0
    gpu_name: str | None = None


MACHINES: Mapping[str, Machine] = MappingProxyType(
    {
        machine.instance_type: machine
        for machine in (
            Machine("m5.2xlarge", 8, "31848664Ki"),
            Machine("g5.xlarge", 4, "15943464Ki", 1, "NVIDIA-A10G"),
            Machine("g6.xlarge", 4, "15942140Ki", 1, "NVIDIA-L4"),
            Machine("g6e.xlarge", 4, "32245500Ki", 1, "NVIDIA-L40S"),
            Machine("g5.12xlarge", 48, "195146452Ki", 4, "NVIDIA-A10G"),
            Machine("p4d.24xlarge", 96, "1176329496Ki", 8, "NVIDIA-A100-SXM4-40GB"),
        )
    }
)


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Machines of one kind: an EKS managed node group, or a NodePool of Karpenter."""

    name: str
    instance_type: str
    team: str = ""  # the cost allocation tag of its instances; "" is none
    karpenter: bool = False
    spot: bool = False
    public: bool = False  # in a subnet that gives out public IPv4 addresses

    @property
    def machine(self) -> Machine:
        return MACHINES[self.instance_type]
