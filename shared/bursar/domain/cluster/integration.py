"""From snapshots to seconds: how long each node, pod and volume of an hour really ran.

Snapshots are instants. Kubernetes says when a pod started and finished and EC2 when an
instance did; only what vanished between two snapshots is put at the middle of the gap.
Time between snapshots further apart than two intervals is unknown, and stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, TypeVar

from bursar.domain.cluster.lifetimes import InstanceState, billed_spans
from bursar.domain.cluster.records import ClusterSnapshot, LoadBalancer, Node, Pod, Volume
from bursar.domain.periods import Window

R = TypeVar("R")
Spans = Sequence[tuple[int, int]]
States = Mapping[str, Sequence[InstanceState]]
_FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class PodTime:
    """A pod's seconds on its node in the window, and its mean max(request, usage).

    `node` is None when the node that the pod names was never listed.
    """

    pod: Pod
    node: Node | None
    seconds: int
    cpu_milli: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class ClusterTime:
    """One cluster over one window, in seconds. Empty, with no known second, when blind.

    `latest_join` is when the last of those nodes was first seen that EC2 says ran before the
    window and that no snapshot before it shows: whoever closed the hour before missed them.
    """

    known_seconds: int
    as_of: int
    nodes: Sequence[tuple[Node, int]] = ()
    pods: Sequence[PodTime] = ()
    volumes: Sequence[tuple[Volume, int]] = ()
    load_balancers: Sequence[tuple[LoadBalancer, int]] = ()
    kubernetes_version: str | None = None
    is_eks: bool = False
    not_served: tuple[str, ...] = ()
    latest_join: int | None = None


@dataclass(slots=True)
class _Life(Generic[R]):
    """What is known of one thing's beginning and end, in epoch seconds."""

    record: R
    appeared: int  # half-way from the snapshot before; minus forever if it was always there
    first_seen: int
    last_seen: int
    gone_at: int | None = None
    sightings: int = 0
    cpu_milli: int = 0  # summed over sightings: max(request, usage)
    memory_bytes: int = 0

    @property
    def vanished(self) -> int:
        """Seen at 10:00, gone at 10:05: it ended at 10:02:30."""
        return _FOREVER if self.gone_at is None else (self.last_seen + self.gone_at) // 2


@dataclass(slots=True)
class _Watch(Generic[R]):
    """Follows the things of one kind through the snapshots."""

    lives: dict[Hashable, _Life[R]] = field(default_factory=dict)
    alive: set[Hashable] = field(default_factory=set)

    def see(self, at: int, previous: int | None, things: Iterable[tuple[Hashable, R]]) -> None:
        seen = set()
        appeared = -_FOREVER if previous is None else (previous + at) // 2
        for key, record in things:
            seen.add(key)
            life = self.lives.get(key)
            if life is None:
                life = self.lives[key] = _Life(record, appeared, at, at)
            life.record, life.last_seen, life.gone_at = record, at, None
        for key in self.alive - seen:
            self.lives[key].gone_at = at
        self.alive = seen

    def seconds(
        self, known: Spans, created_at: Callable[[R], int | None] = lambda _: None
    ) -> Iterator[tuple[R, int]]:
        """For things of which nothing tells when they end, and not always when they began."""
        for life in self.lives.values():
            began = _first_known(created_at(life.record), life.appeared)
            if seconds := _within(known, min(began, life.first_seen), life.vanished):
                yield life.record, seconds


def integrate(
    window: Window,
    snapshots: Iterable[ClusterSnapshot],
    states_of: Callable[[Collection[str]], States],
    latecomers: Iterable[Node] = (),
) -> ClusterTime:
    """Integrate one window over snapshots that reach a little beyond both of its ends.

    Args:
        snapshots: of one cluster, oldest first; one is in memory at a time.
        states_of: EC2's state changes of the instances that were seen; exact where present.
        latecomers: nodes of still later snapshots. One that EC2 started in the window cost
            money in it, though it had not joined the cluster yet.
    """
    nodes, volumes = _Watch[Node](), _Watch[Volume]()
    pods, balancers = _Watch[Pod](), _Watch[LoadBalancer]()
    times: list[int] = []
    interval, last = 0, None
    for last in snapshots:
        at, before, held = last.at, times[-1] if times else None, last.inventory
        nodes.see(at, before, ((node.identity, node) for node in held.nodes))
        volumes.see(at, before, ((volume.name, volume) for volume in held.volumes))
        balancers.see(at, before, (((lb.namespace, lb.service), lb) for lb in held.load_balancers))
        pods.see(at, before, ((pod.uid, pod) for pod in last.pods if pod.node))
        _add_usage(pods, last.pods)
        times.append(at)
        interval = max(interval, last.interval_seconds)
    start, end = int(window.start.timestamp()), int(window.end.timestamp())
    known = _known(times, 2 * interval, start, end)
    if last is None or not known:
        return ClusterTime(known_seconds=0, as_of=times[-1] if times else 0)
    for node in latecomers:
        nodes.lives.setdefault(node.identity, _Life(node, _FOREVER, _FOREVER, _FOREVER))
    states = states_of(_instances(nodes))
    ran = list(_node_times(nodes, known, states))
    return ClusterTime(
        known_seconds=sum(to - since for since, to in known),
        as_of=max((at for at in times if at <= end), default=times[0]),
        nodes=ran,
        pods=list(_pod_times(pods, _homes(nodes, ran), known)),
        volumes=list(volumes.seconds(known, lambda volume: volume.created_at)),
        load_balancers=list(balancers.seconds(known)),
        kubernetes_version=last.inventory.kubernetes_version,
        is_eks=last.inventory.is_eks,
        not_served=last.inventory.not_served,
        latest_join=max(_late_joins(nodes, start, states), default=None),
    )


def _add_usage(watch: _Watch[Pod], pods: Iterable[Pod]) -> None:
    for pod in pods:
        if life := watch.lives.get(pod.uid):
            life.sightings += 1
            life.cpu_milli += max(pod.cpu_milli, pod.cpu_used_milli or 0)
            life.memory_bytes += max(pod.memory_bytes, pod.memory_used_bytes or 0)


def _known(times: Sequence[int], longest_gap: int, start: int, end: int) -> Spans:
    """The parts of [start, end) that lie between snapshots no further apart than the gap."""
    spans = [
        (max(since, start), min(to, end))
        for since, to in pairwise(times)
        if to - since <= longest_gap
    ]
    return [(since, to) for since, to in spans if to > since]


def _within(known: Spans, since: int, to: int) -> int:
    return sum(max(min(to, end) - max(since, start), 0) for start, end in known)


def _instances(watch: _Watch[Node]) -> set[str]:
    return {life.record.instance_id for life in watch.lives.values() if life.record.instance_id}


def _node_times(watch: _Watch[Node], known: Spans, states: States) -> Iterator[tuple[Node, int]]:
    for life in watch.lives.values():
        node, seconds = life.record, 0
        for span in billed_spans(states.get(node.instance_id or "", ())):
            began = _first_known(span.start, node.created_at, life.appeared)
            seconds += _within(known, began, _first_known(span.end, life.vanished))
        if seconds:
            yield node, seconds


def _late_joins(watch: _Watch[Node], start: int, states: States) -> Iterator[int]:
    for life in watch.lives.values():
        spans = billed_spans(states.get(life.record.instance_id or "", ()))
        began = [span.start for span in spans if span.start is not None]
        if start < life.first_seen < _FOREVER and began and began[0] < start:
            yield life.first_seen


def _first_known(*times: int | None) -> int:
    return next(time for time in times if time is not None)


@dataclass(frozen=True, slots=True)
class _Home:
    """A node as pods find it: while its name was its own, and whether it ran in the window."""

    life: _Life[Node]
    ran: bool


def _homes(watch: _Watch[Node], ran: Iterable[tuple[Node, int]]) -> dict[str, list[_Home]]:
    """The nodes that had each name, oldest first."""
    identities = {node.identity for node, _ in ran}
    homes: dict[str, list[_Home]] = {}
    for key, life in watch.lives.items():
        homes.setdefault(life.record.name, []).append(_Home(life, key in identities))
    return homes


def _pod_times(
    watch: _Watch[Pod], homes: Mapping[str, Sequence[_Home]], known: Spans
) -> Iterator[PodTime]:
    """Pods that ran. One that Kubernetes still lists on a node that had stopped did not."""
    for life in watch.lives.values():
        named = homes.get(life.record.node or "", ())
        there = (each for each in named if life.last_seen < each.life.vanished)
        home = next(there, named[-1] if named else None)
        if home and not home.ran:
            continue
        if time := _pod_time(life, home.life.record if home else None, known):
            yield time


def _pod_time(life: _Life[Pod], node: Node | None, known: Spans) -> PodTime | None:
    """None for a pod that did not run in the window."""
    pod = life.record
    if pod.started_at is None:
        return None
    ended = pod.finished_at if pod.finished_at is not None else life.vanished
    seconds = _within(known, pod.started_at, ended)
    if not seconds:
        return None
    cpu, memory = life.cpu_milli // life.sightings, life.memory_bytes // life.sightings
    return PodTime(pod, node, seconds, cpu, memory)
