"""When the workflow comes to a tier: keep the token that its answer goes to."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.approvals import AskRun
from bursar.jobs.ask_approver import ask_approver
from bursar.settings import AskApproverSettings
from bursar.wiring import Ports


@entrypoint(AskRun.model_validate, AskApproverSettings)
def handler(run: AskRun, ports: Ports) -> dict[str, Any]:
    of = ports.governance
    waits = ask_approver(
        run.task, exceptions=of.exceptions, tokens=of.exceptions, workflow=of.workflow
    )
    if waits and of.slack:
        of.slack.hand_over_question(run.exception, run.version, run.tier, run.at)
    return {"exception": run.exception, "tier": run.tier, "waits": waits}
