"""OpenAI's and Anthropic's cost APIs, served page by page on the loopback interface."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bursar.adapters.anthropic_costs import AnthropicBill
from bursar.adapters.openai_costs import OpenAiBill
from bursar.domain.money import Money
from bursar.domain.reconciliation.provider_bill import ProviderBillUnavailableError
from tests.contract.aws_loopback import serving

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 2)
KEY = "sk-admin-never-told"
BILLS = (OpenAiBill, AnthropicBill)


class Pages:
    """Answers page after page, and remembers what it was asked."""

    def __init__(self, *pages: list[dict[str, Any]], status: int = 200) -> None:
        self.pages, self.status = pages, status
        self.asked: list[tuple[str, dict[str, list[str]]]] = []

    def answer(self, path: bytes) -> tuple[int, bytes]:
        parts = urlsplit(path.decode())
        query = parse_qs(parts.query)
        self.asked.append((parts.path, query))
        number = int(query.get("page", ["0"])[0])
        more = number + 1 < len(self.pages)
        page = {
            "data": self.pages[number],
            "has_more": more,
            "next_page": str(number + 1) if more else None,
        }
        return self.status, json.dumps(page).encode()


def openai_day(day: int, *results: tuple[str | None, float | str], currency: str = "usd") -> Any:
    return {
        "object": "bucket",
        "start_time": int(datetime(2026, 11, day, tzinfo=UTC).timestamp()),
        "results": [
            {"line_item": item, "amount": {"value": value, "currency": currency}}
            for item, value in results
        ],
    }


def anthropic_day(day: int, *results: tuple[str | None, str, str]) -> Any:
    return {
        "starting_at": f"2026-11-{day:02}T00:00:00Z",
        "results": [
            {"model": model, "description": item, "amount": amount, "currency": "USD"}
            for model, item, amount in results
        ],
    }


def ask(server: Pages, bill: Callable[..., Any]) -> Any:
    with serving(server.answer, "application/json") as url:
        return bill(lambda: KEY, url).facts(FIRST, LAST)


def test_openais_dollars_are_read_exactly_over_its_pages() -> None:
    server = Pages(
        [openai_day(1, ("gpt-4o-2024-08-06, input", 0.1), ("web search tool calls", "0.2"))],
        [openai_day(2, ("gpt-4o-2024-08-06, cached input", 0.06), (None, 3))],
    )
    facts = ask(server, OpenAiBill)
    assert [(each.day.day, each.model, each.amount.plain()) for each in facts] == [
        (1, "gpt-4o-2024-08-06", "0.1"),
        (1, "", "0.2"),
        (2, "gpt-4o-2024-08-06", "0.06"),
        (2, "", "3"),
    ]
    path, query = server.asked[0]
    assert path == "/v1/organization/costs"
    assert query["start_time"] == ["1793491200"]  # 2026-11-01T00:00Z
    assert query["end_time"] == ["1793664000"]  # two days later: the last is included
    assert query["group_by"] == ["line_item"]
    assert [query.get("page") for _, query in server.asked] == [None, ["1"]]


def test_anthropics_cents_are_dollars_over_a_hundred() -> None:
    server = Pages(
        [anthropic_day(1, ("claude-sonnet-4-20250514", "Claude Sonnet 4, input", "123.456789"))],
        [anthropic_day(2, (None, "Web Search Usage", "1000"))],
    )
    facts = ask(server, AnthropicBill)
    assert [(each.day.day, each.model, each.item, each.amount) for each in facts] == [
        (1, "claude-sonnet-4-20250514", "Claude Sonnet 4, input", Money.of("1.23456789")),
        (2, "", "Web Search Usage", Money.of("10")),
    ]
    path, query = server.asked[0]
    assert path == "/v1/organizations/cost_report"
    assert query["starting_at"] == ["2026-11-01T00:00:00Z"]
    assert query["ending_at"] == ["2026-11-03T00:00:00Z"]
    assert query["group_by[]"] == ["description"]


@pytest.mark.parametrize("bill", BILLS)
def test_a_refusal_is_told_without_the_key(bill: Callable[..., Any]) -> None:
    with pytest.raises(ProviderBillUnavailableError, match="answered 403") as refused:
        ask(Pages([], status=403), bill)
    assert KEY not in repr(refused.value)


@pytest.mark.parametrize("bill", BILLS)
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"data": [], "has_more": true, "next_page": null}',
        b'{"data": [{}], "has_more": false}',
        b'{"data": [{"start_time": 1, "starting_at": "2026-11-01T00:00:00Z", "results":'
        b' [{"amount": {"value": 1, "currency": "eur"}, "currency": "EUR"}]}], "has_more": false}',
        b'{"data": [{"start_time": 1, "starting_at": "2026-11-01T00:00:00Z", "results":'
        b' [{"amount": {"value": NaN, "currency": "usd"}, "currency": "USD", "line_item": "x"}]}],'
        b' "has_more": false}',
    ],
)
def test_what_is_no_bill_is_refused(bill: Callable[..., Any], body: bytes) -> None:
    with (
        serving(lambda _: (200, body), "application/json") as url,
        pytest.raises(ProviderBillUnavailableError),
    ):
        bill(lambda: KEY, url).facts(FIRST, LAST)


@pytest.mark.parametrize("bill", BILLS)
def test_pages_without_end_are_given_up(bill: Callable[..., Any]) -> None:
    endless = b'{"data": [], "has_more": true, "next_page": "again"}'
    with (
        serving(lambda _: (200, endless), "application/json") as url,
        pytest.raises(ProviderBillUnavailableError, match="pages"),
    ):
        bill(lambda: KEY, url).facts(FIRST, LAST)
