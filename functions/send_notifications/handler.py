"""For each new message, and every hour for what was left behind: tell people."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.outbox import OutboxRun
from bursar.jobs.send_notifications import send_new, sweep
from bursar.settings import SendNotificationsSettings
from bursar.wiring import Ports


@entrypoint(OutboxRun.parse, SendNotificationsSettings)
def handler(run: OutboxRun, ports: Ports) -> dict[str, Any]:
    cap = ports.config.notifications.storm_cap_per_hour
    outbox, publisher, counter = ports.outbox, ports.publisher, ports.counter
    if run.sweep_at:
        done = sweep(
            run.sweep_at, outbox=outbox, publisher=publisher, counter=counter, cap_per_hour=cap
        )
    else:
        done = send_new(
            run.rows, outbox=outbox, publisher=publisher, counter=counter, cap_per_hour=cap
        )
    return {"sent": done.sent, "held": done.held}
