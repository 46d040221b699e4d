"""KPIs of months, as they are read from the ledger at a time."""

from __future__ import annotations

from datetime import UTC, datetime

from bursar.adapters.memory.cluster_use import MemoryClusterUseStore
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.config.kpis import Kpis
from bursar.domain.kpi_targets import Kpi
from bursar.domain.money import Money
from bursar.domain.periods import HOUR
from bursar.jobs.measure_kpis import MeasuredKpis, measure_kpis
from tests.unit.domain.sample_statements import bought, hour_at, hours_from

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 6, tzinfo=UTC)
CHAT = {"services": [{"name": "chat", "scope": "feature=chat"}]}


def stated() -> MemoryStatementStore:
    """Of October and five days of November every hour: a dollar for each."""
    statements = MemoryStatementStore()
    hours = (NOW - OCTOBER) // HOUR
    for hour in hours_from(OCTOBER, hours, bought("acme", "1", feature="chat")):
        statements.put_hour(hour)
    return statements


def measured(
    *months: str, statements: MemoryStatementStore | None = None, at: datetime = NOW
) -> MeasuredKpis:
    return measure_kpis(
        months,
        at,
        Kpis.model_validate(CHAT),
        clusters=(),
        statements=statements or stated(),
        history=MemoryCostHistory(),
        use=MemoryClusterUseStore(),
    )


def test_a_closed_month_costs_what_was_told_of_it_since_and_its_services_do() -> None:
    """October is 744; on 6 November 3 more were told, and 4 of September, unasked."""
    statements = stated()
    late = [
        bought("acme", usd, feature="chat", adjusts=month)
        for month, usd in (("2026-10", "3"), ("2026-09", "4"))
    ]
    statements.put_hour(hour_at(NOW, *late))
    found = measured("2026-10", statements=statements, at=NOW + HOUR)
    [figures], [service] = found.figures, found.services
    assert figures.usd == service.months[0].usd == Money.of("747")
    assert figures.serving.requests == 745


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
