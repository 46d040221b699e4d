"""Sums of usage in files, priced as all of their tokens would be; rows sum to the total."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from bursar.domain.money import Money
from bursar.domain.usage.file_costs import price_groups
from bursar.domain.usage.grouped_usage import SUMMED, GroupedUsage, Labels, PricedAs, joined
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

GPT, NEW = PricedAs("", "gpt", False), PricedAs("", "new", False)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
COUNTS = st.integers(0, 10**12)
RATE = st.decimals("0", "80", places=9)


def grouped(told, dimensions=1):
    """Groups of (texts, priced as, records, requests, tokens)."""
    by = []
    for n in range(dimensions):
        texts = sorted({texts[n] for texts, *_ in told})
        by.append(Labels(texts, np.array([texts.index(each[0][n]) for each in told], np.int64)))
    prices = sorted({priced for _, priced, *_ in told})
    priced = np.array([prices.index(each[1]) for each in told], np.int64)
    sums = {}
    for n, name in enumerate(SUMMED):
        counts = [(records, requests, *tokens)[n] for *_, records, requests, tokens in told]
        small = max(map(abs, counts), default=0) < 2**62
        sums[name] = np.array(counts, np.int64 if small else object)
    return GroupedUsage(tuple(by), prices, priced, sums)


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
    output=st.decimals("0", "999999999", places=30),
    reasoning=st.decimals("0", "999999999", places=30),
    answer=COUNTS,
    thought=COUNTS,
)
def test_reasoning_is_priced_apart_to_the_last_digit_of_its_rate(
    output, reasoning, answer, thought
):
    rates = TokenRates(Decimal(0), output, reasoning=reasoning)
    found = exact_cost(TokenCounts(output=answer + thought, reasoning=thought), 1, rates)
    # USD per million tokens, in 10^-12 USD: x 10^12 / 10^6
    assert found["output"] == (answer * Fraction(output) + thought * Fraction(reasoning)) * 10**6


@for_all(
    told=st.lists(st.tuples(st.sampled_from("abcd"), COUNTS, COUNTS), min_size=1, max_size=12)
)
def test_rows_of_prices_finer_than_what_is_kept_sum_to_the_rounded_total(told):
    """$0.1234567 a million tokens is 123,456.7 units of 10^-12 USD a token."""
    rates = TokenRates(input=Decimal("0.1234567"), output=Decimal("0.0000001"))
    groups = grouped([((name,), GPT, 1, 1, (i, 0, 0, 0, o, 0)) for name, i, o in told])
    rows, total, unpriced = price_groups(groups, book(rates), NOON)
    exact = sum(i * Fraction("123456.7") + o * Fraction("0.1") for _, i, o in told)
    assert total.usd == Money.from_units(round(exact)) == Money.sum(row.usd for row in rows)
    assert [row.by for row in rows] == sorted({(name,) for name, *_ in told})
    assert not unpriced


def test_a_row_has_the_price_of_its_part_that_has_one_and_the_rest_is_told():
    rates = TokenRates(input=Decimal(2), output=Decimal(10))
    groups = grouped(
        [
            (("acme",), GPT, 3, 3, (1000, 0, 0, 0, 10, 0)),
            (("acme",), NEW, 2, 2, (500, 0, 0, 0, 5, 0)),
            (("ads",), NEW, 1, 1, (7, 0, 0, 0, 0, 0)),
        ]
    )
    (acme, ads), total, (new,) = price_groups(groups, book(rates), NOON)
    # 1,000 x 2 + 10 x 10 USD per million
    assert (acme.requests, acme.tokens.input, acme.usd) == (5, 1500, Money.of("0.0021"))
    assert (ads.requests, ads.usd) == (1, None)
    assert (total.requests, total.usd) == (6, Money.of("0.0021"))
    assert (new.model, new.tokens) == ("new", TokenCounts(input=507, output=5))


def test_a_total_of_which_nothing_has_a_price_has_none():
    rates = TokenRates(input=Decimal(2), output=Decimal(10))
    groups = grouped([(("ads",), NEW, 1, 1, (7, 0, 0, 0, 0, 0))])
    _, total, _ = price_groups(groups, book(rates), NOON)
    assert (total.tokens.input, total.usd) == (7, None)


LABELS = st.sampled_from(["", "a", "ab", "b", "\u00e9", "\U0001f600", "\uffff"])
GROUP = st.tuples(
    st.tuples(LABELS, LABELS), st.sampled_from([GPT, NEW]), st.integers(1, 3), COUNTS, COUNTS
)


@for_all(
    parts=st.lists(st.lists(GROUP, max_size=8), min_size=1, max_size=3),
    scale=st.sampled_from([1, 10**6]),
    rate=RATE,
)
def test_groups_of_several_parts_are_summed_by_their_names_at_any_size(parts, scale, rate):
    """And what the last part takes back of the first is not there."""
    told = [
        [
            (by, priced, records, records, (i * scale, 0, 0, 0, o, 0))
            for by, priced, records, i, o in part
        ]
        for part in parts
    ]
    told.append(
        [(by, priced, -n, -n, tuple(-t for t in tokens)) for by, priced, n, _, tokens in told[0]]
    )
    rates = TokenRates(input=rate, output=Decimal("0.0000001"))
    groups = joined([grouped(part, 2) for part in told])
    rows, total, unpriced = price_groups(groups, book(rates), NOON)
    expected, without = {}, Counter()
    for by, priced, records, _, tokens in (group for part in told[1:-1] for group in part):
        own = expected.setdefault(by, [0, 0, 0, None])
        own[:3] = own[0] + records, own[1] + tokens[0], own[2] + tokens[4]
        if priced is GPT:
            units = tokens[0] * Fraction(rate) * 10**6 + tokens[4] * Fraction("0.1")
            own[3] = (own[3] or 0) + units
        else:
            without += Counter(input=tokens[0], output=tokens[4], told=1)
    assert [row.by for row in rows] == sorted(expected)
    for row in rows:
        records, read, written, units = expected[row.by]
        assert (row.requests, row.tokens.input, row.tokens.output) == (records, read, written)
        assert (row.usd is None) == (units is None)
        assert row.usd is None or abs(row.usd.units - units) < 1
    known = [each[3] for each in expected.values() if each[3] is not None]
    if expected and not known:
        assert total.usd is None
    else:
        assert total.usd == Money.from_units(round(sum(known)))
        assert total.usd == Money.sum(row.usd for row in rows if row.usd)
    found = [(each.model, each.tokens.input, each.tokens.output) for each in unpriced]
    assert found == ([("new", without["input"], without["output"])] if without["told"] else [])
    assert [rows[n] for n in range(len(rows))] == list(rows) == rows[:]
