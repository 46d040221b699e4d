"""What every store of bills does: keep each telling, and know the newest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from bursar.adapters.dynamodb.spend import DynamoSpendStore
from bursar.adapters.memory.spend import MemorySpendStore
from bursar.domain.money import Money
from bursar.domain.spend import Metric, SpendFact, as_of_one_bill
from bursar.ports import SpendStore

ACCOUNT = "111122223333"
DAY = date(2026, 11, 1)
NOON = datetime(2026, 11, 6, 12, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
UNBLENDED = Metric.UNBLENDED


@pytest.fixture
def store(backing: Any) -> SpendStore:
    return MemorySpendStore() if backing is None else DynamoSpendStore(backing)


def fact(amount: str, group: str = "total", day: date = DAY, **more: Any) -> SpendFact:
    told = {"metric": UNBLENDED, "estimated": True, "as_of": NOON, **more}
    return SpendFact(account=ACCOUNT, day=day, group=group, amount=Money.of(amount), **told)


def amounts(store: SpendStore, last: date = DAY) -> list[tuple[str, str, int]]:
    latest = store.latest(ACCOUNT, UNBLENDED, DAY, last)
    return [(each.group, each.amount.plain(), each.sequence) for each in latest]


def test_the_first_telling_is_kept(store: SpendStore) -> None:
    assert store.record([fact("10.5"), fact("4", "service=Amazon S3")]) == 2
    assert amounts(store) == [("service=Amazon S3", "4", 1), ("total", "10.5", 1)]


def test_a_repeated_telling_writes_nothing(store: SpendStore) -> None:
    store.record([fact("10")])
    assert store.record([fact("10", as_of=NOON + timedelta(days=1))]) == 0
    assert amounts(store) == [("total", "10", 1)]


def test_another_amount_is_the_next_in_sequence(store: SpendStore) -> None:
    for days, amount in enumerate(("10", "11", "10.5")):
        store.record([fact(amount, as_of=NOON + timedelta(days=days))])
    assert amounts(store) == [("total", "10.5", 3)]


def test_the_end_of_an_estimate_is_news_even_at_the_same_amount(store: SpendStore) -> None:
    store.record([fact("10")])
    assert store.record([fact("10", estimated=False, as_of=NOON + timedelta(days=1))]) == 1
    assert not store.latest(ACCOUNT, UNBLENDED, DAY, DAY)[0].estimated


def test_a_replayed_older_telling_changes_nothing(store: SpendStore) -> None:
    store.record([fact("10", as_of=NOON + timedelta(days=1))])
    assert store.record([fact("9", as_of=NOON)]) == 0
    assert amounts(store) == [("total", "10", 1)]


def test_days_loaded_in_bulk_are_looked_back_on_and_may_still_be_restated(
    dynamodb_table: Any,
) -> None:
    store = DynamoSpendStore(dynamodb_table)
    store.load([fact("10"), fact("4", "service=Amazon S3")])
    assert amounts(store) == [("service=Amazon S3", "4", 1), ("total", "10", 1)]
    later = NOON + timedelta(days=1)
    told = [fact("11", as_of=later), fact("4", "service=Amazon S3", as_of=later)]
    assert store.record(told) == 1
    assert amounts(store) == [("service=Amazon S3", "4", 1), ("total", "11", 2)]


def test_the_last_day_of_a_span_is_included_and_the_next_is_not(store: SpendStore) -> None:
    days = [DAY + timedelta(days=n) for n in range(4)]
    store.record([fact(str(n), day=day) for n, day in enumerate(days, start=1)])
    found = store.latest(ACCOUNT, UNBLENDED, days[1], days[2])
    assert [each.day for each in found] == days[1:3]


def balance(store: SpendStore, month: str = "2026-11") -> dict[str, str]:
    found = store.balance(ACCOUNT, UNBLENDED, month)
    return {group: amount.plain() for group, amount in found.items()}


def test_the_balance_of_a_month_is_the_sum_of_its_newest_tellings(store: SpendStore) -> None:
    store.record([fact("10"), fact("5", day=DAY + timedelta(days=29)), fact("4", "service=S3")])
    store.record([fact("3", day=DAY - timedelta(days=1)), fact("9", metric=Metric.NET_AMORTIZED)])
    later = NOON + timedelta(hours=1)
    store.record([fact("8.000000000001", as_of=later), fact("4", "service=S3", as_of=later)])
    assert balance(store) == {"total": "13.000000000001", "service=S3": "4"}
    assert balance(store, "2026-10") == {"total": "3"}
    assert balance(store, "2026-12") == {}


def test_restated_back_and_forth_by_two_collectors_the_newest_telling_counts(
    store: SpendStore,
) -> None:
    """10 -> 12 -> 10 -> 12, fetched hour by hour; the oldest fetch arrives last, twice."""
    told = [fact(str(a), as_of=NOON + timedelta(hours=n)) for n, a in enumerate((10, 12, 10, 12))]
    for each in (told[1], told[2], told[1], told[3], told[0], told[2], told[0]):
        store.record([each])
    assert amounts(store)[0][:2] == ("total", "12")
    assert balance(store) == {"total": "12"}
    store.record([fact("10", as_of=NOON + timedelta(hours=4))])
    assert balance(store) == {"total": "10"}


def test_a_group_that_is_gone_from_a_complete_bill_posts_its_negative(store: SpendStore) -> None:
    team, later = "tag:team=search", NOON + timedelta(hours=1)
    store.record([fact("10"), fact("10", team)])
    told = [fact("10", as_of=later), fact("10", "tag:team=find", as_of=later)]
    store.record(told)
    assert balance(store) == {"total": "10", team: "0", "tag:team=find": "10"}


def bill(hour: int, **services: str) -> list[SpendFact]:
    """A complete bill of the day, fetched at this hour."""
    at = NOON + timedelta(hours=hour)
    total = Money.sum(map(Money.of, services.values())).plain()
    told = [fact(amount, f"service={name}", as_of=at) for name, amount in services.items()]
    return [*told, fact(total, as_of=at)]


def test_a_bill_that_says_the_same_again_lets_no_older_one_in(store: SpendStore) -> None:
    """12 -> 10 -> 10 -> 12 as it was; told are the second, the last, and only then the others."""
    for hour, usd in ((2, "12"), (4, "12"), (3, "10"), (1, "10")):
        store.record(bill(hour, S3=usd))
    assert balance(store) == {"total": "12", "service=S3": "12"}
    assert amounts(store) == [("service=S3", "12", 1), ("total", "12", 1)]


def test_an_older_bill_brings_no_group_back_that_the_newest_does_not_have(
    store: SpendStore,
) -> None:
    store.record(bill(2, S3="5"))
    assert store.record(bill(1, S3="5", EC2="5")) == 0
    assert balance(store) == {"total": "5", "service=S3": "5"}


@pytest.mark.parametrize("seed", range(12))
def test_in_whatever_order_bills_come_the_newest_stands_and_its_groups_sum_to_its_total(
    seed: int, store: SpendStore
) -> None:
    random = Random(seed)
    names = ("EC2", "S3", "EKS")
    told = [
        {name: random.choice(("5", "7")) for name in names if random.random() < 0.7} or {"S3": "5"}
        for _ in range(4)
    ]
    order = random.choices(range(4), k=4) + random.sample(range(4), 4)  # some come again
    for hour in order:
        store.record(bill(hour, **told[hour]))
    found = {group: usd for group, usd, _ in amounts(store) if usd != "0"}
    newest = {f"service={name}": usd for name, usd in told[3].items()}
    assert found == {**newest, "total": str(sum(map(int, newest.values())))}
    assert {group: usd for group, usd in balance(store).items() if usd != "0"} == found


def test_an_end_of_an_estimate_moves_no_balance(store: SpendStore) -> None:
    store.record([fact("10")])
    store.record([fact("10", estimated=False, as_of=NOON + timedelta(days=1))])
    assert balance(store) == {"total": "10"}


def test_a_month_of_many_groups_is_summed_over_its_transactions(store: SpendStore) -> None:
    days = [DAY + timedelta(days=n) for n in range(5)]
    store.record([fact("2", f"service=S{n:02}", day=day) for day in days for n in range(40)])
    assert balance(store) == {f"service=S{n:02}": "10" for n in range(40)}


def test_metrics_and_accounts_are_apart(store: SpendStore) -> None:
    net = fact("7", metric=Metric.NET_AMORTIZED)
    store.record([fact("10"), net, net.model_copy(update={"account": "444455556666"})])
    assert amounts(store) == [("total", "10", 1)]
    assert len(store.latest(ACCOUNT, Metric.NET_AMORTIZED, DAY, DAY)) == 1


def test_more_facts_than_one_transaction_holds_are_all_kept(store: SpendStore) -> None:
    facts = [fact(str(n + 1), f"service=S{n:03d}") for n in range(130)]
    assert store.record(facts) == 130
    assert len(amounts(store)) == 130


def test_writers_at_the_same_time_leave_one_history(store: SpendStore) -> None:
    def write(amount: int) -> int:
        return store.record([fact(str(amount), as_of=NOON + timedelta(minutes=amount))])

    with ThreadPoolExecutor(4) as pool:
        kept = sum(pool.map(write, range(1, 5)))
    ((_, amount, sequence),) = amounts(store)
    assert (amount, sequence) == ("4", kept)  # the newest telling wins, whoever wrote first
    assert balance(store) == {"total": "4"}


def test_newest_tellings_of_one_store_are_told_to_another_whole(store: SpendStore) -> None:
    """The total was seen again a day later; its group, which did not change, was not."""
    for days in range(2):
        told = [fact("4"), fact("4", "service=Amazon S3")]
        store.record([each.model_copy(update={"as_of": NOON + days * ONE_DAY}) for each in told])
    other = MemorySpendStore()
    other.record(as_of_one_bill(store.latest(ACCOUNT, UNBLENDED, DAY, DAY)))
    assert amounts(other) == amounts(store) == [("service=Amazon S3", "4", 1), ("total", "4", 1)]
