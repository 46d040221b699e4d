"""`bursar import bill` on real bills."""

from __future__ import annotations

import csv
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.contract.bills.written_bills import (
    written,
)

BILLS = Path(__file__).parents[4] / "shared/data/billing"
ANSWERS = Path(__file__).parents[4] / "shared/data/answers.json"
CUR = "cur_legacy_2023-11-01_08.csv.gz"
FOCUS = "focus_1.0_2024-09-01_20.csv.gz"
CE = "ce_get_cost_and_usage_daily_2024-02-01_03-31.json"


@pytest.fixture
def answers() -> dict[str, Any]:
    if not ANSWERS.exists():
        pytest.skip("the shared bills are not beside this repository")
    read: dict[str, Any] = json.loads(ANSWERS.read_bytes())
    return read


def exact(amounts: dict[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(amount) for name, amount in amounts.items()}


def test_a_real_report_comes_to_the_right_answers(answers: Any, told: Any) -> None:
    right, summary = answers["cur"], told("--format", "cur", BILLS / CUR)
    assert summary["rows"] == right["rows"]
    assert summary["duplicates"] == right["repeated_LineItemId+TimeInterval"]
    assert Decimal(summary["total_usd"]) == Decimal(right["total"])
    assert exact(summary["by_day"]) == exact(right["by_day"])
    assert exact(summary["by_type"]) == exact(right["by_type"])
    nonzero = {name: usd for name, usd in exact(summary["by_service"]).items() if usd}
    assert nonzero == exact(right["by_product_nonzero"])


def test_real_answers_of_cost_explorer_come_to_the_right_answers(answers: Any, told: Any) -> None:
    right, summary = answers["ce_daily"], told("--format", "ce", BILLS / CE)
    assert Decimal(summary["total_usd"]) == Decimal(right["total_usd"])
    assert exact(summary["by_day"]) == exact(right["by_day"])
    services = exact(summary["by_service"])
    assert (len(services), len(summary["by_day"])) == (right["services"], right["days"])
    top = sorted(services.items(), key=lambda item: -item[1])[:5]
    assert top == list(exact(dict(right["top5_services"])).items())


def test_a_real_focus_file_comes_to_the_right_answers(answers: Any, told: Any) -> None:
    right, summary = answers["focus"], told("--format", "focus", BILLS / FOCUS)
    assert summary["rows"] == right["rows"]
    assert exact(summary["by_provider"]) == exact(right["by_provider"])
    aws = told("--format", "focus", BILLS / FOCUS, "--provider", "AWS")
    assert aws["rows"] == right["aws_rows"] == summary["rows_by_provider"]["AWS"]
    assert Decimal(aws["total_usd"]) == Decimal(right["aws_billed"])
    top = sorted(exact(aws["by_service"]).items(), key=lambda item: -item[1])[:5]
    assert top == list(exact(dict(right["aws_top_services"])).items())


@pytest.mark.parametrize(("name", "format"), [(CUR, "cur"), (FOCUS, "focus")])
def test_a_real_bill_as_plain_text_parquet_and_snake_case_is_the_same_bill(
    answers: Any, told: Any, tmp_path: Path, name: str, format: str
) -> None:
    plain = written(tmp_path, gzip.decompress((BILLS / name).read_bytes()))
    parquet = tmp_path / "bill.parquet"
    duckdb.execute(f"COPY (FROM '{plain}') TO '{parquet}'")  # doubles where it guesses them
    with plain.open(newline="") as file:
        header, *lines = csv.reader(file)
    renamed = tmp_path / "snake.csv"
    with renamed.open("w", newline="") as file:
        csv.writer(file).writerows([[snake(column) for column in header], *lines])
    first = told("--format", format, BILLS / name)
    for other in (plain, parquet, renamed):
        assert told("--format", format, other) == first
    if first["duplicates"] is not None:  # rows with a key are one row in all of them
        again = told("--format", format, plain, parquet, renamed)
        assert again == first | {"duplicates": 2 * first["rows"]}


def snake(column: str) -> str:
    text = "".join(f"_{c.lower()}" if c.isupper() else c for c in column.replace("/", "_"))
    return text.strip("_").replace("__", "_")
