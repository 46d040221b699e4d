"""Every hour: the ledger's statement of it, and of the hours that late costs have changed."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.runs import ScheduledRun
from bursar.jobs.attribute_costs import attribute_costs
from bursar.settings import AttributeCostsSettings
from bursar.wiring import Ports


@entrypoint(ScheduledRun.model_validate, AttributeCostsSettings)
def handler(run: ScheduledRun, ports: Ports) -> dict[str, Any]:
    stated = attribute_costs(
        run.last_complete_hour,
        sources=ports.statement_sources,
        touched=ports.touched_hours,
        gates=ports.month_gates,
        statements=ports.statements,
        as_of=int(run.scheduled_at.timestamp()),
    )
    usd = stated.statement.total.plain() if stated.statement else None
    return {"usd": usd, "restated": len(stated.restated), "adjusted": len(stated.adjusted)}
