"""The fields that Bursar reads of each Kubernetes list, decoded straight from the bytes.

Everything else in an answer is skipped without becoming a Python object: that, with pages, is
why a cluster of 150,000 pods fits in a small function. `gc=False` is safe because an answer is
a tree.
"""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

from msgspec import MsgspecError, Raw, Struct, field
from msgspec.json import Decoder

# What a decoder raises: for another shape, for no JSON, and for text that is not UTF-8.
UNDECODABLE = (MsgspecError, UnicodeDecodeError)

# The API server answers strings; a number is what a careless stand-in writes.
Quantity = str | int | float
Quantities = dict[str, Quantity]


class ListMetadata(Struct, gc=False):
    continue_: str | None = field(default=None, name="continue")


ItemT = TypeVar("ItemT")


class Page(Struct, Generic[ItemT]):
    """One page of a list. `items` may be null, but an answer without it is no list."""

    items: list[ItemT] | None
    metadata: ListMetadata = field(default_factory=ListMetadata)

    @property
    def continue_token(self) -> str:
        return self.metadata.continue_ or ""


class OwnerReference(Struct, gc=False):
    kind: str
    name: str
    controller: bool | None = None


class Annotations(Struct, gc=False):
    """The annotations that are read; the others are never built."""

    fargate_capacity: str | None = field(default=None, name="CapacityProvisioned")
    load_balancer_type: str | None = field(
        default=None, name="service.beta.kubernetes.io/aws-load-balancer-type"
    )


class Metadata(Struct, gc=False, rename="camel"):
    name: str
    namespace: str = ""
    uid: str = ""
    creation_timestamp: datetime | None = None
    labels: dict[str, str] | None = None
    annotations: Annotations | None = None
    owner_references: list[OwnerReference] | None = None


class Resources(Struct, gc=False):
    limits: Quantities | None = None
    requests: Quantities | None = None


class Container(Struct, gc=False):
    resources: Resources | None = None


class InitContainerSpec(Struct, gc=False, rename="camel"):
    resources: Resources | None = None
    restart_policy: str | None = None


class ClaimSource(Struct, gc=False, rename="camel"):
    claim_name: str


class PodVolume(Struct, gc=False, rename="camel"):
    name: str
    persistent_volume_claim: ClaimSource | None = None
    ephemeral: Raw = Raw()


class PodSpec(Struct, gc=False, rename="camel"):
    containers: list[Container] | None = None
    volumes: list[PodVolume] | None = None
    init_containers: list[InitContainerSpec] | None = None
    node_name: str | None = None
    overhead: Quantities | None = None
    resources: Resources | None = None


class PodStatus(Struct, gc=False, rename="camel"):
    phase: str | None = None
    start_time: datetime | None = None
    # only a finished pod's are decoded further
    init_container_statuses: Raw = Raw()
    container_statuses: Raw = Raw()


class PodItem(Struct, gc=False):
    metadata: Metadata
    spec: PodSpec = field(default_factory=PodSpec)
    status: PodStatus = field(default_factory=PodStatus)


class Terminated(Struct, gc=False, rename="camel"):
    finished_at: datetime | None = None


class ContainerState(Struct, gc=False):
    terminated: Terminated | None = None


class ContainerStatus(Struct, gc=False):
    state: ContainerState | None = None


class Address(Struct, gc=False):
    type: str


class NodeInfo(Struct, gc=False, rename="camel"):
    kubelet_version: str = ""


class NodeSpec(Struct, gc=False):
    provider_id: str = field(default="", name="providerID")


class NodeStatus(Struct, gc=False, rename="camel"):
    capacity: Quantities | None = None
    addresses: list[Address] | None = None
    node_info: NodeInfo | None = None


class NodeItem(Struct, gc=False):
    metadata: Metadata
    spec: NodeSpec = field(default_factory=NodeSpec)
    status: NodeStatus = field(default_factory=NodeStatus)


class CsiSource(Struct, gc=False, rename="camel"):
    driver: str
    volume_handle: str = ""
    volume_attributes: dict[str, str] | None = None


class NfsSource(Struct, gc=False):
    server: str = ""


class EbsSource(Struct, gc=False):
    volume_id: str = field(name="volumeID")


class ClaimReference(Struct, gc=False):
    name: str | None = None
    namespace: str | None = None


class VolumeSpec(Struct, gc=False, rename="camel"):
    capacity: Quantities | None = None
    csi: CsiSource | None = None
    nfs: NfsSource | None = None
    aws_elastic_block_store: EbsSource | None = None
    claim_ref: ClaimReference | None = None
    storage_class_name: str | None = None


class Phase(Struct, gc=False):
    phase: str = ""


class VolumeItem(Struct, gc=False):
    metadata: Metadata
    spec: VolumeSpec
    status: Phase = field(default_factory=Phase)


class ClaimSpec(Struct, gc=False, rename="camel"):
    volume_name: str | None = None
    storage_class_name: str | None = None


class ClaimItem(Struct, gc=False):
    metadata: Metadata
    spec: ClaimSpec


class StorageClassItem(Struct, gc=False):
    metadata: Metadata
    provisioner: str = ""
    parameters: dict[str, str] | None = None


class Ingress(Struct, gc=False):
    hostname: str | None = None
    ip: str | None = None


class IngressList(Struct, gc=False):
    ingress: list[Ingress] | None = None


class ServiceSpec(Struct, gc=False, rename="camel"):
    type: str = "ClusterIP"
    load_balancer_class: str | None = None


class ServiceStatus(Struct, gc=False, rename="camel"):
    load_balancer: IngressList | None = None


class ServiceItem(Struct, gc=False):
    metadata: Metadata
    spec: ServiceSpec = field(default_factory=ServiceSpec)
    status: ServiceStatus | None = None


class NamespaceItem(Struct, gc=False):
    metadata: Metadata


class ContainerUsage(Struct, gc=False):
    usage: Quantities | None = None


class PodMetricsItem(Struct, gc=False):
    metadata: Metadata
    containers: list[ContainerUsage] | None = None


class ServerVersion(Struct, gc=False, rename="camel"):
    major: str = ""
    minor: str = ""
    git_version: str = ""


decode_nodes = Decoder(Page[NodeItem]).decode
decode_pods = Decoder(Page[PodItem]).decode
decode_volumes = Decoder(Page[VolumeItem]).decode
decode_claims = Decoder(Page[ClaimItem]).decode
decode_storage_classes = Decoder(Page[StorageClassItem]).decode
decode_services = Decoder(Page[ServiceItem]).decode
decode_namespaces = Decoder(Page[NamespaceItem]).decode
decode_pod_metrics = Decoder(Page[PodMetricsItem]).decode
decode_container_statuses = Decoder(list[ContainerStatus] | None).decode
decode_version = Decoder(ServerVersion).decode
