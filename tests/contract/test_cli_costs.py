"""`bursar costs`, from the command line to a table in moto and back."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from rich.console import Console

from bursar.adapters.dynamodb.costs import DynamoCostHistory
from bursar.adapters.dynamodb.health import DynamoHealthLog
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.cli.costs_views import print_tables, to_json
from bursar.cli.main import app
from bursar.domain.cluster.breakdowns import Breakdown
from bursar.domain.cluster.hours import Category, RowKey, Unpriced
from bursar.domain.cluster.unowned import IDLE
from bursar.domain.cost_report.timeline import Per
from bursar.domain.health import SourceHealth
from bursar.domain.periods import month_of
from bursar.domain.quality import Quality
from bursar.jobs.read_costs import SpanCosts, read_costs
from tests.contract.closed_hours import NOON, SEARCH, closed

MARCH = datetime(2025, 3, 4, 10, tzinfo=UTC)  # long ago: every hour of it is due
ROWS = {SEARCH: {Category.GPU: "1.5"}, RowKey(IDLE): {Category.GPU: "0.000000000001"}}


@pytest.fixture
def guard(table: Any) -> Any:
    """A deployed guard that has closed two hours of `prod` in March, and none of `test`."""
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"TableName": {"Value": table.name}},
    }
    cloud = boto3.client("cloudformation")
    cloud.create_stack(StackName="Bursar", TemplateBody=json.dumps(template))
    cloud.create_stack(
        StackName="Other", TemplateBody=json.dumps({"Resources": template["Resources"]})
    )
    history, health = DynamoCostHistory(table), DynamoHealthLog(table)
    for n in range(2):
        history.put_hour(closed(ROWS, MARCH + timedelta(hours=n), as_of=int(MARCH.timestamp())))
    for source in ("cluster/prod", "cluster/test", "spend"):
        health.saw(SourceHealth(source=source, at=MARCH, quality=Quality.FINAL, good_at=MARCH))
    return table


def run(*words: str) -> object:
    """The exit code of `bursar costs WORDS`."""
    with pytest.raises(SystemExit) as left:
        app(["costs", *words])
    return left.value.code


@pytest.mark.usefixtures("guard")
def test_the_table_and_the_clusters_are_found_by_themselves(capsys) -> None:
    assert run("--month", "2025-03", "--json") in (0, None)
    told = json.loads(capsys.readouterr().out)
    assert told["total_usd"] == "3.000000000002"  # 2 x 1.500000000001
    assert (told["from"], told["to"]) == (
        "2025-03-01T00:00:00+00:00",
        "2025-04-01T00:00:00+00:00",
    )
    # two hours of the one cluster, of 2 x 31 days
    assert (told["known_seconds"], told["unknown_seconds"]) == (7200, (2 * 744 - 2) * 3600)
    assert [(each["cluster"], each["total_usd"]) for each in told["clusters"]] == [
        ("prod", "3.000000000002"),
        ("test", None),
    ]
    assert (told["quality"], told["run_rate_usd"]) == ("estimated", None)
    assert told["lines"] == [
        {"name": "search", "cluster": "prod", "total_usd": "3", "by_category_usd": {"gpu": "3"}},
        {
            "name": "__idle__",
            "cluster": "prod",
            "total_usd": "0.000000000002",
            "by_category_usd": {"gpu": "0.000000000002"},
        },
    ]


def test_a_table_can_be_named_and_days_and_periods_chosen(guard, capsys) -> None:
    words = ("--table", guard.name, "--cluster", "prod", "--from", "2025-03-04")
    assert run(*words, "--to", "2025-03-05", "--per", "hour", "--by", "label:team", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["by"] == "label:team"
    assert len(told["periods"]) == 24
    at_ten = told["periods"][10]
    assert (at_ten["from"], at_ten["total_usd"]) == (MARCH.isoformat(), "1.500000000001")
    assert [line["name"] for line in at_ten["lines"]] == ["search", "__idle__"]
    assert told["periods"][12]["total_usd"] is None


@pytest.mark.usefixtures("guard")
def test_a_person_gets_tables(capsys) -> None:
    run("--month", "2025-03", "--cluster", "prod", "--per", "month")
    shown = capsys.readouterr().out
    assert "2025-03-01 to 2025-03-31, UTC: $3.00" in shown
    assert "known: 2; unknown, and in no amount: 742." in " ".join(shown.split())


@pytest.mark.usefixtures("guard")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--stack", "Nothing"], "no stack 'Nothing' here: name --stack and --region, or --table"),
        (["--stack", "Other"], "stack 'Other' has no output TableName: not Bursar's"),
        (["--table", "nothing"], "there is no such table here: name --table and --region"),
        (["--cluster", "prdo"], "no cluster 'prdo': the table knows prod, test"),
        (["--by", "pod"], "'pod' is not one of namespace, workload, model, node_group, zone"),
        (["--month", "2025-13"], "--month '2025-13' is not a month, such as 2026-11"),
        (["--month", "2025-03", "--to", "2025-03-04"], "give --month, or --from and --to"),
        (["--from", "yesterday"], "--from 'yesterday' is not a day, such as 2026-11-01"),
        (["--to", "2025-03-04"], "--to needs --from"),
        (["--from", "2025-03-04", "--to", "2025-03-04"], "--to is the day after the last one"),
        (["--month", "2999-01"], "2999-01-01 has not begun: there is nothing closed yet"),
    ],
)
def test_what_does_not_fit_is_one_line_and_code_2(words, said, capsys) -> None:
    assert run(*words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"bursar: {said}")
    assert told.err.count("\n") == 1


def test_before_any_cluster_was_seen_there_is_nothing_to_show(table, capsys) -> None:
    assert run("--table", table.name) == 2
    assert "no cluster has been seen yet" in capsys.readouterr().err


def test_without_an_answer_from_aws_the_code_is_3(capsys, monkeypatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", "http://127.0.0.1:1")
    assert run() == 3
    assert capsys.readouterr().err.startswith("bursar: AWS cannot be asked: Could not connect")


def shown_at_noon(**more: Any) -> SpanCosts:
    """Sixty closed hours of a November, and none of the 480 hours before them."""
    history = MemoryCostHistory()
    for n in range(1, 61):
        history.put_hour(closed(ROWS, NOON - timedelta(hours=n), **more))
    now = NOON + timedelta(minutes=40)
    by = Breakdown.parse("namespace")
    return read_costs(["prod"], month_of(now), by=by, per=Per.DAY, now=now, history=history)


def printed(shown: SpanCosts) -> str:
    out = io.StringIO()
    print_tables(shown, Console(file=out, width=80))
    return out.getvalue()


def test_the_current_month_comes_with_its_run_rate() -> None:
    shown = shown_at_noon()
    # 60 x 1.5 in 60 known hours of 720: 90 x 12
    assert to_json(shown)["run_rate_usd"] == "1080.00000000072"
    assert "At this run rate the month's 720 hours come to $1,080.00." in printed(shown)


def test_tables_fit_into_eighty_columns_and_cut_no_name_off() -> None:
    unpriced = tuple(Unpriced(f"node-{n}", "no price for x1.large") for n in range(12))
    text = printed(shown_at_noon(unpriced=unpriced))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text
    assert "prod: node-0: no price for x1.large" in text
    assert "and 2 more: see --json" in text


def test_days_of_a_month_sum_to_what_it_comes_to() -> None:
    """Three of $0.335, each 0.34 by itself: $1.00."""
    history = MemoryCostHistory()
    for n in range(1, 4):
        history.put_hour(closed("0.335", NOON - timedelta(days=n)))
    by, now = Breakdown.parse("namespace"), NOON + timedelta(minutes=40)
    text = printed(
        read_costs(["prod"], month_of(now), by=by, per=Per.DAY, now=now, history=history)
    )
    assert "UTC: $1.00 so far" in text
    days = [line.split() for line in text.splitlines() if "00:00 " in line]
    assert [day[2] for day in days[-4:-1]] == ["0.34", "0.33", "0.33"]
