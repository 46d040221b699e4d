"""Once a day: keep what Cost Explorer says of the last days."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.runs import ScheduledRun
from bursar.jobs.collect_spend import collect_spend
from bursar.settings import CollectSpendSettings
from bursar.wiring import Ports


@entrypoint(ScheduledRun.model_validate, CollectSpendSettings)
def handler(run: ScheduledRun, ports: Ports) -> dict[str, Any]:
    done = collect_spend(run, bill=ports.bill, store=ports.spend, health=ports.health)
    return {"last": done.last.isoformat(), "told": done.told, "kept": done.kept}
