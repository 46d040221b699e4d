"""`bursar ledger verify` and `close`, from the command line to a table and a bucket in moto."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from bursar.adapters.dynamodb.ledger import leaves
from bursar.adapters.s3_usage import S3UsageArchive, folder
from bursar.cli.main import app
from bursar.domain.ledger.entries import Leaf
from bursar.domain.ledger.months import MonthState
from bursar.domain.periods import HOUR, hour_of
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenSums
from tests.contract.ledger_books import Books, books_on, entry, record

MARCH = datetime(2025, 3, 4, 10, tzinfo=UTC)
WHERE = ("--table", "bursar", "--bucket", "usage")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def books(table: Any) -> Books:
    """Two requests of one hour of March 2025, 7 units each, archived and posted."""
    boto3.client("s3").create_bucket(
        Bucket="usage", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    books = books_on(table)
    told = [record("1", at=MARCH), record("2", at=MARCH)]
    S3UsageArchive(boto3.client("s3"), "usage").put(told, MARCH)
    books.post(*(entry(each.id, at=each.at) for each in told))
    return books


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "200")

    def running(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            app(["ledger", *words])
        return int(left.value.code or 0), *capsys.readouterr()

    return running


def spoil(table: Any, books: Books, units: int = 0, requests: int = 0, tokens: int = 0) -> None:
    """Add to the hour's leaf what no entry says, as a fault of ours would."""
    [key] = books.ledger.leaves(MARCH)
    fault = Leaf(0, requests, TokenSums(tokens), ClassAmounts(input=units))
    table.update_item(**leaves.addition(key, fault, 5))


def settle(books: Books) -> None:
    """As when every hour that was posted to has been stated again."""
    for each in books.touched.touched():
        books.touched.clear(each)


@pytest.mark.usefixtures("books")
def test_a_ledger_that_adds_up_says_so(run: Run) -> None:
    code, out, _ = run("verify", "--month", "2025-03", *WHERE)
    assert (code, out) == (
        0,
        "2025-03: every hourly balance is the sum of its entries.\n"
        "Windows of enforced budgets are not compared.\n",
    )
    code, out, _ = run("verify", "--month", "2025-03", *WHERE, "--json")
    assert code == 0
    assert json.loads(out) == {
        "month": "2025-03",
        "holds": True,
        "differences": [],
        "corrected": [],
        "adjustments": [],
        "unposted": [],
        "unsteady": [],
    }
    _, out, _ = run("verify", *WHERE, "--json")
    assert json.loads(out)["month"] == f"{datetime.now(UTC):%Y-%m}"  # this one, when none is named


def test_a_balance_that_is_not_the_sum_of_its_entries_is_exit_code_1(
    table: Any, books: Books, run: Run
) -> None:
    spoil(table, books, 5)
    code, out, _ = run("verify", "--month", "2025-03", *WHERE, "--json")
    [difference] = json.loads(out)["differences"]
    assert (code, difference["hour"]) == (1, "2025-03-04T10:00:00+00:00")
    # 14 by the entries, 19 in the leaf, of 10^-12 USD
    assert difference["entries_usd"] == "0.000000000014"
    assert difference["balance_usd"] == "0.000000000019"
    code, out, _ = run("verify", "--month", "2025-03", *WHERE)
    assert code == 1
    assert "2025-03-04 10:00 search gpt-x: entries say 0.000000000014 USD" in out


def test_requests_and_tokens_that_differ_are_told_on_both_sides(
    table: Any, books: Books, run: Run
) -> None:
    spoil(table, books, requests=7, tokens=5_000_000)
    code, out, _ = run("verify", "--month", "2025-03", *WHERE)
    # two requests of 100 input tokens each; 7 and 5 million more in the balance
    assert (code, out) == (
        1,
        "2025-03-04 10:00 search gpt-x: entries say 2 requests, the balance 9;"
        " 200 input tokens, the balance 5,000,200\n",
    )
    _, out, _ = run("verify", "--month", "2025-03", *WHERE, "--json")
    [difference] = json.loads(out)["differences"]
    assert (difference["entries_requests"], difference["balance_requests"]) == (2, 9)
    tokens = difference["entries_tokens"], difference["balance_tokens"]
    assert [(each["input"], each["output"]) for each in tokens] == [(200, 20), (5_000_200, 20)]
    assert difference["pricing"] == "priced"


@pytest.mark.usefixtures("books")
def test_what_is_archived_and_not_posted_is_named(run: Run) -> None:
    S3UsageArchive(boto3.client("s3"), "usage").put([record("[red]lost", at=MARCH + HOUR)], MARCH)
    code, out, _ = run("verify", "--month", "2025-03", *WHERE)
    assert code == 0  # it may still be queued
    assert "1 archived records are not posted (yet): gateway/[red]lost" in out


def test_a_close_puts_right_what_differs_and_closes_once(
    table: Any, books: Books, run: Run
) -> None:
    spoil(table, books, 5, requests=7, tokens=-500)  # of 200: below zero
    before = hour_of(datetime.now(UTC)).start
    code, _, err = run("close", "--month", "2025-03", *WHERE)
    assert code == 4
    assert "1 hours of 2025-03 wait to be stated again, the first 2025-03-04T10" in err
    [waiting] = books.touched.touched()
    books.touched.fail(waiting, "HourTooLargeError: HOUR#2025-03-04T10 of [red]prod: its day")
    code, _, err = run("close", "--month", "2025-03", *WHERE)
    assert code == 4
    assert "2025-03-04T10: HourTooLargeError: HOUR#2025-03-04T10 of [red]prod: its day" in err
    settle(books)
    code, _, err = run("close", "--month", "2025-03", *WHERE)
    assert code == 4
    assert "744 hours of 2025-03 were not stated: 2025-03-01 00:00 to 2025-04-01 00:00" in err
    assert "--with-unknown-hours closes the month without them, for good" in err
    assert books.gates.state("2025-03") is MonthState.OPEN
    code, out, _ = run("close", "--month", "2025-03", "--with-unknown-hours", *WHERE, "--json")
    told = json.loads(out)
    assert (code, told["was_closed"], len(told["corrected"])) == (0, False, 1)
    march = {"from": "2025-03-01T00:00:00+00:00", "to": "2025-04-01T00:00:00+00:00"}
    assert told["unstated"] == [march]
    assert books.gates.state("2025-03") is MonthState.CLOSED
    after = hour_of(datetime.now(UTC)).start
    corrections = [
        (key.adjusts, leaf.amounts.units, leaf.requests, leaf.tokens.input)
        for hour in {before, after}
        for key, leaf in books.ledger.leaves(hour).items()
    ]
    assert corrections == [("2025-03", -5, -7, 500)]
    assert run("verify", "--month", "2025-03", *WHERE)[0] == 0
    code, out, _ = run("close", "--month", "2025-03", *WHERE)
    assert (code, out) == (0, "2025-03 was closed before.\n")
    spoil(table, books, 3)
    code, out, _ = run("verify", "--month", "2025-03", *WHERE)
    assert code == 1
    # 14 by the entries; 14 + 5 + 3 in the balance, and -5 of its correction
    assert "entries say 0.000000000014 USD, the balance 0.000000000017" in out


def test_a_month_that_is_not_over_is_not_closed(books: Books, run: Run) -> None:
    month = f"{datetime.now(UTC):%Y-%m}"
    code, _, err = run("close", "--month", month, *WHERE)
    assert code == 2
    assert f"{month} ends at" in err
    assert books.gates.state(month) is MonthState.OPEN


@pytest.mark.usefixtures("books")
def test_table_and_bucket_are_found_by_the_stacks_outputs(run: Run) -> None:
    outputs = {"TableName": {"Value": "bursar"}, "UsageBucket": {"Value": "usage"}}
    for name, told in (("Bursar", outputs), ("Older", {"TableName": outputs["TableName"]})):
        template = {"Resources": {"T": {"Type": "AWS::SNS::Topic"}}, "Outputs": told}
        boto3.client("cloudformation").create_stack(
            StackName=name, TemplateBody=json.dumps(template)
        )
    assert run("verify", "--month", "2025-03")[0] == 0
    code, _, err = run("verify", "--month", "2025-03", "--stack", "Older")
    assert code == 2
    assert "has no output UsageBucket: name --bucket" in err
    code, _, err = run("verify", "--month", "2025-03", "--stack", "None")
    assert code == 2
    assert "no stack 'None' here" in err


@pytest.mark.parametrize("command", ["verify", "close"])
def test_what_is_no_month_is_refused(run: Run, command: str) -> None:
    code, _, err = run(command, "--month", "2025-13", *WHERE)
    assert code == 2
    assert "is not a month" in err


def test_a_bucket_that_is_not_there_is_told(books: Books, run: Run) -> None:
    code, _, err = run("verify", "--month", "2025-03", "--table", "bursar", "--bucket", "none")
    assert code == 2
    assert err == "bursar: there is no such bucket here: name --bucket and --region\n"


@pytest.mark.parametrize("command", [["verify"], ["close", "--with-unknown-hours"]])
def test_archived_usage_that_cannot_be_read_is_named_and_closes_nothing(
    command: list[str], books: Books, run: Run
) -> None:
    settle(books)
    boto3.client("s3").put_object(Bucket="usage", Key=f"{folder(MARCH)}x.jsonl.gz", Body=b"{")
    code, out, told = run(*command, "--month", "2025-03", *WHERE)
    assert (code, out) == (4, "")
    assert "archived usage cannot be read: s3://usage/usage/day=2025-03-04/hour=10/x" in told
    assert books.gates.state("2025-03") is MonthState.OPEN
