"""`bursar reconcile`, `kpis` and `system`, from the command line to a table in moto and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from bursar.adapters.dynamodb.cluster_use import DynamoClusterUseStore
from bursar.adapters.dynamodb.costs import DynamoCostHistory
from bursar.adapters.dynamodb.health import DynamoHealthLog
from bursar.adapters.dynamodb.spend import DynamoSpendStore
from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.spend import MemorySpendStore
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.cli.main import app
from bursar.domain.cluster.hours import Category
from bursar.domain.cluster.use import ClusterUse, NamespaceTraffic
from bursar.domain.health import SourceHealth
from bursar.domain.ledger.lines import CostCategory, Line, LineKey
from bursar.domain.money import Money
from bursar.domain.periods import HOUR
from bursar.domain.quality import Quality
from bursar.domain.spend import Metric, SpendFact
from bursar.domain.usage.records import TokenCounts
from bursar.jobs.reconcile import NothingToReconcileError, reconcile_month
from tests.contract.closed_hours import SEARCH, closed
from tests.unit.domain.sample_statements import bought, hour_at, hours_from, pods
from tests.unit.domain.test_kpis import gpu

MARCH = datetime(2025, 3, 1, tzinfo=UTC)
AFTER = datetime(2025, 4, 6, tzinfo=UTC)
ACCOUNT = "123456789012"  # moto's
EC2 = "service=Amazon Elastic Compute Cloud - Compute"


def facts(usd: str, day: int = 1) -> list[SpendFact]:
    return [
        SpendFact(
            account=ACCOUNT,
            metric=Metric.UNBLENDED,
            day=MARCH.date().replace(day=day),
            group=group,
            amount=Money.of(usd),
            estimated=False,
            as_of=AFTER,
        )
        for group in ("total", EC2)
    ]


def run(*words: str) -> object:
    with pytest.raises(SystemExit) as left:
        app(list(words))
    return left.value.code


@pytest.fixture
def guard(table: Any) -> Any:
    """One day of March: 24 USD of pods, 12 of tokens of OpenAI, a GPU half used."""
    statements, history, use = (
        DynamoStatementStore(table),
        DynamoCostHistory(table),
        DynamoClusterUseStore(table),
    )
    tokens = bought("acme", "0.5", requests=5, tokens=(900, 100), provider="openai")
    for hour in hours_from(MARCH, 24, pods("acme", "1"), tokens):
        statements.put_hour(hour)
    history.put_hour(closed({SEARCH: {Category.GPU: "3"}}, MARCH))
    history.put_hour(closed({SEARCH: {Category.GPU: "3"}}, MARCH + HOUR))  # its GPU was not seen
    use.put(ClusterUse(cluster="prod", hour=MARCH, gpus=(gpu("a", 0.5),)))
    health = SourceHealth(source="cluster/prod", at=MARCH, quality=Quality.FINAL, good_at=MARCH)
    DynamoHealthLog(table).saw(health)
    return table


@pytest.mark.parametrize(("billed", "code"), [("24", 0), ("30", 1)])
def test_a_month_is_reconciled_and_a_difference_is_the_exit_code(
    guard, capsys, billed: str, code: int
) -> None:
    DynamoSpendStore(guard).record(facts(billed))
    words = ("reconcile", "--month", "2025-03", "--table", guard.name)
    assert run(*words, "--json") in (code, None if code == 0 else code)
    told = json.loads(capsys.readouterr().out)
    assert told["agrees"] is (code == 0)
    [day] = told["days"]
    assert (day["billed_usd"], day["metered_usd"]) == (billed, "36")
    assert told["parts_usd"]["not on the AWS bill: openai"] == "-12"
    assert told["residual_usd"] == ("0" if code == 0 else "6")
    run(*words)
    assert "not on the AWS bill: openai" in capsys.readouterr().out


def test_a_day_whose_hours_are_kept_no_more_is_reconciled_whole(table: Any, capsys) -> None:
    DynamoStatementStore(table).load(hours_from(MARCH, 24, pods("acme", "1")), hours_from=AFTER)
    DynamoSpendStore(table).record(facts("24"))
    assert run("reconcile", "--month", "2025-03", "--table", table.name, "--json") in (0, None)
    told = json.loads(capsys.readouterr().out)
    [day] = told["days"]
    assert (told["agrees"], told["unmetered_days"]) == (True, [])
    assert (day["metered_usd"], day["unseen_hours"]) == ("24", 0)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_secret_that_is_not_there_is_named(guard, capsys, provider: str) -> None:
    words = ("reconcile", "--month", "2025-03", "--table", guard.name)
    assert run(*words, f"--{provider}-secret", "nope") == 2
    err = capsys.readouterr().err
    assert "there is no secret 'nope' here" in err
    assert "table" not in err


def test_a_secret_that_holds_no_text_is_named(guard, capsys) -> None:
    boto3.client("secretsmanager").create_secret(Name="key", SecretBinary=b"\0")
    words = ("reconcile", "--month", "2025-03", "--table", guard.name, "--openai-secret", "key")
    assert run(*words) == 2
    assert "secret 'key' holds bytes, and no text" in capsys.readouterr().err


def test_without_a_bill_nothing_can_be_said(guard, capsys) -> None:
    words = ("reconcile", "--month", "2025-03", "--table", guard.name, "--json")
    assert run(*words) in (0, None)
    out, err = capsys.readouterr()
    assert json.loads(out)["agrees"] is None
    assert json.loads(out)["unbilled_days"] == ["2025-03-01"]
    assert "nothing can be said yet" in err


def test_a_difference_is_posted_once() -> None:
    statements, spend, outbox = MemoryStatementStore(), MemorySpendStore(), MemoryOutbox()
    for hour in hours_from(MARCH, 24, pods("acme", "1")):
        statements.put_hour(hour)
    spend.record(facts("30"))

    def reconcile(at: datetime) -> bool:
        return reconcile_month(
            "2025-03",
            at,
            account=ACCOUNT,
            metric=Metric.UNBLENDED,
            statements=statements,
            spend=spend,
            outbox=outbox,
        ).told

    assert [reconcile(AFTER), reconcile(AFTER + HOUR)] == [True, False]
    [row] = outbox.recent()
    assert "$6.00 of the AWS bill of 2025-03" in row.alert.title  # 30 - 24
    with pytest.raises(NothingToReconcileError):
        reconcile(MARCH + HOUR)


KPIS = """
kpis:
  targets:
    cost_per_request: {target: 0.05, warning: 0.15}
  months:
    2025-03: {active_users: 9}
  services:
    - name: chat
      scope: provider=openai
      months:
        2025-03: {active_users: 4, revenue_usd: "48"}
"""


@pytest.fixture
def whole_march(guard: Any) -> None:
    """The other 30 days were stated too: nothing was used."""
    DynamoStatementStore(guard).load(hours_from(MARCH + 24 * HOUR, 30 * 24), hours_from=AFTER)


@pytest.mark.usefixtures("whole_march")
def test_kpis_are_measured_with_what_a_person_told(guard, capsys, tmp_path: Path) -> None:
    (file := tmp_path / "bursar.yaml").write_text(KPIS)
    words = ("kpis", "--from", "2025-03", "--to", "2025-04", "--table", guard.name)
    assert run(*words, "--config", str(file), "--json") in (0, None)
    told = json.loads(capsys.readouterr().out)
    values = {each["kpi"]: each["value"] for each in told["kpis"]}
    assert values == {
        "cost_per_request": "0.1",  # 12 / (24 x 5)
        "cost_per_1k_tokens": "0.5",  # 12 / 24
        "cost_per_user_action": None,
        "cost_per_active_user": "4",  # 36 / 9
        "gpu_efficiency": pytest.approx(0.5),  # a ratio, and no amount
        "usd_per_gpu_hour": "3",  # of the hour whose GPU was seen
        "label_coverage": 1,  # both hours' pods have the label team
    }
    assert told["serving"] == [
        {
            "month": "2025-03",
            "usd": "12",
            "priced_requests": 120,
            "priced_tokens": 24_000,
            "unpriced_requests": 0,
            "unpriced_tokens": 0,
        }
    ]
    of_request = next(each for each in told["kpis"] if each["kpi"] == "cost_per_request")
    assert (of_request["target"], of_request["warning"]) == ("0.05", "0.15")
    assert of_request["history"] == [{"month": "2025-03", "value": "0.1"}]
    assert of_request["trend"]["current"] == "0.1"
    assert told["efficiency_score"] == pytest.approx(75)  # half way from 0.05 to 0.15
    assert told["unstated_hours"] == {"2025-03": 0}
    [service] = told["services"]
    [month] = service["months"]
    assert (month["usd"], month["usd_per_user"], month["margin_share"]) == ("12", "3", 0.75)
    assert (month["serving_usd"], month["usd_per_request"]) == ("12", "0.1")  # of 120
    assert service["trends"]["usd"]["direction"] == "insufficient data"
    assert run(*words, "--config", str(file)) in (0, None)
    text = capsys.readouterr().out
    assert "efficiency score 75 of 100" in text
    assert "Per request: what serving cost (usage basis)" in text
    assert "no data" in text


def test_a_month_that_was_partly_stated_is_divided_by_no_users_and_one_that_never_was_is_no_zero(
    guard, capsys, tmp_path: Path
) -> None:
    """Of March one day of 31 was stated: 720 hours were not, and nothing of February."""
    (file := tmp_path / "bursar.yaml").write_text(KPIS)
    words = ("kpis", "--from", "2025-02", "--to", "2025-04", "--table", guard.name)
    assert run(*words, "--config", str(file), "--json") in (0, None)
    told = json.loads(capsys.readouterr().out)
    assert told["unstated_hours"] == {"2025-02": 28 * 24, "2025-03": 30 * 24}
    values = {each["kpi"]: each["value"] for each in told["kpis"]}
    assert (values["cost_per_active_user"], values["cost_per_request"]) == (None, "0.1")
    [service] = told["services"]
    february, march = service["months"]
    assert (february["usd"], february["requests"]) == (None, None)
    assert told["serving"][0]["usd"] is None
    assert (march["usd"], march["usd_per_request"], march["usd_per_user"]) == ("12", "0.1", None)
    assert (march["margin_usd"], march["margin_share"]) == (None, None)
    assert service["trends"]["usd"]["points"] == 0
    assert run(*words, "--config", str(file)) in (0, None)
    text = " ".join(capsys.readouterr().out.split())
    assert "2025-02 no data" in text
    assert "2025-03 $12.00 (part)" in text
    assert "Nothing is stated of 2025-02: unknown, which is not zero." in text
    assert "720 hours of 2025-03 were not stated: it is in no trend" in text


def test_kpis_say_how_many_requests_and_tokens_they_leave_out(table: Any, capsys) -> None:
    unpriced = LineKey("acme", CostCategory.EXTERNAL_API, model="new")
    lines = {unpriced: Line(0, 1, unpriced=TokenCounts(input=900), unpriced_requests=1)}
    DynamoStatementStore(table).put_hour(hour_at(MARCH, bought("acme", "5.3625"), lines))
    words = ("kpis", "--from", "2025-03", "--to", "2025-04", "--table", table.name)
    assert run(*words) in (0, None)
    shown = " ".join(capsys.readouterr().out.split())
    assert "cost_per_request 5.3625" in shown  # of one request, not of two
    assert "1 requests and 900 tokens have no price" in shown


SERVICES = """
kpis:
  services:
    - {name: chat, scope: tenant=acme, months: {2025-03: {active_users: 4, revenue_usd: "48"}}}
    - {name: new, scope: model=new, months: {2025-03: {active_users: 4, revenue_usd: "48"}}}
    - {name: typo, scope: tenant=acne, months: {2025-03: {active_users: 4, revenue_usd: "48"}}}
"""


def test_a_service_without_a_price_or_without_a_line_is_not_free(
    table: Any, capsys, tmp_path: Path
) -> None:
    """Of March, all stated, 12 USD are acme's; one more request of it, of `new`, has no price."""
    unpriced = LineKey("acme", CostCategory.EXTERNAL_API, model="new")
    lines = {unpriced: Line(0, 1, unpriced=TokenCounts(input=900), unpriced_requests=1)}
    first = hour_at(MARCH, bought("acme", "12"), lines)
    DynamoStatementStore(table).load(
        [first, *hours_from(MARCH + HOUR, 31 * 24 - 1)], hours_from=AFTER
    )
    (file := tmp_path / "bursar.yaml").write_text(SERVICES)
    words = ("kpis", "--from", "2025-03", "--to", "2025-04", "--table", table.name)
    assert run(*words, "--config", str(file), "--json") in (0, None)
    services = json.loads(capsys.readouterr().out)["services"]
    names = ("usd", "usd_per_user", "margin_usd", "requests", "unpriced_requests")
    assert [[each["months"][0][name] for name in names] for each in services] == [
        ["12", "3", "36", 2, 1],  # 12 / 4, 48 - 12
        [None, None, None, 1, 1],
        [None, None, None, None, None],
    ]
    assert run(*words, "--config", str(file)) in (0, None)
    shown = " ".join(capsys.readouterr().out.split())
    no_price = "1 requests and 900 tokens of 2025-03 have no price: what they cost is in no figure"
    assert f"chat: {no_price} of it, and its margin is less." in shown
    assert f"new: {no_price} of it." in shown
    assert "typo: nothing of 2025-03 is of its scope." in shown


def test_the_labels_of_owners_are_those_that_rules_read(guard, capsys, tmp_path: Path) -> None:
    rules = "attribution: {rules: [{name: by owner, kind: direct, by: 'label:cost-owner'}]}"
    (file := tmp_path / "bursar.yaml").write_text(rules)  # and nothing is told of kpis
    words = ("kpis", "--from", "2025-03", "--to", "2025-04", "--table", guard.name)
    assert run(*words, "--config", str(file), "--json") in (0, None)
    kpis = json.loads(capsys.readouterr().out)["kpis"]
    assert [each["value"] for each in kpis if each["kpi"] == "label_coverage"] == [0]


def test_wrong_months_and_targets_are_refused(guard, capsys, tmp_path: Path) -> None:
    assert run("kpis", "--from", "2025-04", "--to", "2025-04", "--table", guard.name) == 2
    capsys.readouterr()
    for option in ("--from", "--to"):
        assert run("kpis", option, "2026-13", "--table", guard.name) == 2
        assert f"{option} '2026-13' is not a month" in capsys.readouterr().err
    next_year = datetime.now(UTC).year + 1
    assert run("kpis", "--from", f"{next_year}-01", "--to", f"{next_year}-03") == 2
    assert f"{next_year}-01 has not begun" in capsys.readouterr().err
    (file := tmp_path / "bursar.yaml").write_text("kpis: {targets: {speed: {}}}")
    assert run("kpis", "--table", guard.name, "--config", str(file)) == 2
    assert "kpis.targets" in capsys.readouterr().err


SYSTEM = """
system:
  name: assistant
  predictions: 1000
  items:
    - {name: "[red]gpus", category: gpu_compute, unit: hour, usd_per_unit: "2.5", volume: "720"}
    - {name: labels, category: annotation, unit: label, usd_per_unit: "0.1", volume: 2000}
"""


def test_a_system_is_broken_down_from_its_file(capsys, tmp_path: Path) -> None:
    (file := tmp_path / "system.yaml").write_text(SYSTEM)
    assert run("system", str(file), "--json") in (0, None)
    told = json.loads(capsys.readouterr().out)
    assert told["total_usd"] == "2000"  # 1800 + 200
    assert told["by_category_usd"] == {"gpu_compute": "1800", "annotation": "200"}
    assert (told["usd_per_prediction"], told["usd_per_user"]) == ("2", None)
    assert run("system", str(file)) in (0, None)
    text = capsys.readouterr().out
    assert "[red]gpus" in text
    assert "USD per user: no data" in text
    assert ["annotation", "$200.00"] in [line.split() for line in text.splitlines()]  # its sum
    file.write_text(SYSTEM.replace("annotation", "magic"))
    assert run("system", str(file)) == 2
    assert "system.items[1].category" in capsys.readouterr().err
    one = [line for line in SYSTEM.splitlines() if "gpus" not in line]
    file.write_text("\n".join(one).replace("annotation", "magic"))
    assert run("system", str(file)) == 2
    [told] = capsys.readouterr().err.splitlines()  # and not that there is no item
    assert "system.items[0].category" in told
    file.write_text("system: {name: assistant, items: []}")
    assert run("system", str(file)) == 2
    assert "system.items: Tuple should have at least 1 item" in capsys.readouterr().err
    file.write_text(SYSTEM.replace('"2.5"', '"1e25"'))
    assert run("system", str(file)) == 2
    assert "items[0]: costs more than 10^15 USD a month" in capsys.readouterr().err


def test_amounts_of_a_system_are_told_to_the_last_digit(
    capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eighty columns are what a pipe has: names fold there, and amounts do not."""
    monkeypatch.setenv("COLUMNS", "80")
    text = SYSTEM.replace("[red]gpus", "gpus of a cluster with a name that goes on and on")
    (file := tmp_path / "system.yaml").write_text(text.replace('"2.5"', '"1388888888887.5"'))
    assert run("system", str(file)) in (0, None)
    shown = capsys.readouterr().out
    assert "$999,999,999,999,000.00" in shown  # 720 x 1,388,888,888,887.50
    assert "$999,999,999,999,200.00" in shown  # and 200 for labels


def test_what_the_network_cost_is_shown_by_who_sent_the_bytes(guard, capsys) -> None:
    of_day = facts("30")[0]
    charges = {"network=nat": "9", "network=internet": "1"}
    DynamoSpendStore(guard).record(
        [
            of_day.model_copy(update={"group": group, "amount": Money.of(usd)})
            for group, usd in charges.items()
        ]
    )
    words = ("network", "--month", "2025-03", "--table", guard.name)
    assert run(*words, "--json") in (0, None)
    told = json.loads(capsys.readouterr().out)
    assert [(each["kind"], each["namespace"], each["usd"]) for each in told["rows"]] == [
        ("internet", None, "1"),
        ("nat", None, "9"),
    ]
    sent = [NamespaceTraffic(namespace=name, sent_bytes=n) for name, n in (("web", 2), ("rag", 1))]
    use = ClusterUse(cluster="prod", hour=MARCH + 5 * HOUR, traffic=tuple(sent))
    DynamoClusterUseStore(guard).put(use)
    assert run(*words, "--json") in (0, None)
    told = json.loads(capsys.readouterr().out)
    assert told["total_usd"] == "10"
    assert {(e["kind"], e["cluster"], e["namespace"]): e["usd"] for e in told["rows"]} == {
        ("internet", "prod", "rag"): "0.333333333333",
        ("internet", "prod", "web"): "0.666666666667",
        ("nat", "prod", "rag"): "3",
        ("nat", "prod", "web"): "6",
    }
    run(*words)
    assert "web" in capsys.readouterr().out


def test_a_bill_without_the_network_says_what_to_configure(guard, capsys) -> None:
    assert run("network", "--month", "2025-03", "--table", guard.name) in (0, None)
    assert "spend.network" in capsys.readouterr().err
    assert run("network", "--month", "march", "--table", guard.name) == 2
