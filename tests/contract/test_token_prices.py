"""The public prices as they are kept, and as genai-prices itself would answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bursar.adapters.token_prices import genai
from bursar.adapters.token_prices.compact import compact_text
from bursar.adapters.token_prices.genai import GenaiTokenPrices
from bursar.domain.usage.prices import cost
from bursar.domain.usage.records import TokenCounts

BOOK = GenaiTokenPrices()
KEPT = Path(genai.__file__).with_name("genai_prices.json")
AT = datetime(2026, 11, 1, tzinfo=UTC)


def test_the_kept_file_is_what_the_locked_package_says() -> None:
    assert KEPT.read_text(encoding="utf-8") == compact_text(), (
        "run bursar.adapters.token_prices.compact again"
    )


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o"),
        ("openai", "gpt-5-2025-08-07"),
        ("anthropic", "claude-sonnet-4-5"),
        ("anthropic", "claude-haiku-5-5"),
        ("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("aws", "global.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("aws", "amazon.nova-pro-v1:0"),
        ("azure", "gpt-4o"),
        ("google", "gemini-2.5-pro"),
        ("deepseek", "deepseek-chat"),
        ("perplexity", "sonar-deep-research"),
        ("openai", "text-embedding-3-small"),
    ],
)
@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("prompt", [1_000, 100_001, 200_000, 200_001])
@pytest.mark.parametrize("at", [AT, datetime(2026, 10, 13, 23, 59, 59, tzinfo=UTC)])
def test_a_request_costs_what_genai_prices_says(
    provider: str, model: str, batch: bool, prompt: int, at: datetime
) -> None:
    from genai_prices import Usage, calc_price

    theirs = calc_price(
        Usage(
            input_tokens=prompt,
            cache_read_tokens=300,
            cache_write_tokens=200,
            output_tokens=70,
            output_reasoning_tokens=20,
        ),
        model,
        provider_id=provider,
        genai_request_timestamp=at,
        price_context={"processing": "batch"} if batch else None,
    )
    price = BOOK.price_at(provider, model, at)
    assert price is not None
    tokens = TokenCounts(prompt, 300, cache_write_5m=200, output=70, reasoning=20)
    ours = cost(tokens, 1, price.rates_for(prompt, batch=batch)).usd
    assert ours.amount == theirs.total_price.quantize(Decimal(1).scaleb(-12))


def batch_prices() -> Iterator[tuple[str, str, datetime]]:
    """Of each model that has any: an hour before and after each day on which one begins."""
    from genai_prices.data import providers

    for provider in providers:
        for model in provider.models:
            variants = [v for v in model.price_variants or () if v.when == {"processing": "batch"}]
            days = [v.constraint.start_date for v in variants if v.constraint is not None]
            for day in days or [AT.date()] if variants else []:
                midnight = datetime.combine(day, time(), UTC)
                yield provider.id, model.id, midnight - timedelta(hours=1)
                yield provider.id, model.id, midnight + timedelta(hours=1)


def test_a_batch_has_the_price_of_its_day() -> None:
    """mistral-large-4 takes 0.68 and 2.09 a million from 20 October on, 0.35 and 1.05 from the
    29th; data tell the newest first."""
    from genai_prices import Usage, calc_price

    large = BOOK.price_at("mistral", "mistral-large-4", datetime(2026, 10, 25, tzinfo=UTC))
    assert large is not None
    (rates,) = (each.rates for each in large.batch_tiers)
    assert (rates.input, rates.output) == (Decimal("0.68"), Decimal("2.09"))
    compared = 0
    for provider, model, at in batch_prices():
        price = BOOK.price_at(provider, model, at)
        if price is None or not price.batch_tiers:
            continue
        theirs = calc_price(
            Usage(input_tokens=1000, output_tokens=70),
            model,
            provider_id=provider,
            genai_request_timestamp=at,
            price_context={"processing": "batch"},
        )
        ours = cost(TokenCounts(1000, output=70), 1, price.rates_for(1000, batch=True)).usd
        assert ours.amount == theirs.total_price.quantize(Decimal(1).scaleb(-12)), (model, at)
        compared += 1
    assert compared > 50


@pytest.mark.parametrize(
    ("provider", "model", "usd"),
    [
        ("aws", "anthropic.claude-opus-4-20250514-v1:0", "30"),  # not told: 2 x the input's 15
        ("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "6.6"),  # told
        ("anthropic", "claude-opus-4-1", "30"),  # told
        ("aws", "global.openai.gpt-6-sol", "2.5"),  # one kind of cache is sold
    ],
)
def test_a_cache_of_an_hour_costs_what_its_maker_says(provider: str, model: str, usd: str) -> None:
    price = BOOK.price_at(provider, model, AT)
    assert price is not None
    assert price.tiers[0].rates.cache_write_1h == Decimal(usd)


def test_wherever_an_hour_of_claudes_cache_is_priced_it_costs_twice_the_input() -> None:
    """So it does where it is not: what the rule of `long_write_rate` rests on."""
    told = [
        row["rates"]
        for provider in json.loads(KEPT.read_text(encoding="utf-8"))["providers"]
        for model in provider["models"]
        for row in model["prices"]
        if "claude" in model["id"] and "cache_write_1h" in row["rates"]
    ]
    flat = [rates for rates in told if isinstance(rates["input"], str)]
    assert len(flat) > 50
    assert all(Decimal(each["cache_write_1h"]) == 2 * Decimal(each["input"]) for each in flat)


CUSTOMISED = "anthropic.claude-3-haiku-20240307-v1:0/abcdef123456"


@pytest.mark.parametrize(
    "model",
    [
        "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "bedrock/converse/ca.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "arn:aws:bedrock:us-east-1:111122223333:inference-profile"
        "/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    ],
)
def test_a_regional_id_of_bedrock_costs_the_regional_price(model: str) -> None:
    price = BOOK.price_at("", model, AT)
    assert price is not None
    # 10% above the global profile's 3 USD
    assert price.tiers[0].rates.input == Decimal("3.3")


@pytest.mark.parametrize(
    ("model", "input_usd"),
    [
        ("anthropic.claude-v2:1", None),  # genai-prices has it of Anthropic alone
        ("eu.anthropic.claude-v2:1", None),
        ("bedrock/eu-central-1/anthropic.claude-v2:1", None),
        ("bedrock/eu-central-1/anthropic.claude-3-haiku-20240307-v1:0", Decimal("0.25")),
        ("arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-pro-v1:0", Decimal("0.8")),
        ("openai.gpt-oss-20b-1:0", Decimal("0.07")),
    ],
)
def test_a_model_of_bedrock_costs_the_same_whether_or_not_its_provider_is_told(
    model: str, input_usd: Decimal | None
) -> None:
    """Never what its maker asks for it: that is another bill."""
    prices = [BOOK.price_at(provider, model, AT) for provider in ("", "aws", "bedrock")]
    assert [each and each.tiers[0].rates.input for each in prices] == [input_usd] * 3
    assert {each.provider for each in prices if each} <= {"aws"}
    assert BOOK.price_at("anthropic", "claude-2.1", AT) is not None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("", "nobody-knows-this"),
        ("", "llama-3-70b"),  # many sell it
        ("nobody", "gpt-4o"),
        ("openai", "whisper-1"),  # by the hour of sound
        ("", "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc123"),
        # a customised model: by the hour, or at a price of its own
        ("aws", "arn:aws:bedrock:us-east-1:111122223333:custom-model/" + CUSTOMISED),
        ("bedrock", "bedrock/arn:aws:bedrock:us-east-1:111122223333:custom-model/" + CUSTOMISED),
        ("aws", f"custom-model/{CUSTOMISED}"),
        ("", f"custom-model-deployment/{CUSTOMISED}"),
        ("aws", f"imported-model/{CUSTOMISED}"),
        # provisioned throughput, as LiteLLM names it: by the hour
        ("", "bedrock/us-east-1/1-month-commitment/anthropic.claude-3-haiku-20240307-v1:0"),
        ("bedrock", "us-east-1/6-month-commitment/anthropic.claude-3-haiku-20240307-v1:0"),
    ],
)
def test_what_nobody_prices_by_the_token_has_no_price(provider: str, model: str) -> None:
    assert BOOK.price_at(provider, model, AT) is None
