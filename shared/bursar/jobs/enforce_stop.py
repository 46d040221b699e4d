"""Enforce stops: begin those that budgets ask for, end those whose time or reason is over, and
carry out what is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bursar.config import Config
from bursar.domain.alerts import Alert
from bursar.domain.budgets import Budget
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.ledger.lines import NOBODY
from bursar.domain.periods import Window
from bursar.domain.scopes import Dimension
from bursar.domain.stops.changes import AuditAction
from bursar.domain.stops.counting import most_alone
from bursar.domain.stops.endings import Standing, ending
from bursar.domain.stops.records import (
    AGAIN_AFTER,
    Ending,
    Stop,
    activated,
    ended,
    opened,
    stop_id,
)
from bursar.domain.stops.rules import Action, Approval, Mode, Rule, is_crossed
from bursar.jobs.carry_out_stop import carry_out_stop, send_event, with_plans
from bursar.jobs.stopping import StopContentionError, Stopping

_TRIES = 5
_TENANTS_OF = timedelta(days=30)
_WATCH = "watch"  # the one dry run in the place of both kinds of stops


@dataclass(frozen=True, slots=True)
class Enforced:
    """The stops that a run has begun, ended, and left open."""

    begun: tuple[Stop, ...]
    ended: tuple[Stop, ...]
    open: tuple[Stop, ...]


def enforce_stop(config: Config, at: datetime, stopping: Stopping) -> Enforced:
    """One run over all budgets and open stops; nothing where stops are not configured.

    Raises:
        StopContentionError: others kept changing a stop; the next run goes on.
    """
    run = _Run(config, at, stopping)
    found = {stop.id: stop for stop in stopping.stops.open()}
    over = [run.end(stop) for stop in found.values() if not stop.is_over]
    found |= {stop.id: stop for stop in over if stop is not None}
    begun = [stop for budget in config.budgets for stop in run.begin(budget, [*found.values()])]
    found |= {stop.id: stop for stop in begun}
    for stop in list(found.values()):
        others = [each for each in found.values() if each.id != stop.id]
        found[stop.id] = carry_out_stop(stop, others, config, at, stopping)
    for stop in list(found.values()):  # last: a bus that refuses keeps no cluster waiting
        found[stop.id] = send_event(stop, at, stopping)
    return Enforced(
        tuple(begun),
        tuple(stop for stop in over if stop is not None),
        tuple(stop for stop in found.values() if stop.is_open),
    )


@dataclass(frozen=True, slots=True)
class _Run:
    config: Config
    at: datetime
    stopping: Stopping

    def end(self, stop: Stop) -> Stop | None:
        """The stop, ended; None while it goes on."""
        for _ in range(_TRIES):
            why = self._ending(stop)
            if why is None:
                return None
            new = ended(stop, *why, self.at)
            action = {Ending.EXPIRY: AuditAction.EXPIRED}.get(why[0], AuditAction.REVERSED)
            told: list[Alert] | None = None if stop.mode is Mode.ENFORCE else []
            if self.stopping.commit(action, self.at, stop, new, alerts=told):
                return new
            stop = self.stopping.stops.find(stop.id) or stop
            if stop.is_over:
                return None
        raise StopContentionError(stop.id)

    def _ending(self, stop: Stop) -> tuple[Ending, str] | None:
        budget = next((each for each in self.config.budgets if each.id == stop.budget), None)
        standing = self._standing(budget, Window(stop.starts_at, stop.ends_at)) if budget else None
        raised = self.stopping.raised
        approved = raised.allowances.ending_after(stop.starts_at)
        if why := ending(stop, standing, raised.budgets.raising(stop.budget, approved), self.at):
            return why
        rule = self._rule(budget) if budget else None
        if stop.by is None and (rule is None or rule.mode is not stop.mode):
            now = rule.mode if rule else "off"
            return Ending.MODE, f"stops of budget {stop.budget} are at {now} now"
        return None

    def begin(self, budget: Budget, open_stops: Sequence[Stop]) -> list[Stop]:
        """The stops that the budget asks for and does not have."""
        rule, window = self._rule(budget), budget.window_at(self.at)
        standing = self._standing(budget, window)
        if rule is None or standing is None:
            return []
        if not is_crossed(standing.spent, standing.raised, rule.percent):
            return []
        kinds = {str(each): rule.asked(each) for each in Approval}
        if rule.mode is Mode.WATCH:
            kinds = {_WATCH: tuple(each for each in Action if each in rule.actions)}
        begun: list[Stop] = []
        for kind, actions in kinds.items():
            id_ = self._next_id(budget, window, kind)
            if actions and id_ is not None:
                proposed = self._proposed(id_, budget, rule, window, actions, standing)
                if new := self._written(proposed, kind, [*open_stops, *begun]):
                    begun.append(new)
        return begun

    def _next_id(self, budget: Budget, window: Window, kind: str) -> str | None:
        """None: one stands, or one ended so that none follows it in this window."""
        number, last = 1, None
        while found := self.stopping.stops.find(stop_id(budget, window, kind, number)):
            number, last = number + 1, found
        again = last is None or (last.is_over and last.ending in AGAIN_AFTER)
        return stop_id(budget, window, kind, number) if again else None

    def _proposed(
        self,
        id_: str,
        budget: Budget,
        rule: Rule,
        window: Window,
        actions: tuple[Action, ...],
        standing: Standing,
    ) -> Stop:
        percent = int((standing.spent.over(standing.raised) or 0) * 100)
        what = f"{percent}% of the {budget.period}'s {standing.raised} is spent"
        return opened(
            id_,
            budget,
            rule,
            window,
            actions,
            self.at,
            limit=standing.limit,
            spent=standing.spent,
            data_as_of=standing.as_of,
            reason=f"{what}; {rule.percent}% stops",
            clusters=tuple(cluster.name for cluster in self.config.clusters),
        )

    def _written(self, proposed: Stop, kind: str, open_stops: Sequence[Stop]) -> Stop | None:
        """The stop as it stands now; in force where it may go ahead without a person."""
        proposed = with_plans(proposed, open_stops, self.config, self.stopping)
        alone = kind == Approval.AUTOMATIC
        if kind == Approval.MANUAL:
            proposed = proposed.model_copy(update={"needs": "its actions are manual"})
        for _ in range(_TRIES):
            new, count = proposed, None
            if alone:
                new, count = activated(proposed, self.at), self.stopping.stops.count()
                if not proposed.counts:
                    count = None
                elif (lately := count.lately(self.at)) >= (most := most_alone(self._tenants())):
                    needs = f"{lately} stops in 24 hours are as many as go without a person"
                    needs += f" ({most}: 5% of tenants, at least 1)"
                    new, count = proposed.model_copy(update={"needs": needs}), None
                else:
                    count = count.with_(new.id, self.at)
            action = AuditAction.APPLIED if new.activated_at else AuditAction.PROPOSED
            if self.stopping.commit(action, self.at, None, new, count=count):
                return new
            if self.stopping.stops.find(new.id):
                return None  # another run began it
        raise StopContentionError(proposed.id)

    def _rule(self, budget: Budget) -> Rule | None:
        return self.config.stops.rule(budget.id) if self.config.stops else None

    def _standing(self, budget: Budget, window: Window) -> Standing | None:
        """By what is charged to an enforced window; else by the last check of the budget."""
        limit = self.stopping.raised.raised(budget, window, self.at).budget.limit
        state = self.stopping.budgets.state(budget.id, window)
        found = Standing(budget.limit, limit, state.spent, state.as_of) if state else None
        charged = self.stopping.windows.balance(BudgetWindow(budget.id, window.start))
        if charged is None or (found and found.spent >= charged.spent):
            return found
        return Standing(budget.limit, limit, charged.spent, self.at)

    def _tenants(self) -> int:
        """Whoever is configured, or was charged in the last 30 days."""
        told = set(self.config.attribution.teams)
        told |= {
            tenant for each in self.config.budgets if (tenant := each.scope.get(Dimension.TENANT))
        }
        for day in self.stopping.statements.days(Window(self.at - _TENANTS_OF, self.at)):
            told |= {key.tenant for key in day.lines}
        return len(told - NOBODY - {""})
