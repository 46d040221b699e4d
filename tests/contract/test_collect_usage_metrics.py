"""An hour of a cluster's metrics, asked of a server over HTTP: models served, and GPUs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bursar.adapters.memory.cluster_use import MemoryClusterUseStore
from bursar.adapters.memory.ledger import MemoryLedger
from bursar.adapters.prometheus import PrometheusSource, at_url
from bursar.domain.periods import Window, hour_of
from bursar.domain.usage.counters import MetricsUnreadableError
from bursar.domain.usage.producers import ANY_TENANT, ProducerPolicy
from bursar.domain.usage.records import TokenCounts
from bursar.jobs.collect_usage_metrics import (
    CollectedMetrics,
    collect_cluster_usage,
    collect_usage_metrics,
)
from tests.contract.prometheus_server import Prometheus
from tests.contract.test_metrics_wiring import cluster
from tests.unit.jobs.test_take_usage import Intake

EXPOSED = Path(__file__).parents[3] / "shared/data/metrics"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = Window(NOON, NOON + timedelta(hours=1))
AT = NOON.timestamp()
CHAT = {"model_name": "llama", "namespace": "chat", "pod": "vllm-0", "engine": "0"}
PROMETHEUS = ProducerPolicy(name="prometheus:prod", tenants=frozenset({ANY_TENANT}))


@pytest.fixture
def server() -> Iterator[Prometheus]:
    with Prometheus() as served:
        yield served


@pytest.fixture
def store() -> MemoryClusterUseStore:
    return MemoryClusterUseStore()


def collected(
    server: Prometheus, store: MemoryClusterUseStore, hour: Window = HOUR, **more: bool
) -> CollectedMetrics:
    source = PrometheusSource(at_url(server.url))
    return collect_usage_metrics(
        "prod", hour, metrics=source, producer=PROMETHEUS, store=store, **more
    )


def serve(server: Prometheus, labels: dict[str, str], *rows: tuple[float, int, int, int]) -> None:
    """Rows of (seconds after noon, prompt tokens, output tokens, requests), as counters."""
    for n, name in enumerate(("prompt_tokens", "generation_tokens", "request_success"), start=1):
        told = [(AT + row[0], float(row[n])) for row in rows]
        server.add(f"vllm:{name}_total", labels, *told)


def test_what_a_model_served_in_the_hour_is_one_record(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    serve(server, CHAT, (-30, 1000, 100, 10), (0, 1500, 150, 12), (3570, 9000, 900, 70))
    server.add("vllm:prompt_tokens_cached_total", CHAT, (AT - 30, 100), (AT + 3570, 2100))
    server.add("vllm:prefix_cache_hits_total", CHAT, (AT - 30, 0), (AT + 3570, 9999))
    for name, seconds in (("prefill", 6.0), ("decode", 80.0)):
        series = f"vllm:request_{name}_time_seconds_sum"
        server.add(series, CHAT, (AT - 30, 1.0), (AT + 3570, 1.0 + seconds))
    done = collected(server, store)
    (found,) = done.records
    assert found.tokens == TokenCounts(8000, 2000, output=800)
    assert (found.requests, found.model, found.provider) == (60, "llama", "vllm")
    assert (found.tenant, found.at) == ("chat", NOON)
    assert (found.producer, found.id) == ("prometheus:prod", "vllm/chat/llama/2026-11-20T12")
    (served,) = done.use.served
    # 0.1 s an output token, 6 s / 6,000 computed prompt tokens
    assert served.output_weight == pytest.approx(0.1 / 0.001)
    assert served.complete
    assert list(store.between("prod", HOUR)) == [done.use]


def test_replicas_are_added_up_and_models_and_namespaces_are_apart(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    for pod in ("vllm-0", "vllm-1"):
        serve(server, {**CHAT, "pod": pod}, (-30, 0, 0, 0), (60, 100, 10, 1))
    serve(server, {**CHAT, "namespace": "search"}, (-30, 0, 0, 0), (60, 7, 3, 1))
    found = {(each.tenant, each.tokens.total) for each in collected(server, store).records}
    assert found == {("chat", 220), ("search", 10)}


TARGET = {**CHAT, "instance": "10.0.0.7:8000"}


@pytest.mark.parametrize(
    "label", ["job", "service", "prometheus", "prometheus_replica", "replica"]
)
def test_a_target_that_is_scraped_twice_counts_once(
    server: Prometheus, store: MemoryClusterUseStore, label: str
) -> None:
    for scraper in ("a", "b"):
        serve(server, {**TARGET, label: scraper}, (-30, 0, 0, 0), (60, 100, 10, 1))
    serve(server, {**TARGET, "instance": "10.0.0.8:8000"}, (-30, 0, 0, 0), (60, 7, 3, 1))
    (found,) = collected(server, store).records
    assert (found.tokens, found.requests) == (TokenCounts(107, output=13), 2)


def test_of_two_replicas_the_one_that_saw_most_counts(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    """Replica a is away from 12:20 on. Where b begins at 12:10, what was before it is not known
    of it: it saw 900 - 200."""
    a, b = ({**TARGET, "prometheus_replica": name} for name in "ab")
    serve(server, a, (-30, 0, 0, 0), (1200, 400, 40, 4))
    serve(server, b, (600, 200, 20, 2), (3570, 900, 90, 9))
    done = collected(server, store)
    assert done.records[0].tokens == TokenCounts(700, output=70)
    assert not done.use.served[0].complete
    server.series.clear()
    serve(server, a, (-30, 0, 0, 0), (1200, 400, 40, 4))
    serve(server, b, (-20, 0, 0, 0), (3570, 900, 90, 9))
    done = collected(server, store)
    assert done.records[0].tokens == TokenCounts(900, output=90)
    assert done.use.served[0].complete
    assert done.rejections == ()


def test_series_that_tell_neither_a_pod_nor_an_instance_are_targets_of_their_own(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    for job in ("vllm-a", "vllm-b"):
        labels = {"model_name": "llama", "namespace": "chat", "job": job}
        serve(server, labels, (-30, 0, 0, 0), (60, 100, 10, 1))
    (found,) = collected(server, store).records
    assert found.tokens == TokenCounts(200, output=20)


def test_a_restart_within_the_hour_loses_nothing_that_was_sampled(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    serve(server, CHAT, (-30, 500, 50, 5), (600, 800, 80, 8), (900, 40, 4, 1), (1200, 90, 9, 2))
    (found,) = collected(server, store).records
    assert found.tokens == TokenCounts(300 + 90, output=30 + 9)
    assert found.requests == 3 + 2


def test_a_pod_that_started_in_the_hour_counts_from_zero(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    serve(server, CHAT, (660, 300, 30, 3), (3570, 500, 50, 5))
    pod = {"namespace": "chat", "pod": "vllm-0"}
    server.add("kube_pod_start_time", pod, (AT + 660, AT + 600), (AT + 3590, AT + 600))
    done = collected(server, store)
    assert done.records[0].tokens == TokenCounts(500, output=50)
    assert done.use.served[0].complete


def test_a_process_that_started_in_the_hour_counts_from_zero_too(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    target = {"job": "vllm", "instance": "10.0.0.7:8000"}
    serve(server, {**CHAT, **target}, (660, 300, 30, 3), (3570, 500, 50, 5))
    server.add("process_start_time_seconds", target, (AT + 660, AT + 600))
    assert collected(server, store).records[0].tokens.total == 550


def test_a_process_that_restarted_in_an_older_pod_counts_from_zero(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    """The container began anew at 12:08:20, after its counters were out of sight: all 900 prompt
    tokens and 90 output tokens are the new process's."""
    target = {"job": "vllm", "instance": "10.0.0.7:8000"}
    serve(server, {**CHAT, **target}, (600, 300, 30, 3), (1200, 900, 90, 9))
    old = {"namespace": "chat", "pod": "vllm-0"}
    server.add("kube_pod_start_time", old, (AT + 600, AT - 86_400))
    server.add("process_start_time_seconds", target, (AT + 600, AT + 500))
    done = collected(server, store)
    assert done.records[0].tokens == TokenCounts(900, output=90)
    assert done.use.served[0].complete


def test_a_series_that_appears_in_the_hour_of_an_older_pod_is_marked_incomplete(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    serve(server, CHAT, (660, 1_000_300, 30, 3), (3570, 1_000_500, 50, 5))
    old = {"namespace": "chat", "pod": "vllm-0"}
    server.add("kube_pod_start_time", old, (AT + 660, AT - 86_400))
    done = collected(server, store)
    assert done.records[0].tokens == TokenCounts(200, output=20)
    assert not done.use.served[0].complete
    [told] = done.rejections
    assert told.where == "chat/llama"
    assert told.reason == (
        "its counters were first seen within the hour 2026-11-20T12Z and had counted before: what"
        " they had is in no record, and the hour's statement is an estimate"
    )


LATER = Window(HOUR.end, HOUR.end + timedelta(hours=1))


def away(server: Prometheus, from_minute: int, to_minute: int, *, began: float | None) -> None:
    """Prometheus saw a process of vLLM every minute from 11:00 to 16:00, but for these after noon:
    it served ten prompt tokens a minute."""
    target = {"job": "vllm", "instance": "10.0.0.7:8000"}
    seen = [n for n in range(-60, 240) if not from_minute <= n < to_minute]
    rows = [(n * 60.0, 10_000 + n * 10, 0, 0) for n in seen]
    serve(server, {**CHAT, **target}, *rows)
    if began is not None:
        server.add("process_start_time_seconds", target, *((AT + n * 60, began) for n in seen))


def collected_in_order(server: Prometheus, store: MemoryClusterUseStore) -> list[datetime]:
    """Each hour from noon to four, as it is over; the hours that are to be stated again."""
    touched = MemoryLedger()
    for n in range(4):
        hour = hour_of(NOON + timedelta(hours=n))
        collect_cluster_usage(
            cluster(url=server.url, tenant="search"),
            hour,
            metrics=PrometheusSource(at_url(server.url)),
            store=store,
            intake=Intake().intake,
            touched=touched,
            at=hour.end + timedelta(minutes=14),
        )
    return [each.hour for each in touched.touched()]


def test_an_outage_that_began_in_the_hour_before_is_told_of_both(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    """Nothing was seen from 12:40 to 13:10: of the first hour 40 rises of ten are counted and of
    the second 49, since the sample to compare its first one with is beyond reach."""
    away(server, 40, 70, began=AT - 86_400)
    first = collected(server, store)
    assert (first.records[0].tokens.input, first.rejections) == (400, ())
    [told] = collected(server, store, LATER).rejections
    assert told.reason.endswith(
        "the hour's statement is an estimate, and so are those of the hours from 2026-11-20T12Z on"
    )
    assert collected_in_order(server, store) == [NOON]
    [second] = store.between("prod", LATER)
    assert second.served[0].unseen_from == NOON
    assert second.served[0].tokens.input == 490


def test_an_outage_of_more_than_an_hour_is_told_of_all_that_it_touched(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    """From 12:50 to 14:10: at two, the model was last seen in the hour of noon."""
    away(server, 50, 130, began=AT - 86_400)
    assert collected_in_order(server, store) == [NOON, LATER.start]


@pytest.mark.parametrize("began", [AT + 35 * 60, None])
def test_what_began_after_the_model_was_last_seen_was_not_unseen_before(
    server: Prometheus, store: MemoryClusterUseStore, began: float | None
) -> None:
    """From 12:30 to 14:50; it began at 12:35, or nobody told and it may have run from 13:45 on."""
    away(server, 30, 170, began=began)
    hours = [NOON, LATER.start] if began else [LATER.start]
    assert collected_in_order(server, store) == hours


def test_a_model_that_is_new_to_prometheus_tells_nothing_of_earlier_hours(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    away(server, -60, 70, began=AT - 86_400)
    assert collected_in_order(server, store) == []
    [second] = store.between("prod", LATER)
    assert (second.served[0].complete, second.served[0].unseen_from) == (False, None)


def test_hours_add_up_across_their_edge(server: Prometheus, store: MemoryClusterUseStore) -> None:
    rows = [(n * 37.0, n * 11, n * 3, n) for n in range(-10, 195)]
    serve(server, CHAT, *[(at, max(0, i), max(0, o), max(0, r)) for at, i, o, r in rows])
    later = Window(HOUR.end, HOUR.end + timedelta(hours=1))
    hours = [collected(server, store, hour).records for hour in (HOUR, later)]
    assert sum(each.tokens.input for hour in hours for each in hour) == 194 * 11


def test_an_idle_model_is_kept_without_a_record(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    serve(server, CHAT, (-30, 500, 50, 5), (3570, 500, 50, 5))
    done = collected(server, store)
    assert done.records == ()
    assert [(each.model, each.requests) for each in done.use.served] == [("llama", 0)]


def test_a_name_that_cannot_be_kept_is_rejected_alone(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    serve(server, CHAT, (-30, 0, 0, 0), (60, 1, 1, 1))
    serve(server, {**CHAT, "model_name": "m" * 200}, (-30, 0, 0, 0), (60, 1, 1, 1))
    done = collected(server, store)
    assert [each.model for each in done.records] == ["llama"]
    assert [each.reason for each in done.rejections] == ["model is 200 bytes long; 128 are kept"]


def test_what_is_not_answered_whole_keeps_nothing(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    server.says = {"warnings": ["a store was away"]}
    with pytest.raises(MetricsUnreadableError):
        collected(server, store)
    assert list(store.between("prod", HOUR)) == []


GPU = {"UUID": "GPU-1", "modelName": "NVIDIA L4", "Hostname": "n-1"}
POD = {**GPU, "namespace": "chat", "pod": "vllm-0"}


def test_a_gpu_is_described_for_each_pod_that_had_it(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    def every_minute(*values: float) -> list[tuple[float, float]]:
        return [(AT + 60.0 * n, value) for n, value in enumerate(values)]

    server.add("DCGM_FI_DEV_GPU_UTIL", POD, *every_minute(*[0] * 30, *[80] * 30))
    server.add("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", POD, *every_minute(*[0] * 30, *[0.25] * 30))
    server.add("DCGM_FI_DEV_FB_USED", POD, *every_minute(*[10_240] * 59, 20_480))
    server.add("DCGM_FI_DEV_FB_FREE", POD, *every_minute(*[12_288] * 59, 2_048))
    server.add("DCGM_FI_DEV_GPU_UTIL", {**GPU, "UUID": "GPU-2"}, (AT + 60, 0))
    nobody, chat = collected(server, store).use.gpus
    assert (chat.namespace, chat.pod, chat.gpu_model, chat.node) == (
        "chat",
        "vllm-0",
        "NVIDIA L4",
        "n-1",
    )
    assert (chat.known_seconds, chat.busy, chat.idle, chat.tensor) == (3600, 0.4, 0.5, 0.125)
    assert chat.memory_mean_gib == pytest.approx((59 * 10 + 20) / 60)
    assert chat.memory_peak_gib == 20
    assert chat.memory_total_gib == pytest.approx(22)
    # one sample is five minutes' word, and the rest of the hour is not known
    assert (nobody.gpu, nobody.pod, nobody.known_seconds, nobody.idle) == ("GPU-2", "", 300, 1)
    assert (nobody.tensor, nobody.memory_mean_gib) == (None, None)


def test_instances_of_a_gpu_that_is_cut_up_are_apart(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    for instance in ("3", "5"):
        server.add("DCGM_FI_DEV_FB_USED", {**POD, "GPU_I_ID": instance}, (AT, 1024))
    found = collected(server, store).use.gpus
    assert [each.gpu for each in found] == ["GPU-1/3", "GPU-1/5"]


def test_the_exporters_own_pod_does_not_have_the_gpus_that_nobody_has(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    exporter = {**GPU, "namespace": "gpu-operator", "pod": "nvidia-dcgm-exporter-x7"}
    having = {"exported_namespace": "chat", "exported_pod": "vllm-0"}
    server.add("DCGM_FI_DEV_GPU_UTIL", {**exporter, **having}, (AT, 90))
    server.add("DCGM_FI_DEV_GPU_UTIL", {**exporter, "UUID": "GPU-2"}, (AT, 0))
    found = [(each.gpu, each.namespace, each.pod) for each in collected(server, store).use.gpus]
    assert found == [("GPU-2", "", ""), ("GPU-1", "chat", "vllm-0")]


@pytest.mark.skipif(not EXPOSED.exists(), reason="needs the excerpts of real scrapes")
def test_real_pages_are_understood(server: Prometheus, store: MemoryClusterUseStore) -> None:
    """Excerpts of what vLLM and dcgm-exporter exposed, scraped once within the hour."""
    for name in ("vllm", "dcgm_tesla_t4"):
        page = (EXPOSED / f"{name}_excerpt.prom").read_text()
        server.scrape(page, AT + 60, namespace="chat", pod="p-0")
    server.add("kube_pod_start_time", {"namespace": "chat", "pod": "p-0"}, (AT + 60, AT + 30))
    done = collected(server, store)
    (model,) = done.use.served
    assert (model.model, model.requests) == ("facebook/opt-125m", 1)
    # the page mixes versions: 64 cached of 5 prompt tokens are no more than the prompt
    assert model.tokens == TokenCounts(5, 5, output=7)
    (gpu,) = done.use.gpus
    assert (gpu.gpu_model, gpu.busy, gpu.idle, gpu.tensor) == ("Tesla T4", 0, 1, None)
    assert gpu.memory_total_gib == pytest.approx(15109 / 1024)


# --- network ----------------------------------------------------------------------------------

KIB = 1024


def sends(
    server: Prometheus,
    namespace: str,
    pod: str,
    *samples: tuple[int, int],
    interface: str = "eth0",
    host_network: str = "false",
) -> None:
    """Samples of (minutes after noon, KiB counted), of a pod that kube-state-metrics knows."""
    where = {"namespace": namespace, "pod": pod}
    told = [(AT + minutes * 60, float(kib * KIB)) for minutes, kib in samples]
    name, labels = "container_network_transmit_bytes_total", {"id": f"/kubepods/{pod}"}
    server.add(name, {**where, **labels, "interface": interface}, *told)
    info = [(AT + minutes * 60, 1.0) for minutes in range(-15, 60, 5)]
    server.add("kube_pod_info", {**where, "host_network": host_network, "node": "n-1"}, *info)


def steadily(per_five_minutes: int, since: int = -15) -> list[tuple[int, int]]:
    """A counter that has risen so much every five minutes, until 13:00."""
    return [(at, (at + 15) // 5 * per_five_minutes) for at in range(since, 60, 5)]


def traffic(done: CollectedMetrics) -> dict[str, int]:
    return {each.namespace: each.sent_bytes for each in done.use.traffic}


def test_what_pods_sent_in_the_hour_is_summed_by_namespace(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    sends(server, "chat", "vllm-0", *steadily(10))
    sends(server, "chat", "vllm-1", *steadily(5))
    sends(server, "rag", "api-0", *steadily(1))
    sends(server, "quiet", "api-0", (-15, 7), (0, 7), (55, 7))
    done = collected(server, store, traffic=True)
    # 12 rises of each: 12 x 15 KiB and 12 x 1 KiB
    assert traffic(done) == {"chat": 180 * KIB, "rag": 12 * KIB}
    assert list(store.between("prod", HOUR)) == [done.use]


def test_traffic_is_not_asked_for_unless_it_is_configured(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    sends(server, "chat", "vllm-0", *steadily(10))
    assert collected(server, store).use.traffic == ()
    assert not any("network" in path for path, _ in server.asked)


def test_the_nodes_own_traffic_and_loopback_are_nobodys(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    sends(server, "chat", "vllm-0", *steadily(10))
    sends(server, "chat", "vllm-0", *steadily(900), interface="lo")
    sends(server, "kube-system", "aws-node-1", *steadily(9_000), host_network="true")
    server.add(
        "container_network_transmit_bytes_total",
        {"id": "/", "interface": "eth0"},
        *((AT + at * 60, float(at)) for at in range(0, 60, 5)),
    )
    assert traffic(collected(server, store, traffic=True)) == {"chat": 120 * KIB}


def test_a_pods_restarted_network_loses_nothing_and_a_new_pods_counts_from_zero(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    sends(server, "chat", "vllm-0", (-5, 500), (0, 500), (5, 800), (10, 40), (15, 90))
    sends(server, "rag", "new-0", (30, 200), (35, 260))
    server.add("kube_pod_start_time", {"namespace": "rag", "pod": "new-0"}, (AT + 1800, AT + 1750))
    # 300 before the restart and 90 since; 260 from the pod's beginning
    assert traffic(collected(server, store, traffic=True)) == {"chat": 390 * KIB, "rag": 260 * KIB}


def test_without_kube_state_metrics_nobodys_traffic_is_known(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    sends(server, "chat", "vllm-0", *steadily(10))
    server.series = [each for each in server.series if each.labels["__name__"] != "kube_pod_info"]
    assert collected(server, store, traffic=True).use.traffic == ()


def test_hours_of_traffic_add_up_across_their_edge(
    server: Prometheus, store: MemoryClusterUseStore
) -> None:
    later = Window(HOUR.end, HOUR.end + timedelta(hours=1))
    sends(server, "chat", "vllm-0", *((at, (at + 15) * 3) for at in range(-15, 120, 5)))
    server.add(
        "kube_pod_info",
        {"namespace": "chat", "pod": "vllm-0", "host_network": "false"},
        (AT + 5_400, 1.0),
    )
    told = [
        traffic(collected(server, store, hour, traffic=True))["chat"] for hour in (HOUR, later)
    ]
    # from the sample before noon (10 x 3 KiB) to the last (130 x 3 KiB)
    assert sum(told) == 120 * 3 * KIB
