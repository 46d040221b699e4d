"""Every hour, for one cluster's Prometheus or one region of Bedrock: what was used."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.metrics import MetricsRun
from bursar.jobs.collect_bedrock_usage import collect_bedrock_usage
from bursar.jobs.collect_usage_metrics import collect_cluster_usage
from bursar.settings import CollectUsageMetricsSettings
from bursar.wiring import Ports


@entrypoint(MetricsRun.model_validate, CollectUsageMetricsSettings)
def handler(run: MetricsRun, ports: Ports) -> dict[str, Any]:
    usage, hour, at = ports.config.usage, run.last_complete_hour, run.scheduled_at
    intake = ports.usage_intake(ports.config.metrics_producer(run.source))
    if run.cluster:
        cluster, store = ports.config.cluster(run.cluster), ports.cluster_use
        metrics, touched = ports.metrics(cluster), ports.touched_hours
        done = collect_cluster_usage(
            cluster, hour, metrics=metrics, store=store, intake=intake, touched=touched, at=at
        )
    else:
        meter, price = ports.bedrock(usage.bedrock_of(run.source)), usage.provisioned_price
        done = collect_bedrock_usage(hour, meter=meter, unit_price=price, intake=intake, at=at)
    return {"source": run.source, "accepted": done.accepted, "rejected": done.rejected}
