"""`stops:` of bursar.yaml: what follows when a budget comes to its limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Protocol

from pydantic import Field

from bursar.config.fields import Section
from bursar.domain.budgets import Budget
from bursar.domain.scopes import Dimension, Scope
from bursar.domain.stops.rules import (
    DEFAULT_ACTIONS,
    Action,
    Approval,
    Mode,
    Rule,
    is_place,
)

Place = tuple[str | int, ...]
Actions = dict[Action, Approval]
_LONGEST_HOURS = 366 * 24


class _Cluster(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def role_arn(self) -> str | None: ...
    @property
    def network(self) -> object | None: ...


class BudgetStop(Section):
    """What is different for one budget."""

    budget: str
    mode: Mode | None = None
    at_percent: int | None = Field(default=None, ge=1, le=1000)
    lasts_hours: int | None = Field(default=None, ge=1, le=_LONGEST_HOURS)
    actions: Actions | None = Field(default=None, min_length=1, description="these alone")
    where: tuple[Scope, ...] = Field(
        default=(), description="clusters and namespaces that a tenant's or team's work runs in"
    )


class Stops(Section):
    """A stop is a dry run until `mode` says `enforce`. No action touches what runs."""

    mode: Mode = Field(default=Mode.WATCH, description="watch says what it would do")
    at_percent: int = Field(default=100, ge=1, le=1000, description="of a budget's limit")
    lasts_hours: int = Field(
        default=7 * 24, ge=1, le=_LONGEST_HOURS, description="at most; its period's end is earlier"
    )
    surge_percent: int = Field(
        default=25, ge=0, le=100, description="of a workload's pods, for a rollout beside them"
    )
    actions: Actions = Field(default=dict(DEFAULT_ACTIONS), min_length=1)
    budgets: tuple[BudgetStop, ...] = ()

    def rule(self, budget_id: str) -> Rule:
        own = next((each for each in self.budgets if each.budget == budget_id), None)
        own = own or BudgetStop(budget=budget_id)
        return Rule(
            mode=own.mode or self.mode,
            percent=own.at_percent or self.at_percent,
            lasts=timedelta(hours=own.lasts_hours or self.lasts_hours),
            surge_percent=self.surge_percent,
            actions=own.actions or self.actions,
            where=own.where,
        )

    def problems(
        self, budgets: Iterable[Budget], clusters: Iterable[_Cluster]
    ) -> Iterator[tuple[Place, str]]:
        """What contradicts itself or the rest, each with its place within `stops`."""
        known = {budget.id: budget for budget in budgets}
        reached = {cluster.name: is_reached(cluster) for cluster in clusters}
        for n, each in enumerate(self.budgets):
            at = ("budgets", n)
            refuses = Action.REFUSE_RESERVATIONS in (each.actions or ())
            if each.budget not in known:
                yield (*at, "budget"), f"stops name budget {each.budget!r}, not in budgets"
            elif refuses and not known[each.budget].enforced:
                told = f"budget {each.budget!r} is not enforced: nobody asks before spending"
                yield (*at, "actions"), told
            if each.budget in [before.budget for before in self.budgets[:n]]:
                yield (*at, "budget"), f"stops name budget {each.budget!r} twice"
            for scope in each.where:
                if wrong := _unreachable(scope, reached):
                    yield (*at, "where"), wrong


def is_reached(cluster: _Cluster) -> bool:
    """Stops reach clusters of this account by a public endpoint: no role abroad may write."""
    return cluster.role_arn is None and cluster.network is None


def _unreachable(scope: Scope, reached: dict[str, bool]) -> str | None:
    if not is_place(scope):
        return f"{scope} is no place: name a cluster, a namespace, or both"
    if (name := scope.get(Dimension.CLUSTER)) is None:
        return None
    if name not in reached:
        return f"{scope} names cluster {name!r}, not in clusters"
    return None if reached[name] else f"cluster {name!r} is private or abroad: no stop reaches it"
