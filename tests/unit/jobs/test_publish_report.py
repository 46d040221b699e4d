"""The report is gathered from what was kept, and says what was never heard."""

from __future__ import annotations

import pytest

from bursar.adapters.memory.budgets import MemoryBudgetStore, MemoryOutbox
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.notices import MemoryHealthLog
from bursar.adapters.memory.spend import MemorySpendStore
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.domain.cost_report import CostReport, Standing
from bursar.domain.money import Money
from bursar.jobs.publish_report import gather_report
from tests.unit.web.sample_estate import NOW, config, days, estate_report


@pytest.fixture(scope="module")
def report() -> CostReport:
    return estate_report()


def test_each_cluster_of_the_configuration_is_reported(report) -> None:
    assert [each.cluster for each in report.clusters] == ["prod", "research"]
    in_month = [day for day in days("prod") if day.window.start.month == 11]
    assert report.clusters[0].parts.total == Money.sum(day.total for day in in_month)


def test_a_clusters_budget_has_spent_what_the_cluster_has_cost(report) -> None:
    by_id = {line.id: line for line in report.budgets}
    for each in report.clusters:
        assert by_id[each.cluster].spent == each.parts.total


def test_thresholds_that_were_told_are_marked_so(report) -> None:
    [research] = [line for line in report.budgets if line.id == "research"]
    assert [(each.percent, each.told) for each in research.thresholds] == [
        (80, True),
        (100, False),
        (120, True),
    ]


def test_a_budget_of_the_bill_is_held_against_the_bill(report) -> None:
    by_id = {line.id: line for line in report.budgets}
    assert by_id["whole-bill"].spent == Money.of(67_983)  # 17 x 3,900 + 11 x (1 + ... + 17)
    assert by_id["other-account"].spent is None
    assert by_id["other-account"].standing is Standing.UNKNOWN


def test_sources_that_were_never_heard_are_listed_and_nothing_is_zero() -> None:
    outbox = MemoryOutbox()
    report = gather_report(
        config(),
        NOW,
        history=MemoryCostHistory(),
        statements=MemoryStatementStore(),
        spend=MemorySpendStore(),
        budgets=MemoryBudgetStore(outbox),
        outbox_rows=outbox.all(),
        health=MemoryHealthLog(),
    )
    assert {(each.source, each.good_at, each.late) for each in report.sources} == {
        ("cluster/prod", None, True),
        ("cluster/research", None, True),
        ("prices/eu-west-1", None, True),
        ("spend", None, True),
    }
    assert report.is_blind
    assert report.projected is None
    assert {line.spent for line in report.budgets} == {None}
