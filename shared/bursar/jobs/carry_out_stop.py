"""Carry out what a stop has decided: plan it, write it, look after it, and put it all back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from bursar.config import Config
from bursar.config.stops import is_reached
from bursar.domain.alerts import Alert
from bursar.domain.cluster.records import ClusterUnreadableError
from bursar.domain.stops.changes import AuditAction
from bursar.domain.stops.messages import News, message, reverted
from bursar.domain.stops.objects import (
    ClusterWriteError,
    NotServedError,
    ObjectChangedError,
    ObjectKind,
    StoredObject,
)
from bursar.domain.stops.planning import MOST_STEPS, ClusterFacts, Held, Plan, plan
from bursar.domain.stops.records import Stop, StopState, drifted, worked
from bursar.domain.stops.rules import IN_CLUSTERS, Action
from bursar.domain.stops.steps import (
    Move,
    Step,
    StepState,
    Verb,
    observed,
    to_apply,
    to_undo,
)
from bursar.jobs.stopping import Reach, Stopping
from bursar.ports import ClusterObjects

_TRIES = 3
_FAILED = (ClusterUnreadableError, ClusterWriteError)
_KIND = {
    Action.HOLD_QUEUES: ObjectKind.LOCAL_QUEUE,
    Action.CAP_NODE_POOLS: ObjectKind.NODE_POOL,
    Action.SUSPEND_QUEUED_JOBS: ObjectKind.JOB,
}
Decide = Callable[[Step, StoredObject | None, str], Move]


def carry_out_stop(
    stop: Stop, others: Sequence[Stop], config: Config, at: datetime, stopping: Stopping
) -> Stop:
    """The stop after what can be done for it now; the next run goes on with the rest.

    What stood before is committed before anything is written. `others` are the open stops
    beside it: what one of them holds too is not let go.
    """
    stop = planned(stop, others, config, at, stopping)
    if stop.state is StopState.ACTIVE:
        stop = _apply(stop, config, at, stopping)
    elif stop.is_over and stop.holds:
        stop = _undo(stop, others, config, at, stopping)
    return stop


def planned(
    stop: Stop, others: Sequence[Stop], config: Config, at: datetime, stopping: Stopping
) -> Stop:
    """The stop with the plans of the clusters that were not read before; written before use."""
    if stop.is_over or not stop.unplanned:
        return stop
    new = with_plans(stop, others, config, stopping)
    return _commit(stop, new, at, stopping)


def with_plans(stop: Stop, others: Sequence[Stop], config: Config, stopping: Stopping) -> Stop:
    """As `planned`, and nothing is written."""
    held = {step.key: step for other in others if not other.is_over for step in other.holds}
    steps, notes, unplanned = list(stop.steps), list(stop.notes), dict[str, str]()
    for name in stop.unplanned:
        try:
            found = _plan(stop, name, held, config, stopping, MOST_STEPS - len(steps))
        except ClusterUnreadableError as error:
            unplanned[name] = str(error)
        else:
            steps += found.steps
            notes += found.notes
    return worked(stop, steps=tuple(steps), notes=tuple(notes), unplanned=unplanned)


def _plan(
    stop: Stop, cluster: str, held: Held, config: Config, stopping: Stopping, at_most: int
) -> Plan:
    configured = next((each for each in config.clusters if each.name == cluster), None)
    if configured is None or not is_reached(configured):
        return Plan(notes=(f"{cluster} is private, abroad or gone: no stop reaches it",))
    where = [place for place in stop.where if place.cluster == cluster]
    actions = IN_CLUSTERS.intersection(stop.actions)
    namespaces = {place.namespace for place in where}
    facts = read_facts(
        cluster,
        stopping.reach(configured),
        kinds=[_KIND[each] for each in actions if each in _KIND],
        namespaces=() if "" in namespaces else sorted(namespaces),
        shared_namespaces=configured.shared_namespaces,
    )
    surge = stop.surge_percent
    return plan(actions, where, facts, stop.id, surge_percent=surge, held=held, at_most=at_most)


def read_facts(
    cluster: str,
    reach: Reach,
    *,
    kinds: Iterable[ObjectKind],
    namespaces: Sequence[str],
    shared_namespaces: Sequence[str],
) -> ClusterFacts:
    """What a plan needs to know; of the objects, those of `namespaces`, or of all without any.

    Jobs are read before pods: one that has got a pod since has changed, and is not written.

    Raises:
        ClusterUnreadableError: something could not be read, or may not be.
    """
    found: dict[ObjectKind, Sequence[StoredObject] | None] = {}
    for kind in kinds:
        inside = ("",) if kind is ObjectKind.NODE_POOL else namespaces or ("",)
        try:
            found[kind] = [o for each in inside for o in reach.objects.objects(kind, each)]
        except NotServedError:
            found[kind] = None
    return ClusterFacts(
        cluster,
        nodes=reach.reader.inventory().nodes,
        pods=[pod for pod in reach.reader.pods() if pod.accelerators and pod.finished_at is None],
        queues=found.get(ObjectKind.LOCAL_QUEUE, ()),
        pools=found.get(ObjectKind.NODE_POOL, ()),
        jobs=found.get(ObjectKind.JOB, ()),
        shared_namespaces=shared_namespaces,
    )


def _apply(stop: Stop, config: Config, at: datetime, stopping: Stopping) -> Stop:
    reach = _Reached(config, stopping)
    steps = []
    for step in stop.steps:
        objects = reach.of(step.cluster)
        if objects is not None and step.state is StepState.PLANNED:
            step = _write(step, stop.id, objects, to_apply)
        elif objects is not None and step.state is StepState.APPLIED:
            step = _look(step, objects)
        steps.append(step)
    new = worked(stop, steps=tuple(steps))
    alerts = []
    if gone := drifted(stop, new):
        alerts.append(message(new, at, News.DRIFTED, reverted(gone)))
    return _commit(stop, new, at, stopping, [*alerts, *_blocked(stop, new, at)])


def _undo(
    stop: Stop, others: Sequence[Stop], config: Config, at: datetime, stopping: Stopping
) -> Stop:
    reach = _Reached(config, stopping)
    held = {step.key: each.id for each in others if not each.is_over for step in each.holds}
    steps = []
    for step in stop.steps:
        if step.may_hold and (other := held.get(step.key)):
            step = step.turned(StepState.RESTORED, f"stop {other} holds it still")
        elif step.may_hold and (objects := reach.of(step.cluster)) is not None:
            step = _write(step, stop.id, objects, to_undo)
        elif step.may_hold:
            step = step.turned(StepState.LEFT, "its cluster is not within reach any more")
        steps.append(step)
    new = worked(stop, steps=tuple(steps))
    return _commit(stop, new, at, stopping, _blocked(stop, new, at))


class _Reached:
    """The clusters of one run, each reached once."""

    def __init__(self, config: Config, stopping: Stopping) -> None:
        self._clusters = {each.name: each for each in config.clusters if is_reached(each)}
        self._stopping = stopping
        self._found: dict[str, ClusterObjects] = {}

    def of(self, name: str) -> ClusterObjects | None:
        if name not in self._clusters:
            return None
        if name not in self._found:
            self._found[name] = self._stopping.reach(self._clusters[name]).objects
        return self._found[name]


def _write(step: Step, stop_id: str, objects: ClusterObjects, decide: Decide) -> Step:
    """What becomes of a step: of an object that changes under our hands, after another look."""
    for _ in range(_TRIES):
        try:
            found = objects.find(step.object)
            return _made(decide(step, found, stop_id), found, stop_id, objects, decide)
        except ObjectChangedError:
            continue
        except _FAILED as error:
            return step.failed(str(error))
    return step.failed("it kept changing: the next run tries again")


def _made(
    move: Move, found: StoredObject | None, stop_id: str, objects: ClusterObjects, decide: Decide
) -> Step:
    step, fields = move.step, move.fields or {}
    if move.verb is Verb.CREATE:
        made = objects.create(step.object, fields, stop_id)
        return step.turned(step.state, uid=made.uid)
    if found is not None and move.verb is Verb.CHANGE:
        objects.change(found, fields, stop_id if decide is to_apply else "")
    if found is not None and move.verb is Verb.DELETE:
        objects.delete(found)
    return step


def _look(step: Step, objects: ClusterObjects) -> Step:
    try:
        return observed(step, objects.find(step.object))
    except ClusterUnreadableError:
        return step  # nobody knows: the next run looks again


def _blocked(old: Stop, new: Stop, at: datetime) -> list[Alert]:
    """What begins to fail is told once."""
    known = {step.key for step in old.steps if step.failing}
    failing = [step for step in new.steps if step.failing and step.key not in known]
    return [message(new, at, News.BLOCKED, reverted(failing))] if failing else []


def send_event(stop: Stop, at: datetime, stopping: Stopping) -> Stop:
    """The stop once whoever listens was told of its state; one that owes nothing is as it was.

    Raises whatever the bus does: the next run tells it.
    """
    if not stop.owes_event:
        return stop
    told = {
        "stop": stop.id,
        "state": str(stop.state),
        "budget": stop.budget,
        "scope": str(stop.scope),
        "limit_usd": stop.limit.plain(),
        "spent_usd": stop.spent.plain() if stop.spent else None,
        "actions": [str(each) for each in stop.actions],
        "reason": stop.reason,
        "ended_because": stop.ended_because or None,
        "expires_at": stop.expires_at.isoformat(),
    }
    stopping.events.send(f"Budget Stop {stop.state.title()}", told, at)
    return _commit(stop, worked(stop, event=stop.state), at, stopping)


def _commit(
    old: Stop, new: Stop, at: datetime, stopping: Stopping, alerts: Sequence[Alert] = ()
) -> Stop:
    """Write what has come of it. Where somebody was faster, theirs stands, and the next run goes
    on from there: each step finds its own work again."""
    if new is old:
        return old
    if stopping.commit(AuditAction.WORKED, at, old, new, alerts=alerts):
        return new
    return stopping.stops.find(old.id) or old
