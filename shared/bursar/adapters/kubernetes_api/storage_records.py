"""From PersistentVolumes and Services as Kubernetes tells them to what is billed for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bursar.adapters.kubernetes_api.amounts import AmountReader
from bursar.adapters.kubernetes_api.decoding import (
    ClaimItem,
    ServiceItem,
    StorageClassItem,
    VolumeItem,
)
from bursar.domain.cluster.records import NETWORK_DRIVER, LoadBalancer, Volume

_IN_TREE_EBS = "kubernetes.io/aws-ebs"
_NETWORK_DRIVERS = ("nfs.csi.k8s.io", "smb.csi.k8s.io")
# fs-1.fsx.eu-west-1..., svm-1.fs-1.fsx.eu-west-1..., fs-1.efs.eu-west-1.amazonaws.com
_AWS_HOST = re.compile(r"\b(fs-[0-9a-f]{8,})\.(efs|fsx)\.[a-z0-9-]+\.amazonaws\.com")
_NETWORK_CLASSES = ("service.k8s.aws/nlb", "eks.amazonaws.com/nlb")
_NETWORK_TYPES = ("nlb", "nlb-ip", "external")


def volume_records(
    volumes: Sequence[VolumeItem],
    claims: Sequence[ClaimItem],
    classes: Sequence[StorageClassItem],
    amounts: AmountReader,
) -> tuple[Volume, ...]:
    """Every PersistentVolume, joined; a claim that no volume backs yet costs nothing."""
    bound = {item.spec.volume_name: item for item in claims if item.spec.volume_name}
    parameters = {item.metadata.name: item.parameters or {} for item in classes}
    return tuple(
        _volume(item, bound.get(item.metadata.name), parameters, amounts) for item in volumes
    )


def load_balancer_records(services: Sequence[ServiceItem]) -> tuple[LoadBalancer, ...]:
    """Services of type LoadBalancer, without those that still wait for an address."""
    return tuple(
        LoadBalancer(item.metadata.namespace, item.metadata.name, _kind(item))
        for item in services
        if item.spec.type == "LoadBalancer" and not _waits(item)
    )


def _volume(
    item: VolumeItem,
    claim: ClaimItem | None,
    parameters: Mapping[str, Mapping[str, str]],
    amounts: AmountReader,
) -> Volume:
    spec, reference = item.spec, item.spec.claim_ref
    driver, volume_id = _backing(item)
    created = item.metadata.creation_timestamp
    storage_class = spec.storage_class_name or (claim.spec.storage_class_name if claim else None)
    size = (spec.capacity or {}).get("storage")
    return Volume(
        name=item.metadata.name,
        capacity_bytes=amounts.read_bytes(size, "volume", item.metadata),
        phase=item.status.phase,
        driver=driver,
        volume_id=volume_id,
        claim_namespace=_either(
            reference.namespace if reference else None, claim.metadata.namespace if claim else None
        ),
        claim_name=_either(
            reference.name if reference else None, claim.metadata.name if claim else None
        ),
        storage_class=storage_class or None,
        class_parameters=parameters.get(storage_class or "", {}),
        created_at=int(created.timestamp()) if created else None,
    )


def _backing(item: VolumeItem) -> tuple[str | None, str | None]:
    if found := _AWS_HOST.search(_host(item)):
        return f"{NETWORK_DRIVER}{found[2]}", found[1]
    if item.spec.csi is not None:
        # EFS writes fs-...:/path::fsap-...; the file system is what is billed
        return item.spec.csi.driver, item.spec.csi.volume_handle.partition(":")[0] or None
    if item.spec.aws_elastic_block_store is not None:
        # in-tree EBS writes aws://zone/vol-...
        return _IN_TREE_EBS, item.spec.aws_elastic_block_store.volume_id.rpartition("/")[2] or None
    return None, None


def _host(item: VolumeItem) -> str:
    """The server of a network file system that is mounted by its name, else nothing."""
    if item.spec.nfs is not None:
        return item.spec.nfs.server
    if item.spec.csi is None or item.spec.csi.driver not in _NETWORK_DRIVERS:
        return ""
    told = item.spec.csi.volume_attributes or {}
    return told.get("server") or told.get("source") or ""


def _kind(item: ServiceItem) -> str:
    """AWS' host names tell best: `name.elb.region...` is network, `name.region.elb...` classic."""
    for host in _hosts(item):
        labels = host.split(".")
        if "elb" in labels:
            return "network" if labels.index("elb") == 1 else "classic"
    annotated = item.metadata.annotations and item.metadata.annotations.load_balancer_type
    network = item.spec.load_balancer_class in _NETWORK_CLASSES or annotated in _NETWORK_TYPES
    return "network" if network else "classic"


def _waits(item: ServiceItem) -> bool:
    """The server tells the state, and no address is in it: there is nothing to pay for yet."""
    balancer = item.status.load_balancer if item.status else None
    return balancer is not None and not balancer.ingress


def _hosts(item: ServiceItem) -> list[str]:
    balancer = item.status.load_balancer if item.status else None
    return [one.hostname for one in (balancer.ingress if balancer else None) or () if one.hostname]


def _either(one: str | None, other: str | None) -> str | None:
    return one or other or None
