"""For each new message, and every hour for what was left behind: tell people."""

from functools import partial
from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.outbox import OutboxRun
from bursar.jobs.send_notifications import send_new, sweep
from bursar.settings import SendNotificationsSettings
from bursar.wiring import Ports


@entrypoint(OutboxRun.parse, SendNotificationsSettings)
def handler(run: OutboxRun, ports: Ports) -> dict[str, Any]:
    chosen = ports.config.notifications
    work = partial(sweep, run.sweep_at) if run.sweep_at else partial(send_new, run.rows)
    done = work(
        outbox=ports.outbox,
        publisher=ports.publisher,
        counter=ports.counter,
        cap_per_hour=chosen.storm_cap_per_hour,
        quiet=chosen.quiet_hours,
    )
    return {"sent": done.sent, "held": done.held}
