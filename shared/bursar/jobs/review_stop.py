"""A person's word on stops: stop now, let one that is proposed go ahead, or take one back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bursar.config import Config
from bursar.domain.budgets import Budget
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.stops.changes import AuditAction, change
from bursar.domain.stops.records import Ending, Stop, activated, ended, opened, stop_id
from bursar.domain.stops.rules import Action, Mode, Rule
from bursar.jobs.stopping import StopContentionError, write
from bursar.ports import EnforcedWindows, StopStore

_TRIES = 5
_PERSON = "person"  # the kind of stop that a person asks for


class UnknownStopError(LookupError):
    """No stop has this id."""


class UnstoppableError(ValueError):
    """Stops are not configured, or the budget is not."""


def approve_stop(
    id_: str, by: str, at: datetime, *, stops: StopStore, windows: EnforcedWindows
) -> Stop:
    """Put a proposed stop in force: reservations are refused at once, clusters follow in the
    next run. It counts among those of the last 24 hours, and is not held up by them.

    Raises:
        UnknownStopError, StopContentionError
        ForbiddenStepError: it is a dry run, or is not proposed any more.
    """
    for _ in range(_TRIES):
        old = _find(id_, stops)
        new = activated(old, at, by)
        if _go_ahead(AuditAction.APPROVED, old, new, by, at, stops, windows):
            return new
    raise StopContentionError(id_)


def reverse_stop(id_: str, by: str, because: str, at: datetime, *, stops: StopStore) -> Stop:
    """Take a stop back: reservations go on at once, clusters follow in the next run. No other
    stop follows it by itself in the same window.

    Raises:
        UnknownStopError, StopContentionError
        ForbiddenStepError: it is over already.
    """
    for _ in range(_TRIES):
        old = _find(id_, stops)
        new = ended(old, Ending.PERSON, f"{because} ({by})", at)
        if stops.commit(change(AuditAction.REVERSED, by, at, old, new)):
            return new
    raise StopContentionError(id_)


def stop_now(
    budget_id: str,
    by: str,
    because: str,
    at: datetime,
    *,
    config: Config,
    stops: StopStore,
    windows: EnforcedWindows,
    mode: Mode | None = None,
    actions: tuple[Action, ...] = (),
    lasts: timedelta | None = None,
) -> Stop:
    """Stop a budget's scope while money is left; by its rule, except for what is named.

    Raises:
        UnstoppableError: see there. StopContentionError: nothing was written.
    """
    budget, rule = _rule(budget_id, config)
    rule = replace(rule, mode=mode or rule.mode)
    window = budget.window_at(at)
    balance = windows.balance(BudgetWindow(budget.id, window.start))
    for _ in range(_TRIES):
        proposed = opened(
            _free_id(budget, at, stops),
            budget,
            rule,
            window,
            actions or tuple(each for each in Action if each in rule.actions),
            at,
            limit=budget.limit,
            spent=balance.spent if balance else None,
            data_as_of=at if balance else None,
            reason=because,
            clusters=tuple(cluster.name for cluster in config.clusters),
            by=by,
            lasts=lasts,
        )
        watch = rule.mode is Mode.WATCH
        new = proposed if watch else activated(proposed, at, by)
        action = AuditAction.PROPOSED if watch else AuditAction.APPROVED
        if _go_ahead(action, None, new, by, at, stops, windows):
            return new
    raise StopContentionError(budget_id)


def _rule(budget_id: str, config: Config) -> tuple[Budget, Rule]:
    if config.stops is None:
        raise UnstoppableError("bursar.yaml has no section `stops`: nothing carries them out")
    for budget in config.budgets:
        if budget.id == budget_id:
            return budget, config.stops.rule(budget_id)
    raise UnstoppableError(f"no budget {budget_id!r} is configured")


def _free_id(budget: Budget, at: datetime, stops: StopStore) -> str:
    number, window = 1, budget.window_at(at)
    while stops.find(stop_id(budget, window, _PERSON, number)):
        number += 1
    return stop_id(budget, window, _PERSON, number)


def _go_ahead(
    action: AuditAction,
    old: Stop | None,
    new: Stop,
    by: str,
    at: datetime,
    stops: StopStore,
    windows: EnforcedWindows,
) -> bool:
    count = stops.count().with_(new.id, at) if new.activated_at and new.counts else None
    return write(change(action, by, at, old, new, count=count), stops, windows)


def _find(id_: str, stops: StopStore) -> Stop:
    if (found := stops.find(id_)) is None:
        raise UnknownStopError(id_)
    return found
