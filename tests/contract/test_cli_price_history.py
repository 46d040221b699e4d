"""`bursar prices history`, from the command line to a table in moto and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bursar.adapters.dynamodb.prices import DynamoPriceStore
from bursar.cli.main import app
from bursar.domain.money import Money
from bursar.domain.prices import PriceRow, on_demand

REGION = "us-east-1"


def priced(usd: str, day: int, source: str, author: str | None = None) -> PriceRow:
    since = datetime(2025, 6, day, tzinfo=UTC)
    return PriceRow(
        key=on_demand(REGION, "p5.48xlarge"),
        usd=Money.of(usd),
        unit="hour",
        source=source,
        author=author,
        effective_from=since,
        read_at=since,
    )


@pytest.fixture
def kept(table: Any) -> Any:
    store = DynamoPriceStore(table)
    store.record([priced("98.32", 1, "AWS Price List")])
    store.record([priced("55.04", 23, "manual", "manager@example.com")])
    return table


def run(*words: str) -> object:
    with pytest.raises(SystemExit) as left:
        app(["prices", "history", *words, "--region", REGION])
    return left.value.code


def test_every_price_is_told_oldest_first_with_who_said_so(kept, capsys) -> None:
    assert run("p5.48xlarge", "--table", kept.name, "--json") in (0, None)
    told = json.loads(capsys.readouterr().out)
    assert [(row["usd_per_hour"], row["source"], row["author"]) for row in told] == [
        ("98.32", "AWS Price List", None),
        ("55.04", "manual", "manager@example.com"),
    ]


def test_people_see_a_table(kept, capsys) -> None:
    run("p5.48xlarge", "--table", kept.name)
    shown = capsys.readouterr().out
    assert "2025-06-23" in shown
    assert "98.32" in shown


def test_a_type_without_a_price_is_named(kept, capsys) -> None:
    assert run("p9.huge", "--table", kept.name) == 2
    assert "no price of p9.huge in us-east-1 was ever kept" in capsys.readouterr().err
