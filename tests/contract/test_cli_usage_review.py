"""`bursar usage held`, `release`, `drop` and `rejected`, from the command line to moto."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from bursar.adapters.dynamodb.ledger.store import DynamoLedgerStore
from bursar.adapters.dynamodb.quarantine import DynamoQuarantine
from bursar.adapters.s3_usage import S3UsageArchive
from bursar.cli.main import app
from bursar.domain.periods import hour_of
from bursar.domain.usage.quarantine import HeldUsage, RejectedUsage
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.jobs.post_usage import post_entries
from tests.contract.ledger_books import AT_ONCE, books_on, entry

AT = datetime(2026, 11, 20, 10, 5, tzinfo=UTC)
HOSTILE = "[bold]<b>=cmd()"
CONFIG = {
    "version": 1,
    "organisation": "acme",
    "account": "111122223333",
    "region": "eu-west-1",
    "notifications": {"catch_all": ["ops@example.com"]},
    "usage": {"producers": [{"name": "gateway", "tenants": ["*"]}]},
}


def held(id_: str, tenant: str = "acme") -> HeldUsage:
    record = UsageRecord(
        producer="gateway",
        id=id_,
        at=AT,
        tenant=tenant,
        model="gpt-4.1-mini",
        provider="openai",
        tokens=TokenCounts(input=20_000_000),
    )
    return HeldUsage(record, "more than 10000000 tokens a request", AT + timedelta(seconds=5))


@pytest.fixture
def quarantine(table: Any) -> DynamoQuarantine:
    found = DynamoQuarantine(table)
    found.hold([held("r-1"), held("r-2", HOSTILE)])
    places = ("line 3", "line 7")
    rejected = RejectedUsage("gateway", "d" * 32, 15, "model is not text", "line 3", 9, AT, places)
    found.reject([rejected])
    return found


@pytest.fixture
def run(
    quarantine: Any,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """Run `bursar usage WORDS` on that table: its exit code, and what it printed."""
    monkeypatch.setenv("COLUMNS", "200")
    boto3.client("s3").create_bucket(
        Bucket="usage", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    config = tmp_path / "bursar.yaml"
    config.write_text(yaml.safe_dump(CONFIG))

    def running(command: str, *words: str) -> tuple[int, str, str]:
        where = ["--table", "bursar", "--bucket", "usage"]
        if command == "release":
            where += ["--config", str(config)]
        try:
            app(["usage", command, *words, *where], result_action="return_value")
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return running


def test_what_is_held_is_listed_as_it_was_told(run: Any) -> None:
    code, out, _ = run("held", "--json")
    listed = {each["id"]: each for each in json.loads(out)["held"]}
    assert (code, set(listed)) == (0, {"r-1", "r-2"})
    assert listed["r-1"]["input_tokens"] == 20_000_000
    assert listed["r-2"]["tenant"] == HOSTILE
    assert "[bold]" in run("held")[1]


def test_what_was_rejected_is_listed_without_its_text(run: Any) -> None:
    _, out, _ = run("rejected", "--json")
    [row] = json.loads(out)["rejected"]
    assert (row["reason"], row["where"], row["times"]) == ("model is not text", "line 3", 9)
    assert row["places"] == ["line 3", "line 7"]
    shown = run("rejected")[1]
    assert "model is not text" in shown
    assert "line 3, line 7 and 7 more" in shown


def test_a_body_that_was_refused_for_its_id_is_listed(run: Any, table: Any) -> None:
    assert json.loads(run("conflicts", "--json")[1]) == {"conflicts": []}
    books = books_on(table)
    for told in (entry("r-1", units=5), entry("r-1", units=7, tenant=HOSTILE)):
        post_entries(
            [told],
            ledger=books.ledger,
            conflicts=books.conflicts,
            windows=books.windows,
            at=AT,
            patience=AT_ONCE,
        )
    code, out, _ = run("conflicts", "--json")
    [row] = json.loads(out)["conflicts"]
    assert (code, row["producer"], row["id"]) == (0, "gateway", "r-1")
    assert (row["tenant"], row["refused_usd"]) == (HOSTILE, "0.000000000007")
    assert row["stands_digest"] != row["refused_digest"]
    assert "[bold]" in run("conflicts")[1]


def test_a_released_record_is_archived_posted_and_held_no_more(run: Any, table: Any) -> None:
    code, out, _ = run("release", "gateway", "r-1", "--json")
    assert (code, json.loads(out)["decision"]) == (0, "released")
    [leaf] = DynamoLedgerStore(table).leaves(hour_of(AT).start).values()
    assert leaf.amounts.usd.plain() == "8"  # 20 million x 0.40 a million
    [kept] = S3UsageArchive(boto3.client("s3"), "usage").records(hour_of(AT))
    assert kept.id == "r-1"
    assert [each["id"] for each in json.loads(run("held", "--json")[1])["held"]] == ["r-2"]


def test_a_release_that_is_refused_for_what_stands_in_the_ledger_says_so(
    run: Any, table: Any
) -> None:
    books_on(table).post(entry("r-1", at=AT, units=7))
    code, out, _ = run("release", "gateway", "r-1")
    assert (code, "refused: another body stands in the ledger under its id" in out) == (1, True)
    [leaf] = DynamoLedgerStore(table).leaves(hour_of(AT).start).values()
    assert leaf.amounts.units == 7
    [row] = json.loads(run("conflicts", "--json")[1])["conflicts"]
    assert (row["id"], row["refused_usd"]) == ("r-1", "8")  # 20 million x 0.40 a million
    assert [each["id"] for each in json.loads(run("held", "--json")[1])["held"]] == ["r-2"]


def test_a_dropped_record_is_never_posted(run: Any, table: Any) -> None:
    assert run("drop", "gateway", "r-1")[0] == 0
    assert not DynamoLedgerStore(table).leaves(hour_of(AT).start)
    code, _, err = run("release", "gateway", "r-1")
    assert (code, err) == (2, "bursar: gateway/r-1 is not held: see `bursar usage held`\n")


@pytest.mark.parametrize("command", ["release", "drop"])
def test_what_nobody_holds_is_not_decided(run: Any, command: str) -> None:
    code, _, err = run(command, "gateway", "r-9")
    assert (code, "gateway/r-9 is not held" in err) == (2, True)


def test_a_producer_that_is_not_configured_releases_nothing(run: Any) -> None:
    code, _, err = run("release", "stranger", "r-1")
    assert (code, err) == (2, "bursar: no producer 'stranger' is configured\n")
