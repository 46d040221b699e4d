"""What every price store does: keep dated rows, and only those that change something."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bursar.adapters.dynamodb.prices import DynamoPriceStore
from bursar.adapters.memory.prices import MemoryPriceStore
from bursar.domain.money import Money
from bursar.domain.prices import PriceKey, PriceRow, on_demand, spot
from bursar.ports import PriceStore

REGION = "us-east-1"
P5 = on_demand(REGION, "p5.48xlarge")
MAY = datetime(2025, 5, 1, tzinfo=UTC)
JUNE = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture
def store(backing: Any) -> PriceStore:
    return MemoryPriceStore() if backing is None else DynamoPriceStore(backing)


def row(usd: str, since: datetime, key: PriceKey = P5, **more: Any) -> PriceRow:
    return PriceRow(
        key=key,
        usd=Money.of(usd),
        unit="hour",
        source="AWS Price List",
        sku="SKU",
        effective_from=since,
        **more,
    )


def test_a_price_holds_from_its_date_until_the_next(store: PriceStore) -> None:
    store.record([row("98.32", MAY)])
    store.record([row("55.04", JUNE)])

    def usd(at: datetime) -> Money:
        return store.prices_at([P5], at)[P5].usd

    assert usd(MAY) == usd(JUNE - timedelta(microseconds=1)) == Money.of("98.32")
    assert usd(JUNE) == usd(JUNE + timedelta(days=365)) == Money.of("55.04")


def test_before_the_first_price_and_for_an_unknown_key_there_is_none(store: PriceStore) -> None:
    store.record([row("98.32", MAY)])
    assert store.prices_at([P5], MAY - timedelta(seconds=1)) == {}
    assert store.prices_at([on_demand(REGION, "m5.large")], JUNE) == {}
    assert store.prices_at([], JUNE) == {}


def test_a_change_is_told_with_both_rows(store: PriceStore) -> None:
    assert store.record([row("98.32", MAY)]) == []
    (change,) = store.record([row("55.04", JUNE)])
    assert (change.old.usd.plain(), change.new.usd.plain()) == ("98.32", "55.04")


def test_the_same_list_twice_is_kept_once(store: PriceStore) -> None:
    for _ in range(2):
        store.record([row("98.32", MAY), row("98.32", JUNE)])
    assert [kept.effective_from for kept in store.history(P5)] == [MAY]


def test_the_history_is_oldest_first_and_exact(store: PriceStore) -> None:
    told = [row("98.32", MAY), row("55.040000000001", JUNE, author="ana", read_at=JUNE)]
    for each in told:
        store.record([each])
    assert list(store.history(P5)) == told
    assert list(store.history(on_demand(REGION, "m5.large"))) == []


def test_a_restated_price_never_overwrites_a_row(store: PriceStore) -> None:
    store.record([row("98.32", MAY)])
    store.record([row("55.04", MAY, read_at=JUNE)])
    assert [(kept.usd.plain(), kept.effective_from) for kept in store.history(P5)] == [
        ("98.32", MAY),
        ("55.04", JUNE),
    ]


def test_many_keys_are_read_and_kept_at_once(store: PriceStore) -> None:
    keys = [spot(REGION, f"m{n}.large", "us-east-1a") for n in range(120)]
    store.record([row(f"0.{n + 1:03d}", MAY, key) for n, key in enumerate(keys)])
    found = store.prices_at(keys, JUNE)
    assert len(found) == 120
    assert found[keys[41]].usd == Money.of("0.042")


def test_keys_of_other_regions_zones_and_services_are_apart(store: PriceStore) -> None:
    keys = [
        on_demand("us-east-1", "m5.large"),
        on_demand("us-east-2", "m5.large"),
        spot("us-east-1", "m5.large", "us-east-1a"),
        spot("us-east-1", "m5.large", "us-east-1b"),
    ]
    store.record([row(str(n), MAY, key) for n, key in enumerate(keys, start=1)])
    found = store.prices_at(keys, JUNE)
    assert [found[key].usd.plain() for key in keys] == ["1", "2", "3", "4"]
