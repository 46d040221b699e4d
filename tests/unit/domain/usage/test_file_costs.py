"""Sums of usage in files, priced as all of their tokens would be; rows sum to the total."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from bursar.domain.money import Money
from bursar.domain.usage.file_costs import PricedAs, UsageGroup, price_groups
from bursar.domain.usage.price_books import OwnTokenPrices
from bursar.domain.usage.prices import (
    ContextTier,
    TokenPrice,
    TokenRates,
    exact_cost,
    linear_cost,
)
from bursar.domain.usage.records import TokenCounts
from tests.unit.for_all import for_all

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
COUNTS = st.integers(0, 10**12)
RATE = st.decimals("0", "80", places=9)


def book(rates: TokenRates) -> OwnTokenPrices:
    return OwnTokenPrices([TokenPrice("", "gpt", "own", (ContextTier(0, rates),))])


@for_all(
    rates=st.builds(
        TokenRates,
        input=RATE,
        output=RATE,
        cached_input=st.none() | RATE,
        cache_write_5m=st.none() | RATE,
        cache_write_1h=st.none() | RATE,
        per_thousand_requests=RATE,
        reasoning=st.none() | RATE,
    ),
    parts=st.tuples(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
    requests=COUNTS,
)
def test_what_one_more_of_each_costs_prices_any_sum(rates, parts, requests):
    uncached, cached, short, long, answer, reasoning = parts
    tokens = TokenCounts(
        uncached + cached + short + long, cached, short, long, answer + reasoning, reasoning
    )
    price = linear_cost(rates)
    found = sum(a * b for a, b in zip(price, (*tokens.counts, requests), strict=True))
    assert found == sum(exact_cost(tokens, requests, rates).values())


@for_all(
    told=st.lists(st.tuples(st.sampled_from("abcd"), COUNTS, COUNTS), min_size=1, max_size=12)
)
def test_rows_of_prices_finer_than_what_is_kept_sum_to_the_rounded_total(told):
    """$0.1234567 a million tokens is 123,456.7 units of 10^-12 USD a token."""
    rates = TokenRates(input=Decimal("0.1234567"), output=Decimal("0.0000001"))
    groups = [
        UsageGroup((name,), PricedAs("", "gpt", False), 1, (i, 0, 0, 0, o, 0))
        for name, i, o in told
    ]
    rows, total, unpriced = price_groups(groups, book(rates), NOON)
    exact = sum(i * Fraction("123456.7") + o * Fraction("0.1") for _, i, o in told)
    assert total.usd == Money.from_units(round(exact)) == Money.sum(row.usd for row in rows)
    assert [row.by for row in rows] == sorted({(name,) for name, *_ in told})
    assert not unpriced


def test_a_row_has_the_price_of_its_part_that_has_one_and_the_rest_is_told():
    rates = TokenRates(input=Decimal(2), output=Decimal(10))
    groups = [
        UsageGroup(("acme",), PricedAs("", "gpt", False), 3, (1000, 0, 0, 0, 10, 0)),
        UsageGroup(("acme",), PricedAs("", "new", False), 2, (500, 0, 0, 0, 5, 0)),
        UsageGroup(("ads",), PricedAs("", "new", False), 1, (7, 0, 0, 0, 0, 0)),
    ]
    (acme, ads), total, (new,) = price_groups(groups, book(rates), NOON)
    # 1,000 x 2 + 10 x 10 USD per million
    assert (acme.requests, acme.tokens.input, acme.usd) == (5, 1500, Money.of("0.0021"))
    assert (ads.requests, ads.usd) == (1, None)
    assert (total.requests, total.usd) == (6, Money.of("0.0021"))
    assert (new.model, new.tokens) == ("new", TokenCounts(input=507, output=5))
