"""After each closed hour and each new bill: compare every budget with its figures."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.follow_ups import FollowUpRun
from bursar.jobs.check_budgets import check_budgets
from bursar.settings import CheckBudgetsSettings
from bursar.wiring import Ports


@entrypoint(FollowUpRun.model_validate, CheckBudgetsSettings)
def handler(run: FollowUpRun, ports: Ports) -> dict[str, Any]:
    raised = check_budgets(
        ports.config,
        run.scheduled_at,
        news=run.news,
        history=ports.history,
        statements=ports.statements,
        spend=ports.spend,
        budgets=ports.budgets,
        forecasts=ports.forecasts,
        limits=ports.raised_limits,
    )
    return {"alerts": [alert.id for alert in raised]}
