"""What was booked later, of closed months, as commands show it: in totals, and in no rate."""

from __future__ import annotations

import json

import pytest

from bursar.cli.ledger_views import print_report, report_json
from bursar.cli.model_views import models_json, print_models
from bursar.cli.usage_deployed_views import print_summary, summary_json
from bursar.domain.ledger.gaps import NO_GAPS
from bursar.domain.ledger.lines import Line
from bursar.domain.ledger.model_costs import model_table
from bursar.domain.ledger.reports import By, report
from bursar.domain.periods import month_window
from tests.unit.domain.sample_statements import bought, november, pods

WINDOW = month_window("2026-11")
# 8 for a million tokens; of October 10 more for pods, and 2 for 300 tokens, were told late
STATED = [
    november(
        bought("acme", "8", tokens=(900_000, 100_000), requests=4),
        bought("acme", "2", tokens=(200, 100), requests=3, adjusts="2026-10"),
        pods("acme", "10", model="llama", adjusts="2026-10"),
    )
]
NOTE = "Booked later, of 2026-10: $12.00, 3 requests and 300 tokens. They are in the total, and"


def shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_the_table_of_models_has_a_row_of_what_was_booked_later_and_sums_to_the_ledger(
    capsys,
) -> None:
    table = model_table(STATED)
    print_models(table, WINDOW, STATED, NO_GAPS)
    rows = shown(capsys)
    assert "claude (aws) 1,000,000 8.00 8.0000" in rows
    assert "booked later, of 2026-10 300 12.00" in rows
    assert "total 20.00" in rows
    told = models_json(table, WINDOW, STATED, NO_GAPS)
    assert [each["usd_per_million"]["usage_basis"]["blended"] for each in told["models"]] == ["8"]
    [later] = told["booked_later"]
    assert (later["corrects"], later["usd"], later["input_tokens"]) == ("2026-10", "12", 200)
    assert told["total_usd"] == "20"  # 8 + 12


def test_a_report_and_a_summary_say_what_of_their_total_was_booked_later(capsys) -> None:
    made = report(STATED, By.TENANT, "acme", WINDOW)
    print_report(made)
    print_summary(STATED, (By.TENANT,), WINDOW, NO_GAPS)
    rows = shown(capsys)
    assert " ".join(rows).count(NOTE) == 2
    # 7 requests came to 20, and the four of November to 8
    assert "acme 7 900,200 100,100 20.00 2.0000 8.0000" in rows
    told = report_json(made)
    assert (told["total_usd"], told["usd_per_million_tokens"]["usage_basis"]) == ("20", "8")
    summary_json(STATED, (By.TENANT,), WINDOW, NO_GAPS)
    total = json.loads(capsys.readouterr().out)
    assert (total["total"]["usd"], total["total"]["usd_per_million_tokens"]) == ("20", "8")
    assert [each["usd"] for each in (*told["booked_later"], *total["booked_later"])] == ["12"] * 2


def test_what_was_booked_later_and_cost_nothing_more_is_told_with_its_tokens(capsys) -> None:
    """Its pods' cost was charged in October."""
    [(key, line)] = bought("acme", "0", requests=3, adjusts="2026-10").items()
    late = Line(0, 3, charged_before=line.tokens, charged_before_requests=3)
    told = [november({key: late})]
    print_report(report(told, By.TENANT, "acme", WINDOW))
    assert any("$0.00, 3 requests and 1,000 tokens" in row for row in shown(capsys))
    print_models(model_table(told), WINDOW, told, NO_GAPS)
    assert "booked later, of 2026-10 1,000 0.00" in shown(capsys)
