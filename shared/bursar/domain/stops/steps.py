"""Steps: one object each that a stop changes, what stood there before, and how it is put back.

What stood before is stored before anything is written, so a run that breaks off can be undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from bursar.domain.stops.objects import Fields, ObjectKind, ObjectName, StoredObject, Value
from bursar.domain.stops.rules import Action

_NOT_OURS = "somebody else's object has its name"


class StepState(StrEnum):
    """`left`: somebody else has changed the object, and it stays as they left it."""

    PLANNED = "planned"
    APPLIED = "applied"
    DRIFTED = "drifted"
    RESTORED = "restored"
    LEFT = "left"


class Step(BaseModel):
    """`uid` is the object's, once there is one. `does` says in words what the step does."""

    model_config = ConfigDict(frozen=True)

    action: Action
    cluster: str
    object: ObjectName
    uid: str | None
    before: dict[str, Value]
    after: dict[str, Value]
    does: str
    state: StepState = StepState.PLANNED
    told: str = ""
    failing: bool = False  # it was tried, and the cluster refused or did not answer

    @property
    def key(self) -> tuple[str, ObjectName]:
        return self.cluster, self.object

    @property
    def creates(self) -> bool:
        """Quotas are the stop's own objects; the others are people's."""
        return self.object.kind is ObjectKind.RESOURCE_QUOTA

    @property
    def may_hold(self) -> bool:
        """Whether it may have been written and is not undone: a run may have broken off."""
        return self.state not in (StepState.RESTORED, StepState.LEFT)

    def turned(self, state: StepState, told: str = "", **more: Any) -> Step:
        return self.model_copy(update={"state": state, "told": told, "failing": False, **more})

    def failed(self, why: str) -> Step:
        return self.model_copy(update={"told": why, "failing": True})


class Verb(StrEnum):
    NOTHING = "nothing"
    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Move:
    """What is to be written of a step now, and the step once it is."""

    step: Step
    verb: Verb = Verb.NOTHING
    fields: Fields | None = None


def to_apply(step: Step, found: StoredObject | None, stop_id: str) -> Move:
    """Put the step into effect, unless what it was planned for has changed since."""
    applied = step.turned(StepState.APPLIED)
    if step.creates:
        if found is None:
            return Move(applied, Verb.CREATE, step.after)
        if found.stop == stop_id:
            return Move(applied.turned(StepState.APPLIED, uid=found.uid))
        return Move(step.turned(StepState.LEFT, _NOT_OURS))
    if found is None or found.uid != step.uid:
        return Move(step.turned(StepState.LEFT, "it was gone before it was stopped"))
    if found.reads(step.after):
        return Move(applied)
    if found.busy:
        return Move(step.turned(StepState.LEFT, "it has pods by now: it runs on"))
    if not found.reads(step.before):
        return Move(step.turned(StepState.LEFT, "somebody changed it before it was stopped"))
    return Move(applied, Verb.CHANGE, step.after)


def to_undo(step: Step, found: StoredObject | None, stop_id: str) -> Move:
    """Put back exactly what stood before; what somebody else has changed since stays."""
    restored = step.turned(StepState.RESTORED)
    if step.creates:
        if found is None:  # never created, or somebody else has deleted it
            return Move(restored)
        if found.stop != stop_id or step.uid not in (None, found.uid):
            return Move(step.turned(StepState.LEFT, _NOT_OURS))
        return Move(restored, Verb.DELETE)
    if found is None:
        return Move(step.turned(StepState.LEFT, "it is gone"))
    if found.uid != step.uid:
        return Move(step.turned(StepState.LEFT, "it is another one by now"))
    return _put_back(step, found, stop_id)


def _put_back(step: Step, found: StoredObject, stop_id: str) -> Move:
    ours = {
        name: step.before[name]
        for name, value in step.after.items()
        if found.fields.get(name) == value != step.before[name]
    }
    if step.object.kind is ObjectKind.JOB and found.stop != stop_id:
        ours = {}  # somebody has let it run since, whatever it is now
    kept = [
        name
        for name in step.after
        if name not in ours and found.fields.get(name) != step.before[name]
    ]
    told = f"somebody else has set {', '.join(kept)} since: it stays" if kept else ""
    done = step.turned(StepState.LEFT if kept else StepState.RESTORED, told)
    return Move(done, Verb.CHANGE, ours) if ours else Move(done)


def observed(step: Step, found: StoredObject | None) -> Step:
    """An applied step as it is seen later: one that somebody reverted is told, and not fought."""
    if step.state is not StepState.APPLIED:
        return step
    if found is None or (step.uid is not None and found.uid != step.uid):
        if step.object.kind is ObjectKind.JOB:
            return step.turned(StepState.LEFT, "it is gone")
        return step.turned(StepState.DRIFTED, "somebody has deleted it")
    if found.reads(step.after):
        return step
    changed = ", ".join(n for n, value in step.after.items() if found.fields.get(n) != value)
    return step.turned(StepState.DRIFTED, f"somebody has changed {changed} back")
