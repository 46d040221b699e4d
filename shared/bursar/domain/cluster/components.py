"""A node has one price; its GPU, CPU and memory parts are a convention, so the basis is named.

The GPU part of a p5.48xlarge at $55.04 is 16% by `aws_split`, 34% by `opencost`, 73% by
`residual`: the figure means nothing without its basis.
"""

from __future__ import annotations

from fractions import Fraction

from bursar.domain.cluster.hours import Basis
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
    on_demand: Money | None = None,
) -> tuple[int, int, int]:
    """The GPU, CPU and memory parts of a node's price, in 10^-12 USD; they sum to it exactly.

    `residual` takes CPU and memory at OpenCost's default prices and leaves the rest to the
    GPU. It looks at the on-demand price where that is known, so that a spot discount falls
    on all three alike; where nothing would be left for the GPU, `opencost` ratios serve.
    """
    if cpu_milli <= 0 and memory_bytes <= 0 and devices <= 0:
        return (0, usd.units, 0)  # the node does not say what it is: one part
    gpu, cpu, memory = _weights(basis, devices, cpu_milli, memory_bytes, on_demand or usd)
    scale = gpu.denominator * cpu.denominator * memory.denominator
    weights = [int(part * scale) for part in (gpu, cpu, memory)]
    gpu_units, cpu_units, memory_units = split_units(usd.units, weights)
    return gpu_units, cpu_units, memory_units


def _weights(
    basis: Basis, devices: Fraction, cpu_milli: int, memory_bytes: int, price: Money
) -> tuple[Fraction, Fraction, Fraction]:
    per_gpu, per_cpu, per_gib = _AWS_SPLIT if basis is Basis.AWS_SPLIT else _OPENCOST
    gpu = devices * per_gpu
    cpu = Fraction(cpu_milli, 1000) * per_cpu
    memory = Fraction(memory_bytes, GIB) * per_gib
    if basis is Basis.RESIDUAL and devices > 0:
        left = Fraction(price.amount) - cpu - memory
        gpu = left if left > 0 else gpu
    return gpu, cpu, memory
