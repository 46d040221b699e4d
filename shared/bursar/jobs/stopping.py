"""What stopping and undoing have in common: the stores, and the clusters within reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bursar.config.clusters import Cluster
from bursar.domain.alerts import Alert
from bursar.domain.stops.changes import AuditAction, StopChange, change
from bursar.domain.stops.counting import StopCount
from bursar.domain.stops.records import Stop
from bursar.jobs.raised_limits import RaisedLimits
from bursar.ports import (
    BudgetStore,
    ClusterObjects,
    ClusterReader,
    EnforcedWindows,
    EventBus,
    StatementStore,
    StopStore,
)

BURSAR = "bursar"  # who did it, where no person did


class StopContentionError(Exception):
    """Others kept changing a stop, or the count, for all of our tries; the next run goes on."""


@dataclass(frozen=True, slots=True)
class Reach:
    """One cluster: what is read of it, and what a stop changes there."""

    reader: ClusterReader
    objects: ClusterObjects


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    stops: StopStore
    budgets: BudgetStore
    windows: EnforcedWindows
    raised: RaisedLimits
    statements: StatementStore
    events: EventBus
    reach: Callable[[Cluster], Reach]

    def commit(
        self,
        action: AuditAction,
        at: datetime,
        old: Stop | None,
        new: Stop,
        *,
        count: StopCount | None = None,
        alerts: Sequence[Alert] | None = None,
    ) -> bool:
        """Write one step; told are the alerts or, without any, the state that it leads to."""
        step = change(action, BURSAR, at, old, new, count=count, alerts=alerts)
        return write(step, self.stops, self.windows)


def write(step: StopChange, stops: StopStore, windows: EnforcedWindows) -> bool:
    """Commit a step; the window that it stops is open by then."""
    if step.stops is not None:
        windows.open(step.stops, step.new.limit)
    return stops.commit(step)
