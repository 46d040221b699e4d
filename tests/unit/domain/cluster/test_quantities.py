"""Kubernetes quantities are read exactly, in every form, or refused by name."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.cluster.quantities import QuantityError, bytes_of, count, cpu_milli, exact

LARGEST = 2**63 - 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("100m", Fraction(1, 10)),
        ("1.5", Fraction(3, 2)),
        (".5", Fraction(1, 2)),
        ("5.", Fraction(5)),
        ("+5", Fraction(5)),
        ("10G", Fraction(10 * 1000**3)),
        ("10Gi", Fraction(10 * 1024**3)),
        ("1k", Fraction(1000)),
        ("1Ki", Fraction(1024)),
        ("2Mi", Fraction(2 * 1024**2)),
        ("1T", Fraction(10**12)),
        ("1Ti", Fraction(1024**4)),
        ("1P", Fraction(10**15)),
        ("1Pi", Fraction(1024**5)),
        ("1E", Fraction(10**18)),
        ("1Ei", Fraction(1024**6)),
        ("1e3", Fraction(1000)),
        ("1E3", Fraction(1000)),
        ("1E+3", Fraction(1000)),
        ("15e-1", Fraction(3, 2)),
        ("250000n", Fraction(1, 4000)),
        ("7u", Fraction(7, 10**6)),
        ("0", Fraction(0)),
    ],
)
def test_every_form_has_its_exact_value(text: str, value: Fraction) -> None:
    assert exact(text) == value


def test_a_tenth_is_not_a_float() -> None:
    # 0.1 * 3 in binary floats is 0.30000000000000004, which would round up to 301
    assert cpu_milli("0.3") == 300
    assert bytes_of("0.1G") == 100_000_000
    assert bytes_of("1.1Gi") == 1_181_116_007  # 1.1 x 2^30 = 1,181,116,006.4


def test_what_is_left_of_a_unit_rounds_up() -> None:
    assert cpu_milli("1n") == 1
    assert cpu_milli("1500u") == 2
    assert bytes_of("1500m") == 2
    assert count("0.1") == 1


WORDS = "-5 -1m 1K 1KI 1gi 1mi Gi . 1..5 0x10 1e e3 1_000 1,5 NaN inf 1e3Gi ٣ 1e1000000000"


@pytest.mark.parametrize("text", ["", " ", "1 Gi", "1Gi ", "\n1", "9" * 65, *WORDS.split()])
def test_what_is_no_quantity_is_refused_by_name(text: str) -> None:
    with pytest.raises(QuantityError, match="is not a quantity") as caught:
        bytes_of(text)
    assert caught.value.text == text


def test_beyond_64_bits_is_absurd() -> None:
    assert bytes_of(str(LARGEST)) == LARGEST
    for text in ("8Ei", "10E", str(LARGEST + 1), "1e90"):
        with pytest.raises(QuantityError):
            bytes_of(text)
    with pytest.raises(QuantityError):
        cpu_milli(str(LARGEST))  # fits as bytes, but is a thousand times too many thousandths


SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


@given(st.integers(0, 10**6), st.sampled_from(sorted(SUFFIXES)))
def test_a_decimal_suffix_is_its_decimal_exponent(number: int, suffix: str) -> None:
    power = SUFFIXES[suffix]
    assert exact(f"{number}{suffix}") == exact(f"{number}e{power}") == exact(f"{number}E{power}")


@given(st.integers(0, 2**63 - 1))
def test_bytes_written_out_are_themselves(number: int) -> None:
    assert bytes_of(str(number)) == bytes_of(f"{number * 1000}m") == number


@given(st.decimals(0, 10**6, places=6))
def test_cpu_is_the_least_whole_thousandth_that_covers_it(value: object) -> None:
    milli = cpu_milli(f"{value:f}")
    assert milli - 1 < Fraction(str(value)) * 1000 <= milli


@given(st.text(max_size=70))
def test_any_text_is_a_number_or_an_error_and_nothing_else(text: str) -> None:
    try:
        assert 0 <= bytes_of(text) <= LARGEST
    except QuantityError as error:
        assert error.text == text
