"""Every five minutes: begin, carry out and end stops."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.runs import ScheduledRun
from bursar.jobs.enforce_stop import enforce_stop
from bursar.settings import EnforceStopSettings
from bursar.wiring import Ports


@entrypoint(ScheduledRun.model_validate, EnforceStopSettings)
def handler(run: ScheduledRun, ports: Ports) -> dict[str, Any]:
    done = enforce_stop(ports.config, run.scheduled_at, ports.stopping)
    begun, ended = ([stop.id for stop in part] for part in (done.begun, done.ended))
    return {"begun": begun, "ended": ended, "open": len(done.open)}
