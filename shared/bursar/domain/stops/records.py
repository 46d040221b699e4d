"""Stops: one budget's window that came to its limit, or that a person stops, and what follows.

proposed -> active -> reversed | expired. A `Stop` never changes: every step makes the next one,
with a higher `version`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bursar.domain.budgets import Budget
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.scopes import Scope
from bursar.domain.stops.rules import IN_CLUSTERS, Action, Mode, Place, Rule, places
from bursar.domain.stops.steps import Step, StepState


class StopState(StrEnum):
    """`reversed`: its reason is gone, or a person took it back. `expired`: its time was up."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    REVERSED = "reversed"
    EXPIRED = "expired"


class Ending(StrEnum):
    NEW_PERIOD = "new_period"
    EXCEPTION = "exception"  # an approved one covers what is spent
    RECOVERED = "recovered"  # what is spent is below the limit again
    PERSON = "person"
    EXPIRY = "expiry"
    MODE = "mode"  # a dry run gives way to a stop that is enforced


AGAIN_AFTER = frozenset({Ending.EXCEPTION, Ending.RECOVERED, Ending.MODE})


class ForbiddenStepError(ValueError):
    """A stop was to take a state that does not follow from the one that it has."""


class Stop(BaseModel):
    """`by` is the person who asked for it; without one, the budget came to `percent`.

    `unplanned` are the clusters that are not read yet, and why. `enforced`: the budget has a
    window that reservations are held in. `event` is the state that was last sent as an event.
    """

    model_config = ConfigDict(frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,180}$")
    budget: str
    scope: Scope
    owner: str
    link: str | None = None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    limit: Money
    spent: Money | None
    data_as_of: AwareDatetime | None
    percent: int
    mode: Mode
    actions: tuple[Action, ...] = Field(min_length=1)
    surge_percent: int
    enforced: bool
    places: tuple[tuple[str, str], ...] = ()  # cluster, namespace
    at: AwareDatetime
    expires_at: AwareDatetime
    reason: str
    by: str | None = None
    needs: str | None = None  # why a person must say yes
    state: StopState = StopState.PROPOSED
    version: int = 1
    approved_by: str | None = None
    activated_at: AwareDatetime | None = None
    ending: Ending | None = None
    ended_at: AwareDatetime | None = None
    ended_because: str = ""
    unplanned: dict[str, str] = Field(default={})
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    event: StopState | None = None

    @property
    def window(self) -> BudgetWindow:
        return BudgetWindow(self.budget, self.starts_at)

    @property
    def where(self) -> tuple[Place, ...]:
        return tuple(Place(*each) for each in self.places)

    @property
    def is_over(self) -> bool:
        return self.state in (StopState.REVERSED, StopState.EXPIRED)

    @property
    def holds(self) -> tuple[Step, ...]:
        """The steps that may stand in clusters: none of a stop that never became active."""
        if self.activated_at is None:
            return ()
        return tuple(each for each in self.steps if each.may_hold)

    @property
    def owes_event(self) -> bool:
        """Whether its present state is still to be sent: a dry run, or a proposal, never is."""
        asked = Action.SEND_EVENT in self.actions and self.activated_at is not None
        return asked and self.event is not self.state

    @property
    def is_open(self) -> bool:
        """Whether there is anything left to do for it."""
        return not self.is_over or bool(self.holds) or self.owes_event

    @property
    def refuses(self) -> bool:
        """Whether nothing is granted of its window while it is active."""
        return self.enforced and Action.REFUSE_RESERVATIONS in self.actions

    @property
    def is_exhausted(self) -> bool:
        return self.spent is not None and self.spent >= self.limit

    @property
    def counts(self) -> bool:
        """Whether it is more than the refusals of a budget that is used up anyhow."""
        reaches = bool(IN_CLUSTERS.intersection(self.actions)) and bool(self.places)
        return reaches or (self.refuses and not self.is_exhausted)


def stop_id(budget: Budget, window: Window, kind: str, number: int) -> str:
    """Of the `number`th stop of its kind in one window, by the date there: once each."""
    starts = window.start.astimezone(ZoneInfo(budget.time_zone))
    return f"{budget.id}-{starts:%Y%m%d}-{kind}-{number}"


def opened(
    id_: str,
    budget: Budget,
    rule: Rule,
    window: Window,
    actions: tuple[Action, ...],
    at: datetime,
    *,
    limit: Money,
    spent: Money | None,
    data_as_of: datetime | None,
    reason: str,
    clusters: tuple[str, ...],
    by: str | None = None,
    needs: str | None = None,
    lasts: timedelta | None = None,
) -> Stop:
    """A stop as it is proposed; it ends with its window, or before."""
    where = places(budget.scope, rule.where, clusters)
    reads = bool(IN_CLUSTERS.intersection(actions))
    return Stop(
        id=id_,
        budget=budget.id,
        scope=budget.scope,
        owner=budget.owner,
        link=budget.link,
        starts_at=window.start,
        ends_at=window.end,
        limit=limit,
        spent=spent,
        data_as_of=data_as_of,
        percent=rule.percent,
        mode=rule.mode,
        actions=actions,
        surge_percent=rule.surge_percent,
        enforced=budget.enforced,
        places=tuple((each.cluster, each.namespace) for each in where),
        at=at,
        expires_at=min(window.end, at + (lasts or rule.lasts)),
        reason=reason,
        by=by,
        needs=needs,
        unplanned=_unread(where) if reads else {},
    )


def activated(stop: Stop, at: datetime, approved_by: str | None = None) -> Stop:
    """The stop in force. What was planned for somebody to look at is planned again.

    Raises:
        ForbiddenStepError: it is a dry run, its time is up, or it is not proposed.
    """
    if stop.mode is Mode.WATCH:
        raise ForbiddenStepError(f"{stop.id} is a dry run: its budget's mode is watch")
    if stop.state is not StopState.PROPOSED:
        raise ForbiddenStepError(f"{stop.id} is {stop.state}")
    if at >= stop.expires_at:
        raise ForbiddenStepError(f"{stop.id} expired at {stop.expires_at.isoformat()}")
    found: dict[str, Any] = {"activated_at": at, "approved_by": approved_by}
    if approved_by is not None and IN_CLUSTERS.intersection(stop.actions):
        found |= {"steps": (), "notes": (), "unplanned": _unread(stop.where)}
    return _next(stop, state=StopState.ACTIVE, **found)


def ended(stop: Stop, ending: Ending, because: str, at: datetime) -> Stop:
    """The stop taken back; what it holds in clusters is still to be undone.

    Raises:
        ForbiddenStepError: it is over already.
    """
    if stop.is_over:
        raise ForbiddenStepError(f"{stop.id} is {stop.state}")
    state = StopState.EXPIRED if ending is Ending.EXPIRY else StopState.REVERSED
    return _next(stop, state=state, ending=ending, ended_at=at, ended_because=because)


def worked(stop: Stop, **found: Any) -> Stop:
    """The stop after some work on its steps; itself where nothing has come of it."""
    if all(getattr(stop, name) == value for name, value in found.items()):
        return stop
    return _next(stop, **found)


def drifted(old: Stop, new: Stop) -> list[Step]:
    """The steps that somebody has reverted since."""
    before = {step.key: step.state for step in old.steps}
    return [
        step
        for step in new.steps
        if step.state is StepState.DRIFTED and before.get(step.key) is not StepState.DRIFTED
    ]


def _unread(where: tuple[Place, ...]) -> dict[str, str]:
    return {place.cluster: "it is read in the next run" for place in where}


def _next(stop: Stop, **changes: Any) -> Stop:
    return stop.model_copy(update={**changes, "version": stop.version + 1})
