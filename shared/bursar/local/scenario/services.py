"""What surrounds the models on CPU: a gateway, retrieval, databases, and their volumes."""

from __future__ import annotations

from bursar.local.scenario.calendar import DAY, FOREVER, HOUR, Calendar
from bursar.local.scenario.fleet import Fleet
from bursar.local.scenario.machines import ZONES, NodeGroup
from bursar.local.scenario.replicas import autoscaled, revisions
from bursar.local.scenario.shapes import ContainerShape, Habit, Owner, PodShape

_NODES = 4
_BESIDE_DATABASES = 2  # the first nodes hold those
_GROUP = NodeGroup("services-m5", "m5.2xlarge", team="platform")
_GATEWAY = PodShape(
    "platform",
    "gateway",
    Owner.DEPLOYMENT,
    (ContainerShape("envoy", "docker.io/envoyproxy/envoy:v1.36.2", "1", "1Gi"),),
    habit=Habit.SERVING,
)
_RAG_API = PodShape(
    "search",
    "rag-api",
    Owner.DEPLOYMENT,
    (ContainerShape("api", "docker.io/search/rag-api:5.1", "750m", "1.5Gi"),),
    init_containers=(
        ContainerShape("cache", "docker.io/library/memcached:1.6", "100m", "128Mi", sidecar=True),
        ContainerShape("fetch-index", "docker.io/search/fetch-index:5.1", "1", "512Mi"),
    ),
    habit=Habit.SERVING,
)
_COREDNS = PodShape(
    "kube-system",
    "coredns",
    Owner.DEPLOYMENT,
    (ContainerShape("coredns", "registry.k8s.io/coredns/coredns:v1.12.3", "100m", "70Mi"),),
)


def _stateful(workload: str, namespace: str, image: str, cpu: str, memory: str) -> PodShape:
    container = ContainerShape(workload, image, cpu, memory)
    return PodShape(namespace, workload, Owner.STATEFUL_SET, (container,))


_POSTGRES = _stateful("postgres", "search", "docker.io/library/postgres:17", "2", "8Gi")
_QDRANT = _stateful("qdrant", "search", "docker.io/qdrant/qdrant:v1.15", "1500m", "6G")
_REDIS = _stateful("redis", "platform", "docker.io/library/redis:8", "0.5", "4096Mi")


def plan_services(fleet: Fleet, calendar: Calendar) -> None:
    """Plan the CPU nodes of the inference cluster, what runs on them, and the volumes."""
    nodes = plan_standing_nodes(fleet, calendar, _GROUP, _NODES)
    for shape, at_peak in ((_GATEWAY, 3.6), (_RAG_API, 3.2)):
        for slot, spans in enumerate(autoscaled(calendar, at_peak, fewest=2)):
            node = nodes[(slot + _BESIDE_DATABASES) % _NODES]
            for begin, end in spans:
                for since, to, revision in revisions(calendar, begin + 7 * slot + 3, end, slot):
                    fleet.add_pod(shape, node, since, to, revision=revision)
    since = calendar.first
    for slot in range(2):
        fleet.add_pod(_COREDNS, nodes[slot], since, FOREVER)
    for shape, replicas in ((_POSTGRES, 2), (_QDRANT, 2), (_REDIS, 1)):
        for ordinal in range(replicas):
            claim = f"data-{shape.workload}-{ordinal}"
            node = nodes[ordinal]
            fleet.add_pod(shape, node, since, FOREVER, ordinal=ordinal, claims=(claim,))
    _plan_volumes(fleet, calendar)
    fleet.add_balancer("platform", "gateway", since - 30 * DAY)


def plan_standing_nodes(
    fleet: Fleet, calendar: Calendar, group: NodeGroup, count: int
) -> list[str]:
    """Nodes that were there before the scenario and stay: their names."""
    launched = calendar.first - 20 * DAY
    return [
        fleet.add_node(
            group, ZONES[i % len(ZONES)], launched + 13 * i + 5 * HOUR, FOREVER
        ).record.name
        for i in range(count)
    ]


def _plan_volumes(fleet: Fleet, calendar: Calendar) -> None:
    before = calendar.first - 25 * DAY
    for ordinal, zone in enumerate(ZONES[:2]):
        fleet.add_volume(
            ("io2", 200, 4000, None),
            ("search", f"data-postgres-{ordinal}"),
            zone=zone,
            capacity="200Gi",
            storage_class="fast-io2",
            created=before + 60 * ordinal,
        )
        # the name of the class says gp2, its parameters say gp3; and someone has since given
        # the volumes more IOPS and throughput, which only EC2 knows
        fleet.add_volume(
            ("gp3", 512, 6000, 250),
            ("search", f"data-qdrant-{ordinal}"),
            zone=zone,
            capacity="0.5Ti",
            storage_class="gp2",
            created=before + DAY + 45 * ordinal,
        )
    fleet.add_volume(
        ("gp3", 20, 3000, 125),
        ("platform", "data-redis-0"),
        zone=ZONES[0],
        capacity="21474836480",
        storage_class="gp3",
        created=before + 2 * DAY,
    )
    fleet.add_volume(
        ("gp3", 1024, 3000, 125),
        ("search", "data-postgres-migration-0"),
        zone=ZONES[1],
        capacity="1048576Mi",
        storage_class="gp3-retain",
        created=calendar.origin + 2 * DAY + 9 * HOUR + 754,
        released=calendar.origin + 9 * DAY + 15 * HOUR + 1312,
    )
