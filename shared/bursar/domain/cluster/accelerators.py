"""GPUs and their like: what share of a node's accelerators one unit of a resource is.

Three ways to hand out one device are told apart by the resource's name: whole
(`nvidia.com/gpu`), a MIG slice (`nvidia.com/mig-3g.40gb`: 3 of 7), or a time slice
(`nvidia.com/gpu.shared`, or more `nvidia.com/gpu` than there are devices).
AWS Neuron offers the same chips under several names at once; each is a view of the whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm

_MIG_SLICE = re.compile(r"^nvidia\.com/mig-([1-7])g\.")
_MIG_SLICES = 7  # of an A100, H100 or later, by NVIDIA's MIG profiles
_VIEWS_OF_ONE_CHIP = ("aws.amazon.com/neuron",)  # neuron, neurondevice, neuroncore


@dataclass(frozen=True, slots=True)
class AcceleratorShares:
    """Whole-number weights: a unit of `resource` is `weights[resource]` of `whole`."""

    weights: Mapping[str, int]
    whole: int
    devices: Fraction

    def weight_of(self, requests: Mapping[str, int]) -> int:
        return sum(self.weights.get(name, 0) * count for name, count in requests.items())


NO_ACCELERATORS = AcceleratorShares(weights={}, whole=0, devices=Fraction(0))


def accelerator_shares(
    capacity: Mapping[str, int], devices: int | None = None
) -> AcceleratorShares:
    """Weigh each accelerator resource of a node.

    `devices` is the number of physical ones where the node says (time-slicing multiplies
    the resource, not the device). 8 `nvidia.com/gpu`: each is 1 of 8.
    4 `nvidia.com/mig-1g.10gb` and 1 `nvidia.com/mig-3g.40gb`: 1, 1, 1, 1 and 3 of 7.
    """
    return _shares(tuple(sorted(capacity.items())), devices)


@lru_cache(maxsize=1024)
def _shares(capacity: tuple[tuple[str, int], ...], devices: int | None) -> AcceleratorShares:
    present = {name: count for name, count in capacity if count > 0}
    if not present:
        return NO_ACCELERATORS
    sizes = {name: _devices_per_unit(name) for name in present if not _is_view(name)}
    views = {name: count for name, count in present.items() if _is_view(name)}
    total = sum((sizes[name] * present[name] for name in sizes), Fraction(0))
    chips = min(views.values(), default=0)
    physical = Fraction(devices) if devices else total + chips
    shares = {name: size / (total + chips) for name, size in sizes.items()}
    shares |= {name: Fraction(chips, count) / (total + chips) for name, count in views.items()}
    whole = lcm(*(share.denominator for share in shares.values()))
    return AcceleratorShares(
        weights={name: int(share * whole) for name, share in shares.items()},
        whole=whole,
        devices=physical,
    )


def _devices_per_unit(resource: str) -> Fraction:
    slices = _MIG_SLICE.match(resource)
    return Fraction(int(slices[1]), _MIG_SLICES) if slices else Fraction(1)


def _is_view(resource: str) -> bool:
    return resource.startswith(_VIEWS_OF_ONE_CHIP)
