"""The same report on a terminal of 80 columns, and as JSON."""

from __future__ import annotations

import io
import json
import re
from decimal import Decimal

import pytest
from rich.console import Console

from bursar.adapters.alert_texts import body
from bursar.cli.report_views import print_summary, summary_json
from bursar.domain.alerts import OutboxRow
from bursar.domain.cost_report import CostReport, build_report
from bursar.domain.money import Money
from tests.unit.web.sample_estate import HOSTILE, NOW, estate_report


@pytest.fixture(scope="module")
def report() -> CostReport:
    return estate_report()


def printed(report: CostReport, width: int = 80) -> str:
    out = io.StringIO()
    print_summary(report, Console(file=out, width=width))
    return out.getvalue()


def test_the_summary_fits_into_eighty_columns_and_cuts_no_name_off(report) -> None:
    text = printed(report)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text
    for line in (*report.namespaces.lines, *report.models.top):
        assert line.name in text


def test_each_ranking_sums_to_what_namespaces_are_charged(report) -> None:
    """Also what is of it for GPUs, of thirds of a cent."""
    third = Money.of("0.003333333333")
    top = tuple(
        line.model_copy(update={"gpu": line.gpu + third}) for line in report.namespaces.top
    )
    namespaces = report.namespaces.model_copy(update={"top": top})
    text = printed(report.model_copy(update={"namespaces": namespaces}))
    for ranking in text.split("\nBy ")[1:]:
        of_rows = re.findall(r"([\d,]+\.\d\d) +([\d,]+\.\d\d) +[\d.]+%$", ranking, re.MULTILINE)
        [whole] = re.findall(r"all charged to namespaces +(\S+) +(\S+)", ranking)
        for column, total in zip(zip(*of_rows, strict=True), whole, strict=True):
            assert sum(Decimal(usd.replace(",", "")) for usd in column) == Decimal(
                total.replace(",", "")
            )


def test_a_long_name_is_folded_not_cut(report) -> None:
    name = "a-tenant-namespace-that-is-as-long-as-kubernetes-allows-for-0063"
    top = report.namespaces.top[0].model_copy(update={"name": name})
    ranking = report.namespaces.model_copy(update={"top": (top, *report.namespaces.top[1:])})
    text = printed(report.model_copy(update={"namespaces": ranking}))
    column = "".join(line[:36].strip() for line in text.splitlines())
    assert name[:20] in text
    assert name[-6:] in text
    assert "…" not in column


def test_every_alert_is_told_in_full(report) -> None:
    text = " ".join(printed(report).split())
    for row in report.alerts:
        assert " ".join(body(row.alert).split()) in text


def test_no_escape_sequence_of_a_name_reaches_the_terminal(report) -> None:
    [first, *_] = report.alerts
    alert = first.alert.model_copy(update={"title": "\x1b[2Jgone"})
    text = printed(report.model_copy(update={"alerts": (OutboxRow(alert=alert, due_at=NOW),)}))
    assert "\x1b" not in text
    assert "gone" in text


def test_the_json_carries_every_amount_exactly(report) -> None:
    told = json.loads(json.dumps(summary_json(report)))
    assert Money.of(told["month_to_date_usd"]) == report.total
    assert Money.sum(Money.of(each) for each in told["parts_usd"].values()) == report.total
    assert (
        Money.sum(Money.of(each["month_to_date_usd"]) for each in told["clusters"]) == report.total
    )
    assert Money.sum(Money.of(each["total_usd"]) for each in told["models"]) == report.models.total
    assert {each["name"] for each in told["models"]} >= {HOSTILE, "__unallocated__"}
    assert [each["text"] for each in told["alerts"]] == [body(row.alert) for row in report.alerts]


def test_what_is_unknown_is_null_in_the_json() -> None:
    told = summary_json(build_report("acme", NOW, {"prod": []}))
    assert told["month_to_date_usd"] is None
    assert told["run_rate_usd"] is None
    assert told["clusters"][0]["parts_usd"] is None
    assert {day["total_usd"] for day in told["days"]} == {None}
