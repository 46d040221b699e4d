"""Replaying the archive: a ledger that lost entries is what it was, to the last 10^-12 USD."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import boto3
import pytest

from bursar.adapters.memory.quarantine import MemoryQuarantine
from bursar.adapters.memory.usage import MemoryUsageArchive
from bursar.adapters.s3_usage import S3UsageArchive
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.ledger.entries import Leaf, LeafKey
from bursar.domain.ledger.months import MonthState
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window, hour_of, month_window
from bursar.domain.usage.bedrock import ProvisionedHour
from bursar.domain.usage.price_books import OwnTokenPrices
from bursar.domain.usage.prices import ContextTier, TokenPrice, TokenRates
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.records import UsageRecord
from bursar.domain.usage.routes import ModelRoute, ModelRoutes
from bursar.jobs.bill_usage import UsageBilling
from bursar.jobs.collect_bedrock_usage import collect_bedrock_usage
from bursar.jobs.replay_usage import Replayed, UsageReplay
from bursar.jobs.take_usage import UsageIntake
from bursar.ports import ConflictLog, EnforcedWindows, LedgerStore, UsageArchive
from tests.contract.admission_books import budget, enforced
from tests.contract.ledger_books import AT_ONCE, NOW, ONE_PM, Books, books_on, record
from tests.contract.ledger_faults import CrashError, Fault, Faulty

NOVEMBER = month_window("2026-11")
HOURS = tuple(hour_of(ONE_PM + n * HOUR) for n in range(-2, 1))
ARN = "arn:aws:bedrock:eu-west-1:111122223333:provisioned-model/abc"


def price(input_usd: str, *, from_hour: int = 0) -> TokenPrice:
    rates = TokenRates(input=Decimal(input_usd), output=Decimal("10.000001"))
    tiers = (ContextTier(0, rates),)
    start = ONE_PM - timedelta(days=1) + from_hour * HOUR
    return TokenPrice(
        provider="openai", model="gpt-x", source="t", tiers=tiers, effective_from=start
    )


def unit_price(model: str, commitment: str) -> Money | None:
    return Money.of("12.50") if (model, commitment) == ("nova", "OneMonth") else None


class Meter:
    """Bedrock with throughput bought ahead, one with a price and one without."""

    def records(self, hour: Window, producer: ProducerPolicy) -> Sequence[UsageRecord]:
        return []

    def provisioned(self, hour: Window) -> Sequence[ProvisionedHour]:
        bought = ProvisionedHour("search", ARN, "nova", 2, "OneMonth", hour.start)
        return [bought, replace(bought, name="other", arn=f"{ARN}d", commitment="")]


@dataclass
class Guard:
    """One archive, and the books that its usage was posted to."""

    archive: UsageArchive
    books: Books
    lose: Callable[[], Books]
    budgets: EnforcedBudgets = field(init=False)

    def __post_init__(self) -> None:
        self.budgets = enforced(budget("all", "category=external_api"))
        self._prices = OwnTokenPrices([price("2"), price("3", from_hour=23)])
        routes = (ModelRoute("gpt-s*", "prometheus:prod"),)
        self._routes = ModelRoutes(routes, frozenset({"own"}))

    def intake(self) -> UsageIntake:
        return UsageIntake(
            producer=ProducerPolicy(name="bedrock:eu-west-1", tenant="search"),
            read=lambda _body, _producer: (),
            archive=self.archive,
            quarantine=MemoryQuarantine(),
            billing=self.billing(),
        )

    def billing(self, faulty: Faulty | None = None) -> UsageBilling:
        ledger: LedgerStore = faulty or self.books.ledger
        conflicts: ConflictLog = faulty or self.books.conflicts
        windows: EnforcedWindows = faulty or self.books.windows
        return UsageBilling(
            routes=self._routes,
            prices=self._prices,
            ledger=ledger,
            conflicts=conflicts,
            windows=windows,
            budgets=self.budgets,
            patience=AT_ONCE,
        )

    def take(self, *records: UsageRecord, minutes: int = 0) -> None:
        self.intake().take_collected("t", records, NOW + timedelta(minutes=minutes))

    def replay(
        self, window: Window = NOVEMBER, *, faulty: Faulty | None = None, dry_run: bool = False
    ) -> Replayed:
        replaying = UsageReplay(
            billing=self.billing(faulty), unit_price=unit_price, archive=self.archive
        )
        return replaying.replay(window, NOW + HOUR, dry_run=dry_run)

    def leaves(self) -> dict[LeafKey, Leaf]:
        hours = [*HOURS, hour_of(NOW + HOUR)]
        return {
            key: leaf
            for hour in hours
            for shadow in (False, True)
            for key, leaf in self.books.ledger.leaves(hour.start, shadow=shadow).items()
        }

    def spent(self) -> Money:
        [window] = self.budgets.current_windows(NOW)
        balance = self.books.windows.balance(window)
        return balance.spent if balance else Money.zero()

    def forget(self) -> None:
        self.books = self.lose()


@pytest.fixture(params=["memory", "moto"])
def guard(request: pytest.FixtureRequest) -> Guard:
    if request.param == "memory":
        return Guard(MemoryUsageArchive(), books_on(None), lambda: books_on(None))
    table = request.getfixturevalue("moto_table")
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="usage", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def emptied() -> Books:
        with table.batch_writer() as batch:
            for item in table.scan()["Items"]:
                batch.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
        return books_on(table)

    return Guard(S3UsageArchive(s3, "usage"), books_on(table), emptied)


def usage() -> list[UsageRecord]:
    """Thirty records of three hours: priced by two prices, unpriced, self-hosted and shadow."""
    models = ("gpt-x", "gpt-x", "gpt-unheard", "own", "gpt-shadowed")
    return [
        record(
            f"r-{n}",
            at=HOURS[n % 3].start + n * timedelta(seconds=7),
            model=models[n % 5],
            provider="openai",
            tenant=f"t{n % 2}",
            input_tokens=1_000_003 + n,
        )
        for n in range(30)
    ]


def filled(guard: Guard) -> tuple[dict[LeafKey, Leaf], Money]:
    """Told in three batches, the second one twice, and two fees of each hour."""
    told = usage()
    for minutes, some in enumerate((told[:10], told[10:20], told[10:20], told[20:])):
        guard.take(*some, minutes=minutes)
    for hour in HOURS:
        collect_bedrock_usage(
            hour, meter=Meter(), unit_price=unit_price, intake=guard.intake(), at=NOW
        )
    return guard.leaves(), guard.spent()


def test_a_ledger_that_lost_everything_is_what_it_was(guard: Guard) -> None:
    before = filled(guard)
    guard.forget()
    assert (guard.leaves(), guard.spent()) == ({}, Money.zero())
    done = guard.replay()
    assert (guard.leaves(), guard.spent()) == before
    # 30 + the 10 that came twice + 2 fees of 3 hours; 12 of the 30 have no price, and 3 fees
    assert done == Replayed(read=46, there_already=10, posted=36, unpriced=15)


def test_what_is_there_is_not_charged_again_however_often_it_is_replayed(guard: Guard) -> None:
    before = filled(guard)
    for _ in range(2):
        assert guard.replay() == Replayed(read=46, there_already=46)
    assert (guard.leaves(), guard.spent()) == before


def test_hours_may_be_replayed_in_any_order() -> None:
    for order in permutations(HOURS):
        guard = Guard(MemoryUsageArchive(), books_on(None), lambda: books_on(None))
        before = filled(guard)
        guard.forget()
        for hour in order:
            guard.replay(hour)
        assert (guard.leaves(), guard.spent()) == before


@pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE, Fault.CRASH_AFTER])
@pytest.mark.parametrize("crash_at", [3, 5])  # the postings of the first and the second hour
def test_a_replay_that_is_broken_off_is_finished_by_the_next(
    guard: Guard, fault: Fault, crash_at: int
) -> None:
    before = filled(guard)
    guard.forget()
    calls = iter(range(1_000))
    faulty = Faulty(
        guard.books, lambda _: fault if next(calls) == crash_at else None, lambda: None
    )
    with pytest.raises(CrashError):
        guard.replay(faulty=faulty)
    done = guard.replay()
    assert done.posted + done.there_already == done.read == 46
    assert (guard.leaves(), guard.spent()) == before


def test_usage_that_comes_in_meanwhile_is_charged_once(guard: Guard) -> None:
    """Every batch is delivered again just before one of the replay's calls."""
    before = filled(guard)
    guard.forget()
    told = usage()
    batches = iter([told[:7], told[20:], told[5:15], told[15:25]])

    def deliver() -> None:
        if batch := next(batches, None):
            guard.intake().post(batch, NOW)

    done = guard.replay(faulty=Faulty(guard.books, lambda _: None, deliver))
    assert done.posted < 36
    assert done.posted + done.there_already == 46
    assert (guard.leaves(), guard.spent()) == before


def test_usage_of_a_closed_month_becomes_adjustments(guard: Guard) -> None:
    told = [each for each in usage() if each.model == "gpt-x"]
    guard.take(*told)
    spent = guard.spent()
    guard.forget()
    guard.books.gates.turn("2026-11", MonthState.CLOSED)
    done = guard.replay()
    assert (done.posted, done.adjusted) == (len(told), len(told))
    december = guard.books.ledger.leaves(month_window("2026-12").start)
    assert {key.adjusts for key in december} == {"2026-11"}
    assert Money.sum(leaf.amounts.usd for leaf in december.values()) == spent


def test_of_two_bodies_the_one_that_stood_stands_again_and_the_conflict_is_kept(
    guard: Guard,
) -> None:
    guard.take(record("1", input_tokens=5))
    guard.take(record("1", input_tokens=7), minutes=1)
    before = guard.leaves()
    assert guard.replay() == Replayed(read=2, there_already=1, conflicts=1)
    assert len(guard.books.conflicts.recent()) == 1  # it was known
    guard.forget()
    assert guard.replay() == Replayed(read=2, posted=1, unpriced=1, conflicts=1)
    assert guard.leaves() == before
    assert len(guard.books.conflicts.recent()) == 1


def test_a_dry_run_counts_what_a_run_would_do_and_posts_nothing(guard: Guard) -> None:
    filled(guard)
    guard.forget()
    guard.take(record("r-0", at=HOURS[0].start, input_tokens=5), minutes=9)  # another body of it
    guard.intake().post(usage()[1:5], NOW)
    before = guard.leaves(), guard.spent()
    foreseen = guard.replay(dry_run=True)
    assert (guard.leaves(), guard.spent()) == before
    assert foreseen == guard.replay()
    assert (foreseen.read, foreseen.conflicts) == (47, 1)


def test_what_the_ledger_is_too_busy_for_is_counted_and_comes_with_the_next(
    guard: Guard,
) -> None:
    before = filled(guard)
    guard.forget()
    guard.books.gates.turn("2026-11", MonthState.FROZEN)  # a close is under way
    assert guard.replay() == Replayed(read=46, busy=46)
    guard.books.gates.turn("2026-11", MonthState.OPEN)
    assert guard.replay().posted == 36
    assert (guard.leaves(), guard.spent()) == before
