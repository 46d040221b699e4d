"""What an EC2 instance type consists of, and what of it was reserved and lies unused."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A GPU, a Neuron device, or an inference chip; `memory_mib` is that of one."""

    name: str  # H100, Trainium, ...
    manufacturer: str
    count: int
    memory_mib: int | None


@dataclass(frozen=True, slots=True)
class InstanceType:
    """The facts of DescribeInstanceTypes that decide a price per part."""

    name: str
    vcpus: int
    memory_mib: int
    arm: bool
    accelerators: tuple[Accelerator, ...] = ()

    @property
    def accelerator_count(self) -> int:
        return sum(accelerator.count for accelerator in self.accelerators)

    @property
    def accelerator_memory_mib(self) -> int | None:
        """Of all accelerators together; None when the size of one is not told."""
        sizes = [
            None if one.memory_mib is None else one.count * one.memory_mib
            for one in self.accelerators
        ]
        return None if None in sizes else sum(size for size in sizes if size is not None)


@dataclass(frozen=True, slots=True)
class CapacityReservation:
    """An On-Demand Capacity Reservation or a Capacity Block: paid for, used or not."""

    id: str
    instance_type: str
    zone: str
    total: int
    unused: int
    is_capacity_block: bool
    owner: str
