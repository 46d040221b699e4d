"""A stop behind a Kubernetes API: RBAC, versions, Jobs with pods, and what quotas refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bursar.adapters.kubernetes_api.stop_objects import MANAGER, STOP
from bursar.domain.cluster.records import ClusterUnreadableError
from bursar.domain.stops.objects import ClusterWriteError, NotServedError, ObjectKind, ObjectName
from bursar.local.kubernetes_objects import (
    KARPENTER,
    KUBERNETES,
    Call,
    Kind,
    KubernetesObjects,
    RefusedError,
)
from tests.contract.stop_cluster import (
    GPU,
    READS,
    admitted,
    job_object,
    pod_object,
    pool_object,
    queue_object,
    serving,
)

QUOTA = ObjectName(kind=ObjectKind.RESOURCE_QUOTA, namespace="research", name="bursar-stop-s")
JOB = ObjectName(kind=ObjectKind.JOB, namespace="research", name="waits")


def test_a_patch_touches_one_field_under_our_own_name() -> None:
    stored = admitted()
    stored.put("localqueues", queue_object())
    with serving(stored) as (objects, server):
        (found,) = objects.objects(ObjectKind.LOCAL_QUEUE, "research")
        objects.change(found, {"stopPolicy": "Hold"}, "s")
    sent = server.asked[-1]
    assert (sent.method, sent.query) == ("PATCH", {"fieldManager": MANAGER})
    assert sent.headers["content-type"] == "application/merge-patch+json"
    assert json.loads(sent.body) == {
        "metadata": {
            "uid": found.uid,
            "resourceVersion": found.version,
            "annotations": {STOP: "s"},
        },
        "spec": {"stopPolicy": "Hold"},
    }
    after = stored.get("localqueues", "gpu", "research")
    assert after is not None
    assert after["spec"] == {"clusterQueue": "all", "stopPolicy": "Hold"}


def test_a_pool_that_had_no_limits_has_none_again() -> None:
    stored = admitted()
    stored.put("nodepools", pool_object())
    with serving(stored) as (objects, _):
        for limit, stop in (("8", "s"), (None, "")):
            (found,) = objects.objects(ObjectKind.NODE_POOL)
            objects.change(found, {GPU: limit}, stop)
    after = stored.get("nodepools", "gpu")
    assert after is not None
    assert after["spec"] == {"template": {}}


def test_a_newer_version_of_an_api_is_found() -> None:
    newer = Kind("kueue.x-k8s.io", "v1beta2", "localqueues", "LocalQueue")
    stored = admitted(kinds=(*KUBERNETES, newer))
    stored.put("localqueues", queue_object())
    with serving(stored) as (objects, _):
        (found,) = objects.objects(ObjectKind.LOCAL_QUEUE)
        objects.change(found, {"stopPolicy": "Hold"}, "s")
    with pytest.raises(NotServedError), serving(stored) as (objects, _):
        objects.objects(ObjectKind.NODE_POOL)


def busy(job: dict[str, Any], *pods: dict[str, Any]) -> bool:
    stored = admitted(pods=lambda: pods)
    stored.put("jobs", job)
    with serving(stored) as (objects, _):
        found = objects.find(JOB)
    assert found is not None
    return found.busy


def test_a_job_is_idle_only_while_no_pod_carries_its_labels() -> None:
    own = pod_object("p", labels={"batch.kubernetes.io/controller-uid": "job-waits"})
    other = pod_object("q", labels={"batch.kubernetes.io/controller-uid": "job-else"})
    assert busy(job_object(), own, other)
    assert not busy(job_object(), other)


@pytest.mark.parametrize(
    "more",
    [
        {"status": {"active": 1}},
        {"status": {"succeeded": 1}},
        {"status": {"failed": 2}},
        {"status": {"conditions": [{"type": "Complete", "status": "True"}]}},
        {"metadata": {"labels": {"kueue.x-k8s.io/queue-name": "gpu"}}},
        {"spec": {"managedBy": "kueue.x-k8s.io/multikueue"}},
        {"spec": {"selector": None}},
    ],
)
def test_a_job_that_had_pods_or_is_started_by_others_is_busy(more: dict[str, Any]) -> None:
    assert busy(job_object(**more))


def test_without_the_role_nothing_is_read_or_written_and_the_reason_is_told() -> None:
    stored = KubernetesObjects()
    stored.grant(READS)
    with serving(stored) as (objects, _):
        for kind in ObjectKind:
            with pytest.raises(ClusterUnreadableError, match=r"403: .* is forbidden"):
                objects.objects(kind)
        with pytest.raises(ClusterWriteError, match='cannot create resource "resourcequotas"'):
            objects.create(QUOTA, {}, "s")


def test_the_role_allows_no_other_writes() -> None:
    """Nobody deletes a Job, drains a queue's workloads, or makes a pod by it."""
    stored = admitted()
    namespace = "/namespaces/research"
    for method, path in (
        ("DELETE", f"/apis/batch/v1{namespace}/jobs/waits"),
        ("DELETE", f"/api/v1{namespace}/pods/p"),
        ("POST", f"/api/v1{namespace}/pods"),
        ("PATCH", f"/api/v1{namespace}/resourcequotas/theirs"),
        ("DELETE", "/apis/karpenter.sh/v1/nodepools/gpu"),
        ("GET", f"/api/v1{namespace}/secrets"),
        ("PATCH", f"/apis/kueue.x-k8s.io/v1beta1{namespace}/workloads/w"),
    ):
        with pytest.raises(RefusedError) as refused:
            stored.answer(Call(method, path))
        assert refused.value.status == 403


def test_a_server_that_is_busy_is_asked_again() -> None:
    stored = admitted()
    with serving(stored) as (objects, server):
        server.throttle(2)
        made = objects.create(QUOTA, {f"requests.{GPU}": "1"}, "s")
    assert made.stop == "s"


def test_a_server_that_is_gone_is_no_answer() -> None:
    with serving(admitted()) as (objects, server):
        server.stop()
        with pytest.raises(ClusterWriteError, match="ResourceQuota research/bursar-stop-s"):
            objects.create(QUOTA, {}, "s")


def test_a_quota_refuses_the_pod_beyond_it_and_no_other() -> None:
    """Two pods of 2 GPUs run; the quota allows 5: one more GPU fits, two do not."""
    running = [pod_object(f"p{n}", gpus=2) for n in range(2)]
    stored = admitted(pods=lambda: running)
    stored.grant({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}]})
    with serving(stored) as (objects, _):
        objects.create(QUOTA, {f"requests.{GPU}": "5"}, "s")

    def create(name: str, gpus: int) -> None:
        body = json.dumps(pod_object(name, gpus)).encode()
        stored.answer(Call("POST", "/api/v1/namespaces/research/pods", body=body))

    with pytest.raises(RefusedError, match=r"exceeded quota: bursar-stop-s, .*=2, used: .*=4"):
        create("two", 2)
    create("one", 1)
    create("none", 0)
    with pytest.raises(RefusedError, match="already exists"):
        create("none", 0)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/strategic-merge-patch+json", {}, 415),
        ("application/merge-patch+json", {"metadata": {"resourceVersion": "1"}}, 409),
        ("application/merge-patch+json", {"spec": {"suspend": "yes"}}, 422),
    ],
)
def test_the_local_api_refuses_as_the_real_one(content_type: str, body: Any, status: int) -> None:
    stored = admitted(kinds=(*KUBERNETES, KARPENTER))
    stored.put("jobs", job_object())
    call = Call(
        "PATCH",
        "/apis/batch/v1/namespaces/research/jobs/waits",
        content_type=content_type,
        body=json.dumps(body).encode(),
    )
    with pytest.raises(RefusedError) as refused:
        stored.answer(call)
    assert refused.value.status == status
