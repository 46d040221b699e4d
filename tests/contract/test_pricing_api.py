"""The AWS Price List, against a server of every row that AWS published for one region."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bursar.adapters.pricing_api import LivePriceBook, PricingApiPriceList, pricing_client
from bursar.domain import prices
from bursar.domain.money import Money
from bursar.domain.price_list_errors import PriceListError
from bursar.domain.prices import PriceRow, VolumeMeasure, is_instance_hour

SHARED = Path(__file__).parents[3] / "shared"
REAL = SHARED / "data/aws_prices/ec2_eu-west-1_2023-02-23.parquet"
IRELAND = "eu-west-1"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


@pytest.fixture(scope="module")
def real_list(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """GetProducts over every row that AWS published for Ireland on a day of 2023."""
    facade = SHARED / "tools/pricing_facade.py"
    if not (facade.exists() and REAL.exists()):
        pytest.skip("the shared price data is not beside this repository")
    port = tmp_path_factory.mktemp("facade") / "port"
    server = subprocess.Popen([sys.executable, facade, REAL, port])  # noqa: S603 - our own tool
    try:
        until = time.monotonic() + 30
        while not (port.exists() and port.read_text()):
            assert server.poll() is None, "the price list server did not start"
            assert time.monotonic() < until, "the price list server did not start in 30 s"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port.read_text()}"
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def real_rows(real_list: str) -> dict[str, PriceRow]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_ENDPOINT_URL_PRICING", real_list)
        rows = PricingApiPriceList(pricing_client()).rows(IRELAND, NOW)
        return {str(row.key): row for row in rows}


def test_all_75_real_instance_types_have_their_one_price(real_rows: dict[str, PriceRow]) -> None:
    import duckdb

    answers = json.loads((SHARED / "data/answers.json").read_bytes())["ec2_prices"]
    found = {
        row.key.item: (row.sku, row.usd.amount)
        for row in real_rows.values()
        if is_instance_hour(row.key)
    }
    published = duckdb.execute(
        "select InstanceType, sku, price from read_parquet(?) where TermType = 'OnDemand' and "
        "OperatingSystem = 'Linux' and Tenancy = 'Shared' and PreInstalledSW = 'NA' and "
        "CapacityStatus = 'Used' and family like 'Compute Instance%'",
        [str(REAL)],
    ).fetchall()
    assert found == {name: (sku, Decimal(str(usd))) for name, sku, usd in published}
    assert len(found) == answers["instance_types"] == 75
    for name, [[sku, usd]] in answers["answers_usd_per_hour"].items():
        assert found[name] == (sku, Decimal(str(usd)))


def test_no_real_price_is_zero_and_p4d_least_of_all(real_rows: dict[str, PriceRow]) -> None:
    assert min(row.usd for row in real_rows.values()) > Money.zero()
    p4d = real_rows[str(prices.on_demand(IRELAND, "p4d.24xlarge"))]
    assert p4d.usd == Money.of("35.39655")


@pytest.mark.parametrize(
    ("key", "usd"),
    [
        (prices.volume(IRELAND, "gp3", VolumeMeasure.SIZE), "0.088"),
        (prices.volume(IRELAND, "gp3", VolumeMeasure.IOPS), "0.0055"),
        (prices.volume(IRELAND, "gp3", VolumeMeasure.THROUGHPUT), "0.044"),  # 45.056 / 1,024
        (prices.volume(IRELAND, "io2", VolumeMeasure.IOPS_TIER_2), "0.0504"),
        (prices.volume(IRELAND, "io2", VolumeMeasure.IOPS_TIER_3), "0.03528"),
        (prices.snapshot_storage(IRELAND), "0.05"),
        (prices.snapshot_storage(IRELAND, archived=True), "0.0125"),
        (prices.load_balancer(IRELAND, "application"), "0.0252"),
        (prices.load_balancer(IRELAND, "network"), "0.0252"),
        (prices.load_balancer(IRELAND, "gateway"), "0.014"),
        (prices.load_balancer(IRELAND, "classic"), "0.028"),
        (prices.nat_gateway(IRELAND, "hour"), "0.048"),
        (prices.nat_gateway(IRELAND, "gb"), "0.048"),
    ],
)
def test_other_real_prices_have_one_sku_each(
    real_rows: dict[str, PriceRow], key: prices.PriceKey, usd: str
) -> None:
    assert real_rows[str(key)].usd == Money.of(usd)


def test_what_the_real_list_does_not_sell_is_named(
    real_list: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", real_list)
    price_list = PricingApiPriceList(pricing_client())
    rows = list(price_list.rows(IRELAND, NOW))
    assert len(rows) == 96  # 75 instance types, 13 of volumes, 2 of snapshots, 4 balancers, 2 NAT
    assert str(prices.control_plane(IRELAND)) in price_list.unmatched
    assert price_list.ambiguous == []


def test_a_region_without_instances_is_an_error(
    real_list: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", real_list)
    with pytest.raises(PriceListError, match="no Linux on-demand price in us-nowhere-1"):
        list(PricingApiPriceList(pricing_client()).rows("us-nowhere-1", NOW))


def test_a_live_book_asks_for_just_the_keys_it_is_given(
    real_list: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", real_list)
    book = LivePriceBook(pricing_client(), IRELAND)
    known = [
        prices.on_demand(IRELAND, "g5.xlarge"),
        prices.volume(IRELAND, "gp3", VolumeMeasure.THROUGHPUT),
    ]
    unknown = prices.on_demand(IRELAND, "g99.huge")
    elsewhere = prices.on_demand("us-east-1", "g5.xlarge")
    found = book.prices_at([*known, unknown, elsewhere], NOW)
    assert [found[key].usd.plain() for key in known] == ["1.123", "0.044"]
    assert set(found) == set(known)
    assert book.problems == {unknown: "g99.huge in eu-west-1 has no price"}
    assert book.prices_at(known, datetime(2023, 1, 31, tzinfo=UTC)) == {}  # before they held
