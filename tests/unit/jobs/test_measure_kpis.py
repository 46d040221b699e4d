"""KPIs of months, as they are read from the ledger at a time."""

from __future__ import annotations

from datetime import UTC, datetime

from bursar.adapters.memory.cluster_use import MemoryClusterUseStore
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.config.kpis import Kpis
from bursar.domain.kpi_targets import Kpi
from bursar.domain.periods import HOUR
from bursar.jobs.measure_kpis import MeasuredKpis, measure_kpis
from tests.unit.domain.sample_statements import bought, hours_from

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 6, tzinfo=UTC)
CHAT = {"services": [{"name": "chat", "scope": "feature=chat"}]}


def measured(*months: str) -> MeasuredKpis:
    """Of October and five days of November every hour was stated: a dollar for each."""
    statements = MemoryStatementStore()
    hours = (NOW - OCTOBER) // HOUR
    for hour in hours_from(OCTOBER, hours, bought("acme", "1", feature="chat")):
        statements.put_hour(hour)
    return measure_kpis(
        months,
        NOW,
        Kpis.model_validate(CHAT),
        clusters=(),
        statements=statements,
        history=MemoryCostHistory(),
        use=MemoryClusterUseStore(),
    )


def test_the_running_month_is_in_no_trend_and_those_to_come_are_left_out() -> None:
    for to_come in ((), ("2026-12",), ("2026-12", "2027-01")):
        found = measured("2026-10", "2026-11", *to_come)
        assert (found.months, found.partial) == (("2026-10", "2026-11"), True)
        [service] = found.services
        assert [str(month.usd) for month in service.months] == ["$744.00", "$120.00"]
        of_month = service.trends["usd"]
        assert (of_month.points, of_month.lowest, of_month.mean) == (1, 744, 744)  # October's
        points = {each.kpi: each.trend.points for each in found.results}
        assert points[Kpi.COST_PER_REQUEST] == 1
    assert measured("2026-12").months == ()
