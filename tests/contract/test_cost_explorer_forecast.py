"""Cost Explorer's own forecast, asked over HTTP as it answers it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from bursar.adapters.cost_explorer_forecast import CostExplorerForecaster
from bursar.adapters.memory.spend import MemoryCounter
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.spend import BillUnavailableError, SpendCapReachedError
from tests.contract.aws_loopback import serving

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
REST = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


class Foreseeing:
    """GetCostForecast, which answers the same of everything; in other words where it is told."""

    def __init__(self, status: int = 200, **changes: Any) -> None:
        self.asked: list[dict[str, Any]] = []
        self._status, self._changes = status, changes

    def answer(self, body: bytes) -> tuple[int, bytes]:
        self.asked.append(json.loads(body))
        span = self.asked[-1]["TimePeriod"]
        month = {
            "TimePeriod": span,
            "MeanValue": "1234.5678901234",
            "PredictionIntervalLowerBound": "1000.5",
            "PredictionIntervalUpperBound": "1500.25",
        }
        told = {
            "Total": {"Amount": "1234.5678901234", "Unit": "USD"},
            "ForecastResultsByTime": [month],
            **self._changes,
        }
        return self._status, json.dumps(told).encode()


def ask(server: Foreseeing, scope: str = "org=acme", pages: int = 3, times: int = 1) -> Any:
    with serving(server.answer) as url:
        client = boto3.client("ce", region_name="us-east-1", endpoint_url=url)
        asked = CostExplorerForecaster(client, MemoryCounter(), pages)
        return [asked.forecast(scope, REST, NOW) for _ in range(times)][-1]


def test_the_rest_of_the_month_is_asked_for_and_read_exactly() -> None:
    server = Foreseeing()
    told = ask(server)
    assert told.expected == Money.of("1234.5678901234")
    assert (told.low80, told.high80) == (Money.of("1000.5"), Money.of("1500.25"))
    assert server.asked == [
        {
            "TimePeriod": {"Start": "2026-11-20", "End": "2026-12-01"},
            "Metric": "UNBLENDED_COST",
            "Granularity": "MONTHLY",
            "PredictionIntervalLevel": 80,
        }
    ]


@pytest.mark.parametrize(
    ("scope", "only"),
    [
        ("service=AmazonS3", {"Dimensions": {"Key": "SERVICE", "Values": ["AmazonS3"]}}),
        ("account=1", {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": ["1"]}}),
        ("tag:team=search", {"Tags": {"Key": "team", "Values": ["search"]}}),
        ("tag:team=__unallocated__", {"Tags": {"Key": "team", "Values": [""]}}),
    ],
)
def test_a_scope_of_the_bill_is_asked_about_alone(scope: str, only: dict[str, Any]) -> None:
    server = Foreseeing()
    ask(server, scope)
    assert server.asked[0]["Filter"] == only


def test_what_no_bill_knows_is_not_asked_and_not_paid() -> None:
    server = Foreseeing()
    with pytest.raises(BillUnavailableError, match="tenant=acme"):
        ask(server, "tenant=acme")
    assert server.asked == []


def test_no_question_is_asked_beyond_the_pages_that_a_day_may_cost() -> None:
    server = Foreseeing()
    with pytest.raises(SpendCapReachedError, match="2 pages"):
        ask(server, pages=2, times=3)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"Total": {"Amount": "1", "Unit": "EUR"}},
        {"Total": {"Amount": "much", "Unit": "USD"}},
        {"ForecastResultsByTime": [{}]},
    ],
)
def test_what_is_no_forecast_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BillUnavailableError):
        ask(Foreseeing(**changes))


def test_too_little_history_is_said_by_cost_explorer() -> None:
    server = Foreseeing(400, __type="DataUnavailableException", Message="Insufficient data")
    with pytest.raises(BillUnavailableError, match="DataUnavailable"):
        ask(server)
