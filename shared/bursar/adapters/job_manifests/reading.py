"""From parsed manifests to the shapes of jobs; errors name document and field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bursar.adapters.job_manifests.models import (
    JobManifest,
    Metadata,
    PodSpec,
    PyTorchJobManifest,
    Quantities,
    Resources,
    SelectorTerm,
    Template,
    WorkloadManifest,
)
from bursar.adapters.kubernetes_api.amounts import reading_of
from bursar.domain.cluster.effective_requests import (
    Amounts,
    InitContainer,
    effective_requests,
    with_limits,
)
from bursar.domain.cluster.quantities import QuantityError
from bursar.domain.gate.jobs import HOURS_ANNOTATION, JobShape, PodSet, Requirement, Term

_MOST_JOBS = 100
_MOST_TOLD = 5
_UNNAMED = "(unnamed)"
# kinds that run nothing themselves, and stand in the same file as a job
_QUIET = frozenset(
    {
        *("ConfigMap", "Secret", "Service", "ServiceAccount", "Namespace"),
        *("PersistentVolumeClaim", "PersistentVolume", "Role", "RoleBinding"),
        *("NetworkPolicy", "LocalQueue", "PriorityClass", "ResourceQuota", "LimitRange"),
    }
)
# native or extended resources that no instance is sold by
_FREE = re.compile(r"ephemeral-storage|hugepages-.*|vpc\.amazonaws\.com/.*|storage")
_TIME_SLICE = "nvidia.com/gpu.shared"  # of how many, only the node knows


class ManifestError(ValueError):
    """It is no manifest that can be priced; `problems` name document and field, one a line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


M = TypeVar("M", bound=BaseModel)


def read_jobs(documents: Sequence[object], namespace: str | None = None) -> tuple[JobShape, ...]:
    """The jobs among parsed manifests; `namespace` holds for those that name none.

    Raises:
        ManifestError: a document runs pods and cannot be priced, or none is a job.
    """
    jobs = [
        _job(document, where, namespace)
        for where, document in _documents(documents)
        if document.get("kind") not in _QUIET
    ]
    if not jobs:
        raise ManifestError(["holds no Job, PyTorchJob or Workload"])
    if len(jobs) > _MOST_JOBS:
        raise ManifestError([f"holds {len(jobs)} jobs, more than {_MOST_JOBS}"])
    return tuple(jobs)


def _documents(documents: Sequence[object]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for n, document in enumerate(documents):
        where = f"document {n + 1}: " if len(documents) > 1 else ""
        if document is None:
            continue
        if not isinstance(document, dict):
            raise ManifestError([f"{where}is not a mapping, such as `kind: Job`"])
        if document.get("kind") != "List":
            yield where, document
            continue
        items = document.get("items")
        if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
            raise ManifestError([f"{where}items: is not a list of manifests"])
        for m, item in enumerate(items):
            yield f"{where}items[{m}]: ", item


def _job(document: Mapping[str, Any], where: str, namespace: str | None) -> JobShape:
    kind, version = document.get("kind"), str(document.get("apiVersion", ""))
    try:
        match kind, version.partition("/")[0]:
            case "Job", "batch":
                return _kubernetes_job(_read(JobManifest, document), namespace)
            case "PyTorchJob", "kubeflow.org":
                return _pytorch_job(_read(PyTorchJobManifest, document), namespace)
            case "Workload", "kueue.x-k8s.io":
                return _workload(_read(WorkloadManifest, document), namespace)
    except ManifestError as error:
        raise ManifestError([f"{where}{problem}" for problem in error.problems]) from None
    told = f"kind {kind!r} of apiVersion {version!r} cannot be priced"
    raise ManifestError([f"{where}{told}: give a Job, PyTorchJob or Workload"])


def _read(model: type[M], document: Mapping[str, Any]) -> M:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)[:_MOST_TOLD]
        raise ManifestError(
            [f"{_field(each['loc'])}: {each['msg']}" for each in problems]
        ) from None


def _kubernetes_job(told: JobManifest, namespace: str | None) -> JobShape:
    """Without `completions`, a Job with `parallelism` is a queue that many pods work on."""
    spec = told.spec
    at_once = 1 if spec.parallelism is None else spec.parallelism
    if spec.completions is not None:
        at_once = min(at_once, spec.completions)
    pods = _pod_set("pods", at_once, spec.template, "spec.template")
    return _shape("Job", told.metadata, namespace, (pods,), spec.active_deadline_seconds)


def _pytorch_job(told: PyTorchJobManifest, namespace: str | None) -> JobShape:
    """An elastic job is priced at the most workers that it may grow to."""
    sets = []
    for name, replicas in told.spec.replica_specs.items():
        if name not in ("Master", "Worker"):
            raise ManifestError([f"spec.pytorchReplicaSpecs.{name}: is no Master or Worker"])
        count = replicas.replicas
        if name == "Worker":
            count = max(count, told.spec.elastic_policy.max_replicas or 0)
        where = f"spec.pytorchReplicaSpecs.{name}.template"
        sets.append(_pod_set(name, count, replicas.template, where))
    deadline = told.spec.run_policy.active_deadline_seconds
    return _shape("PyTorchJob", told.metadata, namespace, sets, deadline)


def _workload(told: WorkloadManifest, namespace: str | None) -> JobShape:
    sets = [
        _pod_set(each.name, each.count, each.template, f"spec.podSets[{n}].template")
        for n, each in enumerate(told.spec.pod_sets)
    ]
    deadline = told.spec.maximum_execution_time_seconds
    return _shape("Workload", told.metadata, namespace, sets, deadline)


def _shape(
    kind: str,
    metadata: Metadata,
    namespace: str | None,
    sets: Sequence[PodSet],
    deadline_seconds: int | None,
) -> JobShape:
    running = tuple(each for each in sets if each.pods)
    if not running:
        raise ManifestError([f"spec: {kind} {metadata.name or _UNNAMED} runs no pod"])
    if namespace and metadata.namespace and namespace != metadata.namespace:
        told = f"{metadata.namespace!r} is not the namespace {namespace!r} that was given"
        raise ManifestError([f"metadata.namespace: {told}"])
    return JobShape(
        kind=kind,
        name=metadata.name or metadata.generate_name or _UNNAMED,
        namespace=metadata.namespace or namespace or "default",
        pod_sets=running,
        uid=metadata.uid,
        deadline_seconds=deadline_seconds,
        hours=_annotated(metadata.annotations or {}),
    )


def _annotated(annotations: Mapping[str, str]) -> Decimal | None:
    if (text := annotations.get(HOURS_ANNOTATION)) is None:
        return None
    try:
        return Decimal(text)
    except ArithmeticError:
        where = f'metadata.annotations["{HOURS_ANNOTATION}"]'
        raise ManifestError([f"{where}: {text[:40]!r} is no number of hours"]) from None


def _pod_set(name: str, pods: int, template: Template, where: str) -> PodSet:
    spec, at = template.spec, f"{where}.spec"
    level = spec.resources or Resources()
    requests = effective_requests(
        [
            _requests(each.resources, f"{at}.containers[{n}]")
            for n, each in enumerate(spec.containers)
        ],
        [
            InitContainer(
                _requests(each.resources, f"{at}.initContainers[{n}]"),
                each.restart_policy == "Always",
            )
            for n, each in enumerate(spec.init_containers or ())
        ],
        pod_requests=_amounts(level.requests, f"{at}.resources.requests"),
        pod_limits=_amounts(level.limits, f"{at}.resources.limits"),
        overhead=_amounts(spec.overhead, f"{at}.overhead"),
    )
    asked = {resource: amount for resource, amount in requests.items() if amount}
    if not asked:
        raise ManifestError([f"{at}.containers: ask for nothing, so nobody knows what they use"])
    return PodSet(name, pods, asked, _terms(spec, at))


def _requests(resources: Resources | None, where: str) -> Amounts:
    if resources is None:
        return {}
    return with_limits(
        _amounts(resources.requests, f"{where}.resources.requests"),
        _amounts(resources.limits, f"{where}.resources.limits"),
    )


def _amounts(quantities: Quantities | None, where: str) -> Amounts:
    """Whole amounts; what is sold by the node and not known here is refused, not left out."""
    amounts = {}
    for name, quantity in (quantities or {}).items():
        reading = reading_of(name)
        if name == _TIME_SLICE or (reading is None and not _FREE.fullmatch(name)):
            raise ManifestError([f"{where}.{name}: nobody knows what a unit of it costs"])
        if reading is None:
            continue
        try:
            amounts[name] = reading(quantity)
        except QuantityError as error:
            raise ManifestError([f"{where}.{name}: {error}"]) from None
    return amounts


def _terms(spec: PodSpec, where: str) -> tuple[Term, ...]:
    """The selector and one of the affinity's terms must hold; preferences decide nothing."""
    chosen = tuple(
        Requirement(label, frozenset({value}))
        for label, value in sorted((spec.node_selector or {}).items())
    )
    affinity = spec.affinity.node_affinity if spec.affinity else None
    required = affinity.required if affinity else None
    if required is None:
        return (chosen,) if chosen else ()
    at = f"{where}.affinity.nodeAffinity"
    return tuple((*chosen, *_expressions(term, at)) for term in required.node_selector_terms)


def _expressions(term: SelectorTerm, where: str) -> Iterator[Requirement]:
    for each in term.match_expressions or ():
        if each.operator in ("In", "NotIn"):
            if not each.values:
                raise ManifestError([f"{where}: {each.key} {each.operator} needs values"])
            yield Requirement(each.key, frozenset(each.values), each.operator == "NotIn")


def _field(location: Sequence[int | str]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text
