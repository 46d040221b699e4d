"""Every hour, where usage comes in bulk: its sums, from Athena into the ledger."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.runs import ScheduledRun
from bursar.jobs.rollup_usage import rollup_usage
from bursar.jobs.take_usage import UsageIntake
from bursar.settings import RollupUsageSettings
from bursar.wiring import Ports


@entrypoint(ScheduledRun.model_validate, RollupUsageSettings)
def handler(run: ScheduledRun, ports: Ports) -> dict[str, Any]:
    def intake(name: str) -> UsageIntake:
        return ports.usage_intake(ports.config.usage.producer(name).policy())

    done = rollup_usage(
        run.last_complete_hour,
        sums=ports.bulk_usage,
        entries=ports.entries,
        intakes=intake,
        at=run.scheduled_at,
    )
    return {"groups": done.groups, "posted": done.posted, "rejected": done.rejected}
