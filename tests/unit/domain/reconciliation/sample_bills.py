"""Bills, and what they are compared with."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from bursar.domain.money import Money
from bursar.domain.reconciliation.aws_bill import (
    Reconciliation,
    reconcile,
)
from bursar.domain.reconciliation.books import billed_days, metered_days
from bursar.domain.reconciliation.provider_bill import ProviderFact
from bursar.domain.spend import Metric, SpendFact
from tests.unit.domain.sample_statements import (
    NOVEMBER,
    Lines,
    hours_from,
)

DAY, ONE_DAY = NOVEMBER.date(), timedelta(days=1)
NOON = datetime(2026, 11, 9, 12, tzinfo=UTC)
EC2 = "Amazon Elastic Compute Cloud - Compute"
USD = st.integers(-(10**9), 10**9).map(lambda units: f"{units}e-6").map(Money.of)


def bill(total: str, day: date = DAY, estimated: bool = False, **groups: str) -> list[SpendFact]:
    told: dict[str, str] = {"total": total} | groups
    return [
        SpendFact(
            account="111122223333",
            metric=Metric.UNBLENDED,
            day=day,
            group=group,
            amount=Money.of(usd),
            estimated=estimated,
            as_of=NOON,
        )
        for group, usd in told.items()
    ]


def services(total: str, more: dict[str, str], **options: Any) -> list[SpendFact]:
    return bill(total, **options) + bill(total, **options, **more)[1:]


def compare(facts: list[SpendFact], *lines: Lines, hours: int = 24) -> Reconciliation:
    return reconcile(billed_days(facts), metered_days(hours_from(NOVEMBER, hours, *lines)))


def parts(found: Reconciliation) -> dict[str, str]:
    return {name: usd.plain() for name, usd in found.parts.items()}


def fact(model: str, usd: str, item: str = "tokens", day: date = DAY) -> ProviderFact:
    return ProviderFact("openai", day, model, item, Money.of(usd))
