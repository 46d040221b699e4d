"""Read an hour of a cluster's metrics: what its models served, its GPUs did and its pods sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bursar.config.clusters import Cluster
from bursar.domain.cluster.gpu_metrics import GPU_METRICS, gpu_uses
from bursar.domain.cluster.network_metrics import (
    OWN_NETWORK,
    SENT_BYTES,
    STEP_SECONDS,
    sent_by_namespace,
)
from bursar.domain.cluster.use import (
    LONGEST_UNSEEN,
    ClusterUse,
    NamespaceTraffic,
    ServedModel,
)
from bursar.domain.periods import Window, hour_of, hours
from bursar.domain.usage.counters import Series, Span
from bursar.domain.usage.producers import ProducerPolicy, TenantRefusedError
from bursar.domain.usage.records import UsageRecord, UsageRecordError
from bursar.domain.usage.rejections import Rejection
from bursar.domain.usage.vllm_metrics import VLLM_METRICS, served_models, served_record
from bursar.jobs.ingest_usage import Ingested
from bursar.jobs.take_usage import UsageIntake
from bursar.ports import ClusterUseStore, MetricsSource, TouchedHours

REACH = timedelta(minutes=15)  # before the hour: a sample to compare its first one with
_POD_START = "kube_pod_start_time"
_PROCESS_START = "process_start_time_seconds"


@dataclass(frozen=True, slots=True)
class CollectedMetrics:
    """The records are to be archived and posted; the use is kept already. The rejections also
    name the models of which not all was counted, which makes the statement an estimate."""

    use: ClusterUse
    records: tuple[UsageRecord, ...]
    rejections: tuple[Rejection, ...]


def collect_cluster_usage(
    cluster: Cluster,
    hour: Window,
    *,
    metrics: MetricsSource,
    store: ClusterUseStore,
    intake: UsageIntake,
    touched: TouchedHours,
    at: datetime,
) -> Ingested:
    """Collect an hour, archive and post it. Hours before it of which it tells that not all was
    counted are to be stated again.

    Raises:
        MetricsUnreadableError: a query was not answered whole; nothing was kept.
        NotAllPostedError: the ledger was too busy: collect the hour again.
    """
    found = collect_usage_metrics(
        cluster.name,
        hour,
        metrics=metrics,
        producer=intake.producer,
        store=store,
        traffic=bool(cluster.metrics and cluster.metrics.network_by_bytes),
    )
    name = f"{intake.producer.name}/{hour.start:%Y-%m-%dT%H}"
    for start in _unseen_before(hour, found.use):
        touched.touch(start, f"{name} at {at.isoformat()}: not all was counted")
    return intake.take_collected(name, (*found.records, *found.rejections), at)


def collect_usage_metrics(
    cluster: str,
    hour: Window,
    *,
    metrics: MetricsSource,
    producer: ProducerPolicy,
    store: ClusterUseStore,
    traffic: bool = False,
) -> CollectedMetrics:
    """Collect one UTC hour that is over. Collected again it gives the same records.

    A producer that names tenants names the namespaces that the models are served from. `traffic`:
    also what namespaces sent is asked for.

    Raises:
        MetricsUnreadableError: a query was not answered whole; nothing was kept.
    """
    asked = Window(hour.start - REACH, hour.end)
    span = Span(hour.start.timestamp(), hour.end.timestamp())

    def samples(names: Sequence[str]) -> Sequence[Series]:
        return metrics.instant(f'{{__name__=~"{"|".join(names)}"}}[{_seconds(asked)}s]', hour.end)

    starts = [
        metrics.instant(f"min_over_time({name}[{_seconds(asked)}s])", hour.end)
        for name in (_POD_START, _PROCESS_START)
    ]
    served = served_models(
        samples(VLLM_METRICS),
        span,
        asked_from=asked.start.timestamp(),
        pod_starts=starts[0],
        process_starts=starts[1],
    )
    served = _since_last_seen(cluster, hour, served, store)
    gpus = gpu_uses(samples(GPU_METRICS), span)
    sent = _sent(metrics, asked, span, starts[0]) if traffic else ()
    use = ClusterUse(cluster=cluster, hour=hour.start, gpus=gpus, served=served, traffic=sent)
    store.put(use)
    records, rejections = [], []
    for model in served:
        if not model.complete:
            reason = _not_counted(hour, model.unseen_from)
            rejections.append(Rejection(f"{model.namespace}/{model.model}", reason))
        if not (model.requests or model.tokens.total):
            continue  # an idle model: its cost is the cluster's matter
        try:
            records.append(served_record(model, hour.start, producer))
        except (UsageRecordError, TenantRefusedError) as error:
            rejections.append(Rejection(f"{model.namespace}/{model.model}", str(error)))
    return CollectedMetrics(use, tuple(records), tuple(rejections))


def _since_last_seen(
    cluster: str, hour: Window, served: Sequence[ServedModel], store: ClusterUseStore
) -> tuple[ServedModel, ...]:
    """Where counters had counted out of sight, from which hour on: the one that the model was last
    seen in, or its process began in. A model that was never seen before is new to whoever counts.
    """
    if all(model.complete for model in served):
        return tuple(served)
    before = store.between(cluster, Window(hour.start - LONGEST_UNSEEN, hour.start))
    seen = {(model.namespace, model.model): use.hour for use in before for model in use.served}

    def since(model: ServedModel) -> datetime | None:
        last = seen.get((model.namespace, model.model))
        if last is None or model.unseen_from is None:
            return None
        return max(last, hour_of(model.unseen_from).start)

    return tuple(model.model_copy(update={"unseen_from": since(model)}) for model in served)


def _unseen_before(hour: Window, use: ClusterUse) -> Sequence[datetime]:
    """The earlier hours of which not all was counted."""
    unseen = [model.unseen_from for model in use.served if model.unseen_from is not None]
    first = min(unseen, default=hour.start)
    return [each.start for each in hours(Window(min(first, hour.start), hour.start))]


def _not_counted(hour: Window, since: datetime | None) -> str:
    too = "" if since is None else f", and so are those of the hours from {since:%Y-%m-%dT%HZ} on"
    return (
        f"its counters were first seen within the hour {hour.start:%Y-%m-%dT%HZ} and had counted"
        " before: what they had is in no record, and the hour's statement is an estimate" + too
    )


def _sent(
    metrics: MetricsSource, asked: Window, span: Span, pod_starts: Sequence[Series]
) -> tuple[NamespaceTraffic, ...]:
    seconds = _seconds(asked)
    return sent_by_namespace(
        metrics.instant(f"{SENT_BYTES}[{seconds}s:{STEP_SECONDS}s]", asked.end),
        span,
        asked_from=asked.start.timestamp(),
        own_network=metrics.instant(f"min_over_time({OWN_NETWORK}[{seconds}s])", asked.end),
        pod_starts=pod_starts,
    )


def _seconds(window: Window) -> int:
    return int(window.length.total_seconds())
