"""Every hour: start what a crash kept from being started."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.runs import ScheduledRun
from bursar.jobs.resume_workflows import resume_workflows
from bursar.settings import ResumeWorkflowsSettings
from bursar.wiring import Ports


@entrypoint(ScheduledRun.model_validate, ResumeWorkflowsSettings)
def handler(_: ScheduledRun, ports: Ports) -> dict[str, Any]:
    of = ports.governance
    return {"pending": resume_workflows(of.exceptions, of.workflow)}
