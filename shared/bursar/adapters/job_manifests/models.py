"""The fields of a manifest that decide what it costs, as Kubernetes names and types them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt
from pydantic.alias_generators import to_camel


def _as_text(value: object) -> object:
    """A quantity may be written as a number; YAML's `true` is none."""
    numeric = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return str(value) if numeric else value


Quantity = Annotated[str, BeforeValidator(_as_text)]
Quantities = dict[str, Quantity]
Count = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]
Seconds = Annotated[StrictInt, Field(ge=1, le=2**53)]


NAMESPACE = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,252}$")]


class Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class Resources(Part):
    requests: Quantities | None = None
    limits: Quantities | None = None


class Container(Part):
    name: str = ""
    resources: Resources | None = None
    restart_policy: str | None = None


class Expression(Part):
    key: str
    operator: str
    values: list[str] | None = None


class SelectorTerm(Part):
    match_expressions: list[Expression] | None = None


class Selector(Part):
    node_selector_terms: list[SelectorTerm] = Field(min_length=1)


class NodeAffinity(Part):
    required: Selector | None = Field(
        default=None, alias="requiredDuringSchedulingIgnoredDuringExecution"
    )


class Affinity(Part):
    node_affinity: NodeAffinity | None = None


class PodSpec(Part):
    containers: list[Container] = Field(min_length=1)
    init_containers: list[Container] | None = None
    resources: Resources | None = None
    overhead: Quantities | None = None
    node_selector: dict[str, str] | None = None
    affinity: Affinity | None = None


class Metadata(Part):
    name: ObjectName | None = None
    generate_name: ObjectName | None = None
    namespace: Annotated[str, Field(pattern=NAMESPACE)] | None = None
    uid: Annotated[str, Field(pattern=r"^[a-zA-Z0-9-]{1,128}$")] | None = None
    annotations: dict[str, str] | None = None


class Template(Part):
    spec: PodSpec


class JobSpec(Part):
    parallelism: Count | None = None
    completions: Count | None = None
    active_deadline_seconds: Seconds | None = None
    template: Template


class Replicas(Part):
    replicas: Count = 1
    template: Template


class RunPolicy(Part):
    active_deadline_seconds: Seconds | None = None


class Elastic(Part):
    max_replicas: Count | None = None


class PyTorchSpec(Part):
    replica_specs: dict[str, Replicas] = Field(alias="pytorchReplicaSpecs", min_length=1)
    run_policy: RunPolicy = RunPolicy()
    elastic_policy: Elastic = Elastic()


class KueuePodSet(Part):
    name: str = "main"
    count: Count = 1
    template: Template


class WorkloadSpec(Part):
    pod_sets: list[KueuePodSet] = Field(min_length=1)
    maximum_execution_time_seconds: Seconds | None = None


class Manifest(Part):
    metadata: Metadata = Metadata()


class JobManifest(Manifest):
    spec: JobSpec


class PyTorchJobManifest(Manifest):
    spec: PyTorchSpec


class WorkloadManifest(Manifest):
    spec: WorkloadSpec
