"""A workload has the name that its owner gave it, without Kubernetes' suffixes."""

from __future__ import annotations

import pytest

from bursar.domain.cluster.workloads import workload_name


def test_a_replica_set_is_named_after_its_deployment() -> None:
    assert workload_name("web-6d4b75cb6d-x2x9z", "ReplicaSet", "web-6d4b75cb6d", "6d4b75cb6d") == (
        "web"
    )


def test_a_deployment_may_have_dashes_and_digits_of_its_own() -> None:
    assert (
        workload_name("p", "ReplicaSet", "llama-3-1-8b-7f9c6d8b5", "7f9c6d8b5") == "llama-3-1-8b"
    )


def test_a_label_that_does_not_match_still_tells_that_a_hash_is_there() -> None:
    assert workload_name("p", "ReplicaSet", "srv-6-3197bdffb", "3197bdffbd") == "srv-6"


def test_without_the_label_only_what_can_be_a_hash_is_taken_off() -> None:
    assert workload_name("p", "ReplicaSet", "web-6d4b75cb6d") == "web"
    assert workload_name("p", "ReplicaSet", "web-v2") == "web-v2"
    assert workload_name("p", "ReplicaSet", "web-frontend") == "web-frontend"


def test_a_job_of_a_cron_job_is_named_after_the_cron_job() -> None:
    assert workload_name("nightly-29384756-abcde", "Job", "nightly-29384756") == "nightly"
    assert workload_name("p", "Job", "nightly-1609459200") == "nightly"


@pytest.mark.parametrize("job", ["train-2024", "train", "eval-1234567"])
def test_a_job_of_its_own_keeps_its_name(job: str) -> None:
    assert workload_name("p", "Job", job) == job


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "RayCluster", "PyTorchJob"])
def test_any_other_controller_gives_its_own_name(kind: str) -> None:
    assert workload_name("p-0", kind, "ray-20240101") == "ray-20240101"


def test_a_pod_without_an_owner_is_its_own_workload() -> None:
    assert workload_name("scratch", None, None) == "scratch"


def test_a_static_pod_is_named_without_its_node() -> None:
    assert workload_name("kube-proxy-ip-10-0-0-7", "Node", "ip-10-0-0-7") == "kube-proxy"
