"""Every hour: notice the sources that have gone silent."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.runs import ScheduledRun
from bursar.jobs.check_health import check_health
from bursar.settings import CheckHealthSettings
from bursar.wiring import Ports


@entrypoint(ScheduledRun.model_validate, CheckHealthSettings)
def handler(run: ScheduledRun, ports: Ports) -> dict[str, Any]:
    silent = check_health(ports.config, run.scheduled_at, health=ports.health, outbox=ports.outbox)
    return {"silent": silent}
