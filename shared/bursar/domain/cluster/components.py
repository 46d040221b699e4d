"""A node has one price; its GPU, CPU and memory parts are a convention, so the basis is named.

The GPU part of a p5.48xlarge at $55.04 is 16% by `aws_split`, 34% by `opencost`, 73% by
`residual`: the figure means nothing without its basis.
"""

from __future__ import annotations

from fractions import Fraction

from bursar.domain.cluster.bases import Basis
from bursar.domain.money import Money, split_units

GIB = 2**30

# AWS split cost allocation data: 1 GPU : 1 vCPU : 1 GiB weigh 9 : 0.9 : 0.1
# (AWS Data Exports user guide, "Understanding split cost allocation data").
_AWS_SPLIT = (Fraction(9), Fraction(9, 10), Fraction(1, 10))
# OpenCost's default prices per hour of a GPU, a vCPU and a GiB (its default configuration).
_OPENCOST = (Fraction("0.95"), Fraction("0.031611"), Fraction("0.004237"))


def split_node_price(
    usd: Money,
    basis: Basis,
    *,
    devices: Fraction,
    cpu_milli: int,
    memory_bytes: int,
    usd_per_hour: Money,
) -> tuple[int, int, int]:
    """The GPU, CPU and memory parts of what a node cost, in 10^-12 USD; they sum to it exactly.

    `residual` takes CPU and memory at OpenCost's default prices and leaves the rest to the
    GPU. It looks at `usd_per_hour`, not at what the node cost while it lived: the node's
    on-demand price where that is known, so that a spot discount falls on all three alike.
    Where nothing would be left for the GPU, `opencost` ratios serve.
    """
    cpu_milli, memory_bytes = max(cpu_milli, 0), max(memory_bytes, 0)
    if not (cpu_milli or memory_bytes or devices):
        return (0, usd.units, 0)  # the node does not say what it is: one part
    gpu, cpu, memory = _weights(basis, devices, cpu_milli, memory_bytes, usd_per_hour)
    scale = gpu.denominator * cpu.denominator * memory.denominator
    weights = [int(part * scale) for part in (gpu, cpu, memory)]
    gpu_units, cpu_units, memory_units = split_units(usd.units, weights)
    return gpu_units, cpu_units, memory_units


def _weights(
    basis: Basis, devices: Fraction, cpu_milli: int, memory_bytes: int, usd_per_hour: Money
) -> tuple[Fraction, Fraction, Fraction]:
    per_gpu, per_cpu, per_gib = _AWS_SPLIT if basis is Basis.AWS_SPLIT else _OPENCOST
    gpu = devices * per_gpu
    cpu = Fraction(cpu_milli, 1000) * per_cpu
    memory = Fraction(memory_bytes, GIB) * per_gib
    if basis is Basis.RESIDUAL and devices > 0:
        left = Fraction(usd_per_hour.amount) - cpu - memory
        gpu = left if left > 0 else gpu
    return gpu, cpu, memory
