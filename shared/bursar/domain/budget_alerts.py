"""How news of a budget is told: what was passed, or what has recovered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from bursar.domain.alerts import Alert, Severity, alert_id
from bursar.domain.books import Book
from bursar.domain.budgets import Budget, Threshold, ThresholdBasis
from bursar.domain.figures import Figures
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.quality import Quality


@dataclass(frozen=True, slots=True)
class BudgetNews:
    """One window of a budget at `now`. `projected` is None while there is nothing to project."""

    budget: Budget
    window: Window
    figures: Figures
    projected: Money | None
    now: datetime

    def crossing(self, threshold: Threshold, epoch: int) -> Alert:
        budget, value, verb = self.budget, self.figures.spent, "has cost"
        if threshold.basis is ThresholdBasis.PROJECTED and self.projected is not None:
            value, verb = self.projected, "is on course to cost"
        return self._alert(
            alert_id(budget.id, self.window.start.isoformat(), threshold.key, epoch),
            kind="budget.threshold",
            severity=threshold.severity,
            title=f"{budget.scope} {verb} {value}: {_percent(value, budget.limit)}"
            f" of {budget.limit} for the {budget.period}",
            action="Look at the drivers; stop what is not wanted, or agree a new limit.",
        )

    def recovery(self, recovered: Sequence[Threshold], epoch: int) -> Alert:
        budget = self.budget
        keys = ",".join(sorted(threshold.key for threshold in recovered))
        below = min(threshold.percent for threshold in recovered)
        if all(threshold.basis is ThresholdBasis.PROJECTED for threshold in recovered):
            verb, value = "is on course to stay", f"{self.projected} projected"
        else:
            verb, value = "is back", f"{self.figures.spent} so far"
        return self._alert(
            alert_id(budget.id, self.window.start.isoformat(), "recovered", keys, epoch),
            kind="budget.recovered",
            severity=Severity.INFO,
            title=f"{budget.scope} {verb} below {below}% of {budget.limit}"
            f" for the {budget.period} ({value})",
            action="Nothing to do.",
        )

    def _alert(self, id_: str, *, kind: str, severity: Severity, title: str, action: str) -> Alert:
        budget = self.budget
        return Alert(
            id=id_,
            kind=kind,
            severity=severity,
            title=title,
            comparison=self._comparison(),
            since=self.window.start,
            data_as_of=self.figures.as_of,
            drivers=self.figures.drivers,
            owner=budget.owner,
            action=action,
            link=budget.link,
            policy=f"budget {budget.id}",
            mute=f"raise or remove thresholds of budget {budget.id} in bursar.yaml and deploy",
            raised_at=self.now,
        )

    def _comparison(self) -> str:
        budget, figures, window = self.budget, self.figures, self.window
        even = budget.limit.times(window.share_before(figures.as_of))
        source = "Billed" if budget.book is Book.BILLED else "Metered"
        parts = [f"{source} {figures.spent} against {even} expected by now at an even pace."]
        if self.projected is not None:
            until = window.end.astimezone(budget.zone).date().isoformat()
            parts.append(f"Projected {self.projected} by {until} ({self._projected_by()}).")
        if unknown := figures.unknown_hours(window):
            parts.append(f"{unknown} h of the window are unknown and not counted.")
        elif figures.quality is not Quality.FINAL:
            parts.append(f"The figures are {figures.quality}.")
        return " ".join(parts)

    def _projected_by(self) -> str:
        projection = self.figures.projection(self.window)
        if projection is None:
            return "run rate"
        return ", ".join(filter(None, (projection.source, projection.interval)))


def _percent(value: Money, limit: Money) -> str:
    """Rounded down: $999 of $1,000 has not come to 100%."""
    return f"{int((value.over(limit) or Fraction(0)) * 100)}%"
