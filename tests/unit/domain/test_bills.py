"""What a bill comes to, with the arithmetic in sight."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import strategies as st

from bursar.domain.bills import (
    BillRow,
    NotAnAmountError,
    plain_digits,
    read_amount,
    summarise_bill,
)
from tests.unit.for_all import for_all

FIRST = date(2026, 11, 1)


def charged(
    usd: str,
    *,
    service: str = "Amazon S3",
    day: date = FIRST,
    kind: str = "Usage",
    currency: str = "USD",
    key: str | None = None,
    content: str = "",
) -> BillRow:
    return BillRow(
        day=day,
        amount=read_amount(usd),
        currency=currency,
        provider="AWS",
        service=service,
        charge_type=kind,
        place=f"bill.csv, {usd}",
        key=key,
        content=(content or usd).encode(),
    )


def test_every_breakdown_adds_up_to_the_total() -> None:
    told = summarise_bill(
        [
            charged("1.10"),
            charged("0.20", service="AWS KMS"),
            charged("0.03", kind="Tax", day=date(2026, 11, 2)),
            charged("-0.33", kind="Credit"),
        ]
    )
    assert told.rows == 4
    assert told.total_usd == Decimal("1.00")  # 1.10 + 0.20 + 0.03 - 0.33
    assert told.by_service == {"AWS KMS": Decimal("0.20"), "Amazon S3": Decimal("0.80")}
    assert told.by_day == {FIRST: Decimal("0.97"), date(2026, 11, 2): Decimal("0.03")}
    assert told.by_type == {
        "Credit": Decimal("-0.33"),
        "Tax": Decimal("0.03"),
        "Usage": Decimal("1.30"),
    }


def test_digits_beyond_the_twelfth_place_are_kept() -> None:
    rows = [charged("0.0000000000000001"), charged("10000000000000000000000000")]
    assert plain_digits(summarise_bill(rows).total_usd) == (
        "10000000000000000000000000.0000000000000001"
    )


def test_a_service_at_zero_is_named_and_another_currency_stands_apart() -> None:
    told = summarise_bill(
        [charged("0", service="AWS Glue"), charged("5"), charged("7.5", currency="EUR")]
    )
    assert told.rows == 3
    assert told.total_usd == 5
    assert told.by_service == {"AWS Glue": 0, "Amazon S3": 5}
    assert told.other_currencies == {"EUR": Decimal("7.5")}


def test_the_same_row_twice_is_one_and_another_content_is_a_conflict() -> None:
    told = summarise_bill(
        [
            charged("2", key="a"),
            charged("2", key="a"),
            charged("3", key="a"),
            charged("2", key="b"),
        ]
    )
    assert (told.rows, told.duplicates) == (2, 1)
    assert told.total_usd == 4  # a once, as first told, and b
    assert [(each.place, each.key) for each in told.conflicts] == [("bill.csv, 3", "a")]


def test_a_bill_without_rows_has_no_duplicates() -> None:
    told = summarise_bill([])
    assert (told.rows, told.total_usd, told.duplicates) == (0, 0, 0)


def test_rows_without_keys_are_never_called_duplicates() -> None:
    told = summarise_bill([charged("2"), charged("2")])
    assert (told.rows, told.total_usd, told.duplicates) == (2, 4, None)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1.81E-8", "0.0000000181"),
        ("1e3", "1000"),
        (" 0.50 ", "0.5"),
        ("-0.0", "0"),
        ("+4.", "4"),
        ("100", "100"),
    ],
)
def test_every_spelling_of_a_number_is_read(text: str, plain: str) -> None:
    assert plain_digits(read_amount(text)) == plain


@pytest.mark.parametrize(
    "text",
    [
        *("", "NaN", "Infinity", "True", "1,5", "1_000", "$5", "٣", "1 2", "0x10", "--1"),
        *("1E26", "1E-41", "1E999", "9" * 5_000),
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(NotAnAmountError):
        read_amount(text)


amounts = st.decimals(
    min_value=-(10**9), max_value=10**9, allow_nan=False, allow_infinity=False, places=15
)


@for_all(drawn=st.lists(amounts, max_size=20), shift=st.integers(min_value=0, max_value=20))
def test_order_and_repetition_change_nothing(drawn: list[Decimal], shift: int) -> None:
    rows = [charged(str(amount), key=str(n)) for n, amount in enumerate(drawn)]
    once = summarise_bill(rows)
    again = summarise_bill(rows[shift:] + rows[:shift] + rows)
    assert once.total_usd == sum(drawn) == again.total_usd
    assert once.by_service == again.by_service
    assert (again.rows, again.duplicates or 0) == (len(drawn), len(drawn))


@for_all(amount=amounts)
def test_a_printed_amount_reads_back_as_itself(amount: Decimal) -> None:
    assert read_amount(plain_digits(amount)) == amount == read_amount(f"{amount:E}")
