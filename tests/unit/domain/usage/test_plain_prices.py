from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bursar.domain.usage.plain_prices import plain_prices
from bursar.domain.usage.price_rows import ModelTerms, TokenRateRow

_ROWS = TypeAdapter(dict[str, ModelTerms])
_NEEDED = ("input_usd_per_million", "output_usd_per_million")
_OTHERS = sorted(set(TokenRateRow.model_fields) - set(_NEEDED))
_RATES = st.decimals("0", "999999999", places=4).map(str)
_NAMES = st.text(max_size=9) | st.just("claude-opus-4")
_PLAIN_ROWS = st.fixed_dictionaries(
    dict.fromkeys(_NEEDED, _RATES), optional=dict.fromkeys(_OTHERS, _RATES)
)


@given(st.dictionaries(_NAMES, _PLAIN_ROWS, max_size=3))
def test_mere_rates_come_to_the_prices_that_validated_rows_come_to(told: dict) -> None:
    found = plain_prices(told, "prices.yaml")
    assert (found is not None) == all(name.isprintable() for name in told)
    if found is not None:
        rows = _ROWS.validate_python(told)
        assert found == [
            row.price("", model, "prices.yaml") for model, own in rows.items() for row in own
        ]


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("m", "2.5"),  # one kind of cache is sold
        ("eu.anthropic.claude-opus-4-20250514-v1:0", "4"),  # 2 x the input's 2
    ],
)
def test_an_hours_cache_without_a_price_of_its_own_costs_what_its_maker_says(
    model: str, usd: str
) -> None:
    rates = {"input_usd_per_million": "2", "output_usd_per_million": "8"}
    writes = rates | {"cache_write_usd_per_million": "2.5"}
    (one,) = plain_prices({model: writes}, "") or ()
    assert one.tiers[0].rates.cache_write_1h == Decimal(usd)
    told = writes | {"cache_write_1h_usd_per_million": "3"}
    (own,) = plain_prices({model: told}, "") or ()
    assert own.tiers[0].rates.cache_write_1h == Decimal(3)


@pytest.mark.parametrize(
    "more",
    [
        {"from": "2026-11-01"},
        {"tiers": []},
        {"colour": "1"},
        {"input_usd_per_million": "-1"},
        {"input_usd_per_million": "nan"},
        {"input_usd_per_million": "1e3"},
        {"input_usd_per_million": "1234567890"},
        {"input_usd_per_million": "\u0661"},
        {"input_usd_per_million": None},
        {"input_usd_per_million": True},
    ],
)
def test_a_row_that_says_more_than_rates_or_says_them_otherwise_is_left_to_validation(
    more: dict,
) -> None:
    rates = {"input_usd_per_million": "2", "output_usd_per_million": "8"}
    assert plain_prices({"m": rates | more}, "") is None
    assert plain_prices({"m": [rates]}, "") is None
    assert plain_prices({None: rates}, "") is None
