"""Compare a budget with its figures, and decide what people must be told: once.

What was told is remembered as (window, basis, threshold, epoch). The epoch rises only when
the limit changes or a recovery was announced; a threshold can then be told again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from bursar.domain.alerts import Alert, Driver, Severity, alert_id
from bursar.domain.budgets import Book, Budget, BudgetState, Threshold, ThresholdBasis
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, SECOND, Window
from bursar.domain.quality import Quality

SOONEST_PROJECTION = Fraction(1, 20)  # a run rate over less than 5% of the window says nothing
_NONE = timedelta(0)
_PROJECTION_RECOVERS_BELOW = Fraction(95, 100)  # of its threshold: a run rate wobbles


@dataclass(frozen=True, slots=True)
class Figures:
    """What a budget's scope has cost in its window up to `as_of`; `known` of that was seen."""

    spent: Money
    as_of: datetime
    known: timedelta
    quality: Quality
    drivers: tuple[Driver, ...] = ()
    runs: tuple[tuple[Money, timedelta], ...] = ()  # by source, where several: spent, known

    def unknown_hours(self, window: Window) -> int:
        """Whole hours between the window's start and `as_of` that nobody saw."""
        seen_to = max(self.as_of, window.start)
        return max(window.overlap(Window(window.start, seen_to)) - self.known, _NONE) // HOUR

    def projected(self, window: Window) -> Money | None:
        """The run rate, of each source by itself: a cluster that was seen for a day must not
        stretch what the others cost in twenty. One seen too little counts as what it cost.
        """
        runs = self.runs or ((self.spent, self.known),)
        rates = [run_rate(spent, window, known) for spent, known in runs]
        if all(rate is None for rate in rates):
            return None
        return Money.sum(
            spent if rate is None else rate for rate, (spent, _) in zip(rates, runs, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Assessment:
    state: BudgetState
    alerts: tuple[Alert, ...]


def run_rate(spent: Money, window: Window, known: timedelta) -> Money | None:
    """The window's total if all of it goes on like the part that was seen.

    None before 5% of the window was seen. $300 in 3 known days of 30 project to $3,000.
    """
    share = Fraction(known // SECOND, window.length // SECOND)
    return spent.times(1 / share) if share >= SOONEST_PROJECTION else None


def assess(
    budget: Budget, window: Window, figures: Figures, old: BudgetState | None, now: datetime
) -> Assessment:
    """The budget's next state and the alerts that go with it.

    A jump over several thresholds of a basis tells the highest and marks the rest. A
    projected threshold at or below one that was really passed is only marked. A window that
    has ended keeps the limit that it ended with, and has nothing left to project.
    """
    has_ended = now >= window.end
    if has_ended and old:
        budget = budget.model_copy(update={"limit": old.limit})
    projected = None if has_ended else figures.projected(window)
    values: dict[ThresholdBasis, Money | None] = {
        ThresholdBasis.ACTUAL: figures.spent,
        ThresholdBasis.REPORTED: figures.spent,
        ThresholdBasis.PROJECTED: projected,
    }
    epoch, fired = (old.epoch, old.fired) if old else (1, frozenset())
    if old and old.limit != budget.limit:
        epoch, fired = epoch + 1, frozenset()
    told = [threshold for threshold in budget.thresholds if threshold.key in fired]
    recovered = [each for each in told if _has_recovered(each, budget.limit, values)]
    alerts: list[Alert] = []
    if recovered:
        alerts.append(_recovery(budget, window, figures, projected, recovered, epoch, now))
        epoch += 1
        fired -= {threshold.key for threshold in recovered}
    passed = [each for each in budget.thresholds if _is_passed(each, budget.limit, values)]
    for threshold in _worth_telling(passed, fired):
        alerts.append(_crossing(budget, window, figures, projected, threshold, epoch, now))
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


def _crossing(
    budget: Budget,
    window: Window,
    figures: Figures,
    projected: Money | None,
    threshold: Threshold,
    epoch: int,
    now: datetime,
) -> Alert:
    value, verb = figures.spent, "has cost"
    if threshold.basis is ThresholdBasis.PROJECTED and projected is not None:
        value, verb = projected, "is on course to cost"
    return _alert(
        budget,
        window,
        figures,
        projected,
        now,
        id_=alert_id(budget.id, window.start.isoformat(), threshold.key, epoch),
        kind="budget.threshold",
        severity=threshold.severity,
        title=f"{budget.scope} {verb} {value}: {_percent(value, budget.limit)} of {budget.limit}"
        f" for the {budget.period}",
        action="Look at the drivers; stop what is not wanted, or agree a new limit.",
    )


def _recovery(
    budget: Budget,
    window: Window,
    figures: Figures,
    projected: Money | None,
    recovered: list[Threshold],
    epoch: int,
    now: datetime,
) -> Alert:
    keys = ",".join(sorted(threshold.key for threshold in recovered))
    below = min(threshold.percent for threshold in recovered)
    if all(threshold.basis is ThresholdBasis.PROJECTED for threshold in recovered):
        verb, value = "is on course to stay", f"{projected} projected"
    else:
        verb, value = "is back", f"{figures.spent} so far"
    return _alert(
        budget,
        window,
        figures,
        projected,
        now,
        id_=alert_id(budget.id, window.start.isoformat(), "recovered", keys, epoch),
        kind="budget.recovered",
        severity=Severity.INFO,
        title=f"{budget.scope} {verb} below {below}% of {budget.limit} for the {budget.period}"
        f" ({value})",
        action="Nothing to do.",
    )


def _alert(
    budget: Budget,
    window: Window,
    figures: Figures,
    projected: Money | None,
    now: datetime,
    *,
    id_: str,
    kind: str,
    severity: Severity,
    title: str,
    action: str,
) -> Alert:
    return Alert(
        id=id_,
        kind=kind,
        severity=severity,
        title=title,
        comparison=_comparison(budget, window, figures, projected),
        since=window.start,
        data_as_of=figures.as_of,
        drivers=figures.drivers,
        owner=budget.owner,
        action=action,
        link=budget.link,
        policy=f"budget {budget.id}",
        mute=f"raise or remove thresholds of budget {budget.id} in bursar.yaml and deploy",
        raised_at=now,
    )


def _comparison(budget: Budget, window: Window, figures: Figures, projected: Money | None) -> str:
    even = budget.limit.times(window.share_before(figures.as_of))
    billed = budget.book is Book.BILLED
    parts = [
        f"{'Billed' if billed else 'Metered'} {figures.spent}"
        f" against {even} expected by now at an even pace."
    ]
    if projected is not None:
        until = window.end.astimezone(budget.zone).date().isoformat()
        parts.append(f"Projected {projected} by {until} (run rate; no forecast yet).")
    if unknown := figures.unknown_hours(window):
        parts.append(f"{unknown} h of the window are unknown and not counted.")
    elif figures.quality is not Quality.FINAL:
        parts.append(f"The figures are {figures.quality}.")
    return " ".join(parts)


def _percent(value: Money, limit: Money) -> str:
    """Rounded down: $999 of $1,000 has not come to 100%."""
    return f"{int((value.over(limit) or Fraction(0)) * 100)}%"
