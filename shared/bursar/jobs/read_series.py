"""Read the books as series, up to the last whole day or hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bursar.config import Config
from bursar.domain.books import Book
from bursar.domain.ledger.lines import Statement
from bursar.domain.periods import DAY, HOUR, Window, day_of
from bursar.domain.series.amounts import Amounts
from bursar.domain.series.billed import billed_amounts
from bursar.domain.series.names import Grain
from bursar.domain.series.stated import stated_amounts
from bursar.domain.spend import Metric, SpendFact
from bursar.events.series import SeriesRun
from bursar.ports import SpendStore, StatementStore

_HOURS_A_DAY = 24


class BookRead:
    """The part of one book that a run looks at: its records, and the series that they make."""

    def __init__(
        self, run: SeriesRun, config: Config, statements: StatementStore, spend: SpendStore
    ) -> None:
        self._config = config
        self.facts: list[SpendFact] = []
        self.statements: list[Statement] = []
        self.grain = run.grain
        end = day_of(run.scheduled_at).start
        days = timedelta(days=config.series.history_days)
        if run.book is Book.BILLED:
            first, last = (end - days).date(), (end - DAY).date()
            of = {m: spend.latest(config.account, m, first, last) for m in Metric}
            self.facts = list(of[Metric.UNBLENDED])
            self.amounts = self._billed(of[Metric.NET_AMORTIZED])
        elif run.grain is Grain.HOUR:
            end = run.last_complete_hour.end
            hours = config.series.history_hours * HOUR
            self.statements = list(statements.hours(Window(end - hours, end)))
            self.amounts = self._stated()
        else:
            self.statements = list(statements.days(Window(end - days, end)))
            last_day = Window(end - DAY, end)
            if len(statements.hours(last_day)) < _HOURS_A_DAY:  # a day is whole with all its hours
                self.statements = [s for s in self.statements if s.window != last_day]
            self.amounts = self._stated()

    def _billed(self, amortized: Sequence[SpendFact]) -> Amounts:
        return billed_amounts(
            self.facts,
            self._config.organisation,
            per_dimension=self._config.series.per_dimension,
            amortized=amortized,
        )

    def _stated(self) -> Amounts:
        budgets = [budget.scope for budget in self._config.budgets]
        return stated_amounts(
            self.statements,
            self.grain,
            self._config.organisation,
            per_dimension=self._config.series.per_dimension,
            scopes=[
                scope
                for scope in dict.fromkeys([*self._config.series.scopes, *budgets])
                if len(scope.dimensions) > 1
            ],
        )
