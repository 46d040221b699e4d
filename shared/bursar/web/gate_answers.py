"""An answer of the gate as JSON: amounts are strings."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from bursar.domain.cluster.effective_requests import Amounts
from bursar.domain.gate.fitting import accelerators_of
from bursar.domain.gate.jobs import shown_number
from bursar.domain.gate.pricing import NOT_COUNTED, PricedJob, PricedPods
from bursar.domain.gate.verdicts import GateAnswer

_GIB = 2**30


def as_json(answer: GateAnswer) -> dict[str, Any]:
    """What a program reads. `per_pod` is of the pods that cost most; `jobs` has them all.

    `hours` is the longest, `instance_type` names all that are used; null where unpriced.
    """
    told: dict[str, Any] = {
        "verdict": answer.verdict.value,
        "policy": answer.policy,
        "reason": answer.reason,
        "usd": answer.usd.plain() if answer.usd else None,
        "hours": None,
        "pods": None,
        "per_pod": None,
        "instance_type": None,
        "arithmetic": arithmetic(answer),
        "jobs": [_job(each) for each in answer.jobs],
    }
    if pods := [each for job in answer.jobs for each in job.pods]:
        dearest = max(pods, key=lambda each: each.usd.units)
        longest = max(job.duration.hours for job in answer.jobs)
        told |= {
            "hours": shown_number(longest),
            "pods": sum(each.pods for each in pods),
            "per_pod": _requests(dearest.requests),
            "instance_type": ",".join(dict.fromkeys(each.instance_type for each in pods)),
        }
    if answer.exception:
        told["exception"] = answer.exception
    if answer.link:
        told["link"] = answer.link
    return told


def arithmetic(answer: GateAnswer) -> list[str]:
    lines = [line for job in answer.jobs for line in job.arithmetic]
    if answer.usd is None:
        return lines
    return [*lines, f"together {answer.usd.plain()} USD", NOT_COUNTED]


def _job(job: PricedJob) -> dict[str, Any]:
    return {
        "kind": job.shape.kind,
        "namespace": job.shape.namespace,
        "name": job.shape.name,
        "hours": shown_number(job.duration.hours),
        "usd": job.usd.plain(),
        "pod_sets": [_pods(each) for each in job.pods],
    }


def _pods(pods: PricedPods) -> dict[str, Any]:
    return {
        "names": list(pods.names),
        "pods": pods.pods,
        "per_pod": _requests(pods.requests),
        "instance_type": pods.instance_type,
        "nodes": shown_number(pods.nodes),
        "usd": pods.usd.plain(),
    }


def _requests(requests: Amounts) -> dict[str, Any]:
    return {
        "cpu": shown_number(Fraction(requests.get("cpu", 0), 1000)),
        "memory_gib": shown_number(Fraction(requests.get("memory", 0), _GIB)),
        "accelerators": accelerators_of(requests),
    }
