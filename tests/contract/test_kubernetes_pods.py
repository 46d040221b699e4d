"""What is read of a cluster's pods, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from bursar.domain.cluster.records import ClusterUnreadableError
from bursar.domain.cluster.unowned import UNALLOCATED
from tests.contract.kubernetes_cluster import GI, Objects, asks, at, pod_of, reading


def test_a_pod_reserves_its_effective_request() -> None:
    pod = pod_of(
        {
            "containers": [
                {
                    "resources": {
                        "requests": {"cpu": "1", "memory": "1Gi"},
                        "limits": {"cpu": "4", "memory": "2Gi", "nvidia.com/gpu": "1"},
                    }
                },
                asks(cpu="500m"),
            ],
            "initContainers": [
                {**asks(cpu="250m"), "restartPolicy": "Always"},
                asks(cpu="1", memory="4Gi"),
            ],
            "overhead": {"cpu": "100m", "memory": "1Gi"},
        }
    )
    assert pod.cpu_milli == 1850  # max(1000 + 500 + 250 sidecar, 250 + 1000) + 100
    assert pod.memory_bytes == 5 * GI  # max(1 GiB, 4 GiB) + 1 GiB
    assert pod.accelerators == {"nvidia.com/gpu": 1}  # the limit stands in


def test_pod_level_requests_replace_the_containers() -> None:
    pod = pod_of(
        {
            "containers": [asks(cpu="1", memory="1Gi")],
            "resources": {"requests": {"cpu": "3"}, "limits": {"cpu": "9", "memory": "9Gi"}},
        }
    )
    assert (pod.cpu_milli, pod.memory_bytes) == (3000, GI)


def test_the_first_model_label_wins_and_the_namespace_stands_in() -> None:
    space = {"metadata": {"name": "search", "labels": {"model": "llama", "team": "search"}}}
    labels = {"app.kubernetes.io/model": "qwen", "x": "y"}
    told = pod_of(metadata={"labels": labels}, namespaces=[space], labels=("team", "x"))
    assert (told.model, told.labels) == ("qwen", {"team": "search", "x": "y"})
    assert pod_of(namespaces=[space]).model == "llama"
    assert pod_of().model == UNALLOCATED


def test_a_pod_is_named_after_its_controller() -> None:
    owners = [
        {"kind": "Widget", "name": "not-a-controller"},
        {"kind": "ReplicaSet", "name": "web-6d4b75cb6d", "controller": True},
    ]
    labels = {"pod-template-hash": "6d4b75cb6d"}
    assert pod_of(metadata={"ownerReferences": owners, "labels": labels}).workload == "web"
    assert pod_of(metadata={"ownerReferences": owners[:1]}).workload == "p"


def test_claims_are_those_that_it_names_and_those_made_for_it() -> None:
    volumes = [
        {"name": "data", "persistentVolumeClaim": {"claimName": "shared-data"}},
        {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
        {"name": "tmp", "emptyDir": {}},
    ]
    assert pod_of({"volumes": volumes}).claims == ("shared-data", "p-scratch")


def test_a_finished_pod_ends_with_its_last_container() -> None:
    def ended(when: str | None) -> dict[str, Any]:
        return {"state": {"terminated": {"exitCode": 0, "finishedAt": when}}}

    statuses = [ended("2026-11-01T11:00:00Z"), ended("2026-11-01T12:30:00Z"), ended(None)]
    done = pod_of(status={"phase": "Succeeded", "containerStatuses": statuses})
    assert done.finished_at == at("2026-11-01T12:30:00Z")
    evicted = pod_of(status={"phase": "Failed", "reason": "Evicted"})
    assert evicted.finished_at == evicted.started_at == at("2026-11-01T10:00:00Z")
    assert pod_of(status={"containerStatuses": statuses}).finished_at is None  # it restarts


def test_states_that_are_none_make_the_list_unreadable() -> None:
    with pytest.raises(ClusterUnreadableError, match="pods: search/p: its containers' states"):
        pod_of(status={"phase": "Failed", "containerStatuses": [{"state": "gone"}]})


def test_fargate_bills_its_own_sizes_and_only_on_fargate() -> None:
    spec = {"containers": [asks(cpu="100m", memory="100Mi")]}
    metadata = {"annotations": {"CapacityProvisioned": "0.25vCPU 0.5GB"}}
    elsewhere = pod_of(spec, metadata)
    assert (elsewhere.cpu_milli, elsewhere.memory_bytes) == (100, 100 * 1024**2)
    there = pod_of({**spec, "nodeName": "fargate-ip-10-0-0-1"}, metadata)
    assert (there.cpu_milli, there.memory_bytes) == (250, GI // 2)


def test_usage_comes_from_the_metrics_api() -> None:
    item = {"metadata": {"name": "p", "namespace": "search"}, "spec": {"containers": []}}
    metrics = {
        "metadata": {"name": "p", "namespace": "search"},
        "containers": [
            {"usage": {"cpu": "250000000n", "memory": "1Gi"}},
            {"usage": {"cpu": "1m", "memory": "512Mi"}},
        ],
    }
    lists: Objects = {"nodes": [], "pods": [item], "namespaces": [], "metrics": [metrics]}
    with reading(lists, usage=True) as (reader, _):
        reader.inventory()
        (pod,) = reader.pods()
    assert (pod.cpu_used_milli, pod.memory_used_bytes) == (251, GI + GI // 2)


def test_one_odd_quantity_is_named_and_costs_nothing_else() -> None:
    def pod(name: str, cpu: str) -> dict[str, Any]:
        metadata = {"name": name, "namespace": "ns"}
        return {"metadata": metadata, "spec": {"containers": [asks(cpu=cpu, memory="1Gi")]}}

    pods = [pod("bad", "-5"), pod("good", "2")]
    with reading({"pods": pods, "namespaces": []}) as (reader, _):
        bad, good = reader.pods()
        assert reader.oddities == ['pod ns/bad: cpu "-5" is not a quantity']
    assert (bad.cpu_milli, bad.memory_bytes, good.cpu_milli) == (0, GI, 2000)


def test_a_list_that_expires_half_way_is_read_again_and_no_pod_twice() -> None:
    pods = [
        {"metadata": {"name": f"p{i}", "namespace": "ns", "uid": f"u{i}"}} for i in range(1200)
    ]
    with reading({"pods": pods, "namespaces": []}) as (reader, server):
        names = []
        for pod in reader.pods():
            names.append(pod.uid)
            if len(names) == 600:  # inside the second page
                server.expire_tokens()
        firsts = [
            a for a in server.asked if a.path.endswith("/pods") and "continue" not in a.query
        ]
    assert names == [f"u{i}" for i in range(1200)]
    assert len(firsts) == 2
