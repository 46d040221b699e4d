"""A provider's batch, from LiteLLM's calls about it to the ledger, once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bursar.adapters.token_prices.genai import GenaiTokenPrices
from bursar.domain.ledger.entries import Entry
from bursar.domain.money import Money
from bursar.domain.usage.billing import bill
from bursar.domain.usage.plausibility import ACCEPTED, Judgement, PlausibilityLimits, judge
from bursar.domain.usage.producers import UsageFormat
from bursar.domain.usage.routes import ModelRoutes
from bursar.jobs.post_usage import Posted, post_entries
from tests.contract.ledger_books import AT_ONCE, NOW, ONE_PM, Books, books_on, units
from tests.unit.adapters.usage_formats.telling import producer, record, told

GATEWAY = producer(UsageFormat.LITELLM)
COMPLETED = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)
CREATED = datetime(2026, 11, 20, 11, 50, tzinfo=UTC)
RETRIEVED = datetime(2026, 11, 20, 13, 40, tzinfo=UTC).timestamp()
NONE_COUNTED = {"total": 0, "completed": 0, "failed": 0}


def call(call_type: str, at: float = RETRIEVED, **changes: Any) -> str:
    """About a batch that is not finished, as LiteLLM tells it."""
    return json.dumps(
        {
            "id": "batch_6a9d",
            "call_type": call_type,
            "status": "success",
            "custom_llm_provider": "openai",
            "model": "gpt-5",
            "startTime": at,
            "endTime": at + 0.4,
            "prompt_tokens": 0,
            "completion_tokens": 0,
            "total_tokens": 0,
            "metadata": {"user_api_key_alias": "nightly"},
            "hidden_params": {"batch_models": None},
            "response": batch(),
            **changes,
        }
    )


def batch(**changes: Any) -> dict[str, Any]:
    created = int(CREATED.timestamp())
    told = {"status": "in_progress", "created_at": created, "request_counts": NONE_COUNTED}
    return {**told, "completed_at": None, **changes}


DONE = batch(status="completed", completed_at=int(COMPLETED.timestamp()))


def retrieved(at: float = RETRIEVED, **changes: Any) -> str:
    """Of the finished batch: 1,000,000 input and 100,000 output tokens."""
    counts = {"prompt_tokens": 1_000_000, "completion_tokens": 100_000, "total_tokens": 1_100_000}
    return call("aretrieve_batch", at, **{**counts, "response": DONE, **changes})


@pytest.fixture
def books() -> Books:
    return books_on(None)


def entry(payload: str) -> Entry:
    read = record(payload, GATEWAY)
    price = GenaiTokenPrices().price_at(read.provider, read.model, read.at)
    return bill(read, price, ModelRoutes())


def post(books: Books, payload: str) -> Posted:
    return post_entries(
        [entry(payload)],
        ledger=books.ledger,
        conflicts=books.conflicts,
        windows=books.windows,
        patience=AT_ONCE,
        at=NOW,
    )


def charged(books: Books) -> str:
    return Money.from_units(units(books, [ONE_PM])).plain()


@pytest.mark.parametrize(
    "call_type",
    [
        f"{mode}{verb}"
        for mode in ("", "a")
        for verb in ("create_batch", "retrieve_batch", "cancel_batch", "list_batches")
    ],
)
def test_a_call_about_a_batch_that_tells_no_tokens_is_no_usage(call_type: str) -> None:
    assert told(call(call_type), GATEWAY) == ([], [])
    untold = {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None, "model": ""}
    assert told(call(call_type, **untold), GATEWAY) == ([], [])
    assert told(call(call_type, status="failure"), GATEWAY) == ([], [])


def test_tokens_of_a_batch_that_are_neither_input_nor_output_are_rejected() -> None:
    _, (rejection,) = told(call("retrieve_batch", total_tokens=35), GATEWAY)
    assert (
        rejection.reason == "prompt_tokens and completion_tokens are 0, and total_tokens are not"
    )


def test_a_finished_batch_is_charged_once_at_the_price_of_batches(books: Books) -> None:
    """1,000,000 x 0.625 + 100,000 x 5 per million: 0.625 + 0.5 = 1.125 USD, and not twice."""
    for unfinished in ("acreate_batch", "aretrieve_batch"):
        assert told(call(unfinished), GATEWAY) == ([], [])
    assert post(books, retrieved()).posted == {("gateway", "batch_6a9d")}
    again = post(books, retrieved(RETRIEVED + 86_400))
    assert (again.duplicates, again.conflicts) == (1, [])
    assert charged(books) == "1.125"


@pytest.mark.parametrize(
    ("provider", "model", "usd"),
    [
        # 1,000,000 x 1.5 + 100,000 x 7.5 per million: 1.5 + 0.75
        ("anthropic", "claude-sonnet-4-5", "2.25"),
        # 1,000,000 x 0.625 + 100,000 x 5 per million: 0.625 + 0.5
        ("vertex_ai", "gemini-2.5-pro", "1.125"),
    ],
)
def test_a_batch_of_unknown_requests_is_of_the_first_context_tier(
    provider: str, model: str, usd: str
) -> None:
    told_of_none = retrieved(custom_llm_provider=provider, model=model)
    assert record(told_of_none, GATEWAY).requests == 0
    assert entry(told_of_none).amounts.usd.plain() == usd


def test_the_mean_of_the_requests_that_were_served_decides_the_tier() -> None:
    """1,000,000 / 5 is 200,000 and not above it; 1,000,000 / 4 is 250,000, at 3 and 11.25 USD per
    million: 3 + 1.125."""
    sonnet = {"custom_llm_provider": "anthropic", "model": "claude-sonnet-4-5"}
    counted = DONE | {"request_counts": {"total": 6, "completed": 5, "failed": 1}}
    five = retrieved(**sonnet, response=counted)
    assert (entry(five).requests, entry(five).amounts.usd.plain()) == (5, "2.25")
    four = retrieved(**sonnet, response=counted, hidden_params={"batch_successful_requests": 4})
    assert (entry(four).requests, entry(four).amounts.usd.plain()) == (4, "4.125")


def test_a_batch_may_have_more_tokens_than_any_request() -> None:
    """31,493,594 + 19,786,241 tokens of 9,872 requests, or of nobody knows how many."""
    large = {"prompt_tokens": 31_493_594, "completion_tokens": 19_786_241}
    of_known = retrieved(**large, hidden_params={"batch_successful_requests": 9_872})
    for payload in (retrieved(**large), of_known):
        assert judge(record(payload, GATEWAY), NOW, PlausibilityLimits()) == ACCEPTED
    of_one = retrieved(**large, hidden_params={"batch_successful_requests": 1})
    verdict = judge(record(of_one, GATEWAY), NOW, PlausibilityLimits())
    assert verdict.judgement is Judgement.HOLD


def test_a_batch_is_of_the_time_at_which_it_was_completed_or_else_created() -> None:
    done = record(retrieved(), GATEWAY)
    assert (done.at, done.latency_ms, done.batch) == (COMPLETED, None, True)
    assert record(retrieved(response=batch(status="expired")), GATEWAY).at == CREATED


def test_of_a_batch_whose_response_is_redacted_the_first_retrieval_stands(books: Books) -> None:
    for redacted in ({"text": "redacted-by-litellm"}, "redacted-by-litellm"):
        assert record(retrieved(response=redacted), GATEWAY).at.timestamp() == RETRIEVED
    post(books, retrieved(response="redacted-by-litellm"))
    again = post(books, retrieved(RETRIEVED + 60, response="redacted-by-litellm"))
    assert again.conflicts == [("gateway", "batch_6a9d")]
    assert charged(books) == "1.125"


def test_a_batch_that_is_retrieved_by_its_id_alone_is_of_the_model_of_its_requests() -> None:
    of_one = retrieved(model="", hidden_params={"batch_models": ["gpt-5-2025-08-07"]})
    assert entry(of_one).amounts.usd.plain() == "1.125"
    of_two = retrieved(model="", hidden_params={"batch_models": ["gpt-5", "gpt-4.1"]})
    assert [each.reason for each in told(of_two, GATEWAY)[1]] == ["model is missing"]
