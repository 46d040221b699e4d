from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from bursar.adapters.token_prices.genai import GenaiTokenPrices
from bursar.domain.money import Money
from bursar.domain.usage.model_names import price_names
from bursar.domain.usage.price_books import (
    LayeredTokenPrices,
    OwnTokenPrices,
    RepeatedPriceError,
)
from bursar.domain.usage.price_rows import TokenPriceRow
from bursar.domain.usage.prices import TokenPrice, TokenRates, cost
from bursar.domain.usage.records import TokenCounts

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
BEFORE = datetime(2026, 10, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def row(input_usd: str, begins: str | None = None, **more: object) -> TokenPrice:
    told = {
        "model": "gpt",
        "input_usd_per_million": input_usd,
        "output_usd_per_million": "10",
        "from": begins,
    }
    return TokenPriceRow.model_validate(told | more).token_price


def input_rate(price: TokenPrice | None) -> Decimal | None:
    return None if price is None else price.tiers[0].rates.input


def test_a_row_holds_from_its_first_moment_until_the_next_ones() -> None:
    book = OwnTokenPrices([row("2", "2026-11-01"), row("1", "2026-10-01")])
    assert input_rate(book.price_at("", "gpt", BEFORE)) == 1
    assert input_rate(book.price_at("", "gpt", NOVEMBER)) == 2
    assert book.price_at("", "gpt", datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC)) is None
    assert book.price_at("", "another", NOVEMBER) is None


def test_two_rows_from_the_same_time_on_are_refused() -> None:
    with pytest.raises(RepeatedPriceError, match="gpt"):
        OwnTokenPrices([row("2", "2026-11-01"), row("1", "2026-11-01T00:00:00Z")])


def test_own_rows_go_before_published_ones_from_their_day_on() -> None:
    published = OwnTokenPrices([row("3"), row("9", model="other")])
    own = OwnTokenPrices([row("2", "2026-11-01")])
    book = LayeredTokenPrices(own, published)
    assert input_rate(book.price_at("", "gpt", BEFORE)) == 3
    assert input_rate(book.price_at("", "gpt", NOVEMBER)) == 2
    assert input_rate(book.price_at("", "other", NOVEMBER)) == 9
    assert own.breaks("", "gpt", batch=False).instants == (NOVEMBER,)


@pytest.mark.parametrize(
    ("general", "override", "asked"),
    [
        (
            {"model": "anthropic.claude-x-v1:0"},
            {"model": "us.anthropic.claude-x-v1:0"},
            ("aws", "us.anthropic.claude-x-v1:0"),
        ),
        ({"model": "gpt-4o"}, {"model": "gpt-4o", "provider": "azure"}, ("azure", "gpt-4o")),
    ],
)
def test_an_override_replaces_the_general_price_from_its_day_on(
    general: dict[str, str], override: dict[str, str], asked: tuple[str, str]
) -> None:
    book = OwnTokenPrices([row("1", **general), row("2", "2026-11-01", **override)])
    assert input_rate(book.price_at(*asked, BEFORE)) == 1
    assert input_rate(book.price_at(*asked, NOVEMBER)) == 2
    assert book.breaks(*asked, batch=False).instants == (NOVEMBER,)


def test_an_own_row_without_a_provider_is_for_the_one_whose_model_is_published() -> None:
    published = GenaiTokenPrices()
    book = LayeredTokenPrices(OwnTokenPrices([row("2", model="gpt-4o"), row("1")]), published)
    negotiated = book.price_at("", "gpt-4o", NOVEMBER)
    assert negotiated is not None
    assert (negotiated.provider, input_rate(negotiated)) == ("openai", 2)
    told = book.price_at("azure", "gpt-4o", NOVEMBER)
    assert told is not None
    assert (told.provider, input_rate(told)) == ("", 2)
    own = book.price_at("", "gpt", NOVEMBER)
    assert own is not None
    assert (own.provider, input_rate(own)) == ("", 1)  # nobody publishes it


def test_a_price_negotiated_with_a_provider_holds_for_its_models_when_usage_names_none() -> None:
    negotiated = row("2", "2026-11-01", model="gpt-4o", provider="openai")
    book = LayeredTokenPrices(OwnTokenPrices([negotiated]), GenaiTokenPrices())
    assert book.price_at("", "gpt-4o", NOVEMBER) == negotiated
    assert input_rate(book.price_at("", "gpt-4o", BEFORE)) == Decimal("2.5")  # as published
    assert input_rate(book.price_at("azure", "gpt-4o", NOVEMBER)) == Decimal("2.5")


def test_a_row_of_a_provider_is_for_that_provider_alone() -> None:
    book = OwnTokenPrices([row("2", provider="azure")])
    assert input_rate(book.price_at("azure.ai.openai", "GPT", NOVEMBER)) == 2
    assert input_rate(book.price_at("", "azure/gpt", NOVEMBER)) == 2
    assert book.price_at("openai", "gpt", NOVEMBER) is None


@pytest.mark.parametrize(
    ("written", "told", "model"),
    [
        ("bedrock", "aws", "amazon.nova-pro-v1:0"),
        ("Bedrock", "aws.bedrock", "eu.amazon.nova-pro-v1:0"),
        ("OpenAI", "openai", "gpt-4o"),
        ("openai", "OpenAI ", "gpt-4o"),
        ("vertex_ai", "google", "gemini-2.5-pro"),
        ("google", "Gemini", "gemini-2.5-pro"),
    ],
)
def test_a_negotiated_price_holds_however_its_provider_is_spelled(
    written: str, told: str, model: str
) -> None:
    sold = model.removeprefix("eu.")
    negotiated = row("0.07", model=sold, provider=written)
    book = LayeredTokenPrices(OwnTokenPrices([negotiated]), GenaiTokenPrices())
    assert input_rate(book.price_at(told, model, NOVEMBER)) == Decimal("0.07")
    found = book.price_at("", model, NOVEMBER)
    assert found is not None
    assert (found.provider, input_rate(found)) == (negotiated.provider, Decimal("0.07"))
    assert book.price_at(found.provider, model, NOVEMBER) == found
    assert input_rate(book.price_at("together", model, NOVEMBER)) is None


def test_two_spellings_of_one_provider_are_one_price_that_stands_twice() -> None:
    rows = [row("2", provider="bedrock"), row("1", provider="AWS")]
    with pytest.raises(RepeatedPriceError, match="gpt has two prices from the same time on"):
        OwnTokenPrices(rows)
    with pytest.raises(RepeatedPriceError):
        OwnTokenPrices([replace(rows[0], provider="bedrock"), rows[1]])


def test_a_tier_begins_above_its_limit() -> None:
    tier = {
        "above_input_tokens": 200_000,
        "input_usd_per_million": "4",
        "output_usd_per_million": 1,
    }
    price = row("2", tiers=[tier])
    assert price.rates_for(200_000, batch=False).input == 2
    assert price.rates_for(Fraction(400_001, 2), batch=False).input == 4
    assert price.rates_for(200_001, batch=True).input == 4  # no batch price: none is assumed


def test_a_request_costs_the_same_above_a_tier_and_in_a_batch_unless_it_has_a_price_there() -> (
    None
):
    """0.5 USD per thousand requests; in the second price 0.25 above the tier, 0 in a batch."""
    rates = {"input_usd_per_million": "4", "output_usd_per_million": "1"}
    tier, fee = rates | {"above_input_tokens": 2000}, "usd_per_thousand_requests"
    same = row("2", **{fee: "0.5"}, tiers=[tier], batch=rates)
    apart = row("2", **{fee: "0.5"}, tiers=[tier | {fee: "0.25"}], batch=rates | {fee: "0"})
    asked = [(2000, False), (2001, False), (2000, True)]
    for price, fees in ((same, ("0.5", "0.5", "0.5")), (apart, ("0.5", "0.25", "0"))):
        told = [price.rates_for(n, batch=batch).per_thousand_requests for n, batch in asked]
        assert told == [Decimal(each) for each in fees]


def test_reasoning_costs_what_output_costs_unless_it_is_priced_apart() -> None:
    tokens = TokenCounts(output=1_000_000, reasoning=400_000)
    same = TokenRates(Decimal(2), Decimal(8))
    apart = TokenRates(Decimal(2), Decimal(8), reasoning=Decimal(3))
    assert cost(tokens, 1, same).usd == Money.of(8)
    assert cost(tokens, 1, apart).usd == Money.of("6.0")  # 0.6 x 8 + 0.4 x 3


@pytest.mark.parametrize(
    ("told", "sold_as"),
    [
        ("openai/gpt-4o", ("openai", "gpt-4o")),
        ("azure/gpt-4o", ("azure", "gpt-4o")),
        ("bedrock/converse/us.anthropic.claude-x-v1:0", ("aws", "anthropic.claude-x-v1:0")),
        ("bedrock/eu-west-1/anthropic.claude-x-v1:0", ("aws", "anthropic.claude-x-v1:0")),
        ("us.anthropic.claude-x-v1:0", ("aws", "anthropic.claude-x-v1:0")),
        (
            "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.amazon.nova-pro-v1:0",
            ("aws", "amazon.nova-pro-v1:0"),
        ),
    ],
)
def test_a_model_is_looked_for_under_the_name_it_is_sold_by(
    told: str, sold_as: tuple[str, str]
) -> None:
    names = list(price_names("", told))
    assert names[0] == ("aws" if sold_as[0] == "aws" else "", told)
    assert names[-1] == sold_as


PROVISIONED = "bedrock/us-east-1/1-month-commitment/anthropic.claude-v2:1"


@pytest.mark.parametrize("provider", ["", "aws", "bedrock"])
def test_an_own_price_of_bedrock_holds_on_demand_whether_or_not_the_provider_is_told(
    provider: str,
) -> None:
    own = row("8", model="anthropic.claude-v2:1", provider="aws")
    book = LayeredTokenPrices(OwnTokenPrices([own]), GenaiTokenPrices())
    for model in ("anthropic.claude-v2:1", "eu.anthropic.claude-v2:1"):
        assert book.price_at(provider, model, NOVEMBER) == own
        assert book.price_at(provider, f"bedrock/eu-central-1/{model}", NOVEMBER) == own
    assert book.price_at(provider, PROVISIONED, NOVEMBER) is None  # by the hour
    assert book.price_at("anthropic", "claude-v2:1", NOVEMBER) != own


@pytest.mark.parametrize("value", [True, "NaN", "-1", "1e30", "x" * 50, None, [1]])
def test_a_rate_is_a_number_of_usd(value: object) -> None:
    with pytest.raises(ValueError, match="input_usd_per_million"):
        row(value)  # type: ignore[arg-type]
