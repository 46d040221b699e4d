"""Every hour, for one cluster: integrate its snapshots and price them."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.runs import ClusterRun
from bursar.jobs.close_hour import close_hour
from bursar.settings import CloseHourSettings
from bursar.wiring import Ports


@entrypoint(ClusterRun.model_validate, CloseHourSettings)
def handler(run: ClusterRun, ports: Ports) -> dict[str, Any]:
    cluster = ports.config.cluster(run.cluster)
    costs = close_hour(
        cluster,
        run.last_complete_hour,
        snapshots=ports.snapshots,
        lifetimes=ports.lifetimes,
        volumes=ports.volumes(cluster),
        file_systems=ports.file_systems(cluster),
        fsx=ports.fsx(cluster),
        reservations=ports.reservations(cluster),
        prices=ports.prices,
        history=ports.history,
        touched=ports.touched_hours,
        at=run.scheduled_at,
    )
    return {"cluster": costs.cluster, "quality": costs.quality, "usd": costs.total.plain()}
