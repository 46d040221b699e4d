"""When nobody has answered a tier in time: follow what is stored, or end the exception."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.approvals import TierRun
from bursar.jobs.resolve_tier import resolve_tier
from bursar.settings import ResolveTierSettings
from bursar.wiring import Ports


@entrypoint(TierRun.model_validate, ResolveTierSettings)
def handler(run: TierRun, ports: Ports) -> dict[str, Any]:
    exceptions = ports.governance.exceptions
    step = resolve_tier(run.exception, run.version, run.tier, run.at, exceptions=exceptions)
    return step.model_dump(mode="json")
