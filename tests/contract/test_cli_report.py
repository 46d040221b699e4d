"""`bursar report` and `bursar attribution dry-run`, from the command line to a table in moto."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bursar.adapters.dynamodb.costs import DynamoCostHistory
from bursar.adapters.dynamodb.health import DynamoHealthLog
from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.cli.main import app
from bursar.domain.cluster.hours import Category, RowKey
from bursar.domain.health import SourceHealth
from bursar.domain.ledger.lines import (
    IDLE,
    UNATTRIBUTED,
    CostCategory,
    Kind,
    Line,
    LineKey,
    Statement,
)
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, hour_of
from bursar.domain.quality import Quality
from bursar.domain.usage.records import TokenCounts
from tests.contract.closed_hours import closed

MARCH = datetime(2025, 3, 4, 10, tzinfo=UTC)
LLAMA = LineKey("acme", CostCategory.GPU_COMPUTE, team="sales", model="llama", cluster="prod")
LINES = {
    LLAMA: Line(6 * 10**12, 30, TokenCounts(input=500_000, output=250_000)),
    LLAMA._replace(tenant=IDLE, team="", kind=Kind.IDLE): Line(2 * 10**12),
    LineKey("acme", CostCategory.EXTERNAL_API, "sales", "gpt", "=cmd()", provider="openai"): Line(
        3 * 10**12, 5, TokenCounts(input=10)
    ),
    LineKey(UNATTRIBUTED, CostCategory.CPU_COMPUTE, cluster="prod"): Line(10**12),
}
SPAN = ("--from", "2025-03-04", "--to", "2025-03-05")
STATED = ("--from", "2025-03-04T10", "--to", "2025-03-04T12")


@pytest.fixture
def ledger(table: Any) -> Any:
    """Two stated hours of one day in March: 2 x 12 USD."""
    store = DynamoStatementStore(table)
    for n in range(2):
        at = MARCH + n * HOUR
        store.put_hour(Statement(hour_of(at), LINES, Quality.FINAL, int(at.timestamp())))
    return table


@pytest.fixture
def run(ledger: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run `bursar WORDS` on that table: its exit code, and what it printed."""

    def command(*words: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as left:
            app([*words, "--table", ledger.name])
        told = capsys.readouterr()
        return left.value.code or 0, told.out, told.err

    return command


def test_a_tenants_report_has_one_total_in_each_breakdown(run: Any) -> None:
    code, out, err = run("report", "tenant", "acme", *STATED, "--json")
    told = json.loads(out)
    assert (code, err, told["total_usd"], told["quality"]) == (0, "", "18", "final")
    for rows in told["breakdowns"].values():
        assert Money.sum(Money.of(row["usd"]) for row in rows) == Money.of(18)
    # llama's 2 x 2 idle are its alone
    assert (told["idle_usd"], told["idle_beside_usd"], told["requests"]) == ("0", "4", 70)


@pytest.mark.parametrize(
    ("words", "usd"),
    [
        (("team", "sales"), "18"),
        (("model", "llama"), "16"),
        (("feature", "=cmd()"), "6"),
        (("tenant", "__unattributed__"), "2"),
    ],
)
def test_each_dimension_has_its_report(run: Any, words: tuple[str, str], usd: str) -> None:
    code, out, _ = run("report", *words, *SPAN, "--json")
    assert (code, json.loads(out)["total_usd"]) == (0, usd)


def test_a_window_may_begin_and_end_at_an_hour(run: Any) -> None:
    hours = ("--from", "2025-03-04T11:00", "--to", "2025-03-04T12:00")
    _, out, _ = run("report", "tenant", "acme", *hours, "--json")
    assert json.loads(out)["total_usd"] == "9"


def test_csv_is_safe_for_spreadsheets_and_its_numbers_are_numbers(run: Any) -> None:
    _, out, _ = run("report", "tenant", "acme", *SPAN, "--csv")
    header, total, *rows = csv.reader(io.StringIO(out))
    assert header[:4] == ["breakdown", "name", "usd", "requests"]
    assert total[:4] == ["total", "acme", "18", "70"]
    assert ["feature", "'=cmd()", "6", "10"] in [row[:4] for row in rows]


def test_what_has_no_price_is_unpriced_in_every_report_and_never_0(ledger: Any, run: Any) -> None:
    mystery = LineKey("acme", CostCategory.EXTERNAL_API, model="mystery-model")
    used = Line(0, 2, unpriced=TokenCounts(input=1000, output=200), unpriced_requests=2)
    at = MARCH + 5 * HOUR
    told = Statement(hour_of(at), {mystery: used}, Quality.ESTIMATED, int(at.timestamp()))
    DynamoStatementStore(ledger).put_hour(told)
    listed = [
        {"model": "mystery-model", "requests": 2, "input_tokens": 1000, "output_tokens": 200}
    ]
    _, out, _ = run("report", "model", "mystery-model", *SPAN, "--json")
    report = json.loads(out)
    assert (report["total_usd"], report["unpriced"]) == (None, listed)
    assert [row["usd"] for row in report["breakdowns"]["tenant"]] == [None]
    _, out, _ = run("report", "tenant", "acme", *SPAN, "--json")
    report = json.loads(out)
    models = {row["name"]: row["usd"] for row in report["breakdowns"]["model"]}
    assert models == {"llama": "12", "gpt": "6", "mystery-model": None}  # 18 are known
    assert (report["total_usd"], report["unpriced"]) == ("18", listed)
    _, out, _ = run("report", "tenant", "acme", *SPAN, "--csv")
    assert ["model", "mystery-model", "", "2"] in [row[:4] for row in csv.reader(io.StringIO(out))]
    _, out, _ = run("report", "tenant", "acme", *SPAN)
    assert "no price is known for 1,000 input and 200 output tokens" in " ".join(out.split())
    _, out, _ = run("report", "models", *SPAN, "--json")
    [model] = [each for each in json.loads(out)["models"] if each["model"] == "mystery-model"]
    assert (model["usd"], model["used_usd"], model["tenants"][0]["usd"]) == (None, None, None)
    for words in (("tenant", "acme"), ("models",)):
        _, out, _ = run("report", *words, *SPAN)
        [row] = [line for line in out.splitlines() if line.split()[:1] == ["mystery-model"]][-1:]
        assert "unpriced" in row
        assert "0.00" not in row


def test_what_has_no_price_at_all_has_no_total_and_no_rate(ledger: Any, run: Any) -> None:
    """A tenant that used one model, which nobody knows, in an hour in which nothing else was."""
    mystery = LineKey("newco", CostCategory.EXTERNAL_API, model="mystery-model")
    used = Line(0, 2, unpriced=TokenCounts(input=1000, output=200), unpriced_requests=2)
    told = Statement(hour_of(MARCH - HOUR), {mystery: used}, Quality.ESTIMATED, 7)
    DynamoStatementStore(ledger).put_hour(told)
    hour = ("--from", "2025-03-04T09", "--to", "2025-03-04T10")
    for words in (("tenant", "newco"), ("models",)):
        _, out, _ = run("report", *words, *hour)
        totals = [line.split() for line in out.splitlines() if line.split()[:1] == ["total"]]
        assert totals
        assert all(row == ["total", "unpriced"] for row in totals)
        assert "UTC: unpriced" in out
        assert "serving cost" not in out
    _, out, _ = run("report", "tenant", "newco", *hour)
    assert "2 requests; no tokens with a price, and so no cost of a million." in out
    _, out, _ = run("report", "models", *hour, "--json")
    assert json.loads(out)["total_usd"] is None


def test_people_see_dollars_that_add_up(run: Any) -> None:
    code, out, _ = run("report", "tenant", "acme", *SPAN)
    assert code == 0
    assert "tenant acme, 2025-03-04 00:00 to 2025-03-05 00:00 UTC: $18.00" in out
    assert "Idle compute: $0.00 in the total, $4.00 beside it" in out


def test_the_one_table_sums_to_the_ledger(run: Any) -> None:
    _, out, _ = run("report", "models", *SPAN, "--json")
    told = json.loads(out)
    models = {each["model"]: each for each in told["models"]}
    assert Money.sum(Money.of(each["usd"]) for each in models.values()) == Money.of(22)
    assert (told["rest_usd"], told["total_usd"]) == ("2", "24")
    llama = models["llama"]
    # 16 USD with idle and 12 without, for 1.5 million tokens and 60 requests
    used, with_idle = (llama["usd_per_million"][basis] for basis in ("usage_basis", "with_idle"))
    assert llama["utilisation"] == "0.7500"
    assert (used["blended"], with_idle["blended"]) == ("8", "10.666666666667")
    assert llama["usd_per_request"] == {"usage_basis": "0.2", "with_idle": "0.266666666667"}
    assert models["gpt"]["usd_per_million"]["usage_basis"]["input"] is None
    code, shown, _ = run("report", "models", *SPAN)
    assert code == 0
    assert "24.00" in shown
    assert "75.0%" in shown
    assert "unpriced" not in shown  # a column of nothing


# acme: 3 USD for a million tokens; globex: 2 for half a million, of which output took 1.60.
SHARED_MODEL = {
    LLAMA: Line(3 * 10**12, 3, TokenCounts(input=900_000, output=100_000)),
    LLAMA._replace(tenant="globex"): Line(
        2 * 10**12, 2, TokenCounts(input=400_000, output=100_000), TokenCounts(input=70_000), 1
    ),
    LLAMA._replace(tenant=IDLE, team="", kind=Kind.IDLE): Line(10**12),
    LLAMA._replace(category=CostCategory.TRAINING): Line(50 * 10**12),
}


@pytest.fixture
def shared_model(table: Any, ledger: Any) -> None:
    """In April, one model of two tenants."""
    at = MARCH.replace(month=4)
    hour = Statement(hour_of(at), SHARED_MODEL, Quality.FINAL, int(at.timestamp()))
    DynamoStatementStore(table).put_hour(hour)


APRIL = ("--from", "2025-04-04", "--to", "2025-04-05")


@pytest.mark.usefixtures("shared_model")
def test_each_tenants_rate_is_of_its_own_cost_and_tokens(run: Any) -> None:
    _, out, _ = run("report", "models", *APRIL, "--json")
    [llama] = json.loads(out)["models"]
    rates = {each["tenant"]: each["usd_per_million"] for each in llama["tenants"]}
    # 3 for 1 million, 2 for half a million; 5 for 1.5, and 6 with idle
    assert rates == {"acme": {"usage_basis": "3"}, "globex": {"usage_basis": "4"}}
    blended = {basis: each["blended"] for basis, each in llama["usd_per_million"].items()}
    assert blended == {"usage_basis": "3.333333333333", "with_idle": "4"}
    # 5 for 4 of 5 requests: one has no price
    assert llama["usd_per_request"]["usage_basis"] == "1.25"
    assert (llama["unpriced_requests"], llama["unpriced_tokens"]) == (1, 70_000)


@pytest.mark.usefixtures("shared_model")
def test_columns_of_the_table_divide_into_each_other_and_its_rows_sum_to_the_total(
    run: Any,
) -> None:
    _, shown, _ = run("report", "models", *APRIL)
    rows = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if line.strip()}
    assert rows["acme"] == ["1,000,000", "3.00", "3.0000"]
    assert rows["globex"] == ["500,000", "70,000", "2.00", "4.0000"]
    assert rows["idle"] == ["1.00"]
    # the model: 6.00 with idle, 3.33 a million without and 4.00 with it, 5 of 6 used
    assert rows["llama"][1:] == ["1,500,000", "70,000", "6.00", "3.3333", "4.0000", "83.3%"]
    assert rows["everything"] == ["else", "50.00"]
    assert rows["total"] == ["56.00"]


@pytest.mark.usefixtures("shared_model")
def test_a_models_report_shows_both_bases_without_its_training(run: Any) -> None:
    _, shown, _ = run("report", "model", "llama", *APRIL)
    told = " ".join(shown.split())
    assert "model llama, 2025-04-04 00:00 to 2025-04-05 00:00 UTC: $56.00" in told
    assert "serving cost 3.3333 USD (usage basis), 4.0000 with idle" in told
    assert "llama: no price is known for 70,000 input and 0 output tokens of 1 requests" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tenant", "nobody", *SPAN), "no tenant 'nobody' in that window: the ledger knows"),
        (("tenant", "acme", "--from", "yesterday"), "is no day or hour"),
        (("tenant", "acme", "--from", "2025-03-04T10:30"), "is not a full hour"),
        (("tenant", "acme", "--from", "2025-03-04", "--to", "2025-03-04"), "must be after"),
        (("tenant", "acme", *SPAN, "--json", "--csv"), "not both"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(run: Any, words: Any, told: str) -> None:
    code, out, err = run("report", *words)
    assert (code, out) == (2, "")
    assert told in err


def test_a_window_that_was_never_stated_is_unknown_and_not_zero(run: Any) -> None:
    empty = ("--from", "2025-05-01", "--to", "2025-05-02")
    _, out, err = run("report", "tenant", "acme", *empty, "--json")
    assert (json.loads(out)["total_usd"], json.loads(out)["quality"]) == (None, "unknown")
    assert "unknown, which is not zero" in err


UNSTATED = [
    {"from": "2025-03-04T00:00:00+00:00", "to": "2025-03-04T10:00:00+00:00"},
    {"from": "2025-03-04T12:00:00+00:00", "to": "2025-03-05T00:00:00+00:00"},
]


@pytest.mark.parametrize("words", [("report", "tenant", "acme"), ("report", "models")])
def test_hours_that_were_never_stated_make_a_report_an_estimate(run: Any, words: Any) -> None:
    """Two hours of the day were stated: 10 before them are not, and 12 after."""
    _, out, err = run(*words, *SPAN, "--json")
    told = json.loads(out)
    assert (told["quality"], told["unstated_hours"]) == ("estimated", 22)
    assert (told["unstated"], told["not_kept"]) == (UNSTATED, [])
    assert "22 hours were not stated" in err
    _, out, err = run(*words, *SPAN)
    shown = " ".join(out.split())
    assert "Quality: estimated" in shown
    assert "22 hours were not stated, and their costs are unknown: 2025-03-04 00:00 to" in shown
    assert err == ""  # said once


def test_hours_that_are_kept_by_their_days_alone_make_a_report_an_estimate(
    run: Any, ledger: Any
) -> None:
    days = [
        Statement(hour_of(MARCH + n * HOUR), LINES, Quality.FINAL, 7) for n in range(24, 24 + 24)
    ]
    DynamoStatementStore(ledger).load(days, hours_from=MARCH + 9 * 24 * HOUR)
    # 5 March from 10:00 is in the ledger by its day alone; of 6 March all that was stated
    window = ("--from", "2025-03-05T10", "--to", "2025-03-07")
    not_kept = [{"from": "2025-03-05T10:00:00+00:00", "to": "2025-03-06T00:00:00+00:00"}]
    for words in (("tenant", "acme"), ("models",)):
        code, out, err = run("report", *words, *window, "--json")
        told = json.loads(out)
        assert (code, told["quality"], told["not_kept"]) == (0, "estimated", not_kept)
        assert "14 hours were stated, but are kept by their days alone" in err
        assert told["unstated_hours"] == 14  # of 6 March, from 10:00
        _, out, _ = run("report", *words, *window)
        assert "14 hours were stated, but are kept by their days alone" in " ".join(out.split())
    _, _, err = run("report", "tenant", "acme", *window, "--csv")
    assert "kept by their days alone" in err


RULES = """
attribution:
  rules:
    - {name: by team, kind: direct, by: "label:team"}
    - {name: rest, kind: fixed, shares: {team=ops: "0.5"}}
"""


@pytest.fixture
def cluster(ledger: Any) -> None:
    """The cluster of those hours: 1.50 of the team search, 0.50 of nobody."""
    rows = {
        RowKey("search", labels=(("team", "search"),)): {Category.CPU: "1.5"},
        RowKey("db"): {Category.CPU: "0.5"},
    }
    for n in range(2):
        DynamoCostHistory(ledger).put_hour(closed(rows, MARCH + n * HOUR))
    seen = SourceHealth(source="cluster/prod", at=MARCH, quality=Quality.FINAL, good_at=MARCH)
    DynamoHealthLog(ledger).saw(seen)


@pytest.mark.usefixtures("cluster")
def test_a_dry_run_shows_what_rules_would_move_and_writes_nothing(
    run: Any, ledger: Any, tmp_path: Path
) -> None:
    rules = tmp_path / "bursar.yaml"
    rules.write_text(RULES)
    before = ledger.scan()["Items"]
    hours = ("--from", "2025-03-04T10", "--to", "2025-03-04T12")
    code, out, _ = run("attribution", "dry-run", str(rules), *hours, "--json")
    told = json.loads(out)
    assert code == 0
    assert [(each["rule"], each["moved_usd"]) for each in told["rules"]] == [
        ("by team", "3"),
        ("rest", "0.5"),
    ]
    assert (told["residual_after_usd"], told["total_after_usd"]) == ("0.5", "4")
    assert told["label_coverage"] == "0.7500"
    assert ledger.scan()["Items"] == before
    code, shown, _ = run("attribution", "dry-run", str(rules), *hours)
    assert (code, "Of the pods' cost 75.0% has an owner label." in shown) == (0, True)
    days = ("--from", "2020-01-01", "--to", "2020-01-02")
    code, _, err = run("attribution", "dry-run", str(rules), *days)
    assert (code, "unknown, which is not zero" in err) == (0, True)


@pytest.mark.usefixtures("cluster")
def test_a_dry_run_leaves_out_hours_that_it_cannot_make_anew_and_names_them(
    run: Any, ledger: Any, tmp_path: Path
) -> None:
    """15 of a cluster were stated of the hour of 13:00, and its costs are not kept any more."""
    rules = tmp_path / "bursar.yaml"
    rules.write_text(RULES)
    at = MARCH + 3 * HOUR
    pods = LineKey(UNATTRIBUTED, CostCategory.CPU_COMPUTE, cluster="prod")
    stated = Statement(hour_of(at), {pods: Line(15 * 10**12)}, Quality.FINAL, int(at.timestamp()))
    DynamoStatementStore(ledger).put_hour(stated)
    hours = ("--from", "2025-03-04T10", "--to", "2025-03-04T15")
    code, out, err = run("attribution", "dry-run", str(rules), *hours, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["total_before_usd"] == "24"  # what the fixture stated of the two hours before
    assert told["not_kept"] == [
        {"from": "2025-03-04T13:00:00+00:00", "to": "2025-03-04T14:00:00+00:00"}
    ]
    assert "not known any more" in err
    _, shown, _ = run("attribution", "dry-run", str(rules), *hours)
    assert "not known any more, left out: 2025-03-04 13:00" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version: 1", "has no section 'attribution'"),
        (RULES.replace("0.5", "1.5"), "bursar.yaml:5: attribution.rules[1]"),
        (RULES.replace("fixed", "gift"), "attribution.rules[1]"),
    ],
)
def test_wrong_rules_are_told_with_their_line(
    run: Any, tmp_path: Path, text: str, told: str
) -> None:
    rules = tmp_path / "bursar.yaml"
    rules.write_text(text)
    code, _, err = run("attribution", "dry-run", str(rules))
    assert code == 2
    assert told in err
