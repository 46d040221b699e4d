"""Collects the lives of one cluster while they are planned, and gives each a name of its own."""

from __future__ import annotations

import hashlib
import random
import uuid

from bursar.domain.cluster.quantities import bytes_of
from bursar.domain.cluster.records import CapacityType, Node
from bursar.domain.cluster.storage import VolumeSpec
from bursar.local.scenario.calendar import FOREVER
from bursar.local.scenario.lives import BalancerLife, NodeLife, PodLife, VolumeLife
from bursar.local.scenario.machines import GPU, NodeGroup
from bursar.local.scenario.shapes import ContainerShape, Owner, PodShape

_HASH_CHARACTERS = "456789bcdf"
_SUFFIX_CHARACTERS = "bcdfghjklmnpqrstvwxz2456789"
_ECR = "602401143452.dkr.ecr.us-east-1.amazonaws.com"


def _daemon(name: str, image: str, cpu: str, memory: str) -> PodShape:
    container = ContainerShape(name, image, cpu, memory)
    return PodShape("kube-system", name, Owner.DAEMON_SET, (container,))


_ON_EVERY_NODE = (
    _daemon("aws-node", f"{_ECR}/amazon-k8s-cni:v1.20.4", "50m", "100Mi"),
    _daemon("kube-proxy", f"{_ECR}/eks/kube-proxy:v1.34.0", "100m", "50M"),
)
_ON_GPU_NODES = (
    _daemon("dcgm-exporter", "nvcr.io/nvidia/k8s/dcgm-exporter:4.4.1", "100m", "131072Ki"),
)


class Fleet:
    """The lives of one cluster. Everything random comes from the seed and the cluster's name."""

    def __init__(self, seed: int | str, cluster: str) -> None:
        self._root = f"{seed}/{cluster}"
        self._taken: set[str] = set()
        self._names = self.randomness("names")
        self.nodes: list[NodeLife] = []
        self.pods: list[PodLife] = []
        self.volumes: list[VolumeLife] = []
        self.balancers: list[BalancerLife] = []

    def randomness(self, topic: str) -> random.Random:
        """A stream of its own for each topic: planning one thing moves no other."""
        return random.Random(f"{self._root}/{topic}")

    def digest(self, *parts: object) -> str:
        text = "/".join([self._root, *map(str, parts)])
        return hashlib.sha256(text.encode()).hexdigest()

    def add_node(self, group: NodeGroup, zone: str, launched: int, ended: int) -> NodeLife:
        """An instance, its Node, and the DaemonSets' pods on it."""
        machine, name = group.machine, self._address()
        joined = launched + self._names.randrange(50, 80)
        instance_id = f"i-0{self.digest('instance', name)[:16]}"
        life = NodeLife(
            record=Node(
                name=name,
                instance_type=machine.instance_type,
                zone=zone,
                capacity_type=CapacityType.SPOT if group.spot else CapacityType.ON_DEMAND,
                cpu_milli=machine.vcpus * 1000,
                memory_bytes=bytes_of(machine.memory),
                accelerators={GPU: machine.gpus} if machine.gpus else {},
                created_at=joined,
                node_group=group.name,
                instance_id=instance_id,
                has_public_ip=group.public,
                gpu_count=machine.gpus or None,
            ),
            group=group,
            instance_id=instance_id,
            joined=joined,
            launched=launched,
            ended=ended,
        )
        self.nodes.append(life)
        daemons = _ON_EVERY_NODE + (_ON_GPU_NODES if machine.gpus else ())
        for order, shape in enumerate(daemons):
            start = joined + 9 + 3 * order
            self.add_pod(shape, name, start, ended, created=joined + 1)
        return life

    def add_pod(
        self,
        shape: PodShape,
        node: str,
        started: int,
        finished: int,
        *,
        created: int | None = None,
        revision: int = 0,
        ordinal: int = 0,
        job: str = "",
        claims: tuple[str, ...] = (),
    ) -> None:
        """A pod, named as its kind of controller names pods; `job` is the Job's name."""
        template_hash, owner, name = "", shape.workload, f"{shape.workload}-{ordinal}"
        if shape.owner is Owner.DEPLOYMENT:
            template_hash = self._template_hash(shape, revision)
            owner = f"{shape.workload}-{template_hash}"
        elif shape.owner is Owner.JOB:
            owner = job or shape.workload
        if shape.owner is not Owner.STATEFUL_SET:
            name = self._unused(shape.namespace, owner)
        identity = self.digest("pod", shape.namespace, name, started)
        self.pods.append(
            PodLife(
                uid=str(uuid.UUID(identity[:32])),
                name=name,
                seed=int(identity[:12], 16),
                shape=shape,
                owner_name=owner,
                template_hash=template_hash,
                node=node,
                created=started - 4 if created is None else created,
                started=started,
                finished=finished,
                claims=claims,
            )
        )

    def add_volume(
        self,
        spec: tuple[str, int, int | None, int | None],
        claim: tuple[str, str],
        *,
        zone: str,
        capacity: str,
        storage_class: str,
        created: int,
        released: int = FOREVER,
    ) -> None:
        """A volume of `spec` (type, GiB, IOPS, MiB/s) for a claim (namespace, name)."""
        identity = self.digest("volume", *claim)
        volume_type, size_gib, iops, throughput = spec
        self.volumes.append(
            VolumeLife(
                name=f"pvc-{uuid.UUID(identity[:32])}",
                spec=VolumeSpec(
                    f"vol-0{identity[32:48]}",
                    volume_type,
                    size_gib,
                    iops,
                    throughput,
                    attached=released == FOREVER,
                ),
                zone=zone,
                capacity=capacity,
                storage_class=storage_class,
                namespace=claim[0],
                claim=claim[1],
                created=created,
                released=released,
            )
        )

    def add_balancer(self, namespace: str, service: str, created: int) -> None:
        identity = self.digest("balancer", namespace, service)
        host = f"k8s-{namespace}-{service}-{identity[:10]}-{identity[10:26]}"
        self.balancers.append(
            BalancerLife(namespace, service, f"{host}.elb.us-east-1.amazonaws.com", created)
        )

    def _template_hash(self, shape: PodShape, revision: int) -> str:
        digits = int(self.digest("template", shape.namespace, shape.workload, revision)[:12], 16)
        return "".join(_HASH_CHARACTERS[digits // 10**place % 10] for place in range(10))

    def _unused(self, namespace: str, stem: str) -> str:
        while True:
            name = f"{stem}-{''.join(self._names.choices(_SUFFIX_CHARACTERS, k=5))}"
            if f"{namespace}/{name}" not in self._taken:
                self._taken.add(f"{namespace}/{name}")
                return name

    def _address(self) -> str:
        """A private address that no other node of the cluster ever has."""
        while True:
            third, fourth = self._names.randrange(0, 192), self._names.randrange(4, 255)
            name = f"ip-10-0-{third}-{fourth}.ec2.internal"
            if name not in self._taken:
                self._taken.add(name)
                return name
