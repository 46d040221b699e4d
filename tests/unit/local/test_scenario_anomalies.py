"""The demo's runaway is told on its first day with what made it, and nothing in the month before.

The series are the scenario's own true costs, by cluster, node group and the team that its nodes
are tagged with: no part of the guard that closes hours has touched them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.series import MemoryAnomalyStore, MemoryForecastStore
from bursar.adapters.memory.spend import MemorySpendStore
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.config.bursar_yaml import validated
from bursar.domain.alerts import Alert
from bursar.domain.books import Book
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Category, HourCosts, RowKey
from bursar.domain.ledger.lines import CostCategory, Line, LineKey, Statement
from bursar.domain.money import Money
from bursar.domain.periods import DAY, Window, hours
from bursar.domain.quality import Quality
from bursar.domain.series.names import SeriesName
from bursar.local.demo import SEED, START
from bursar.local.demo_config import ACCOUNT, demo_config
from bursar.local.scenario import Scenario, true_cost
from bursar.local.scenario.truth import COMPUTE, true_compute_by_node_group, true_compute_by_team
from bursar.local.series_runs import SeriesStores, look_at_series

DAYS = 60
RUNAWAY_DAY = START + (DAYS - 3) * DAY
QUIET_MONTH = RUNAWAY_DAY - 30 * DAY
OTHER = {
    "storage": CostCategory.STORAGE,
    "control_plane": CostCategory.INFRASTRUCTURE,
    "load_balancers": CostCategory.NETWORK,
    "network": CostCategory.NETWORK,
}


def lines_of(scenario: Scenario, day: Window) -> dict[LineKey, Line]:
    lines: dict[LineKey, Line] = {}
    for cluster in ("inference", "training"):
        for team, usd in true_compute_by_team(scenario, cluster, day).items():
            key = LineKey(
                team, CostCategory.GPU_COMPUTE, team=team, cluster=cluster, namespace=team
            )
            lines[key] = Line(Money.of(usd).units)
        costs = true_cost(scenario, cluster, day)
        for part, category in OTHER.items():
            key = LineKey("__shared__", category, cluster=cluster)
            line = Line(Money.of(costs[part]).units)
            lines[key] = lines[key] + line if key in lines else line
        assert COMPUTE in costs
    return lines


def costs_of(scenario: Scenario, cluster: str, day: Window) -> HourCosts:
    teams = {"gpu-p4d-research": "research", "notebooks": "research"}
    rows = {
        RowKey(teams.get(group, group), workload=f"on-{group}", node_group=group): {
            Category.GPU: Money.of(usd)
        }
        for group, usd in true_compute_by_node_group(scenario, cluster, day).items()
    }
    return HourCosts(
        cluster, day, Quality.FINAL, 86_400, Basis.RESIDUAL, rows, as_of=int(day.end.timestamp())
    )


class WholeDays(MemoryStatementStore):
    """Days as they are stated, which are all that is asked for here but for how many hours the
    last one has."""

    def __init__(self) -> None:
        super().__init__()
        self.stated: dict[Window, Statement] = {}

    def days(self, window: Window) -> list[Statement]:
        return [each for day, each in sorted(self.stated.items()) if day.overlap(window)]

    def hours(self, window: Window) -> list[Statement]:
        return [Statement(hour, {}, Quality.FINAL, 0) for hour in hours(window)]


class WholeHistory(MemoryCostHistory):
    def __init__(self) -> None:
        super().__init__()
        self.closed: dict[tuple[str, Window], HourCosts] = {}

    def days(self, cluster: str, window: Window) -> list[HourCosts]:
        return [
            each
            for (name, day), each in sorted(self.closed.items())
            if name == cluster and day.overlap(window)
        ]


@pytest.fixture(scope="module")
def lived() -> tuple[SeriesStores, list[tuple[datetime, Alert]]]:
    """Sixty days, each looked at in the night after it."""
    config = validated(demo_config({"inference": 1, "training": 2}))
    scenario = Scenario(seed=SEED, start=START, days=DAYS, account=ACCOUNT)
    statements, history = WholeDays(), WholeHistory()
    stores = SeriesStores(
        statements,
        MemorySpendStore(),
        history,
        MemoryForecastStore(),
        MemoryAnomalyStore(MemoryOutbox()),
    )
    told: list[tuple[datetime, Alert]] = []
    for day in _days():
        as_of = int((day.end + timedelta(minutes=21)).timestamp())
        statements.stated[day] = Statement(day, lines_of(scenario, day), Quality.FINAL, as_of)
        for cluster in ("inference", "training"):
            history.closed[cluster, day] = costs_of(scenario, cluster, day)
        told += [(day.start, alert) for alert in look_at_series(day.end, config, stores)]
    return stores, told


def _days() -> Iterator[Window]:
    for n in range(DAYS):
        yield Window(START + n * DAY, START + (n + 1) * DAY)


def test_the_runaway_is_told_on_its_first_day_and_once(lived) -> None:
    _, told = lived
    since = [(day, alert) for day, alert in told if day >= RUNAWAY_DAY]
    [(day, alert)] = since
    assert day == RUNAWAY_DAY
    assert alert.title.endswith("a day more than expected: team=research")
    assert alert.owner == "research"


def test_what_made_it_is_named(lived) -> None:
    [alert] = [alert for day, alert in lived[1] if day >= RUNAWAY_DAY]
    names = [driver.name for driver in alert.drivers]
    assert names[:3] == [
        "workload research/on-gpu-p4d-research",
        "node group gpu-p4d-research",
        "namespace research",
    ]
    # three p4d.24xlarge from 02:07 on: 3 x 21.9 h
    assert Money.of(1_300) < alert.drivers[0].amount < Money.of(1_600)


def test_the_month_before_is_quiet(lived) -> None:
    assert [alert.title for day, alert in lived[1] if QUIET_MONTH <= day < RUNAWAY_DAY] == []


def test_every_day_the_month_was_foreseen_with_what_was_spent_exact(lived) -> None:
    stores, _ = lived
    day = (RUNAWAY_DAY - DAY).date()
    training = SeriesName(Book.LEDGER, "cluster=training")
    foreseen = stores.forecasts.latest(training, day)
    assert foreseen is not None
    month_start = datetime(day.year, day.month, 1, tzinfo=UTC)
    days = stores.statements.days(Window(month_start, RUNAWAY_DAY))
    exact = sum(
        line.units
        for each in days
        for key, line in each.lines.items()
        if key.cluster == "training"
    )
    assert foreseen.so_far == Money.from_units(exact)
    assert foreseen.outcome is not None
    assert foreseen.so_far < foreseen.outcome.low80 < foreseen.outcome.expected
    assert len(foreseen.path) == 31 - day.day
