"""Boto3 cannot tell the loopback Price List and Cost Explorer from the real ones."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import boto3
import pytest
from botocore.exceptions import ClientError

from bursar.local.cost_explorer_service import cost_explorer
from bursar.local.embedded.http_api import JsonRpcServer
from bursar.local.price_list_service import price_item, price_list

ITEMS = [
    price_item("AmazonEC2", {"instanceType": f"m5.{size}", "regionCode": "us-east-1"}, usd)
    for size, usd in (("large", "0.096"), ("xlarge", "0.192"), ("2xlarge", "0.384"))
]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def costs(day):
    return {
        ("111122223333", "Amazon EKS", "search"): Decimal("2.4"),
        ("111122223333", "Amazon EC2", "search"): Decimal(day.day),
        ("444455556666", "Amazon EC2", ""): Decimal("0.5"),
    }


@pytest.fixture(scope="module")
def server():
    operations = price_list(ITEMS) | cost_explorer(costs, lambda: NOW, rows_per_page=2)
    with JsonRpcServer(operations) as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    session = boto3.Session("test", "test", region_name="us-east-1")
    made = {name: session.client(name, endpoint_url=server.url) for name in ("pricing", "ce")}
    yield made.__getitem__
    for each in made.values():
        each.close()


def products(client, *filters, **more):
    found = client("pricing").get_products(
        ServiceCode="AmazonEC2",
        Filters=[{"Type": t, "Field": f, "Value": v} for t, f, v in filters],
        **more,
    )
    return found["PriceList"], found.get("NextToken")


def bill(client, start, end, *groups):
    """Every result of every page."""
    request = {
        "TimePeriod": {"Start": start, "End": end},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost", "AmortizedCost"],
    }
    if groups:
        request["GroupBy"] = [{"Type": kind, "Key": key} for kind, key in groups]
    while True:
        page = client("ce").get_cost_and_usage(**request)
        yield from page["ResultsByTime"]
        if "NextPageToken" not in page:
            return
        request["NextPageToken"] = page["NextPageToken"]


@pytest.mark.parametrize(
    ("kind", "value", "count"),
    [
        ("TERM_MATCH", "m5.large", 1),
        ("EQUALS", "m5", 0),
        ("ANY_OF", "m5.large,m5.xlarge", 2),
        ("CONTAINS", "xlarge", 2),
        ("NONE_OF", "m5.large", 2),
    ],
)
def test_products_are_filtered(client, kind, value, count):
    assert len(products(client, (kind, "instanceType", value))[0]) == count


def test_products_come_in_pages(client):
    first, token = products(client, MaxResults=2)
    second, end = products(client, MaxResults=2, NextToken=token)
    assert (len(first), len(second), end) == (2, 1, None)


def test_a_token_of_no_page_is_refused(client):
    with pytest.raises(ClientError, match="InvalidNextTokenException"):
        products(client, NextToken="later")


def test_the_bill_excludes_its_end_and_splits_a_day_between_pages(client):
    results = list(
        bill(
            client,
            "2026-11-01",
            "2026-11-03",
            ("DIMENSION", "LINKED_ACCOUNT"),
            ("DIMENSION", "SERVICE"),
        )
    )
    assert {result["TimePeriod"]["Start"] for result in results} == {"2026-11-01", "2026-11-02"}
    assert len(results) == 4
    groups = [group for result in results for group in result["Groups"]]
    assert groups[0]["Keys"] == ["111122223333", "Amazon EC2"]
    total = sum(Decimal(group["Metrics"]["UnblendedCost"]["Amount"]) for group in groups)
    assert total == Decimal("8.8")


def test_the_total_is_told_only_without_groups(client):
    (day,) = bill(client, "2026-11-01", "2026-11-02")
    assert day["Total"]["AmortizedCost"] == {"Amount": "3.9", "Unit": "USD"}
    by_tag = list(bill(client, "2026-11-01", "2026-11-02", ("TAG", "team")))
    assert {group["Keys"][0] for day in by_tag for group in day["Groups"]} == {
        "team$search",
        "team$",
    }
    assert all(day["Total"] == {} for day in by_tag)


def test_young_days_are_estimated(client):
    first = date(2026, 11, 15)
    told = {
        d["TimePeriod"]["Start"]: d["Estimated"] for d in bill(client, str(first), "2026-11-21")
    }
    assert [told[str(first + timedelta(days=n))] for n in range(6)] == [False] * 3 + [True] * 3


def test_a_period_that_ends_before_it_starts_is_refused(client):
    with pytest.raises(ClientError, match="before end date"):
        list(bill(client, "2026-11-02", "2026-11-02"))
