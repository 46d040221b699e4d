"""The report's budgets, alerts and sources: the worst first, and unknown where nobody saw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bursar.domain.alerts import Alert, OutboxRow, Severity
from bursar.domain.budgets import Budget
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import HourCosts
from bursar.domain.cost_report import (
    BudgetReading,
    CostReport,
    SourceReading,
    Standing,
    build_report,
)
from bursar.domain.figures import Figures
from bursar.domain.health import SourceHealth
from bursar.domain.money import Money
from bursar.domain.periods import DAY, HOUR, day_of, month_of
from bursar.domain.quality import Quality

NOW = datetime(2026, 11, 11, tzinfo=UTC) + timedelta(minutes=40)  # ten whole days of thirty


def day(cluster: str) -> HourCosts:
    window = day_of(datetime(2026, 11, 1, tzinfo=UTC))
    return HourCosts(cluster, window, Quality.FINAL, 86400, Basis.RESIDUAL, rows={})


def report_of(**more) -> CostReport:
    return build_report("acme", NOW, {"prod": [day("prod")]}, **more)


def budget(scope: str, limit: str, **more) -> Budget:
    name = scope.replace("=", "-").replace(",", "-")
    return Budget.model_validate(
        {"id": name, "scope": scope, "limit": limit, "owner": "platform"} | more
    )


def reading(of: Budget, spent: str | None, known: timedelta = 10 * DAY) -> BudgetReading:
    figures = None
    if spent is not None:
        figures = Figures(Money.of(spent), NOW.replace(minute=0), known, Quality.FINAL)
    return BudgetReading(of, month_of(NOW), figures)


@pytest.mark.parametrize(
    ("spent", "standing"),
    [
        (None, Standing.UNKNOWN),
        ("300", Standing.WITHIN),  # x 3 is 900 of 1,000
        ("400", Standing.AT_RISK),  # x 3 is 1,200
        ("800", Standing.WARNED),
        ("1000", Standing.EXCEEDED),
    ],
)
def test_a_budget_stands_by_its_worst_news(spent: str | None, standing: Standing) -> None:
    [line] = report_of(budgets=[reading(budget("cluster=prod", "1000"), spent)]).budgets
    assert line.standing is standing
    assert (line.spent is None) == (spent is None)


def test_a_budget_with_unknown_hours_is_estimated() -> None:
    [line] = report_of(
        budgets=[reading(budget("cluster=prod", "1000"), "300", known=9 * DAY)]
    ).budgets
    assert (line.unknown_hours, line.quality) == (24, Quality.ESTIMATED)
    assert line.projected == Money.of(1000)  # 300 x 30 / 9


def test_the_months_limit_is_the_sum_of_one_whole_budget_for_each_cluster() -> None:
    prod, lab = (reading(budget(f"cluster={name}", "1000"), "1") for name in ("prod", "lab"))
    part = reading(budget("cluster=prod,namespace=search", "300"), "1")
    bill = reading(budget("org=acme", "9000"), "1")
    both = {"prod": [day("prod")], "lab": [day("lab")]}
    found = build_report("acme", NOW, both, budgets=[prod, lab, part, bill]).limit
    assert found is not None
    assert (found.limit, found.budgets) == (Money.of(2000), ("cluster-lab", "cluster-prod"))
    assert build_report("acme", NOW, both, budgets=[prod, part, bill]).limit is None
    daily = reading(budget("cluster=lab", "1000", period="day"), "1")
    assert build_report("acme", NOW, both, budgets=[prod, daily]).limit is None


def row(name: str, severity: Severity, raised_at: datetime, *, sent: bool) -> OutboxRow:
    alert = Alert(
        id=name,
        kind="budget.threshold",
        severity=severity,
        title=name,
        comparison="",
        since=None,
        data_as_of=None,
        owner="platform",
        action="",
        policy="",
        mute="",
        raised_at=raised_at,
    )
    return OutboxRow(alert=alert, due_at=raised_at, sent_at=raised_at if sent else None)


def test_alerts_are_the_months_and_the_unsent_worst_first_then_newest() -> None:
    warned = row("warned", Severity.WARNING, NOW - DAY, sent=True)
    newer = row("newer", Severity.WARNING, NOW - HOUR, sent=True)
    info = row("info", Severity.INFO, NOW, sent=True)
    critical = row("critical", Severity.CRITICAL, NOW - 9 * DAY, sent=True)
    told_long_ago = row("old", Severity.CRITICAL, NOW - 40 * DAY, sent=True)
    never_told = row("stuck", Severity.CRITICAL, NOW - 40 * DAY, sent=False)
    rows = [warned, info, told_long_ago, newer, critical, never_told]
    shown = [each.id for each in report_of(alerts=rows).alerts]
    assert shown == ["critical", "stuck", "newer", "warned", "info"]


def test_a_source_is_late_when_it_is_silent_longer_than_it_may_be() -> None:
    heard = SourceHealth(source="spend", at=NOW, quality=Quality.FINAL, good_at=NOW - 50 * HOUR)
    never = heard.model_copy(update={"source": "prices", "good_at": None})
    report = report_of(
        sources=[
            SourceReading(heard, 51 * HOUR),
            SourceReading(heard, 49 * HOUR),
            SourceReading(never),
        ]
    )
    assert [each.late for each in report.sources] == [False, True, True]
