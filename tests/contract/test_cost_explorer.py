"""Cost Explorer, served from the real bill of a small account, in pages of twenty days."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest

from bursar.adapters.cost_explorer import CostExplorerBill
from bursar.adapters.memory.spend import MemoryCounter
from bursar.domain.money import Money
from bursar.domain.spend import (
    BillUnavailableError,
    GroupsDoNotSumError,
    Metric,
    SpendCapReachedError,
    SpendFact,
)
from tests.contract.aws_loopback import serving

SHARED = Path(__file__).parents[3] / "shared"
REAL = SHARED / "data/billing/ce_get_cost_and_usage_daily_2024-02-01_03-31.json"
ACCOUNT = "111122223333"
FIRST, LAST = date(2024, 2, 1), date(2024, 3, 31)
AS_OF = datetime(2024, 4, 6, 4, tzinfo=UTC)
DAYS_PER_PAGE = 20

Days = dict[date, dict[str, str]]  # what each service cost on each day


class CostExplorerServer:
    """GetCostAndUsage over days of services; half of each day carries the tag `search`."""

    def __init__(self, days: Days, *, estimated_from: date = date.max, unit: str = "USD") -> None:
        self.days = days
        self.asked: list[dict[str, Any]] = []
        self.lost = ""  # a service that the groups leave out, as a broken answer would
        self.usage_types: dict[str, str] = {}  # of "EC2 - Other", each day
        self.credits: dict[str, str] = {}  # of each day, by service; the service is told net
        self._estimated_from, self._unit = estimated_from, unit

    def answer(self, body: bytes) -> tuple[int, bytes]:
        asked = json.loads(body)
        self.asked.append(asked)
        span = asked["TimePeriod"]
        days = sorted(day for day in self.days if span["Start"] <= day.isoformat() < span["End"])
        at = int(asked.get("NextPageToken") or 0)
        shown = days[at : at + DAYS_PER_PAGE]
        page: dict[str, Any] = {"ResultsByTime": [self._result(day, asked) for day in shown]}
        if at + DAYS_PER_PAGE < len(days):
            page["NextPageToken"] = str(at + DAYS_PER_PAGE)
        return 200, json.dumps(page).encode()

    def _result(self, day: date, asked: dict[str, Any]) -> dict[str, Any]:
        kinds = [group["Key"] for group in asked.get("GroupBy", [])]
        services = self.days[day]
        whole = sum((Decimal(usd) for usd in services.values()), Decimal(0))
        grouped = {name: usd for name, usd in services.items() if name != self.lost}
        total = {} if kinds else self._metrics(whole, asked)
        groups: list[dict[str, Any]] = []
        if "SERVICE" in kinds:
            groups = [
                {
                    "Keys": [name, "Tax" if name == "Tax" else "Usage"],
                    "Metrics": self._metrics(Decimal(usd) - self._credit(name), asked),
                }
                for name, usd in grouped.items()
            ]
            groups += [
                {"Keys": [name, "Credit"], "Metrics": self._metrics(Decimal(usd), asked)}
                for name, usd in self.credits.items()
            ]
        elif kinds == ["USAGE_TYPE"]:
            of, kept = asked["Filter"]["And"]
            assert of["Dimensions"] == {"Key": "SERVICE", "Values": ["EC2 - Other"]}
            assert kept["Dimensions"] == {"Key": "RECORD_TYPE", "Values": ["Usage"]}
            groups = [
                {"Keys": [name], "Metrics": self._metrics(Decimal(usd), asked)}
                for name, usd in self.usage_types.items()
            ]
        elif kinds:
            half = whole / 2
            groups = [
                {"Keys": [ACCOUNT, "team$search"], "Metrics": self._metrics(half, asked)},
                {"Keys": [ACCOUNT, "team$"], "Metrics": self._metrics(whole - half, asked)},
            ]
        return {
            "TimePeriod": {
                "Start": day.isoformat(),
                "End": (day + timedelta(days=1)).isoformat(),
            },
            "Total": total,
            "Groups": groups,
            "Estimated": day >= self._estimated_from,
        }

    def _credit(self, service: str) -> Decimal:
        return Decimal(self.credits.get(service, "0"))

    def _metrics(self, usd: Decimal, asked: dict[str, Any]) -> dict[str, dict[str, str]]:
        return {name: {"Amount": str(usd), "Unit": self._unit} for name in asked["Metrics"]}


@pytest.fixture
def real_days() -> Days:
    if not REAL.exists():
        pytest.skip("the shared billing data is not beside this repository")
    return {
        date.fromisoformat(result["TimePeriod"]["Start"]): {
            group["Keys"][0]: group["Metrics"]["UnblendedCost"]["Amount"]
            for group in result["Groups"]
        }
        for result in json.loads(REAL.read_bytes())["ResultsByTime"]
    }


@contextmanager
def bill_of(
    server: CostExplorerServer,
    monkeypatch: pytest.MonkeyPatch,
    pages_per_day: int = 9,
    *,
    network: bool = False,
) -> Iterator[CostExplorerBill]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with serving(server.answer) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_COST_EXPLORER", url)
        client = boto3.client("ce", region_name="us-east-1")
        counter = MemoryCounter()
        yield CostExplorerBill(client, counter, ACCOUNT, "team", pages_per_day, network=network)


def of(facts: list[SpendFact], group: str, metric: Metric = Metric.UNBLENDED) -> Money:
    return Money.sum(fact.amount for fact in facts if (fact.group, fact.metric) == (group, metric))


def test_sixty_real_days_add_up_to_the_known_answer(
    real_days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = json.loads((SHARED / "data/answers.json").read_bytes())["ce_daily"]
    with bill_of(CostExplorerServer(real_days), monkeypatch) as bill:
        facts = list(bill.facts(FIRST, LAST, AS_OF))
    whole = Money.of(answers["total_usd"])  # 21.4164968012
    assert of(facts, "total") == of(facts, f"account={ACCOUNT}") == whole
    assert of(facts, "total", Metric.NET_AMORTIZED) == whole
    assert of(facts, "tag:team=search") + of(facts, "tag:team=__unallocated__") == whole
    for name, usd in answers["top5_services"]:
        assert of(facts, f"service={name}") == Money.of(usd)
    by_day = {
        fact.day.isoformat(): fact.amount
        for fact in facts
        if (fact.group, fact.metric) == ("total", Metric.UNBLENDED)
    }
    assert by_day == {day: Money.of(usd) for day, usd in answers["by_day"].items()}


def test_a_services_credits_and_tax_are_told_apart_and_are_parts_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = CostExplorerServer({FIRST: {"Amazon S3": "7", "Tax": "1"}})
    server.credits = {"Amazon S3": "-3"}
    with bill_of(server, monkeypatch) as bill:
        facts = list(bill.facts(FIRST, FIRST, AS_OF))
    assert of(facts, "service=Amazon S3") == Money.of("7")  # 10 of usage, 3 of credits
    assert of(facts, "type:Credit=Amazon S3") == Money.of("-3")
    assert of(facts, "type:Tax=Tax") == of(facts, "service=Tax") == Money.of("1")
    assert of(facts, "total") == Money.of("8")


def test_the_end_is_exclusive_and_both_metrics_come_in_one_request(
    real_days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = CostExplorerServer(real_days)
    with bill_of(server, monkeypatch) as bill:
        facts = bill.facts(FIRST, date(2024, 2, 2), AS_OF)
    assert {fact.day for fact in facts} == {FIRST, date(2024, 2, 2)}
    assert len(server.asked) == 3
    assert server.asked[0]["TimePeriod"] == {"Start": "2024-02-01", "End": "2024-02-03"}
    assert server.asked[0]["Metrics"] == ["UnblendedCost", "NetAmortizedCost"]


def test_every_page_is_counted_and_the_cap_stops_before_the_next(
    real_days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = CostExplorerServer(real_days)
    with (
        bill_of(server, monkeypatch, pages_per_day=8) as bill,
        pytest.raises(SpendCapReachedError, match="8 pages of 2024-04-06"),
    ):
        bill.facts(FIRST, LAST, AS_OF)  # 60 days are 3 pages for each of 3 questions
    assert len(server.asked) == 8


def test_an_estimated_day_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    days = {FIRST: {"Amazon S3": "1"}, date(2024, 2, 2): {"Amazon S3": "2"}}
    server = CostExplorerServer(days, estimated_from=date(2024, 2, 2))
    with bill_of(server, monkeypatch) as bill:
        facts = bill.facts(FIRST, date(2024, 2, 2), AS_OF)
    assert {fact.day for fact in facts if fact.estimated} == {date(2024, 2, 2)}
    assert {fact.day for fact in facts if not fact.estimated} == {FIRST}


def test_groups_that_lost_something_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    server = CostExplorerServer({FIRST: {"Amazon S3": "1", "Tax": "0.02"}})
    server.lost = "Tax"
    with (
        bill_of(server, monkeypatch) as bill,
        pytest.raises(GroupsDoNotSumError) as caught,
    ):
        bill.facts(FIRST, FIRST, AS_OF)
    assert str(caught.value) == (
        "2024-02-01 NetAmortizedCost: the groups service=* sum to 1, the total is 1.02"
    )


def test_a_cent_may_be_lost_to_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    server = CostExplorerServer({FIRST: {"Amazon S3": "1", "Tax": "0.01"}})
    server.lost = "Tax"
    with bill_of(server, monkeypatch) as bill:
        assert of(list(bill.facts(FIRST, FIRST, AS_OF)), "total") == Money.of("1.01")


def test_another_currency_is_no_bill(monkeypatch: pytest.MonkeyPatch) -> None:
    server = CostExplorerServer({FIRST: {"Amazon S3": "1"}}, unit="CNY")
    with (
        bill_of(server, monkeypatch) as bill,
        pytest.raises(BillUnavailableError, match="CNY"),
    ):
        bill.facts(FIRST, FIRST, AS_OF)


def test_a_refusal_is_an_unavailable_bill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    server = CostExplorerServer({})
    refusal = b'{"__type": "AccessDeniedException", "message": "not yours"}'
    monkeypatch.setattr(server, "answer", lambda _: (400, refusal))
    with (
        bill_of(server, monkeypatch) as bill,
        pytest.raises(BillUnavailableError, match="not yours"),
    ):
        bill.facts(FIRST, FIRST, AS_OF)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"ResultsByTime": None},
        {"ResultsByTime": [{"TimePeriod": {"Start": "moo"}, "Estimated": False, "Total": {}}]},
        {"ResultsByTime": [{"TimePeriod": {}, "Total": {}}]},
        {"ResultsByTime": ["moo"]},
    ],
    ids=json.dumps,
)
def test_nonsense_is_no_bill(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    server = CostExplorerServer({})
    monkeypatch.setattr(server, "answer", lambda _: (200, json.dumps(answer).encode()))
    with bill_of(server, monkeypatch) as bill, pytest.raises(BillUnavailableError, match="bill"):
        bill.facts(FIRST, FIRST, AS_OF)


def test_a_day_that_is_not_told_is_not_a_day_that_cost_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = CostExplorerServer({FIRST: {"Amazon S3": "1"}})
    with (
        bill_of(server, monkeypatch) as bill,
        pytest.raises(BillUnavailableError, match=r"nothing of 2 days, the first 2024-02-02"),
    ):
        bill.facts(FIRST, FIRST + timedelta(days=2), AS_OF)


def test_what_ec2_charges_for_the_network_is_told_by_kind_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = CostExplorerServer({FIRST: {"EC2 - Other": "10"}})
    server.usage_types = {
        "EU-NatGateway-Hours": "1.10",
        "EU-NatGateway-Bytes": "0.40",
        "EU-DataTransfer-Regional-Bytes": "0.30",
        "EU-DataTransfer-Out-Bytes": "0.20",
        "EU-USE1-AWS-Out-Bytes": "0.05",
        "EU-EBS:VolumeUsage.gp3": "7.95",
    }
    with bill_of(server, monkeypatch) as bill:
        assert not any(f.group.startswith("network=") for f in bill.facts(FIRST, FIRST, AS_OF))
    assert len(server.asked) == 3
    with bill_of(server, monkeypatch, network=True) as bill:
        facts = list(bill.facts(FIRST, FIRST, AS_OF))
    told = {f.group: f.amount.plain() for f in facts if f.metric is Metric.UNBLENDED}
    assert {name: usd for name, usd in told.items() if name.startswith("network=")} == {
        "network=nat": "1.5",
        "network=inter-zone": "0.3",
        "network=internet": "0.2",
        "network=inter-region": "0.05",
    }
    assert told["total"] == "10"  # they are part of a service's cost, beside the whole
    assert len(server.asked) == 3 + 4


def test_the_page_about_the_network_counts_against_the_days_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = CostExplorerServer({FIRST: {"EC2 - Other": "10"}})
    with (
        bill_of(server, monkeypatch, pages_per_day=3, network=True) as bill,
        pytest.raises(SpendCapReachedError),
    ):
        bill.facts(FIRST, FIRST, AS_OF)
    assert len(server.asked) == 3
