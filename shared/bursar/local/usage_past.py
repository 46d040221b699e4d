"""The ledger's past: the usage of weeks, posted and stated hour by hour on memory adapters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.closed_months import MemoryClosedMonthStore
from bursar.adapters.memory.cluster_use import MemoryClusterUseStore
from bursar.adapters.memory.conflicts import MemoryConflictLog
from bursar.adapters.memory.ledger import MemoryLedger
from bursar.adapters.memory.quarantine import MemoryQuarantine
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.adapters.memory.usage import MemoryUsageArchive
from bursar.config import Config
from bursar.domain.ledger.adjustments import Adjustment
from bursar.domain.ledger.budget_windows import BudgetWindow, WindowBalance
from bursar.domain.ledger.entries import Entry
from bursar.domain.ledger.lines import Statement
from bursar.domain.ledger.months import month_name
from bursar.domain.periods import DAY, HOUR, Window, hours, month_of
from bursar.domain.usage.records import UsageRecord
from bursar.domain.usage.rejections import Placed
from bursar.jobs.attribute_costs import Sources, attribute_costs
from bursar.jobs.bill_usage import UsageBilling
from bursar.jobs.charge_back import close_chargeback
from bursar.jobs.close_month import ClosedMonth, close_month
from bursar.jobs.post_usage import Patience, post_entries
from bursar.jobs.take_usage import UsageIntake
from bursar.local.gateway_traffic import GATEWAY, usage_records
from bursar.local.scenario import Scenario
from bursar.ports import CostHistory
from bursar.wiring.usage import enforced_budgets, model_routes, token_prices

_STATED_AFTER = timedelta(minutes=21)
_CLOSED_ON, _LATE_ON = 3, 5  # the days on which a month is closed, and late usage of it comes in
_AT_ONCE = Patience(lambda _: None, lambda low, _: low)


def _no_messages(*_: object) -> Iterator[Placed]:
    """Records come as they are here; formats are read by the deployed functions."""
    return iter(())


@dataclass(frozen=True, slots=True)
class UsageDay:
    """What the ledger came to say on one day, of whichever hours."""

    statements: list[Statement]
    adjustments: list[Adjustment]

    def put_into(self, store: MemoryStatementStore) -> None:
        for statement in self.statements:
            store.put_hour(statement)
        for adjustment in self.adjustments:
            store.put_adjustment(adjustment)


class _TellingStatements(MemoryStatementStore):
    """Remembers what was put since it was asked last."""

    def __init__(self) -> None:
        super().__init__()
        self._news = UsageDay([], [])

    def put_hour(self, statement: Statement) -> None:
        super().put_hour(statement)
        self._news.statements.append(statement)

    def put_adjustment(self, adjustment: Adjustment) -> None:
        super().put_adjustment(adjustment)
        self._news.adjustments.append(adjustment)

    def take_news(self) -> UsageDay:
        news, self._news = self._news, UsageDay([], [])
        return news


class UsagePast:
    """What the gateway told, and what the ledger says of it."""

    def __init__(
        self, config: Config, scenario: Scenario, history: CostHistory, outbox: MemoryOutbox
    ) -> None:
        self._scenario, self.outbox = scenario, outbox
        self.ledger, self.archive = MemoryLedger(), MemoryUsageArchive()
        self.statements, self.closed_months = _TellingStatements(), MemoryClosedMonthStore()
        self._conflicts = MemoryConflictLog(outbox)
        self._budgets = enforced_budgets(config)
        self._intake = UsageIntake(
            producer=config.usage.producer(GATEWAY).policy(),
            read=_no_messages,
            archive=self.archive,
            quarantine=MemoryQuarantine(),
            billing=UsageBilling(
                routes=model_routes(config),
                prices=token_prices(config),
                ledger=self.ledger,
                conflicts=self._conflicts,
                windows=self.ledger,
                budgets=self._budgets,
                patience=_AT_ONCE,
            ),
        )
        self._sources = Sources(
            clusters=[cluster.name for cluster in config.clusters],
            policy=config.attribution,
            ledger=self.ledger,
            history=history,
            use=MemoryClusterUseStore(),
        )

    def windows(self, at: datetime) -> dict[BudgetWindow, WindowBalance]:
        """How the enforced windows of that time stand."""
        balances = ((each, self.ledger.balance(each)) for each in self._budgets.windows_due(at))
        return {window: balance for window, balance in balances if balance is not None}

    def tell(self, records: list[UsageRecord], at: datetime) -> None:
        self.archive.put(records, at)
        self._intake.post(records, at)

    def live_day(self, day: Window) -> UsageDay:
        """Live through a day whose hours every cluster has closed."""
        for hour in hours(day):
            self.live(hour)
        self.settle(day)
        return self.statements.take_news()

    def live(self, hour: Window) -> None:
        """Post what was used in the hour, and state it: its clusters are closed."""
        self.tell(list(usage_records(self._scenario, hour.start)), hour.end)
        attribute_costs(
            hour,
            sources=self._sources,
            touched=self.ledger,
            gates=self.ledger,
            statements=self.statements,
            as_of=int((hour.end + _STATED_AFTER).timestamp()),
        )

    def settle(self, day: Window) -> None:
        """Close the month before on the third, and take in late usage of it on the fifth.

        The scenario's first month is closed with its hours before the scenario unknown.
        """
        month_before = month_of(month_of(day.start).start - HOUR)
        if month_before.end <= self._scenario.start:
            return
        is_whole = month_before.start >= self._scenario.start
        if day.start.day == _CLOSED_ON:
            close_chargeback(
                month_name(month_before.start),
                day.end,
                statements=self.statements,
                closed_months=self.closed_months,
                close_ledger=partial(self._close_ledger, with_unknown_hours=not is_whole),
            )
        elif day.start.day == _LATE_ON:
            self.tell(self._forgotten(month_before.end - DAY), day.end)

    def _close_ledger(self, month: str, at: datetime, *, with_unknown_hours: bool) -> ClosedMonth:
        def post(entries: Sequence[Entry]) -> object:
            return post_entries(
                entries,
                ledger=self.ledger,
                conflicts=self._conflicts,
                windows=self.ledger,
                at=at,
                patience=_AT_ONCE,
            )

        return close_month(
            month,
            at,
            ledger=self.ledger,
            reader=self.ledger,
            archive=self.archive,
            gates=self.ledger,
            statements=self.statements,
            touched=self.ledger,
            post=post,
            by=f"the close of {at:%Y-%m-%d}",
            with_unknown_hours=with_unknown_hours,
        )

    def _forgotten(self, day: datetime) -> list[UsageRecord]:
        """What one gateway's buffer had kept back: an hour's usage again, under ids of its own."""
        hour = self._scenario.hour_told_late(day)
        told = usage_records(self._scenario, hour) if hour else ()
        return [replace(record, id=f"buffered/{record.id}") for record in told]
