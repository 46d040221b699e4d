"""Amounts: exact to 10^-12, rounded only where a statement is made, split without loss."""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from bursar.domain.money import (
    AmountOutOfRangeError,
    CurrencyMismatchError,
    Money,
    plain_of_units,
    split_units,
)
from tests.unit.for_all import for_all

amounts = st.decimals("-1000000000", "1000000000", places=12, allow_nan=False).map(Money.of)
weights = st.lists(st.integers(0, 10**15), min_size=1, max_size=12).filter(any)


class Statement(BaseModel):
    amount: Money


def usd(amount: str) -> Money:
    return Money.of(amount)


def test_a_tenth_and_two_tenths_are_three_tenths():
    assert usd("0.1") + usd("0.2") == usd("0.3")


def test_a_token_at_a_ten_millionth_of_a_dollar_is_not_lost_in_a_billion_dollars():
    assert usd("1000000000") + usd("0.0000001") == usd("1000000000.0000001")


def test_the_twelfth_place_is_rounded_half_to_the_even_digit():
    assert usd("0.0000000000005") == Money.zero()
    assert usd("0.0000000000015") == usd("0.000000000002")


def test_cents_are_rounded_half_to_the_even_digit_on_a_statement_only():
    assert usd("2.345").cents() == Decimal("2.34")
    assert usd("2.355").cents() == Decimal("2.36")
    assert usd("2.345") + usd("2.345") == usd("4.69")


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity", "1e26", "-1e26"])
def test_what_dynamodb_cannot_hold_is_refused(bad):
    with pytest.raises(AmountOutOfRangeError):
        Money.of(bad)


def test_the_largest_amount_has_38_digits_and_keeps_them_all():
    largest = "99999999999999999999999999.999999999999"
    assert usd(largest).plain() == largest
    assert (-usd(largest)).plain() == f"-{largest}"
    with pytest.raises(AmountOutOfRangeError):
        usd(f"{largest}9")  # would round up to 10^26


def test_a_sum_that_needs_a_39th_digit_is_refused_and_not_rounded():
    half = usd("50000000000000000000000000.000000000001")
    with pytest.raises(decimal.Rounded):
        half + half


def test_currencies_are_not_mixed():
    with pytest.raises(CurrencyMismatchError):
        usd("1") + Money.of("1", "EUR")
    with pytest.raises(CurrencyMismatchError):
        _ = usd("1") < Money.of("2", "EUR")


def test_a_third_of_a_dollar_three_times_is_not_a_dollar_but_a_split_is():
    assert usd("1").times(Fraction(1, 3)).times(3) == usd("0.999999999999")
    assert Money.sum(usd("1").split([1, 1, 1])) == usd("1")


def test_ten_units_by_thirds_are_four_three_three():
    assert split_units(10, [1, 1, 1]) == [4, 3, 3]


def test_the_unit_left_over_goes_to_the_largest_remainder():
    # 10 by 1:2:4 is 1.43, 2.86, 5.71: the two units left go to .86 and .71
    assert split_units(10, [1, 2, 4]) == [1, 3, 6]


def test_nobody_without_weight_gets_a_unit():
    assert split_units(1, [0, 5, 0]) == [0, 1, 0]


@pytest.mark.parametrize("wrong", [[], [0, 0], [2, -1], [-1]])
def test_weights_that_divide_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match="weights"):
        split_units(10, wrong)


@for_all(amount=amounts, parts=weights)
def test_parts_of_any_amount_sum_to_it_exactly(amount: Money, parts: list[int]):
    assert Money.sum(amount.split(parts)) == amount


@for_all(units=st.integers(0, 10**20), parts=weights)
def test_no_part_of_a_positive_amount_is_negative_or_off_by_a_unit(units: int, parts: list[int]):
    shares = split_units(units, parts)
    for share, weight in zip(shares, parts, strict=True):
        assert share >= 0
        assert abs(share - Fraction(units * weight, sum(parts))) < 1


@for_all(
    units=st.integers(0, 10**9), parts=st.lists(st.integers(1, 10**6), max_size=6, min_size=2)
)
def test_the_order_of_parts_moves_no_more_than_the_unit_left_over(units: int, parts: list[int]):
    forward = split_units(units, parts)
    backward = list(reversed(split_units(units, list(reversed(parts)))))
    assert all(abs(one - other) <= 1 for one, other in zip(forward, backward, strict=True))
    if len({units * weight % sum(parts) for weight in parts}) == len(parts):  # without ties
        assert forward == backward


@for_all(amount=amounts)
def test_an_amount_survives_json_and_its_own_text(amount: Money):
    kept = Statement(amount=amount)
    assert Statement.model_validate_json(kept.model_dump_json()) == kept
    assert Money.of(amount.plain()) == amount
    assert Money.from_units(amount.units) == amount
    assert "E" not in amount.plain()


@for_all(one=amounts, other=amounts)
def test_sums_are_exact_and_comparisons_agree_with_them(one: Money, other: Money):
    assert one + other - other == one
    assert one + (-one) == Money.zero()
    assert (one < other) == bool((other - one) and (other - one) > Money.zero())


@pytest.mark.parametrize("bad", [1.5, True, "12 dollars", None, "NaN"])
def test_json_amounts_that_are_floats_or_words_are_refused(bad):
    with pytest.raises(ValidationError):
        Statement.model_validate({"amount": bad})


def test_json_amounts_are_strings_or_whole_numbers():
    assert Statement.model_validate_json('{"amount": "1250.50"}').amount == usd("1250.5")
    assert Statement.model_validate_json('{"amount": 12}').amount == usd("12")
    assert Statement(amount=usd("12.50")).model_dump_json() == '{"amount":"12.5"}'


def test_amounts_are_shown_with_a_sign_separators_and_cents():
    assert str(usd("1234567.891")) == "$1,234,567.89"
    assert str(usd("-0.126")) == "-$0.13"
    assert str(usd("-0.004")) == "$0.00"
    assert str(Money.of("3", "EUR")) == "EUR 3.00"


def test_there_is_no_minus_zero():
    assert [usd("-0").plain(), (-Money.zero()).plain()] == ["0", "0"]


def test_a_share_of_zero_is_not_a_number():
    assert usd("1").over(usd("4")) == Fraction(1, 4)
    assert usd("1").over(Money.zero()) is None


def test_statistics_come_back_through_one_named_rounding():
    assert Money.estimate(0.1) == usd("0.1")
    with pytest.raises(AmountOutOfRangeError):
        Money.estimate(float("nan"))


@for_all(units=st.integers(-(10**38) + 1, 10**38 - 1))
def test_units_are_told_as_their_amount_is(units):
    assert plain_of_units(units) == Money.from_units(units).plain()
