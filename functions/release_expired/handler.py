"""Every minute: open windows, free what nobody settled, cover what was approved."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.runs import ScheduledRun
from bursar.jobs.cover_overruns import cover_overruns
from bursar.jobs.open_windows import open_windows
from bursar.jobs.release_expired import release_expired
from bursar.settings import ReleaseExpiredSettings
from bursar.wiring import Ports


@entrypoint(ScheduledRun.model_validate, ReleaseExpiredSettings)
def handler(run: ScheduledRun, ports: Ports) -> dict[str, Any]:
    admission = ports.admission
    open_windows(run.scheduled_at, windows=admission.windows, budgets=admission.budgets)
    swept = release_expired(run.scheduled_at, admission)
    raised = cover_overruns(run.scheduled_at, admission)
    return {"expired": swept.expired, "busy": swept.busy, "raised": raised}
