"""What a pod reserves on its node: Kubernetes' own effective request rule.

A request is a mapping from a resource's name to a whole amount (CPU in thousandths, memory in
bytes, accelerators in units). The scheduler sets aside, for each resource by itself,

    max(sum of containers and sidecars, max over init i of (i + sidecars started before i))
    + the runtime's overhead

where a sidecar is an init container whose restartPolicy is Always. Pod-level requests replace
the containers' part of that for the resources that they name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Amounts = Mapping[str, int]
_NOTHING: Amounts = {}


@dataclass(frozen=True, slots=True)
class InitContainer:
    """One init container, in the order of the pod's spec; a sidecar keeps running."""

    requests: Amounts
    sidecar: bool = False


def with_limits(requests: Amounts, limits: Amounts) -> Amounts:
    """A limit stands in where a request is missing, as the API server defaults it."""
    if not limits or limits.keys() <= requests.keys():
        return requests
    return {**limits, **requests}


def effective_requests(
    containers: Sequence[Amounts],
    init_containers: Sequence[InitContainer] = (),
    *,
    pod_requests: Amounts = _NOTHING,
    pod_limits: Amounts = _NOTHING,
    overhead: Amounts = _NOTHING,
) -> Amounts:
    """What the scheduler sets aside for a pod, per resource.

    The answer may be one of the mappings given: do not change it.
    """
    plain = not (init_containers or pod_requests or pod_limits or overhead)
    if plain and len(containers) == 1:
        return containers[0]
    total = _sum(containers)
    if init_containers:
        total = _with_init(total, init_containers)
    if pod_requests or pod_limits:
        # a pod's limit stands in only where neither the pod nor any container asks
        total = {**pod_limits, **total, **pod_requests}
    return _sum((total, overhead)) if overhead else total


def _with_init(
    running: dict[str, int], init_containers: Sequence[InitContainer]
) -> dict[str, int]:
    sidecars: dict[str, int] = {}
    peak: dict[str, int] = {}
    for init in init_containers:
        if init.sidecar:
            sidecars = _sum((sidecars, init.requests))
            peak = _largest(peak, sidecars)
        else:
            peak = _largest(peak, _sum((sidecars, init.requests)))
    return _largest(_sum((running, sidecars)), peak)


def _sum(parts: Iterable[Amounts]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0) + amount
    return total


def _largest(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in {**one, **other}}
