"""Which instance types can hold a pod, and how many of its like.

Sizes are those that EC2 sells. What kubelet and system keep for themselves is not taken off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction

from bursar.domain.cluster.effective_requests import Amounts
from bursar.domain.gate.jobs import PodSet, Requirement, Term
from bursar.domain.instance_types import Accelerator, InstanceType

_MIB = 2**20
_NVIDIA, _NEURON = "nvidia.com/", "aws.amazon.com/neuron"
_MAKERS = {_NVIDIA: "nvidia", _NEURON: "aws", "amd.com/": "amd", "habana.ai/": "habana"}
_MIG = re.compile(r"nvidia\.com/mig-([1-7])g\.")
_MIG_SLICES = 7
_MIG_CAPABLE = ("A100", "H100", "H200", "B200", "B300")
# cores that one chip shows by default; a Trainium2 pairs its eight
_NEURON_CORES = {"Inferentia": 4, "Trainium2": 4}
_USUAL_NEURON_CORES = 2

TYPE_LABELS = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
_ARCH = "kubernetes.io/arch"
_PRODUCT = "nvidia.com/gpu.product"
_AWS_PREFIXES = ("karpenter.k8s.aws/instance-", "eks.amazonaws.com/instance-")
_AWS_NAMES = ("family", "category", "generation", "size", "gpu-name", "gpu-count")
_KNOWN = {*TYPE_LABELS, _ARCH} | {pre + name for pre in _AWS_PREFIXES for name in _AWS_NAMES}
_NAMES_MACHINE = {*TYPE_LABELS, _ARCH} | {f"{prefix}family" for prefix in _AWS_PREFIXES}
_FAMILY = re.compile(r"([a-z]+)(?:-[a-z]+)?(\d*)")
_GIB_TOKEN = re.compile(r"(\d+)GB")


def accelerators_of(requests: Amounts) -> dict[str, int]:
    """What a pod asks for that is sold only with whole nodes."""
    return {
        name: count
        for name, count in requests.items()
        if count and any(name.startswith(prefix) for prefix in _MAKERS)
    }


def pods_per_node(instance: InstanceType, requests: Amounts) -> int:
    """How many such pods a node of the type holds; 0 when it holds none."""
    limits = [
        instance.vcpus * 1000 // requests["cpu"] if requests.get("cpu") else None,
        instance.memory_mib * _MIB // requests["memory"] if requests.get("memory") else None,
    ]
    if wanted := accelerators_of(requests):
        limits.append(_pods_by_accelerator(instance, wanted))
    return min((limit for limit in limits if limit is not None), default=0)


def share_of_node(instance: InstanceType, requests: Amounts) -> Fraction:
    """The larger of a pod's shares of vCPU and of memory: what is left of a node others use."""
    cpu = Fraction(requests.get("cpu", 0), instance.vcpus * 1000)
    return max(cpu, Fraction(requests.get("memory", 0), instance.memory_mib * _MIB))


def fitting(pods: PodSet, types: Iterable[InstanceType]) -> list[InstanceType]:
    """The types that hold at least one of the pods and that it may be placed on, by name."""
    held = [each for each in types if pods_per_node(each, pods.requests) and allows(pods, each)]
    return sorted(held, key=lambda each: each.name)


def named_types(pods: PodSet) -> list[str]:
    """Instance types that the pods' placement calls by name."""
    return sorted(
        value
        for term in pods.terms
        for one in term
        if one.label in TYPE_LABELS and not one.negated
        for value in one.values
    )


def allows(pods: PodSet, instance: InstanceType) -> bool:
    """Whether the pods may be placed there. Arm is taken only where machine or arch is named."""
    return any(_meets(term, instance) for term in pods.terms or ((),))


def _meets(term: Term, instance: InstanceType) -> bool:
    if instance.arm and not any(one.label in _NAMES_MACHINE for one in term):
        return False
    labels = _labels(instance)
    return all(_holds(one, labels, instance) for one in term)


def _holds(one: Requirement, labels: Mapping[str, str], instance: InstanceType) -> bool:
    """A label that does not come from the instance type says nothing against it."""
    if one.label == _PRODUCT:
        fits = any(_is_product(value, each) for value in one.values for each in _gpus(instance))
        return fits is not one.negated
    if one.label not in _KNOWN:
        return True
    return (labels.get(one.label) in one.values) is not one.negated


def _labels(instance: InstanceType) -> dict[str, str]:
    family, _, size = instance.name.partition(".")
    parsed = _FAMILY.match(family)
    facts = {"family": family, "size": size}
    if parsed:
        facts |= {"category": parsed[1], "generation": parsed[2][:1]}
    if gpus := _gpus(instance):
        count = sum(each.count for each in gpus)
        facts |= {"gpu-name": gpus[0].name.lower(), "gpu-count": str(count)}
    labels = {prefix + name: value for prefix in _AWS_PREFIXES for name, value in facts.items()}
    labels |= dict.fromkeys(TYPE_LABELS, instance.name)
    return labels | {_ARCH: "arm64" if instance.arm else "amd64"}


def _gpus(instance: InstanceType) -> list[Accelerator]:
    return [each for each in instance.accelerators if each.manufacturer.lower() != "aws"]


def _is_product(value: str, gpu: Accelerator) -> bool:
    """Whether `NVIDIA-A100-SXM4-40GB` is the A100 with some 40 GiB."""
    tokens = value.upper().split("-")
    if gpu.name.upper() not in tokens:
        return False
    sizes = [int(found[1]) for token in tokens if (found := _GIB_TOKEN.fullmatch(token))]
    if not sizes or gpu.memory_mib is None:
        return True
    return 3 * sizes[0] <= 4 * gpu.memory_mib / 1024 <= 5 * sizes[0]


def _pods_by_accelerator(instance: InstanceType, wanted: Mapping[str, int]) -> int:
    """By devices; two kinds of devices in one pod are not sold in one machine."""
    makers = {_maker(name) for name in wanted}
    devices = [each for each in instance.accelerators if each.manufacturer.lower() in makers]
    if len(makers) != 1 or not devices:
        return 0
    units = {name: _units_per_device(name, devices[0]) for name in wanted}
    if not all(units.values()):
        return 0
    per_pod = sum((Fraction(count, units[name]) for name, count in wanted.items()), Fraction(0))
    return int(sum(each.count for each in devices) / per_pod)


def _maker(resource: str) -> str:
    return next(maker for prefix, maker in _MAKERS.items() if resource.startswith(prefix))


def _units_per_device(resource: str, device: Accelerator) -> int:
    if mig := _MIG.match(resource):
        return _MIG_SLICES // int(mig[1]) if device.name in _MIG_CAPABLE else 0
    if resource == f"{_NEURON}core":
        return _NEURON_CORES.get(device.name, _USUAL_NEURON_CORES)
    return 1
