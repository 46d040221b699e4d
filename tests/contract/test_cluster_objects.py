"""What every cluster does to a stop's reads and writes, in memory and behind the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bursar.adapters.memory.stops import MemoryClusterObjects
from bursar.domain.stops.objects import (
    NotServedError,
    ObjectChangedError,
    ObjectKind,
    ObjectName,
    StoredObject,
)
from bursar.ports import ClusterObjects
from tests.contract.stop_cluster import (
    GPU,
    admitted,
    job_object,
    pool_object,
    queue_object,
    serving,
)
from tests.unit.domain.stops.cluster import job, pool, queue

QUOTA = ObjectName(kind=ObjectKind.RESOURCE_QUOTA, namespace="research", name="bursar-stop-s")
HARD = {f"requests.{GPU}": "5"}


@pytest.fixture(params=["memory", "kubernetes"])
def cluster(request: pytest.FixtureRequest) -> Iterator[ClusterObjects]:
    if request.param == "memory":
        yield MemoryClusterObjects(
            [queue("gpu", policy="None"), pool("gpu", {GPU: "64"}, gpu=8), job("waits")]
        )
        return
    stored = admitted()
    stored.put("localqueues", queue_object("None"))
    stored.put("nodepools", pool_object({GPU: "64"}, **{GPU: "8"}))
    stored.put("jobs", job_object())
    with serving(stored) as (objects, _):
        yield objects


def only(cluster: ClusterObjects, kind: ObjectKind) -> StoredObject:
    (found,) = cluster.objects(kind)
    return found


@pytest.mark.parametrize(
    ("kind", "fields", "amounts"),
    [
        (ObjectKind.LOCAL_QUEUE, {"stopPolicy": "None"}, {}),
        (ObjectKind.NODE_POOL, {GPU: "64"}, {GPU: 8}),
        (ObjectKind.JOB, {"suspend": False}, {GPU: 1}),
    ],
)
def test_objects_are_listed_and_found_with_what_a_stop_reads(
    cluster: ClusterObjects, kind: ObjectKind, fields: Any, amounts: Any
) -> None:
    found = only(cluster, kind)
    assert (dict(found.fields), dict(found.amounts), found.stop) == (fields, amounts, "")
    assert not found.busy
    assert cluster.find(found.name) == found
    assert list(cluster.objects(kind, "elsewhere")) == []


def test_what_is_not_there_is_none(cluster: ClusterObjects) -> None:
    assert cluster.find(QUOTA) is None
    assert list(cluster.objects(ObjectKind.RESOURCE_QUOTA)) == []


def test_a_quota_is_made_once_and_deleted_by_whoever_made_it(cluster: ClusterObjects) -> None:
    made = cluster.create(QUOTA, HARD, "s")
    found = cluster.find(QUOTA)
    assert found is not None
    assert (dict(found.fields), found.stop, found.uid) == (HARD, "s", made.uid)
    with pytest.raises(ObjectChangedError):
        cluster.create(QUOTA, HARD, "s")
    with pytest.raises(ObjectChangedError):
        cluster.delete(replace(found, uid="another"))
    cluster.delete(found)
    assert cluster.find(QUOTA) is None


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        (ObjectKind.LOCAL_QUEUE, {"stopPolicy": "Hold"}),
        (ObjectKind.NODE_POOL, {GPU: "8", "aws.amazon.com/neuron": "0"}),
        (ObjectKind.JOB, {"suspend": True}),
    ],
)
def test_fields_are_set_and_put_back(
    cluster: ClusterObjects, kind: ObjectKind, after: dict[str, Any]
) -> None:
    before = only(cluster, kind)
    cluster.change(before, after, "s")
    changed = only(cluster, kind)
    assert changed.reads(after)
    assert (changed.uid, changed.stop) == (before.uid, "s")
    assert changed.version != before.version
    cluster.change(changed, {name: before.fields.get(name) for name in after}, "")
    back = only(cluster, kind)
    assert (back.stop, dict(back.fields)) == ("", dict(before.fields))


def test_an_object_that_changed_since_it_was_found_is_not_written(cluster: ClusterObjects) -> None:
    found = only(cluster, ObjectKind.LOCAL_QUEUE)
    cluster.change(found, {"stopPolicy": "HoldAndDrain"}, "")
    with pytest.raises(ObjectChangedError):
        cluster.change(found, {"stopPolicy": "Hold"}, "s")
    assert only(cluster, ObjectKind.LOCAL_QUEUE).fields == {"stopPolicy": "HoldAndDrain"}


def test_what_is_not_installed_is_not_served() -> None:
    absent = MemoryClusterObjects(absent=[ObjectKind.LOCAL_QUEUE])
    with serving(admitted(kinds=())) as (behind_api, _):
        for cluster in (absent, behind_api):
            with pytest.raises(NotServedError):
                cluster.objects(ObjectKind.LOCAL_QUEUE)
