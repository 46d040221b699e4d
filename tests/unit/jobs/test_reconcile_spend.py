"""The daily reconciliation: which months are compared, and who hears of it when one differs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.spend import MemorySpendStore
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.domain.money import Money
from bursar.domain.reconciliation.provider_bill import ProviderBillUnavailableError, ProviderFact
from bursar.domain.spend import Metric, SpendFact
from bursar.events.runs import ScheduledRun
from bursar.jobs.reconcile import ReconciledMonth
from bursar.jobs.reconcile_spend import reconcile_spend
from bursar.ports import ProviderBill
from tests.unit.domain.sample_statements import NOVEMBER, bought, hour_at, hours_from, pods
from tests.unit.jobs.sample_config import ACCOUNT, config

EC2 = "service=Amazon Elastic Compute Cloud - Compute"


class OpenAi:
    """A bill of one charge a day."""

    def facts(self, first: date, last: date) -> Sequence[ProviderFact]:
        return [ProviderFact("openai", first, "gpt-4o", "tokens", Money.of("13"))]


class Closed:
    def facts(self, first: date, last: date) -> Sequence[ProviderFact]:
        raise ProviderBillUnavailableError(f"anthropic: answered 500 for {first} to {last}")


class Books:
    """A day of November: 24 USD of pods and 12 of OpenAI's tokens metered; of AWS as billed."""

    def __init__(self, billed: str) -> None:
        self.statements, self.spend = MemoryStatementStore(), MemorySpendStore()
        self.outbox = MemoryOutbox()
        tokens = bought("acme", "0.5", model="gpt-4o", provider="openai")
        for hour in hours_from(NOVEMBER, 24, pods("acme", "1"), tokens):
            self.statements.put_hour(hour)
        facts = [
            SpendFact(
                account=ACCOUNT,
                metric=Metric.UNBLENDED,
                day=NOVEMBER.date(),
                group=group,
                amount=Money.of(billed),
                estimated=False,
                as_of=NOVEMBER,
            )
            for group in ("total", EC2)
        ]
        self.spend.record(facts)

    def reconcile(self, at: datetime, **bills: ProviderBill) -> list[ReconciledMonth]:
        return reconcile_spend(
            ScheduledRun(scheduled_at=at),
            config(),
            statements=self.statements,
            spend=self.spend,
            outbox=self.outbox,
            bills=bills,
        )


@pytest.mark.parametrize(
    ("day", "months"),
    [
        ((2026, 11, 1), ["2026-10"]),  # October's last day is complete, and none of November
        ((2026, 11, 2), ["2026-10", "2026-11"]),
        ((2026, 11, 6), ["2026-10", "2026-11"]),  # five days before the 5th is the 31st
        ((2026, 11, 7), ["2026-11"]),
    ],
)
def test_a_month_is_compared_until_its_last_days_are_no_longer_restated(day, months) -> None:
    at = datetime(*day, 10, 5, tzinfo=UTC)
    assert [each.month for each in Books("24").reconcile(at)] == months


NOON = datetime(2026, 11, 12, 12, tzinfo=UTC)
DECEMBER_5 = datetime(2026, 12, 5, 10, tzinfo=UTC)


def test_what_differs_is_told_once() -> None:
    books = Books("30")
    told = [found.told for _ in range(2) for found in books.reconcile(NOON)]
    assert told == [True, False]
    [row] = books.outbox.recent()
    assert row.alert.kind == "reconciliation.differs"
    assert "$6.00" in row.alert.title  # 30 - 24


def test_books_that_agree_tell_nobody() -> None:
    books = Books("24")
    [found] = books.reconcile(NOON)
    assert (found.aws.agrees, found.told, books.outbox.recent()) == (True, False, [])


def test_a_providers_own_bill_is_compared() -> None:
    [found] = Books("24").reconcile(NOON, openai=OpenAi())
    [provider] = found.providers
    assert (provider.billed, provider.metered) == (Money.of("13"), Money.of("12"))  # 24 x 0.5


def test_what_was_booked_after_the_month_was_closed_is_found_in_later_hours_and_days() -> None:
    books = Books("30")
    for at, usd in ((datetime(2026, 12, 1, 3, tzinfo=UTC), "2"), (DECEMBER_5, "3")):
        books.statements.put_hour(hour_at(at, pods("acme", usd, adjusts="2026-11")))
    [found] = [each for each in books.reconcile(DECEMBER_5) if each.month == "2026-11"]
    later = {name: usd.plain() for name, usd in found.aws.parts.items() if "later" in name}
    assert later == {"booked later: compute": "5"}  # of 30 - 24
    assert found.aws.residual == Money.of("1")


def test_a_provider_that_cannot_be_asked_fails_the_run_after_aws_bill_was_told_of() -> None:
    books = Books("30")
    with pytest.raises(ProviderBillUnavailableError):
        books.reconcile(NOON, anthropic=Closed())
    assert len(books.outbox.recent()) == 1
