"""The scenario's clusters take a stop: one with Kueue and Karpenter, one without."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bursar.local.cluster_objects import cluster_objects
from bursar.local.kubernetes_objects import Call, KubernetesObjects, RefusedError
from bursar.local.scenario import Scenario
from bursar.local.scenario.objects import kubernetes_objects

START = datetime(2026, 10, 19, tzinfo=UTC)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario(start=START, days=4)


def of(scenario: Scenario, cluster: str) -> KubernetesObjects:
    state = scenario.state(cluster, START)
    return cluster_objects(scenario, cluster, lambda: kubernetes_objects(state, "pods"))


def names(stored: KubernetesObjects, path: str) -> list[Any]:
    return [each["metadata"]["name"] for each in stored.answer(Call("GET", path))["items"]]


def test_the_training_cluster_has_the_pools_that_its_nodes_name_and_queues(
    scenario: Scenario,
) -> None:
    stored = of(scenario, "training")
    nodes = scenario.fleet("training").nodes
    named = {node.group.name for node in nodes if node.group.karpenter}
    assert set(names(stored, "/apis/karpenter.sh/v1/nodepools")) == named != set()
    assert names(stored, "/apis/kueue.x-k8s.io/v1beta1/localqueues") == ["gpu"] * 3
    assert names(stored, "/api/v1/namespaces/kube-system/pods")


def test_the_inference_cluster_serves_neither(scenario: Scenario) -> None:
    stored = of(scenario, "inference")
    for path in ("/apis/karpenter.sh/v1/nodepools", "/apis/kueue.x-k8s.io/v1beta1/localqueues"):
        with pytest.raises(RefusedError) as refused:
            names(stored, path)
        assert refused.value.status == 404
    assert names(stored, "/api/v1/resourcequotas") == []
