"""Pods and their metrics as Kubernetes objects."""

from __future__ import annotations

from typing import Any

from bursar.local.scenario.calendar import instant
from bursar.local.scenario.lives import PodLife
from bursar.local.scenario.machines import GPU
from bursar.local.scenario.shapes import ContainerShape, Owner
from bursar.local.scenario.usage import usage

Object = dict[str, Any]

_CONTROLLER_KIND = {Owner.DEPLOYMENT: "ReplicaSet"}  # the others own their pods themselves
_NANOS = 1_000_000  # in a thousandth of a CPU


def pod_object(life: PodLife, at: int) -> Object:
    """A pod: waiting, running, or (of a Job) succeeded."""
    shape = life.shape
    labels = dict(shape.labels)
    if life.template_hash:
        labels["pod-template-hash"] = life.template_hash
    if shape.owner is Owner.JOB:
        labels["batch.kubernetes.io/job-name"] = life.owner_name
    spec: Object = {
        "containers": [_container(one) for one in shape.containers],
        "restartPolicy": "Never" if shape.owner is Owner.JOB else "Always",
    }
    if shape.init_containers:
        spec["initContainers"] = [_container(one) for one in shape.init_containers]
    if life.claims:
        spec["volumes"] = [
            {"name": f"volume-{order}", "persistentVolumeClaim": {"claimName": claim}}
            for order, claim in enumerate(life.claims)
        ]
    if at >= life.started:
        spec["nodeName"] = life.node
    return {
        "metadata": {
            "name": life.name,
            "namespace": shape.namespace,
            "uid": life.uid,
            "creationTimestamp": _timestamp(life.created),
            "labels": labels,
            "ownerReferences": [
                {
                    "apiVersion": "batch/v1" if shape.owner is Owner.JOB else "apps/v1",
                    "kind": _CONTROLLER_KIND.get(shape.owner, str(shape.owner)),
                    "name": life.owner_name,
                    "controller": True,
                }
            ],
        },
        "spec": spec,
        "status": _status(life, at),
    }


def pod_metrics(life: PodLife, at: int, load: float) -> Object | None:
    """What metrics-server tells of a pod; None when it has no sample."""
    told = [
        {
            "name": container.name,
            # as it is measured: any nanocore of a thousandth rounds up to it
            "usage": {
                "cpu": f"{cpu * _NANOS - life.seed % _NANOS}n",
                "memory": f"{kib}Ki",
            },
        }
        for container, cpu, kib in usage(life, at, load)
    ]
    if not told:
        return None
    return {
        "metadata": {"name": life.name, "namespace": life.shape.namespace},
        "timestamp": _timestamp(at),
        "window": "15s",
        "containers": told,
    }


def _container(shape: ContainerShape) -> Object:
    requests = {"cpu": shape.cpu, "memory": shape.memory}
    limits = {"memory": shape.memory}
    if shape.gpus:
        # an extended resource's request and limit are the same
        requests[GPU] = limits[GPU] = str(shape.gpus)
    told: Object = {
        "name": shape.name,
        "image": shape.image,
        "resources": {"requests": requests, "limits": limits},
    }
    return told | ({"restartPolicy": "Always"} if shape.sidecar else {})


def _status(life: PodLife, at: int) -> Object:
    if at < life.started:
        unschedulable = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
        }
        return {"phase": "Pending", "conditions": [unschedulable]}
    started = _timestamp(life.started)
    if life.shape.owner is Owner.JOB and at >= life.finished:
        ended = {
            "exitCode": 0,
            "reason": "Completed",
            "startedAt": started,
            "finishedAt": _timestamp(life.finished),
        }
        return {
            "phase": "Succeeded",
            "startTime": started,
            "containerStatuses": [
                {"name": one.name, "state": {"terminated": ended}} for one in life.shape.containers
            ],
        }
    return {
        "phase": "Running",
        "startTime": started,
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {"name": one.name, "ready": True, "state": {"running": {"startedAt": started}}}
            for one in life.shape.containers
        ],
    }


def _timestamp(at: int) -> str:
    return f"{instant(at):%Y-%m-%dT%H:%M:%SZ}"
