"""When a tier has not answered for long: ask it again, and tell people."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.approvals import AskRun
from bursar.jobs.remind_approver import remind_approver
from bursar.settings import RemindApproverSettings
from bursar.wiring import Ports


@entrypoint(AskRun.model_validate, RemindApproverSettings)
def handler(run: AskRun, ports: Ports) -> dict[str, Any]:
    of = ports.governance
    waits = remind_approver(
        run.task,
        run.at,
        exceptions=of.exceptions,
        tokens=of.exceptions,
        workflow=of.workflow,
        outbox=ports.outbox,
    )
    if waits and of.slack:
        of.slack.hand_over_question(run.exception, run.version, run.tier, run.at, again=True)
    return {"exception": run.exception, "tier": run.tier, "waits": waits}
