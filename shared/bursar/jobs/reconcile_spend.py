"""Reconcile the months whose bill may still change, and tell people of what differs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bursar.config import Config
from bursar.domain.ledger.months import month_name
from bursar.domain.spend import Metric
from bursar.events.runs import ScheduledRun
from bursar.jobs.collect_spend import RESTATED_FOR
from bursar.jobs.reconcile import ReconciledMonth, reconcile_month
from bursar.ports import Outbox, ProviderBill, SpendStore, StatementStore


def reconcile_spend(
    run: ScheduledRun,
    config: Config,
    *,
    statements: StatementStore,
    spend: SpendStore,
    outbox: Outbox,
    bills: Mapping[str, ProviderBill],
) -> list[ReconciledMonth]:
    """The month of the last complete day, and the one before it while its bill is restated.

    Raises:
        ProviderBillUnavailableError: a provider's bill could not be read; what differs from
            AWS' bill is told already.
    """
    last = run.scheduled_at - timedelta(days=1)
    return [
        reconcile_month(
            month,
            run.scheduled_at,
            account=config.account,
            metric=Metric.UNBLENDED,
            statements=statements,
            spend=spend,
            outbox=outbox,
            bills=bills,
        )
        for month in sorted({month_name(last - RESTATED_FOR), month_name(last)})
    ]
