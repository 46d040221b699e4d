"""vLLM's counters, as what each model served from each namespace.

Names by docs.vllm.ai, "Production Metrics". The prompt's tokens include those found in the
prefix cache. Times in prefill and decode are the sums of vLLM's histograms per request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from bursar.domain.cluster.use import ServedModel
from bursar.domain.usage.counters import (
    POD_LABELS,
    Increase,
    Increases,
    Series,
    Span,
    first_label,
    increase,
)
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.told_records import usage_record

PROVIDER = "vllm"
_PROMPT = "vllm:prompt_tokens_total"
_OUTPUT = "vllm:generation_tokens_total"
_REQUESTS = "vllm:request_success_total"
_PREFILL = "vllm:request_prefill_time_seconds_sum"
_DECODE = "vllm:request_decode_time_seconds_sum"
# the newest name that a version has: each counts prompt tokens that were not computed again
_CACHED = (
    "vllm:prompt_tokens_cached_total",
    "vllm:prefix_cache_hits_total",
    "vllm:gpu_prefix_cache_hits_total",
)
VLLM_METRICS = (_PROMPT, _OUTPUT, _REQUESTS, _PREFILL, _DECODE, *_CACHED)
NAMESPACE_LABELS = ("exported_namespace", "namespace", "kubernetes_namespace")


def served_models(
    series: Sequence[Series],
    span: Span,
    *,
    asked_from: float,
    pod_starts: Sequence[Series] = (),
    process_starts: Sequence[Series] = (),
) -> tuple[ServedModel, ...]:
    """What was served in the span, by namespace and model, in that order, of those that were seen
    within it.

    `pod_starts` and `process_starts` are gauges of when they started: a counter that is first
    seen in the span counts from zero where its pod, or its process, whichever began later, began
    no earlier than `asked_from`.
    """
    pods, processes = starts_by(pod_of, pod_starts), starts_by(_process, process_starts)
    rises = Increases()
    for each in series:
        labels = each.labels
        known = (pods.get(pod_of(labels)), processes.get(_process(labels)))
        # a container that restarted is younger than its pod
        started_at = max((at for at in known if at is not None), default=None)
        rise = increase(each.samples, span, asked_from=asked_from, started_at=started_at)
        namespace = first_label(labels, NAMESPACE_LABELS)
        was_seen = any(span.start <= sample.at < span.end for sample in each.samples)
        if was_seen and (model := labels.get("model_name")):
            rises.add((namespace, model, labels.get("__name__", "")), labels, rise)
    sums = rises.sums()
    places = sorted({key[:2] for key in sums})
    return tuple(_served(namespace, model, sums) for namespace, model in places)


def served_record(model: ServedModel, hour: datetime, producer: ProducerPolicy) -> UsageRecord:
    """The hour of one model as usage; its money is in the cluster's costs.

    Raises:
        UsageRecordError, TenantRefusedError: the name cannot be kept, or is nobody's.
    """
    start = hour.astimezone(UTC)
    return usage_record(
        producer,
        id=f"vllm/{model.namespace}/{model.model}/{start:%Y-%m-%dT%H}",
        at=start,
        tenant=model.namespace if producer.names_tenants else "",
        model=model.model,
        provider=PROVIDER,
        requests=model.requests,
        tokens=model.tokens,
    )


def _served(namespace: str, model: str, sums: Mapping[tuple[str, ...], Increase]) -> ServedModel:
    def rise(name: str) -> Increase:
        return sums.get((namespace, model, name), Increase(0.0))

    cached = next((name for name in _CACHED if (namespace, model, name) in sums), _CACHED[0])
    prompt = round(rise(_PROMPT).value)
    counted = [rise(name).unseen_from for name in (_PROMPT, _OUTPUT, _REQUESTS)]
    unseen_from = min((at for at in counted if at is not None), default=None)
    return ServedModel(
        namespace=namespace,
        model=model,
        requests=round(rise(_REQUESTS).value),
        tokens=TokenCounts(
            input=prompt,
            # a request that is pre-empted asks the cache again: hits can exceed the prompt
            cached_input=min(prompt, round(rise(cached).value)),
            output=round(rise(_OUTPUT).value),
        ),
        prefill_seconds=rise(_PREFILL).value,
        decode_seconds=rise(_DECODE).value,
        complete=unseen_from is None,
        unseen_from=None if unseen_from is None else datetime.fromtimestamp(unseen_from, UTC),
    )


def starts_by(
    key: Callable[[Mapping[str, str]], tuple[str, str]], series: Sequence[Series]
) -> dict[tuple[str, str], float]:
    """The earliest start by key; series without it say nothing."""
    found: dict[tuple[str, str], float] = {}
    for each in series:
        name = key(each.labels)
        if all(name) and each.samples:
            found[name] = min(found.get(name, each.samples[-1].value), each.samples[-1].value)
    return found


def pod_of(labels: Mapping[str, str]) -> tuple[str, str]:
    """The namespace and the name of the pod that a series is about."""
    return first_label(labels, NAMESPACE_LABELS), first_label(labels, POD_LABELS)


def _process(labels: Mapping[str, str]) -> tuple[str, str]:
    return labels.get("job", ""), labels.get("instance", "")
