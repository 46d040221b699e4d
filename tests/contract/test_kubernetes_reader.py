"""What is read of a cluster's machines, volumes and load balancers, over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bursar.adapters.kubernetes_api.access import ClusterAccess
from bursar.adapters.kubernetes_api.reader import KubernetesApiReader
from bursar.adapters.kubernetes_api.transport import KubernetesTransport
from bursar.domain.cluster.records import (
    CapacityType,
    ClusterUnreadableError,
    LoadBalancer,
    Node,
    Volume,
)
from bursar.local.kubernetes_server import KubernetesServer
from tests.contract.kubernetes_cluster import (
    GI,
    Objects,
    at,
    inventory_of,
    node_object,
    node_of,
    reading,
)

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "kubernetes"
KINDS = {
    "nodes": "NodeList",
    "pods": "PodList",
    "persistentvolumes": "PersistentVolumeList",
    "persistentvolumeclaims": "PersistentVolumeClaimList",
}


def test_a_managed_node_tells_everything() -> None:
    item = node_object(
        {
            "node.kubernetes.io/instance-type": "p5.48xlarge",
            "topology.kubernetes.io/zone": "us-east-1a",
            "eks.amazonaws.com/capacityType": "CAPACITY_BLOCK",
            "eks.amazonaws.com/nodegroup": "gpu",
            "kubernetes.io/arch": "amd64",
        },
        "aws:///us-east-1a/i-0123456789abcdef0",
        capacity={
            "cpu": "192",
            "memory": "2Ti",
            "nvidia.com/gpu": "8",
            "vpc.amazonaws.com/efa": "32",
        },
        addresses=[{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "ExternalIP"}],
    )
    item["metadata"]["creationTimestamp"] = "2026-11-01T10:00:00Z"
    assert inventory_of({"nodes": [item]}).nodes == (
        Node(
            name="n1",
            instance_type="p5.48xlarge",
            zone="us-east-1a",
            capacity_type=CapacityType.CAPACITY_BLOCK,
            cpu_milli=192_000,
            memory_bytes=2048 * GI,
            accelerators={"nvidia.com/gpu": 8},
            created_at=at("2026-11-01T10:00:00Z"),
            node_group="gpu",
            instance_id="i-0123456789abcdef0",
            has_public_ip=True,
        ),
    )


def test_a_node_without_labels_says_nothing() -> None:
    node = node_of({})
    assert (node.instance_type, node.zone, node.node_group, node.instance_id) == (None,) * 4
    assert node.capacity_type is CapacityType.ON_DEMAND


@pytest.mark.parametrize(
    ("label", "value", "expected"),
    [
        ("eks.amazonaws.com/capacityType", "SPOT", CapacityType.SPOT),
        ("eks.amazonaws.com/capacityType", "ON_DEMAND", CapacityType.ON_DEMAND),
        ("karpenter.sh/capacity-type", "spot", CapacityType.SPOT),
        ("karpenter.sh/capacity-type", "on-demand", CapacityType.ON_DEMAND),
        ("karpenter.sh/capacity-type", "reserved", CapacityType.ON_DEMAND),
        ("eks.amazonaws.com/compute-type", "fargate", CapacityType.FARGATE),
    ],
)
def test_how_a_node_is_bought_stands_in_its_labels(
    label: str, value: str, expected: CapacityType
) -> None:
    assert node_of({label: value}).capacity_type is expected


def test_auto_mode_arm_and_sliced_gpus_are_seen() -> None:
    node = node_of(
        {
            "eks.amazonaws.com/compute-type": "auto",
            "kubernetes.io/arch": "arm64",
            "karpenter.sh/nodepool": "general",
            "nvidia.com/gpu.count": "1",
        },
        capacity={"cpu": "8", "nvidia.com/gpu.shared": "10", "nvidia.com/mig-1g.5gb": "7"},
    )
    assert (node.auto_mode, node.arm, node.node_group, node.gpu_count) == (
        True,
        True,
        "general",
        1,
    )
    assert node.accelerators == {"nvidia.com/gpu.shared": 10, "nvidia.com/mig-1g.5gb": 7}


def test_a_hyperpod_node_has_no_instance_id() -> None:
    item = node_object(
        {"sagemaker.amazonaws.com/instance-group-name": "trainers"},
        "aws:///usw2-az2/sagemaker/cluster/hyperpod-abc-i-0123456789abcdef0",
    )
    inventory = inventory_of({"nodes": [item]})
    assert (inventory.nodes[0].instance_id, inventory.nodes[0].node_group) == (None, "trainers")
    assert inventory.is_eks


def test_a_cluster_elsewhere_is_not_eks() -> None:
    server = KubernetesServer(
        {"nodes": [node_object({})]}.__getitem__, bool, git_version="v1.36.2"
    )
    with server:
        reader = KubernetesApiReader(
            KubernetesTransport(ClusterAccess(server.url, token=lambda: "t")), model_labels=("m",)
        )
        inventory = reader.inventory()
    assert (inventory.is_eks, inventory.kubernetes_version) == (False, "1.36")


def test_optional_lists_that_are_missing_or_forbidden_are_named() -> None:
    lists: Objects = {"nodes": [], "persistentvolumes": [], "services": [], "namespaces": []}
    with reading(lists, usage=True) as (reader, server):
        server.forbid("services")
        inventory = reader.inventory()
    assert inventory.not_served == (
        "persistentvolumeclaims",
        "storageclasses",
        "services",
        "metrics",
    )


@pytest.mark.parametrize("plural", ["nodes", "pods"])
def test_without_nodes_or_pods_there_is_no_cluster(plural: str) -> None:
    with reading({"nodes": [], "pods": []}) as (reader, server):
        server.forbid(plural)
        with pytest.raises(ClusterUnreadableError, match=f"{plural}: .* 403"):
            reader.inventory()
            list(reader.pods())


def test_a_volume_is_joined_with_its_claim_and_class() -> None:
    volumes = [
        {
            "metadata": {"name": "pv1", "creationTimestamp": "2026-11-20T12:00:30Z"},
            "spec": {
                "capacity": {"storage": "100Gi"},
                "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-1"},
                "claimRef": {"namespace": "search", "name": "data"},
                "storageClassName": "gp3",
            },
            "status": {"phase": "Bound"},
        },
        {
            "metadata": {"name": "pv2"},
            "spec": {
                "capacity": {"storage": "10G"},
                "awsElasticBlockStore": {"volumeID": "aws://us-east-1a/vol-2"},
            },
            "status": {"phase": "Bound"},
        },
        {
            "metadata": {"name": "pv3"},
            "spec": {"csi": {"driver": "efs.csi.aws.com", "volumeHandle": "fs-3::fsap-1"}},
            "status": {"phase": "Released"},
        },
    ]
    claims = [
        {
            "metadata": {"name": "old", "namespace": "rag"},
            "spec": {"volumeName": "pv2", "storageClassName": "gp2"},
        }
    ]
    classes = [{"metadata": {"name": "gp3"}, "parameters": {"type": "gp3", "iops": "4000"}}]
    inventory = inventory_of(
        {
            "persistentvolumes": volumes,
            "persistentvolumeclaims": claims,
            "storageclasses": classes,
        }
    )
    parameters = {"type": "gp3", "iops": "4000"}
    ebs, efs = "ebs.csi.aws.com", "efs.csi.aws.com"
    created = int(datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC).timestamp())
    assert inventory.volumes == (
        Volume(
            "pv1", 100 * GI, "Bound", ebs, "vol-1", "search", "data", "gp3", parameters, created
        ),
        Volume("pv2", 10 * 10**9, "Bound", "kubernetes.io/aws-ebs", "vol-2", "rag", "old", "gp2"),
        Volume("pv3", 0, "Released", efs, "fs-3", None, None, None),
    )


@pytest.mark.parametrize(
    ("source", "driver", "volume_id"),
    [
        (
            {"nfs": {"server": "svm-1.fs-0123456789abcdef0.fsx.us-east-1.amazonaws.com"}},
            *("network/fsx", "fs-0123456789abcdef0"),
        ),
        (
            {
                "csi": {
                    "driver": "nfs.csi.k8s.io",
                    "volumeHandle": "nfs-server/share##",
                    "volumeAttributes": {"server": "fs-89abcdef.fsx.eu-west-1.amazonaws.com"},
                }
            },
            *("network/fsx", "fs-89abcdef"),
        ),
        (
            {
                "csi": {
                    "driver": "smb.csi.k8s.io",
                    "volumeHandle": "smb",
                    "volumeAttributes": {
                        "source": "//svm.fs-89abcdef.fsx.us-east-1.amazonaws.com/share"
                    },
                }
            },
            *("network/fsx", "fs-89abcdef"),
        ),
        (
            {"nfs": {"server": "fs-01234567.efs.us-east-1.amazonaws.com"}},
            *("network/efs", "fs-01234567"),
        ),
        ({"nfs": {"server": "filer.example.org"}}, None, None),
        (
            {"csi": {"driver": "smb.csi.k8s.io", "volumeHandle": "share"}},
            *("smb.csi.k8s.io", "share"),
        ),
    ],
)
def test_a_file_system_of_aws_is_known_by_the_host_name_it_is_mounted_by(
    source: dict[str, Any], driver: str | None, volume_id: str | None
) -> None:
    volumes = [
        {"metadata": {"name": "pv"}, "spec": source, "status": {"phase": "Available"}},
    ]
    (read,) = inventory_of({"persistentvolumes": volumes}).volumes
    assert (read.driver, read.volume_id) == (driver, volume_id)


def test_load_balancers_are_told_apart_and_waiting_ones_left_out() -> None:
    def service(name: str, host: str | None, **spec: Any) -> dict[str, Any]:
        ingress = [{"hostname": host}] if host else []
        return {
            "metadata": {"name": name, "namespace": "web"},
            "spec": {"type": "LoadBalancer", **spec},
            "status": {"loadBalancer": {"ingress": ingress}},
        }

    services = [
        service("a", "abc-123.elb.us-east-1.amazonaws.com"),
        service("b", "abc-123.us-east-1.elb.amazonaws.com"),
        service("c", "lb.example.org", loadBalancerClass="eks.amazonaws.com/nlb"),
        service("waiting", None),
        service("inside", None, type="ClusterIP"),
    ]
    assert inventory_of({"services": services}).load_balancers == (
        LoadBalancer("web", "a", "network"),
        LoadBalancer("web", "b", "classic"),
        LoadBalancer("web", "c", "network"),
    )


def real(plural: str) -> list[dict[str, Any]]:
    path = DATA / f"{KINDS[plural]}.json"
    if not path.exists():
        pytest.skip("lists from a real API server are not beside this repository")
    items: list[dict[str, Any]] = json.loads(path.read_text())["items"]
    return items


def test_lists_of_a_real_server_are_read_whole() -> None:
    lists: Objects = {plural: real(plural) for plural in KINDS}
    with reading(lists, labels=("team",)) as (reader, _):
        inventory = reader.inventory()
        pods = list(reader.pods())
        assert reader.oddities == []
    assert (len(inventory.nodes), len(inventory.volumes), len(pods)) == (8, 6, 25)
    assert (inventory.kubernetes_version, inventory.is_eks) == ("1.33", True)
    assert all(node.instance_type and node.instance_id for node in inventory.nodes)
    first = pods[0]
    assert (first.workload, first.model) == ("agents-llama-3-1-8b-srv-6", "llama-3-1-8b")
    assert (first.cpu_milli, first.memory_bytes) == (12_500, 56 * GI)
    assert first.labels == {"team": "agents"}
    assert sum(pod.finished_at is not None for pod in pods) == 2


@pytest.fixture
def plain_files() -> Iterator[str]:
    """A server that knows nothing of limits, tokens or gzip: it answers whole stored lists."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            plural = self.path.partition("?")[0].rpartition("/")[2]
            known = plural in KINDS
            body = (DATA / f"{KINDS[plural]}.json").read_bytes() if known else b"not here"
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(body)  # HTTP/1.0: the body ends with the connection

        def log_message(self, format: str, *args: object) -> None:
            pass

    if not DATA.exists():
        pytest.skip("lists from a real API server are not beside this repository")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_server_without_pages_gives_the_same_cluster(plain_files: str) -> None:
    transport = KubernetesTransport(ClusterAccess(plain_files))
    static = KubernetesApiReader(transport, model_labels=("model",))
    with reading({plural: real(plural) for plural in KINDS}) as (reader, _):
        assert static.inventory() == reader.inventory()
        assert list(static.pods()) == list(reader.pods())
    transport.close()
