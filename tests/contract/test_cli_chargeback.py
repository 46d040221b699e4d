"""`bursar chargeback`, from the command line to a table and a bucket in moto and back."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest

from bursar.adapters.dynamodb.closed_months import DynamoClosedMonthStore
from bursar.adapters.dynamodb.ledger import leaves
from bursar.adapters.dynamodb.ledger.gates import DynamoMonthGates
from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.adapters.focus_files import write_focus_csv
from bursar.adapters.s3_usage import S3UsageArchive, folder
from bursar.cli.chargeback_views import focus_rows
from bursar.cli.main import app
from bursar.domain.ledger.months import MonthState
from bursar.domain.periods import HOUR, hour_of, month_window
from bursar.domain.usage.amounts import ClassAmounts
from bursar.jobs.charge_back import charge_back, stated_days
from bursar.settings import TIME_FILE
from tests.contract.focus_rules import Dataset, FocusRules
from tests.contract.ledger_books import books_on, entry, record
from tests.unit.domain.sample_statements import bought, hour_at, pods
from tests.unit.sample_charges import ACCOUNT

MARCH = datetime(2025, 3, 1, tzinfo=UTC)
HOURS = (
    (MARCH, pods("acme", "1.5", "search"), bought("globex", "0.25", "ads", provider="openai")),
    (MARCH + 30 * HOUR, pods("acme", "2", "search"), pods("__idle__", "0.125")),
    (MARCH + 31 * HOUR, bought("=1+1", "-0.5", adjusts="2025-02")),
)
TOTAL = Decimal("3.375")  # 1.5 + 0.25 + 2 + 0.125 - 0.5


@pytest.fixture
def guard(table: Any) -> Any:
    """A deployed guard that has stated three hours of March 2025."""
    boto3.client("s3").create_bucket(
        Bucket="usage", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"TableName": {"Value": table.name}, "UsageBucket": {"Value": "usage"}},
    }
    boto3.client("cloudformation").create_stack(
        StackName="Bursar", TemplateBody=json.dumps(template)
    )
    store = DynamoStatementStore(table)
    for at, *lines in HOURS:
        store.put_hour(hour_at(at, *lines))
    return table


def run(*words: str) -> object:
    with pytest.raises(SystemExit) as left:
        app(["chargeback", *words])
    return left.value.code


@pytest.mark.usefixtures("guard")
def test_a_month_is_charged_to_its_teams(capsys) -> None:
    assert run("--month", "2025-03", "--json") in (0, None)
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["total_usd"]) == ("open", str(TOTAL))
    assert (told["charges_usd"], told["adjustments_usd"]) == ("3.875", "-0.5")
    assert [(each["team"], each["closing_usd"]) for each in told["teams"]] == [
        ("ads", "0.25"),
        ("search", "3.5"),
        ("", "-0.375"),
    ]
    assert told["unstated_hours"] == 741
    assert told["unstated"] == [
        {"from": "2025-03-01T01:00:00+00:00", "to": "2025-03-02T06:00:00+00:00"},
        {"from": "2025-03-02T08:00:00+00:00", "to": "2025-04-01T00:00:00+00:00"},
    ]


def test_a_month_that_the_ledger_has_closed_is_frozen_and_then_shown_so(guard, capsys) -> None:
    DynamoMonthGates(guard).turn("2025-03", MonthState.CLOSED)
    assert run("--month", "2025-03", "--close", "--json") in (0, None)
    first = json.loads(capsys.readouterr().out)
    assert (first["status"], first["total_usd"]) == ("closed", str(TOTAL))
    DynamoStatementStore(guard).put_hour(hour_at(MARCH, pods("acme", "99", "search")))
    assert run("--month", "2025-03", "--json") in (0, None)
    assert json.loads(capsys.readouterr().out) == first


def test_closing_a_month_sums_its_usage_again_and_puts_right_what_differs(guard, capsys) -> None:
    told = [record(f"r-{n}", at=MARCH + n * HOUR) for n in range(3)]
    S3UsageArchive(boto3.client("s3"), "usage").put(told, MARCH)
    books = books_on(guard)
    books.post(*(entry(each.id, units=7, at=each.at) for each in told))
    (key, leaf), *_ = books.ledger.leaves(MARCH).items()
    wrong = replace(leaf, amounts=ClassAmounts(input=5))
    guard.update_item(**leaves.addition(key, wrong, 3))  # by a fault of ours
    for each in books.touched.touched():
        books.touched.clear(each)
    assert run("--month", "2025-03", "--close") == 4
    assert "741 hours of 2025-03 were not stated: 2025-03-01 01:00 to" in capsys.readouterr().err
    assert DynamoClosedMonthStore(guard).frozen("2025-03") is None
    words = ("--month", "2025-03", "--close", "--with-unknown-hours", "--json")
    assert run(*words) in (0, None)
    closed = json.loads(capsys.readouterr().out)
    assert (closed["status"], closed["unstated_hours"]) == ("closed", 741)
    assert books.gates.state("2025-03") is MonthState.CLOSED
    [correction] = [
        leaf
        for leaves_ in books.ledger.leaves_between(hour_of(datetime.now(UTC)))
        for leaf in leaves_.values()
    ]
    assert correction.amounts.units == -5


def test_a_month_is_not_closed_before_the_earlier_ones_of_its_year(guard, capsys) -> None:
    DynamoStatementStore(guard).put_hour(hour_at(month_window("2025-04").start, pods("acme", "7")))
    april = ("--month", "2025-04", "--close", "--with-unknown-hours")
    assert run(*april) == 4
    assert "2025-03 is open: close it before 2025-04" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        app(["ledger", "close", *april[:2], "--table", "bursar", "--bucket", "usage"])
    assert left.value.code == 4
    assert "2025-03 is open" in capsys.readouterr().err
    assert DynamoMonthGates(guard).state("2025-04") is MonthState.OPEN
    assert run("--month", "2025-03", *april[2:]) in (0, None)
    capsys.readouterr()
    assert run(*april, "--json") in (0, None)
    told = json.loads(capsys.readouterr().out)
    assert (told["opening_usd"], told["closing_usd"]) == ("3.375", "10.375")


def test_a_month_whose_archived_usage_cannot_be_read_is_not_closed(guard, capsys) -> None:
    boto3.client("s3").put_object(Bucket="usage", Key=f"{folder(MARCH)}x.jsonl.gz", Body=b"{")
    assert run("--month", "2025-03", "--close", "--with-unknown-hours") == 4
    assert "archived usage cannot be read: s3://usage/usage/day=" in capsys.readouterr().err
    assert DynamoClosedMonthStore(guard).frozen("2025-03") is None


@pytest.mark.usefixtures("guard")
def test_a_csv_is_written_to_a_file_with_numbers_as_numbers(tmp_path: Path) -> None:
    out = tmp_path / "march.csv"
    assert run("--month", "2025-03", "--format", "csv", "--out", str(out)) in (0, None)
    rows = list(csv.DictReader(io.StringIO(out.read_text(), newline="")))
    booked = [Decimal(row["usd"]) for row in rows if row["line"] in ("charge", "adjustment")]
    assert sum(booked) == TOTAL
    assert "'=1+1" in {row["tenant"] for row in rows}


@pytest.mark.usefixtures("guard")
def test_focus_rows_are_of_each_day_and_sum_to_the_same_total(capsys) -> None:
    words = ("--month", "2025-03", "--billing-account", "111122223333")
    assert run(*words, "--format", "focus-json") in (0, None)
    rows = json.loads(capsys.readouterr().out)
    assert sum(Decimal(row["BilledCost"]) for row in rows) == TOTAL
    assert {row["ProviderName"] for row in rows} == {"AWS", "OpenAI"}
    assert {row["ChargePeriodStart"][:10] for row in rows} == {
        "2025-02-01",  # the correction
        "2025-03-01",
        "2025-03-02",
    }
    assert run(*words, "--format", "focus", "--json") in (0, None)
    assert json.loads(capsys.readouterr().out) == rows
    assert run("--month", "2025-03", "--format", "focus") in (0, None)  # asks STS who we are
    [account] = {
        row["BillingAccountId"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))
    }
    assert account == "123456789012"


def test_focus_rows_break_no_rule_of_the_specification(guard) -> None:
    model = Path(__file__).parents[3] / "shared/data/billing/focus_requirements_model-1.2.json.gz"
    if not model.exists():
        pytest.skip("the model of FOCUS 1.2 is not beside this repository")
    store = DynamoStatementStore(guard)
    shown = charge_back(
        "2025-03",
        month_window("2025-03").end,
        statements=store,
        closed_months=DynamoClosedMonthStore(guard),
    )
    rows = list(focus_rows(shown, stated_days(shown, store), ACCOUNT))
    file = io.StringIO(newline="")
    write_focus_csv(rows, file)
    lines = csv.DictReader(io.StringIO(file.getvalue(), newline=""))
    cells = list(lines)
    rules = FocusRules(json.loads(gzip.decompress(model.read_bytes())))
    assert rules.broken(Dataset(rows, list(lines.fieldnames or ()), cells)) == {}


@pytest.mark.usefixtures("guard")
def test_the_table_is_for_people(capsys) -> None:
    assert run("--month", "2025-03") in (0, None)
    text = capsys.readouterr().out
    for expected in ("search", "$3.50", "corrects 2025-02", "741 hours were not stated"):
        assert expected in text


@pytest.mark.parametrize("month", ["2025-3", "2025-13", "march", "2025-03-01"])
def test_what_is_no_month_is_refused(month: str, capsys) -> None:
    assert run("--month", month) == 2
    assert "is not a month" in capsys.readouterr().err


@pytest.mark.usefixtures("guard")
def test_a_month_that_is_not_over_is_not_closed(capsys) -> None:
    now = datetime.now(UTC)
    assert run("--month", f"{now:%Y-%m}", "--close") == 2
    assert "ends at" in capsys.readouterr().err
    assert run("--month", f"{now.year + 1}-01") == 2
    assert "has not begun" in capsys.readouterr().err
    assert run("--month", "2025-03", "--with-unknown-hours") == 2
    assert "together with --close" in capsys.readouterr().err


def test_a_month_that_is_not_over_by_the_clock_of_a_simulated_guard_is_not_closed(
    guard, capsys, monkeypatch, tmp_path
) -> None:
    (tmp_path / "now").write_text("2025-03-23T07:00:00+00:00")
    monkeypatch.setenv(TIME_FILE, str(tmp_path / "now"))
    assert run("--month", "2025-03", "--close", "--with-unknown-hours") == 2
    assert "2025-03 ends at 2025-04-01 00:00" in capsys.readouterr().err
    assert DynamoMonthGates(guard).state("2025-03") is MonthState.OPEN


def test_without_a_stack_it_says_what_to_name(table, capsys) -> None:
    assert run("--month", "2025-03") == 2
    assert "no stack 'Bursar'" in capsys.readouterr().err
