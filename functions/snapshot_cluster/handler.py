"""Every few minutes, for one cluster: keep what it holds now."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.runs import ClusterRun
from bursar.jobs.snapshot_cluster import snapshot_cluster
from bursar.settings import SnapshotClusterSettings
from bursar.wiring import Ports


@entrypoint(ClusterRun.model_validate, SnapshotClusterSettings)
def handler(run: ClusterRun, ports: Ports) -> dict[str, Any]:
    cluster = ports.config.cluster(run.cluster)
    seen = snapshot_cluster(
        cluster,
        run.scheduled_at,
        reader=ports.cluster_reader(cluster),
        snapshots=ports.snapshots,
        health=ports.health,
        outbox=ports.outbox,
    )
    return {"cluster": seen.cluster, "quality": seen.quality, "pods": seen.pods}
