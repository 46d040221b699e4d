"""Compare a budget with its figures, and decide what people must be told: once.

What was told is remembered as (window, basis, threshold, epoch). The epoch rises only when
the limit changes or a recovery was announced; a threshold can then be told again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from bursar.domain.alerts import Alert
from bursar.domain.budget_alerts import BudgetNews
from bursar.domain.budgets import Budget, BudgetState, Threshold, ThresholdBasis
from bursar.domain.figures import Figures
from bursar.domain.money import Money
from bursar.domain.periods import Window

_WHOLE = 100
_PROJECTION_RECOVERS_BELOW = Fraction(95, 100)  # of its threshold: a run rate wobbles


@dataclass(frozen=True, slots=True)
class Assessment:
    state: BudgetState
    alerts: tuple[Alert, ...]


def assess(
    budget: Budget,
    window: Window,
    figures: Figures,
    old: BudgetState | None,
    now: datetime,
    *,
    used_up: bool = False,
) -> Assessment:
    """The budget's next state and the alerts that go with it.

    A jump over several thresholds of a basis tells the highest and marks the rest. A
    projected threshold at or below one that was really passed is only marked. A window that
    has ended keeps the limit that it ended with, and has nothing left to project.

    Args:
        used_up: approved exceptions have left in the limit what was used of them, and no more.
            What is within it was approved: no news.
    """
    has_ended = now >= window.end
    if has_ended and old:
        limit = min(old.limit, budget.limit) if used_up else old.limit
        budget = budget.model_copy(update={"limit": limit})
    projected = None if has_ended else figures.projected(window)
    values: dict[ThresholdBasis, Money | None] = {
        ThresholdBasis.ACTUAL: figures.spent,
        ThresholdBasis.REPORTED: figures.spent,
        ThresholdBasis.PROJECTED: projected,
    }
    epoch, fired = (old.epoch, old.fired) if old else (1, frozenset())
    if old and old.limit != budget.limit:
        epoch, fired = epoch + 1, frozenset()
    news = BudgetNews(budget, window, figures, projected, now)
    told = [threshold for threshold in budget.thresholds if threshold.key in fired]
    recovered = [each for each in told if _has_recovered(each, budget.limit, values)]
    alerts: list[Alert] = []
    if recovered:
        alerts.append(news.recovery(recovered, epoch))
        epoch += 1
        fired -= {threshold.key for threshold in recovered}
    within = used_up and figures.spent <= budget.limit
    passed = [
        each
        for each in budget.thresholds
        if _is_passed(each, budget.limit, values) and not (within and _is_of_the_past(each))
    ]
    alerts += [news.crossing(threshold, epoch) for threshold in _worth_telling(passed, fired)]
    state = BudgetState(
        budget_id=budget.id,
        starts_at=window.start,
        ends_at=window.end,
        limit=budget.limit,
        spent=figures.spent,
        projected=projected,
        as_of=figures.as_of,
        epoch=epoch,
        fired=fired | {threshold.key for threshold in passed},
        version=old.version + 1 if old else 1,
    )
    return Assessment(state, tuple(alerts))


Values = Mapping[ThresholdBasis, Money | None]


def _amount(threshold: Threshold, limit: Money) -> Money:
    return limit.times(Fraction(threshold.percent, 100))


def _is_passed(threshold: Threshold, limit: Money, values: Values) -> bool:
    value = values[threshold.basis]
    return value is not None and value >= _amount(threshold, limit)


def _is_of_the_past(threshold: Threshold) -> bool:
    return threshold.basis is not ThresholdBasis.PROJECTED and threshold.percent <= _WHOLE


def _has_recovered(threshold: Threshold, limit: Money, values: Values) -> bool:
    value = values[threshold.basis]
    if value is None:
        return False
    line = _amount(threshold, limit)
    if threshold.basis is ThresholdBasis.PROJECTED:
        line = line.times(_PROJECTION_RECOVERS_BELOW)
    return value < line


def _worth_telling(passed: list[Threshold], fired: frozenset[str]) -> list[Threshold]:
    """The highest of each basis, if it is new: a lower one that is added later tells no news."""
    highest: dict[ThresholdBasis, Threshold] = {}
    for threshold in sorted(passed, key=lambda each: each.percent):
        highest[threshold.basis] = threshold
    really = max(
        (each.percent for each in passed if each.basis is not ThresholdBasis.PROJECTED), default=0
    )
    return [
        each
        for each in highest.values()
        if each.key not in fired
        and (each.basis is not ThresholdBasis.PROJECTED or each.percent > really)
    ]
