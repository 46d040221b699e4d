"""`bursar ledger replay`, from the command line to a table and a bucket in moto."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from bursar.adapters.s3_usage import S3UsageArchive, folder
from bursar.cli.main import app
from bursar.domain.ledger.months import MonthState
from bursar.domain.periods import HOUR
from tests.contract.ledger_books import Books, books_on, record
from tests.contract.test_cli_usage_review import CONFIG

MARCH = datetime(2025, 3, 4, 10, tzinfo=UTC)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def books(table: Any) -> Books:
    """Two requests of an hour of March 2025 and one of the next, archived and not posted."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="usage", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    told = [("1", MARCH), ("2", MARCH), ("3", MARCH + HOUR)]
    records = [
        record(id_, at=at, model="gpt-4o-mini", provider="openai", input_tokens=1_000_000)
        for id_, at in told
    ]
    S3UsageArchive(s3, "usage").put([*records, record("4", at=MARCH, model="unheard-of")], MARCH)
    return books_on(table)


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    monkeypatch.setenv("COLUMNS", "200")
    config = tmp_path / "bursar.yaml"
    config.write_text(yaml.safe_dump(CONFIG))

    def running(*words: str) -> tuple[int, str, str]:
        where = ("--table", "bursar", "--bucket", "usage", "--config", str(config))
        with pytest.raises(SystemExit) as left:
            app(["ledger", "replay", *words, *where])
        return int(left.value.code or 0), *capsys.readouterr()

    return running


def test_what_is_archived_and_not_in_the_ledger_is_posted_by_the_hour_or_the_month(
    books: Books, run: Run
) -> None:
    code, out, _ = run("--hour", "2025-03-04T11", "--json")
    assert code == 0
    assert json.loads(out) == {
        "from": "2025-03-04T11:00:00+00:00",
        "to": "2025-03-04T12:00:00+00:00",
        "dry_run": False,
        "read": 1,
        "there_already": 0,
        "posted": 1,
        "adjusted": 0,
        "unpriced": 0,
        "conflicts": 0,
        "too_large": 0,
        "busy": 0,
    }
    code, out, _ = run("--month", "2025-03")
    told = "4 archived records: 1 were there already, 3 posted, 0 conflicts."
    assert (code, out) == (0, f"{told}\n1 of those posted have no price.\n")
    leaves = books.ledger.leaves(MARCH)
    usd = {key.model: leaf.amounts.usd.plain() for key, leaf in leaves.items()}
    # 2 x (1 million of $0.15 and 10 of $0.60 a million)
    assert usd == {"gpt-4o-mini": "0.300012", "unheard-of": "0"}


def test_a_dry_run_says_what_would_be_posted_and_posts_nothing(books: Books, run: Run) -> None:
    code, out, _ = run("--month", "2025-03", "--dry-run")
    assert (code, "4 would be posted" in out) == (0, True)
    assert books.ledger.leaves(MARCH) == {}


def test_a_ledger_that_is_too_busy_is_exit_code_4(
    books: Books, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    books.gates.turn("2025-03", MonthState.FROZEN)
    code, _, err = run("--month", "2025-03")
    assert (code, err) == (
        4,
        "bursar: the ledger was too busy for 4 of them: repeat the command\n",
    )


def test_an_archived_file_that_cannot_be_read_is_named(books: Books, run: Run) -> None:
    boto3.client("s3").put_object(Bucket="usage", Key=f"{folder(MARCH)}x.jsonl.gz", Body=b"{")
    code, _, err = run("--month", "2025-03")
    assert (code, "s3://usage/usage/day=2025-03-04/hour=10/x" in err) == (4, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "name either a --month or an --hour"),
        (("--month", "2025-03", "--hour", "2025-03-04T10"), "name either a --month or an --hour"),
        (("--month", "2025-13"), "is not a month"),
        (("--hour", "2025-03-04"), "is no hour"),
        (("--hour", "2025-03-04T10:30"), "is not a full hour"),
    ],
)
def test_a_span_that_is_no_month_and_no_hour_is_refused(
    run: Run, words: tuple[str, ...], told: str
) -> None:
    code, _, err = run(*words)
    assert (code, told in err) == (2, True)
