"""Reconcile a month: the metered book with Cost Explorer, and with providers' own bills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bursar.domain.ledger.lines import Statement
from bursar.domain.periods import Window, day_of, hour_of, month_window
from bursar.domain.periods import days as every_day
from bursar.domain.reconciliation.alerts import difference_alert
from bursar.domain.reconciliation.aws_bill import (
    Reconciliation,
    reconcile,
)
from bursar.domain.reconciliation.books import billed_days, metered_days
from bursar.domain.reconciliation.corrections import corrections
from bursar.domain.reconciliation.provider_bill import (
    ProviderReconciliation,
    reconcile_provider,
)
from bursar.domain.spend import Metric
from bursar.ports import Outbox, ProviderBill, SpendStore, StatementStore

_NO_BILLS: Mapping[str, ProviderBill] = {}


class NothingToReconcileError(ValueError):
    """No day of the month is over yet."""


@dataclass(frozen=True, slots=True)
class ReconciledMonth:
    """What was found; `told` when people are told of it for the first time."""

    month: str
    aws: Reconciliation
    providers: tuple[ProviderReconciliation, ...]
    told: bool


def reconcile_month(
    month: str,
    at: datetime,
    *,
    account: str,
    metric: Metric,
    statements: StatementStore,
    spend: SpendStore,
    outbox: Outbox | None = None,
    bills: Mapping[str, ProviderBill] = _NO_BILLS,
) -> ReconciledMonth:
    """Compare the days of a month that are over.

    Args:
        outbox: where an alert is posted when the closed days differ by more than 2%.
        bills: those to ask, by provider (`openai`, `anthropic`).

    Raises:
        NothingToReconcileError: see there.
        ProviderBillUnavailableError: a provider's bill could not be read.
    """
    window = month_window(month)
    window = Window(window.start, max(min(window.end, day_of(at).start), window.start))
    if not window.length:
        raise NothingToReconcileError(f"no day of {month} is over")
    first, last = _days(window)
    metered = _finest(window, statements)
    billed = billed_days(spend.latest(account, metric, first, last))
    since = Window(month_window(month).end, max(hour_of(at).end, month_window(month).end))
    corrected = corrections(_coarsest(since, statements), month) if since.length else {}
    found = reconcile(billed, metered_days(metered), corrected)
    alert = difference_alert(month, found, at)
    told = bool(outbox and alert and outbox.post(alert))
    providers = tuple(
        reconcile_provider(name, bill.facts(first, last), metered, corrected)
        for name, bill in sorted(bills.items())
    )
    return ReconciledMonth(month, found, providers, told)


def _finest(window: Window, statements: StatementStore) -> list[Statement]:
    """The hours of each day; or the day, where its hours are kept no more."""
    hours = statements.hours(window)
    by_hour = {hour.window.start.date() for hour in hours}
    days = statements.days(window)
    return [*hours, *(day for day in days if day.window.start.date() not in by_hour)]


def _coarsest(window: Window, statements: StatementStore) -> list[Statement]:
    """The days that are stated, and the hours of the others."""
    days = statements.days(window)
    stated = {day.window.start.date() for day in days}
    first = next((day.start for day in every_day(window) if day.start.date() not in stated), None)
    hours = statements.hours(Window(first, window.end)) if first else ()
    return [*days, *(hour for hour in hours if hour.window.start.date() not in stated)]


def _days(window: Window) -> tuple[date, date]:
    return window.start.date(), window.end.date() - timedelta(days=1)
