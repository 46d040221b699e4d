"""Manifests as people write them, and what is wrong with those that are refused."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import moto
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.adapters.ec2_api import instance_type
from bursar.adapters.job_manifests.files import read_job_file
from bursar.adapters.job_manifests.reading import ManifestError, read_jobs
from bursar.adapters.published_instance_types import PublishedInstanceTypes
from bursar.domain.gate.jobs import JobShape, Requirement
from bursar.domain.instance_types import InstanceType

GPU = "nvidia.com/gpu"


def container(**requests: Any) -> dict[str, Any]:
    return {"name": "main", "resources": {"requests": requests or {"cpu": 1}}}


def template(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": list(containers) or [container()], **spec}}


def manifest(kind: str = "Job", **spec: Any) -> dict[str, Any]:
    versions = {"Job": "batch/v1", "PyTorchJob": "kubeflow.org/v1"}
    return {
        "apiVersion": versions.get(kind, "kueue.x-k8s.io/v1beta1"),
        "kind": kind,
        "metadata": {"name": "train", "namespace": "ml"},
        "spec": spec,
    }


def read(document: dict[str, Any]) -> JobShape:
    [job] = read_jobs([document])
    return job


def refusal(*documents: object) -> str:
    with pytest.raises(ManifestError) as error:
        read_jobs(documents)
    return str(error.value)


@pytest.mark.parametrize(
    ("spec", "pods"),
    [
        ({}, 1),
        ({"parallelism": 4}, 4),
        ({"completions": 4}, 1),
        ({"parallelism": 8, "completions": 3}, 3),
        ({"parallelism": 2, "completions": 30}, 2),
    ],
)
def test_a_job_runs_as_many_pods_at_once_as_kubernetes_would(
    spec: dict[str, Any], pods: int
) -> None:
    job = read(manifest(template=template(), activeDeadlineSeconds=60, **spec))
    assert (job.kind, job.namespace, job.name) == ("Job", "ml", "train")
    assert ([each.pods for each in job.pod_sets], job.deadline_seconds) == ([pods], 60)


def test_a_pod_asks_for_what_the_scheduler_sets_aside() -> None:
    """1.5 + 0.5 CPU and a sidecar of 1; limits stand in; the init container needs less."""
    gpu = {"name": "gpu", "resources": {"limits": {GPU: 8, "cpu": "500m", "memory": "1Gi"}}}
    sidecar = {**container(cpu=1), "restartPolicy": "Always"}
    told = template(container(cpu=1.5), gpu, initContainers=[sidecar, container(cpu="1900m")])
    [pods] = read(manifest(template=told)).pod_sets
    assert pods.requests == {"cpu": 3000, "memory": 2**30, GPU: 8}


def test_a_pytorch_job_has_masters_and_workers_as_many_as_it_may_grow_to() -> None:
    replicas = {
        "Master": {"template": template()},
        "Worker": {"replicas": 3} | {"template": template()},
    }
    job = read(
        manifest(
            "PyTorchJob",
            pytorchReplicaSpecs=replicas,
            runPolicy={"activeDeadlineSeconds": 90},
            elasticPolicy={"maxReplicas": 5},
        )
    )
    assert [(each.name, each.pods) for each in job.pod_sets] == [("Master", 1), ("Worker", 5)]
    assert job.deadline_seconds == 90


def test_a_workload_has_pod_sets() -> None:
    sets = [{"name": "a", "count": 2, "template": template()}, {"template": template()}]
    job = read(manifest("Workload", podSets=sets, maximumExecutionTimeSeconds=30))
    assert [(each.name, each.pods) for each in job.pod_sets] == [("a", 2), ("main", 1)]
    assert job.deadline_seconds == 30


def test_selector_and_affinity_say_where_pods_may_run() -> None:
    expressions = [
        {"key": "zone", "operator": "Exists"},
        {"key": "family", "operator": "NotIn", "values": ["p3"]},
    ]
    required = {"nodeSelectorTerms": [{"matchExpressions": expressions}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    told = template(nodeSelector={"type": "p5"}, affinity=affinity)
    [pods] = read(manifest(template=told)).pod_sets
    assert pods.terms == (
        (Requirement("type", frozenset({"p5"})), Requirement("family", frozenset({"p3"}), True)),
    )


def test_hours_may_stand_in_an_annotation() -> None:
    told = manifest(template=template())
    told["metadata"]["annotations"] = {"bursar.dev/hours": "1.5"}
    assert read(told).hours == Decimal("1.5")
    told["metadata"]["annotations"] = {"bursar.dev/hours": "long"}
    assert "metadata.annotations" in refusal(told)


def test_what_runs_nothing_may_stand_beside_a_job_in_documents_and_lists() -> None:
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    listed = {"kind": "List", "items": [settings, manifest(template=template())]}
    jobs = read_jobs([settings, listed, None, manifest(template=template())])
    assert len(jobs) == 2
    assert "holds no Job" in refusal(settings)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (manifest(template={"spec": {}}), "spec.template.spec.containers: Field required"),
        (manifest(template={"spec": {"containers": []}}), "spec.template.spec.containers: "),
        (manifest(), "spec.template: Field required"),
        (manifest(template=template(), parallelism=-1), "spec.parallelism: "),
        (manifest(template=template(), parallelism=2**31), "spec.parallelism: "),
        (manifest(template=template(), parallelism="4"), "spec.parallelism: "),
        (manifest(template=template(), parallelism=0), "runs no pod"),
        (manifest(template=template(), activeDeadlineSeconds=0), "spec.activeDeadlineSeconds: "),
        (
            manifest(template=template(container(cpu="12 cores"))),
            'spec.template.spec.containers[0].resources.requests.cpu: "12 cores" is not',
        ),
        (manifest(template=template(container(memory="-1Gi"))), "requests.memory: "),
        (manifest(template=template(container(memory="9e99"))), "requests.memory: "),
        (manifest(template=template(container(cpu=True))), "requests.cpu: "),
        (manifest(template=template(container(cpu=0))), "ask for nothing"),
        (
            manifest(template=template(container(**{"example.com/tpu": 1}))),
            "example.com/tpu: nobody knows",
        ),
        (
            manifest(template=template(container(**{"nvidia.com/gpu.shared": 1}))),
            "nvidia.com/gpu.shared: nobody knows",
        ),
        ({**manifest(), "kind": "Deployment"}, "kind 'Deployment'"),
        ({**manifest(), "apiVersion": "batch.volcano.sh/v1"}, "cannot be priced"),
        (manifest("PyTorchJob", pytorchReplicaSpecs={}), "spec.pytorchReplicaSpecs: "),
        (
            manifest("PyTorchJob", pytorchReplicaSpecs={"Chief": {"template": template()}}),
            "pytorchReplicaSpecs.Chief: is no Master or Worker",
        ),
        ({"kind": "List", "items": 3}, "items: is not a list"),
        (manifest() | {"metadata": {"name": "Train"}}, "metadata.name: "),
        (manifest() | {"metadata": {"namespace": "ml,team=ads"}}, "metadata.namespace: "),
        ("text", "is not a mapping"),
    ],
)
def test_what_cannot_be_priced_is_refused_with_its_field(document: Any, told: str) -> None:
    assert told in refusal(document)


def test_the_document_is_named_where_there_are_several() -> None:
    good, bad = manifest(template=template()), manifest()
    assert refusal(good, bad).startswith("document 2: spec.template")


def test_a_namespace_fills_in_and_never_overrules() -> None:
    nameless = manifest(template=template())
    del nameless["metadata"]["namespace"]
    assert read_jobs([nameless], "search")[0].namespace == "search"
    assert read_jobs([nameless])[0].namespace == "default"
    with pytest.raises(ManifestError, match=r"metadata\.namespace"):
        read_jobs([manifest(template=template())], "search")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: Job\nkind: Job\n", "job.yaml:2: kind stands twice"),
        ("kind: [", "job.yaml:"),
        ("", "holds no Job"),
        ("a: !!python/object:os.system x", "job.yaml:1: "),
        ("{" * 5000, "job.yaml"),
    ],
)
def test_what_is_no_manifest_file_is_refused_with_its_line(
    text: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(text)
    with pytest.raises(ManifestError, match=told):
        read_job_file(path)
    with pytest.raises(ManifestError, match="No such file"):
        read_job_file(tmp_path / "absent.yaml")
    path.write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(ManifestError, match="UTF-8"):
        read_job_file(path)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(anything, st.sampled_from(["spec", "template", "containers", "resources", "metadata"]))
def test_whatever_stands_in_a_manifest_is_a_job_or_a_refusal(value: object, where: str) -> None:
    told = json.loads(json.dumps(manifest(template=template())))
    spec = told["spec"]["template"]["spec"]
    match where:
        case "spec" | "metadata":
            told[where] = value
        case "template":
            told["spec"]["template"] = value
        case "containers":
            spec["containers"] = value
        case _:
            spec["containers"][0]["resources"] = value
    try:
        jobs = read_jobs([told])
    except ManifestError as error:
        assert error.problems
    else:
        assert all(each.pods > 0 for job in jobs for each in job.pod_sets)


@given(st.integers(1, 1000), st.integers(1, 128_000), st.integers(1, 2000), st.integers(0, 16))
def test_what_is_written_is_what_is_read(pods: int, milli: int, gib: int, gpus: int) -> None:
    asked = container(cpu=f"{milli}m", memory=f"{gib}Gi", **{GPU: gpus})
    [found] = read(manifest(template=template(asked), parallelism=pods)).pod_sets
    expected = {"cpu": milli, "memory": gib * 2**30} | ({GPU: gpus} if gpus else {})
    assert (found.pods, found.requests) == (pods, expected)


def test_published_types_are_those_that_aws_publishes() -> None:
    types = PublishedInstanceTypes()
    found = types.describe(["p5.48xlarge", "c5.9xlarge", "m7g.large", "x.unknown"])
    assert sorted(found) == ["c5.9xlarge", "m7g.large", "p5.48xlarge"]
    p5, c5, m7g = (found[name] for name in ("p5.48xlarge", "c5.9xlarge", "m7g.large"))
    assert (p5.vcpus, p5.memory_mib, p5.accelerator_count) == (192, 2048 * 1024, 8)
    assert (c5.vcpus, c5.memory_mib) == (36, 72 * 1024)
    assert (m7g.vcpus, m7g.memory_mib, m7g.arm) == (2, 8 * 1024, True)
    assert len(types.describe()) > 400


def test_published_types_hold_what_ec2_has_told_of_them() -> None:
    """Beside the answers of DescribeInstanceTypes that moto has recorded."""
    path = Path(moto.__file__).parent / "ec2/resources/instance_types.json.gz"
    recorded = json.loads(gzip.decompress(path.read_bytes()))
    told = {name: instance_type(each) for name, each in recorded.items()}
    published = PublishedInstanceTypes().describe()

    def facts(each: InstanceType) -> object:
        devices = [(one.name, one.manufacturer, one.count) for one in each.accelerators]
        return (each.vcpus, each.memory_mib, each.arm, devices)

    both = published.keys() & told.keys()
    assert len(both) > 400
    assert {n: facts(published[n]) for n in both} == {n: facts(told[n]) for n in both}
