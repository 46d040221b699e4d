"""Plans: what a stop changes in one cluster, object by object, from what was read of it.

Nothing that runs is touched. A quota allows what is there now and the pods that replace it in
a rollout; a node pool keeps the accelerators that it has; a queue is held and not drained; a
Job is suspended only while it has no pods.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bursar.domain.cluster.quantities import QuantityError, count
from bursar.domain.cluster.records import Node, Pod
from bursar.domain.stops.objects import Fields, ObjectKind, ObjectName, StoredObject, Value
from bursar.domain.stops.rules import Action, Place
from bursar.domain.stops.steps import Step

STOP_POLICY, SUSPEND, HOLD = "stopPolicy", "suspend", "Hold"
_HELD = ("Hold", "HoldAndDrain")
_REQUESTS = "requests."
MOST_STEPS = 300  # of one stop, which is an item of at most 400 KB
Held = Mapping[tuple[str, ObjectName], Step]  # what other stops hold already


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What was read of one cluster. None: that kind is not served there."""

    cluster: str
    pods: Sequence[Pod]
    nodes: Sequence[Node]
    queues: Sequence[StoredObject] | None = ()
    pools: Sequence[StoredObject] | None = ()
    jobs: Sequence[StoredObject] | None = ()
    shared_namespaces: Collection[str] = ()

    @property
    def accelerators(self) -> tuple[str, ...]:
        """Every accelerator resource that a node has or a pod asks for."""
        machines = {name for node in self.nodes for name in node.accelerators}
        return tuple(sorted(machines | {name for pod in self.alive for name in pod.accelerators}))

    @property
    def alive(self) -> list[Pod]:
        return [pod for pod in self.pods if pod.finished_at is None]


@dataclass(frozen=True, slots=True)
class Plan:
    """`notes` say what was asked for and cannot be, or need not be, done."""

    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()


def plan(
    actions: Collection[Action],
    where: Sequence[Place],
    facts: ClusterFacts,
    stop_id: str,
    *,
    surge_percent: int,
    held: Held | None = None,
    at_most: int = MOST_STEPS,
) -> Plan:
    """The steps of one stop in one cluster, in the order in which they are to be applied.

    Quotas come first: a Job without pods gets none while it is being suspended.
    """
    planner = _Planner(where, facts, stop_id, surge_percent, held or {})
    kinds = {
        Action.CAP_ACCELERATORS: planner.quotas,
        Action.HOLD_QUEUES: planner.queues,
        Action.CAP_NODE_POOLS: planner.pools,
        Action.SUSPEND_QUEUED_JOBS: planner.jobs,
    }
    found = [each for action, make in kinds.items() if action in actions for each in make()]
    steps = [each for each in found if isinstance(each, Step)]
    notes = [each for each in found if isinstance(each, str)]
    if beyond := len(steps[at_most:]):
        notes.insert(0, f"{beyond} more objects of {facts.cluster} are left as they are")
    return Plan(tuple(steps[:at_most]), tuple(notes[:MOST_STEPS]))


def quota_name(stop_id: str) -> str:
    return f"bursar-stop-{stop_id}"


def headroom(pods: Sequence[Pod], resource: str, surge_percent: int) -> int:
    """What one workload's rollout needs beside what runs: the most that any of them does.

    8 replicas with 2 GPUs each, at 25%: 2 more pods, so 4 GPUs. Several rollouts at once
    take turns.
    """
    replicas: dict[str, list[int]] = {}
    for pod in pods:
        if asked := pod.accelerators.get(resource):
            replicas.setdefault(pod.workload, []).append(asked)
    return max(
        (-(-len(each) * surge_percent // 100) * max(each) for each in replicas.values()), default=0
    )


@dataclass(frozen=True, slots=True)
class _Planner:
    """Each method gives steps, and notes as text."""

    where: Sequence[Place]
    facts: ClusterFacts
    stop_id: str
    surge_percent: int
    held: Held

    def quotas(self) -> Iterator[Step | str]:
        if not self.facts.accelerators:
            yield f"{self.facts.cluster} has no accelerators: no quota"
            return
        for namespace in self._namespaces({pod.namespace for pod in self._asking()}):
            pods = [pod for pod in self.facts.alive if pod.namespace == namespace]
            now = {
                name: sum(pod.accelerators.get(name, 0) for pod in pods)
                for name in self.facts.accelerators
            }
            spare = {name: headroom(pods, name, self.surge_percent) for name in now}
            limits = ", ".join(
                f"{now[n] + spare[n]} {n} ({now[n]} now, {spare[n]} to roll out)" for n in now
            )
            name = ObjectName(
                kind=ObjectKind.RESOURCE_QUOTA,
                namespace=namespace,
                name=quota_name(self.stop_id),
            )
            after: dict[str, Value] = {f"{_REQUESTS}{n}": str(now[n] + spare[n]) for n in now}
            does = f"new pods in {namespace} get at most {limits}"
            yield self._step(Action.CAP_ACCELERATORS, name, None, {}, after, does)

    def queues(self) -> Iterator[Step | str]:
        if self.facts.queues is None:
            yield f"{self.facts.cluster} serves no LocalQueues: Kueue is not installed"
            return
        for each in self._inside(self.facts.queues):
            if other := self._held(each):
                yield self._beside(Action.HOLD_QUEUES, other)
            elif (policy := each.fields.get(STOP_POLICY)) in _HELD:
                yield f"{each.name} is at {policy} already"
            else:
                does = f"{each.name} admits no more workloads; those it admitted run on"
                before = {STOP_POLICY: policy}
                after: Fields = {STOP_POLICY: HOLD}
                yield self._step(Action.HOLD_QUEUES, each.name, each.uid, before, after, does)

    def pools(self) -> Iterator[Step | str]:
        if self.facts.pools is None:
            yield f"{self.facts.cluster} serves no NodePools: Karpenter is not installed"
            return
        if not any(place.namespace == "" for place in self.where):
            named = ", ".join(place.namespace for place in self.where)
            yield f"node pools of {self.facts.cluster} serve more than {named}: not capped"
            return
        for each in self.facts.pools:
            if other := self._held(each):
                yield self._beside(Action.CAP_NODE_POOLS, other)
                continue
            now = self._accelerators_of(each)
            after: Fields = {
                name: str(units)
                for name, units in now.items()
                if not _is_at_most(each.fields.get(name), units)
            }
            if not after:
                yield f"{each.name} is limited to what it has already"
                continue
            before = {name: each.fields.get(name) for name in after}
            limits = ", ".join(f"{units} {name}" for name, units in after.items())
            does = f"{each.name} grows no further than {limits}, which it has now"
            yield self._step(Action.CAP_NODE_POOLS, each.name, each.uid, before, after, does)

    def jobs(self) -> Iterator[Step | str]:
        if self.facts.jobs is None:
            yield f"{self.facts.cluster} serves no Jobs"
            return
        for each in self._inside(self.facts.jobs):
            if each.busy or each.fields.get(SUSPEND) or not each.amounts:
                continue
            does = f"{each.name} waits without pods: it is suspended"
            before, after = {SUSPEND: each.fields.get(SUSPEND)}, {SUSPEND: True}
            yield self._step(Action.SUSPEND_QUEUED_JOBS, each.name, each.uid, before, after, does)

    def _asking(self) -> list[Pod]:
        return [pod for pod in self.facts.alive if pod.accelerators]

    def _namespaces(self, seen: set[str]) -> list[str]:
        """Those that are named, and of a whole cluster those that are seen and not shared."""
        named = {place.namespace for place in self.where if place.namespace}
        whole = any(place.namespace == "" for place in self.where)
        return sorted(named | (seen - set(self.facts.shared_namespaces) if whole else set()))

    def _inside(self, objects: Sequence[StoredObject]) -> list[StoredObject]:
        inside = self._namespaces({each.name.namespace for each in objects})
        found = [each for each in objects if each.name.namespace in inside]
        return sorted(found, key=lambda each: (each.name.namespace, each.name.name))

    def _accelerators_of(self, pool: StoredObject) -> dict[str, int]:
        """What its nodes have, or what it says that it has: nodes may be on their way."""
        nodes = [node for node in self.facts.nodes if node.node_group == pool.name.name]
        names = sorted({*self.facts.accelerators, *pool.amounts})
        return {
            name: max(
                sum(node.accelerators.get(name, 0) for node in nodes), pool.amounts.get(name, 0)
            )
            for name in names
        }

    def _held(self, found: StoredObject) -> Step | None:
        return self.held.get((self.facts.cluster, found.name))

    def _beside(self, action: Action, other: Step) -> Step:
        """What another stop holds already: whichever lets go last puts back what stood first."""
        return self._step(
            action, other.object, other.uid, other.before, other.after, f"{other.does}, still"
        )

    def _step(
        self,
        action: Action,
        name: ObjectName,
        uid: str | None,
        before: Fields,
        after: Fields,
        does: str,
    ) -> Step:
        return Step(
            action=action,
            cluster=self.facts.cluster,
            object=name,
            uid=uid,
            before=dict(before),
            after=dict(after),
            does=does,
        )


def _is_at_most(limit: Value, units: int) -> bool:
    """Whether a limit is there that allows no more; one that cannot be read is not."""
    try:
        return isinstance(limit, str) and count(limit) <= units
    except QuantityError:
        return False
