"""A record becomes an entry: priced at its own time, own models without a price, shadows apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bursar.domain.ledger.entries import Pricing
from bursar.domain.usage.billing import bill
from bursar.domain.usage.prices import ContextTier, TokenPrice, TokenRates
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.routes import ModelRoute, ModelRoutes

AT = datetime(2026, 11, 20, 13, 42, tzinfo=UTC)
SHORT = TokenRates(input=Decimal("1.25"), output=Decimal(10), cached_input=Decimal("0.125"))
LONG = TokenRates(input=Decimal("2.50"), output=Decimal(15))
PRICE = TokenPrice("acme", "m", "list", (ContextTier(0, SHORT), ContextTier(200_000, LONG)))
ALL = ModelRoutes()


def record(**changes):
    told = {
        "producer": "gateway",
        "id": "r-1",
        "at": AT,
        "tenant": "search",
        "model": "m",
        "tokens": TokenCounts(input=1_000_000, cached_input=400_000, output=100_000),
        "requests": 10,
    }
    return UsageRecord(**(told | changes))


def test_each_class_is_charged_at_its_own_price_in_the_hour_of_the_record():
    entry = bill(record(), PRICE, ALL)
    # 600,000 x 1.25 + 400,000 x 0.125 + 100,000 x 10, per million
    assert entry.amounts.usd.plain() == "1.8"
    assert entry.key.hour == AT.replace(minute=0)
    assert entry.key.pricing is Pricing.PRICED


def test_the_mean_request_decides_the_context_tier():
    at_the_edge = TokenCounts(input=2_000_000)
    # 10 requests of 200,000 tokens are not above it; one token more on average is
    assert bill(record(tokens=at_the_edge), PRICE, ALL).amounts.usd.plain() == "2.5"
    beyond = TokenCounts(input=2_000_010)
    assert bill(record(tokens=beyond), PRICE, ALL).amounts.usd.plain() == "5.000025"


def test_sums_that_tell_no_requests_are_of_the_first_tier():
    # 1,000,000 x 1.25 + 100,000 x 10 per million: 1.25 + 1; as one long request it were 4
    sums = TokenCounts(input=1_000_000, output=100_000)
    assert bill(record(tokens=sums, requests=0), PRICE, ALL).amounts.usd.plain() == "2.25"
    assert bill(record(tokens=sums, requests=1), PRICE, ALL).amounts.usd.plain() == "4"


def test_a_model_without_a_price_is_unpriced_and_keeps_its_tokens():
    entry = bill(record(), None, ALL)
    assert (entry.key.pricing, entry.amounts.units) == (Pricing.UNPRICED, 0)
    assert entry.tokens.total == 1_100_000


def test_usage_that_names_no_provider_is_its_prices_provider():
    told = record()
    entry = bill(told, PRICE, ALL)
    assert entry.key.provider == "acme"
    assert entry.digest == told.digest  # of what was told: told again, it is a duplicate
    assert bill(record(provider="globex"), PRICE, ALL).key.provider == "globex"


@pytest.mark.parametrize(
    ("told", "name"), [("bedrock", "aws"), ("OpenAI", "openai"), (" ", "acme")]
)
def test_a_record_that_was_kept_before_is_billed_under_its_providers_one_name(told, name):
    """As it comes from the archive, or from those that were held for a review."""
    assert bill(record(provider=told), PRICE, ALL).key.provider == name
    own = ModelRoutes(self_hosted=frozenset({"m"}))
    assert bill(record(provider=told), None, own).key.provider == name.replace("acme", "")


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("eu.anthropic.claude-next-v1:0", "aws"),
        ("custom-model/anthropic.claude-3-haiku/x", "aws"),
        ("bedrock/us-east-1/1-month-commitment/anthropic.claude-v2:1", "aws"),
        ("meta-llama/llama-next", ""),  # a maker, and not who sells it
        ("m", ""),
    ],
)
def test_a_name_of_bedrock_tells_its_provider_where_there_is_no_price(model, provider):
    assert bill(record(model=model), None, ALL).key.provider == provider


def test_an_own_model_has_tokens_and_no_amount_whatever_a_price_list_says():
    entry = bill(record(), PRICE, ModelRoutes(self_hosted=frozenset({"m"})))
    assert (entry.key.pricing, entry.amounts.units) == (Pricing.SELF_HOSTED, 0)
    assert entry.key.provider == ""


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("", "gpt-oss-120b"),
        ("", "GPT-OSS-120B"),
        ("", "openai/gpt-oss-120b"),
        ("openai", "gpt-oss-120b"),  # whatever speaks OpenAI's API
        ("hosted_vllm", "hosted_vllm/gpt-oss-120b"),
        ("", "google/Gemma"),  # as it is told in the configuration, and the maker is no seller
    ],
)
def test_an_own_model_is_known_by_every_name_that_gateways_make_of_it(provider, model):
    own = ModelRoutes(self_hosted=frozenset({"gpt-oss-120b", "google/gemma"}))
    entry = bill(record(provider=provider, model=model), PRICE, own)
    assert (entry.key.pricing, entry.amounts.units) == (Pricing.SELF_HOSTED, 0)
    assert entry.key.model in own.self_hosted


@pytest.mark.parametrize(
    "model", ["meta.llama3-70b-instruct-v1:0", "/mnt/custom-model/llama", "Llama", "llama"]
)
def test_an_own_models_very_name_is_its_own_whatever_else_it_looks_like(model):
    """As Bedrock names models; and two that differ in case are two."""
    own = ModelRoutes(
        self_hosted=frozenset(
            {"meta.llama3-70b-instruct-v1:0", "/mnt/custom-model/llama", "Llama", "llama"}
        )
    )
    entry = bill(record(model=model), PRICE, own)
    assert (entry.key.pricing, entry.key.model) == (Pricing.SELF_HOSTED, model)
    sold = bill(record(model=model, provider="aws"), PRICE, own)
    assert sold.key.pricing is Pricing.PRICED


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("groq", "gpt-oss-120b"),
        ("", "groq/gpt-oss-120b"),
        ("Groq", "GPT-OSS-120B"),
        ("bedrock", "gpt-oss-120b"),
        ("", "gpt-oss-120b-mini"),
    ],
)
def test_a_model_that_is_bought_is_no_own_one_though_its_name_is(provider, model):
    own = ModelRoutes(self_hosted=frozenset({"gpt-oss-120b"}))
    entry = bill(record(provider=provider, model=model), PRICE, own)
    assert (entry.key.pricing, entry.amounts.usd.plain()) == (Pricing.PRICED, "1.8")
    assert bill(record(provider=provider, model=model), None, own).key.pricing is Pricing.UNPRICED


def test_the_first_route_that_matches_says_who_is_billed_and_others_are_shadows():
    routes = ModelRoutes(
        (ModelRoute("m", "gateway"), ModelRoute("*", "bedrock-log")),
    )
    assert bill(record(), PRICE, routes).key.shadow == ""
    assert bill(record(producer="vllm"), PRICE, routes).key.shadow == "vllm"
    assert bill(record(model="n"), None, routes).key.shadow == "gateway"
    assert bill(record(producer="vllm"), PRICE, ALL).key.shadow == ""


@pytest.mark.parametrize(
    ("pattern", "provider", "model"),
    [
        ("gpt-*", "openai", "openai/gpt-x"),
        ("gpt-*", "", "openai/gpt-x"),
        ("gpt-*", "openai", "GPT-X"),
        ("GPT-x", "openai", "gpt-x"),
        ("openai/*", "openai", "openai/gpt-x"),
        ("anthropic.claude-*", "", "us.anthropic.claude-x-v1:0"),
        ("anthropic.claude-*", "aws", "bedrock/converse/us.anthropic.claude-x-v1:0"),
    ],
)
def test_a_route_names_a_model_as_its_price_does(pattern, provider, model):
    routes = ModelRoutes([ModelRoute(pattern, "litellm")])
    assert routes.shadow_of(record(provider=provider, model=model)) == "gateway"
    assert routes.shadow_of(record(producer="litellm", provider=provider, model=model)) == ""


@pytest.mark.parametrize(
    ("pattern", "provider", "model"),
    [("gpt-*", "azure", "openai/gpt-x"), ("gpt-*", "", "chatgpt-x"), ("gpt-x", "", "gpt-x-mini")],
)
def test_a_route_names_no_model_of_another_price(pattern, provider, model):
    routes = ModelRoutes([ModelRoute(pattern, "litellm")])
    assert routes.shadow_of(record(provider=provider, model=model)) == ""


def test_a_dated_route_bills_by_the_records_own_time_however_late_it_comes():
    changed = datetime(2026, 11, 20, 13, 42, tzinfo=UTC)
    routes = ModelRoutes(
        [
            ModelRoute("gpt-*", "litellm"),
            ModelRoute("GPT-*", "logs", changed),
            ModelRoute("*", "gateway"),
        ]
    )
    before, at = record(model="gpt-x", at=changed - timedelta(seconds=1)), record(model="gpt-x")
    billed = {
        (when, producer): routes.shadow_of(replace(told, producer=producer)) == ""
        for when, told in (("before", before), ("at", at))
        for producer in ("litellm", "logs", "gateway")
    }
    assert [told for told, is_billed in billed.items() if is_billed] == [
        ("before", "litellm"),
        ("at", "logs"),
    ]


def test_a_dated_route_stands_where_the_one_that_it_replaces_does():
    """Written below a route of all models, it is asked before that one."""
    routes = ModelRoutes(
        [
            ModelRoute("gpt-*", "litellm"),
            ModelRoute("*", "gateway"),
            ModelRoute("gpt-*", "logs", AT),
        ]
    )
    told = [record(model="gpt-x", producer=name) for name in ("litellm", "gateway", "logs")]
    assert [routes.shadow_of(each) for each in told] == ["litellm", "gateway", ""]


def test_until_a_dated_route_begins_the_next_one_that_matches_decides():
    later = ModelRoute("gpt-*", "logs", AT + timedelta(days=1))
    told = record(model="gpt-x")
    assert ModelRoutes([later]).shadow_of(told) == ""
    assert ModelRoutes([later, ModelRoute("*", "litellm")]).shadow_of(told) == "gateway"


def test_metrics_are_compared_unless_a_route_names_them():
    metrics = frozenset({"prometheus:prod"})
    served = record(producer="prometheus:prod", model="llama-70b")
    assert ModelRoutes(compared=metrics).shadow_of(served) == "prometheus:prod"
    assert ModelRoutes(compared=metrics).shadow_of(record(model="llama-70b")) == ""
    named = ModelRoutes([ModelRoute("llama-*", "prometheus:prod")], compared=metrics)
    assert named.shadow_of(served) == ""
    assert named.shadow_of(record(model="llama-70b")) == "gateway"
