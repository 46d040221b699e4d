"""A price book from a file that a person wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bursar.adapters.csv_prices import CsvPriceBook, CsvPricesError
from bursar.domain.prices import on_demand

NOW = datetime(2026, 11, 20, tzinfo=UTC)
KARPENTER = (
    Path(__file__).parents[3]
    / "shared/data/aws_prices/karpenter_us-east-1_ondemand_2026-07-20.csv"
)


def book(tmp_path: Path, text: str) -> CsvPriceBook:
    path = tmp_path / "prices.csv"
    path.write_text(text)
    return CsvPriceBook(path, "us-east-1")


def test_a_line_is_the_price_of_an_hour(tmp_path: Path) -> None:
    key = on_demand("us-east-1", "m5.large")
    prices = book(tmp_path, "instance_type,usd_per_hour\nm5.large,0.096\n")
    row = prices.prices_at([key, on_demand("us-east-1", "x"), on_demand("eu-west-1", "x")], NOW)
    assert set(row) == {key}
    assert (row[key].usd.plain(), row[key].source) == ("0.096", "file prices.csv")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("type,price\n", "line 1: 'type,price' is not instance_type,usd_per_hour"),
        ("", "line 1"),
        ("instance_type,usd_per_hour\nm5.large\n", "line 2: 'm5.large' is not a type and"),
        ("instance_type,usd_per_hour\nm5.large,cheap\n", "line 2: 'cheap' is not an amount"),
        ("instance_type,usd_per_hour\nm5.large,nan\n", "line 2: 'nan' is not an amount"),
        ("instance_type,usd_per_hour\na,1\n\nb,0\n", "line 4: a price is above 0"),
        ("instance_type,usd_per_hour\na,1\na,2\n", "line 3: a stands twice"),
    ],
)
def test_an_error_names_the_line(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(CsvPricesError) as caught:
        book(tmp_path, lines)
    assert said in str(caught.value)


def test_a_real_list_of_1367_types_can_be_read() -> None:
    if not KARPENTER.exists():
        pytest.skip("the shared price data is not beside this repository")
    keys = [on_demand("us-east-1", name) for name in ("p5.48xlarge", "m5.large")]
    found = CsvPriceBook(KARPENTER, "us-east-1").prices_at(keys, NOW)
    assert [found[key].usd.plain() for key in keys] == ["55.04", "0.096"]
