"""Once a day, after the bill is kept: compare it with what was metered."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.runs import ScheduledRun
from bursar.jobs.reconcile_spend import reconcile_spend
from bursar.settings import ReconcileSpendSettings
from bursar.wiring import Ports


@entrypoint(ScheduledRun.model_validate, ReconcileSpendSettings)
def handler(run: ScheduledRun, ports: Ports) -> dict[str, Any]:
    done = reconcile_spend(
        run,
        ports.config,
        statements=ports.statements,
        spend=ports.spend,
        outbox=ports.outbox,
        bills=ports.provider_bills,
    )
    return {each.month: {"agrees": each.aws.agrees, "told": each.told} for each in done}
