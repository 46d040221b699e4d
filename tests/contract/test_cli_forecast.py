"""`bursar forecast`, `anomalies` and `trend`, from the command line to a table and back."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bursar.adapters.dynamodb.anomalies import DynamoAnomalyStore
from bursar.adapters.dynamodb.costs import DynamoCostHistory
from bursar.adapters.dynamodb.forecasts import DynamoForecastStore
from bursar.adapters.dynamodb.spend import DynamoSpendStore
from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.cli.main import app
from bursar.domain.ledger.lines import CostCategory, Line, LineKey, Statement
from bursar.domain.money import Money
from bursar.domain.periods import DAY, HOUR, Window, day_of
from bursar.domain.quality import Quality
from bursar.domain.usage.records import TokenCounts
from bursar.local.series_runs import SeriesStores, look_at_series
from tests.unit.jobs.sample_config import config

TODAY = day_of(datetime.now(UTC)).start
DAYS = 43


def hour(at: datetime, usd: float) -> Statement:
    key = LineKey("search", CostCategory.GPU_COMPUTE, team="search", cluster="prod", namespace="s")
    line = Line(Money.estimate(usd).units, requests=2, tokens=TokenCounts(input=1000))
    as_of = int((at + HOUR).timestamp()) + 60
    return Statement(Window(at, at + HOUR), {key: line}, Quality.FINAL, as_of)


def usual(n: int) -> float:
    return (100 + 3 * (n * 5 % 11)) * (0.6 if n % 7 >= 5 else 1)


@pytest.fixture
def guard(table: Any) -> Any:
    """Six weeks of about $100 a day, the last day with $400 more; both jobs have run."""
    statements = DynamoStatementStore(table)
    first = TODAY - DAYS * DAY
    stated = [
        hour(first + n * DAY + h * HOUR, (usual(n) + (400 if n == DAYS - 1 else 0)) / 24)
        for n in range(DAYS)
        for h in range(24)
    ]
    statements.load(stated, hours_from=TODAY - 2 * DAY)
    stores = SeriesStores(
        statements,
        DynamoSpendStore(table),
        DynamoCostHistory(table),
        DynamoForecastStore(table),
        DynamoAnomalyStore(table),
    )
    look_at_series(TODAY, config(), stores)
    return table


def run(*words: str) -> object:
    with pytest.raises(SystemExit) as left:
        app([*words])
    return left.value.code


def told_by(capsys: Any, *words: str) -> Any:
    assert run(*words, "--table", "bursar", "--json") in (0, None)
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("guard")
def test_the_month_of_everything_is_foreseen_and_exact_so_far(capsys: Any) -> None:
    told = told_by(capsys, "forecast")
    assert (told["book"], told["scope"]) == ("ledger", "org=acme")
    outcome = {name: float(usd) for name, usd in told["outcome"].items()}
    assert outcome["low95"] <= outcome["low80"] <= outcome["expected"]
    assert outcome["expected"] <= outcome["high80"] <= outcome["high95"]
    month = [each for each in told["days"] if each["day"][:7] == told["month"]]
    assert Money.of(told["so_far"]) == Money.sum(Money.of(each["usd"]) for each in month)


@pytest.mark.usefixtures("guard")
def test_a_page_shows_both_charts_and_the_budget(tmp_path: Path, capsys: Any) -> None:
    page, written = tmp_path / "forecast.html", tmp_path / "bursar.yaml"
    plain = {
        "version": 1,
        "organisation": "acme",
        "account": "111122223333",
        "region": "eu-west-1",
        "budgets": [{"id": "s", "scope": "team=search", "limit": 5000, "owner": "ana"}],
        "owners": {"ana": {"emails": ["ana@example.com"]}},
        "notifications": {"catch_all": ["ops@example.com"]},
    }
    written.write_text(json.dumps(plain))
    words = ("--scope", "team=search", "--html", str(page), "--config", str(written))
    assert run("forecast", *words, "--table", "bursar") in (0, None)
    assert "The budget is $5,000.00" in capsys.readouterr().out
    html = page.read_text()
    assert html.count("<svg") == 2
    for part in ('class="band80"', 'class="band95"', 'class="limit"', 'class="anomaly"'):
        assert part in html
    assert "<script" not in html
    assert not re.search(r"\b(nan|inf)\b", html)


@pytest.mark.usefixtures("guard")
def test_a_scope_that_nobody_foresaw_is_named(capsys: Any) -> None:
    assert run("forecast", "--scope", "team=none", "--table", "bursar") == 2
    said = capsys.readouterr().err
    assert said.startswith("bursar: no month of team=none was foreseen in the last 7 days")
    assert "there is category=gpu_compute, cluster=prod" in said
    assert said.count("\n") == 1
    assert run("forecast", "--book", "billed", "--table", "bursar") == 2


@pytest.mark.usefixtures("guard")
def test_a_page_that_cannot_be_written_is_said_in_one_line(capsys: Any, tmp_path: Path) -> None:
    page = tmp_path / "nowhere" / "forecast.html"
    assert run("forecast", "--html", str(page), "--table", "bursar") == 2
    assert capsys.readouterr().err == f"bursar: {page}: No such file or directory\n"


@pytest.mark.usefixtures("guard")
def test_an_anomaly_is_listed_acknowledged_and_expected(capsys: Any) -> None:
    [event] = told_by(capsys, "anomalies")
    assert (event["scope"], event["state"]) == ("team=search", "open")
    assert 300 < float(event["size"]) < 500
    id_ = event["id"]
    for word, state in (("acknowledge", "acknowledged"), ("expected", "expected")):
        assert run("anomalies", word, id_, "--table", "bursar") in (0, None)
        assert f"{id_} (team=search) is {state}" in capsys.readouterr().out
        [event] = told_by(capsys, "anomalies")
        assert event["state"] == state
        assert event["said_by"].startswith("arn:aws:")
    assert run("anomalies", "expected", "AN-0000000000", "--table", "bursar") == 2
    assert "no anomaly AN-0000000000" in capsys.readouterr().err
    assert run("anomalies", "--table", "bursar") in (0, None)
    assert id_ in capsys.readouterr().out


@pytest.mark.usefixtures("guard")
def test_a_trend_has_a_verdict_or_says_that_it_has_none(capsys: Any) -> None:
    days = told_by(capsys, "trend", "cost", "--scope", "team=search", "--per", "day")
    assert days["points"] == 13
    low, slope, high = map(Decimal, (days["interval"][0], days["slope"], days["interval"][1]))
    assert low <= slope <= high
    assert all(isinstance(each, str) for each in (days["current"], days["mean"], *days["values"]))
    flat = told_by(capsys, "trend", "tokens", "--per", "day")
    assert (flat["direction"], flat["slope"], flat["current"]) == ("flat", 0.0, 24_000.0)
    months = told_by(capsys, "trend", "requests", "--per", "month")
    assert (months["direction"], months["slope"]) == ("insufficient data", None)
    assert run("trend", "cost", "--scope", "team", "--table", "bursar") == 2
    assert run("trend", "cost", "--periods", "0", "--table", "bursar") == 2
    capsys.readouterr()
    assert run("trend", "usd-per-request", "--table", "bursar") in (0, None)
    assert "usd-per-request of everything: " in capsys.readouterr().out


def test_an_empty_table_says_so(table: Any, capsys: Any) -> None:
    assert run("anomalies", "--table", "bursar") in (0, None)
    assert "Nothing is unusual." in capsys.readouterr().out
    assert run("trend", "cost", "--table", "bursar") in (0, None)
    assert "nothing is known" in capsys.readouterr().out
    assert run("forecast", "--table", "bursar") == 2
